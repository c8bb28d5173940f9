"""Events in a Parquet file are the market's, bit for bit."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from tests.unit.prism.markets import a_config

from trade2026.prism.engine.event import MARKET_EVENT
from trade2026.prism.lab import event_file
from trade2026.prism.lab.event_file import EventFile
from trade2026.prism.lab.measure import alone
from trade2026.prism.lab.record import record


def test_what_is_read_is_what_happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_file, "_GROUP", 2_000)
    seen: list[NDArray[np.void]] = []
    with EventFile(tmp_path / "deep" / "events.parquet") as file:

        def on_events(events: NDArray[np.void]) -> None:
            seen.append(events)
            file.add(events)

        record(alone(a_config(), "AAPL", 3), days=0.005, on_events=on_events)
    events = np.concatenate(seen)

    parquet = cast(Any, pq)
    path = tmp_path / "deep" / "events.parquet"
    table = parquet.read_table(path)

    assert parquet.ParquetFile(path).num_row_groups > 1
    assert table.column_names == list(MARKET_EVENT.names or ())
    for name in table.column_names:
        assert table[name].to_numpy().tolist() == events[name].tolist()


def test_a_file_without_events_is_one(tmp_path: Path) -> None:
    with EventFile(tmp_path / "none.parquet"):
        pass

    assert cast(Any, pq).read_table(tmp_path / "none.parquet").num_rows == 0
