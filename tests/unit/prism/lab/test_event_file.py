"""Events in a Parquet file are the market's, bit for bit."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from tests.unit.prism.markets import a_config

from trade2026.core.errors import InvalidInputError
from trade2026.prism.engine.event import MARKET_EVENT
from trade2026.prism.lab import event_file
from trade2026.prism.lab.event_file import COLUMNS, EventFile, each_group, facts_of, read_events
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
    assert np.array_equal(read_events(path), events)
    assert max(len(group) for group in each_group(path)) < len(events)


def test_the_schema_says_what_every_column_is(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    instruments = [one.instrument for one in a_config().symbols]
    with EventFile(path, instruments, start_ns=5):
        pass

    schema = cast(Any, pq).read_schema(path)
    assert tuple(COLUMNS) == MARKET_EVENT.names == tuple(schema.names)
    for field in schema:
        assert field.metadata[b"unit"].decode() == COLUMNS[field.name].unit
        assert field.metadata[b"text"].decode() == COLUMNS[field.name].text
    facts = facts_of(path)
    assert facts.start_ns == 5
    assert [(one.symbol, one.tick_size, one.lot_size) for one in facts.symbols] == [
        (one.symbol, one.tick_size, one.lot_size) for one in instruments
    ]
    assert len(read_events(path)) == 0


def test_a_file_without_events_is_one(tmp_path: Path) -> None:
    with EventFile(tmp_path / "none.parquet"):
        pass

    assert cast(Any, pq).read_table(tmp_path / "none.parquet").num_rows == 0


def test_few_events_wait_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_file, "_GROUP", 1_000)
    events = np.zeros(300, MARKET_EVENT)
    with EventFile(tmp_path / "events.parquet") as file:
        for _ in range(20):
            file.add(events)

    # It was written whenever a thousand waited.
    assert [len(group) for group in each_group(tmp_path / "events.parquet")] == [1_200] * 5


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    text, other = tmp_path / "text.parquet", tmp_path / "other.parquet"
    text.write_text("no")
    cast(Any, pq).write_table(cast(Any, pa).table({"a": [1]}), other)

    for path in (text, other, tmp_path / "absent.parquet"):
        with pytest.raises(InvalidInputError, match=path.name):
            read_events(path)
    with pytest.raises(InvalidInputError, match="events of a market"):
        facts_of(other)
