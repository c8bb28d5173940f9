"""The pictures are drawn, and where they cannot be it is said what to install."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from tests.realism import a_session

from trade2026.core.chance import stream
from trade2026.core.errors import Trade2026Error
from trade2026.domain.realism.impact import Interval
from trade2026.prism.lab.pairs import Worked
from trade2026.prism.lab.plots import require_plots, write_plots
from trade2026.prism.lab.validation import Impact, Seed

PNG = b"\x89PNG"
IMPACT = Impact(
    shares=(0.01, 0.02),
    worked=[[Worked(1.0, 0.5, 1.0), Worked(1.4, 0.7, 1.0)]],
    exponent=0.5,
    interval=Interval(0.4, 0.6),
    remains=0.5,
    hour_exponent=0.8,
    hour_interval=Interval(0.7, 0.9),
    hour_worked=[],
)


def a_run() -> Seed:
    chance = stream(1, "plots")
    session = a_session(
        mid=1e4 + np.cumsum(chance.standard_normal(36_000)),
        trade_sign=chance.choice([-1, 1], 5_000),
    )
    return Seed(seed=1, values={}, session=session, day_lots=1.0)


@pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None, reason="comes with the extra lab"
)
def test_every_picture_is_drawn(tmp_path: Path) -> None:
    files = write_plots(tmp_path / "deep", [a_run()], IMPACT)
    without = write_plots(tmp_path, [a_run()], None)

    assert {path.stem for path in files} - {path.stem for path in without} == {"impact"}
    assert len(files) == 7
    assert all(path.read_bytes().startswith(PNG) for path in files)


def test_without_matplotlib_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_nothing(_name: str) -> None:
        return None

    monkeypatch.setattr(importlib.util, "find_spec", find_nothing)

    with pytest.raises(Trade2026Error, match=r"pip install 'trade2026\[lab\]'"):
        require_plots()
