"""Parameters that a market was given are found again, and a real market is come closer to."""

import msgspec
import numpy as np
import pytest
from tests.feeds import USDM_RECORDING, recorded
from tests.unit.prism.markets import a_config

from trade2026.adapters.recording import read_frames
from trade2026.core.errors import InvalidInputError
from trade2026.model.instrument import BINANCE_USDM
from trade2026.prism.agents import AGENT_TYPES
from trade2026.prism.lab.calibration import (
    KNOBS,
    OF_BARS,
    OF_SESSIONS,
    VALUE,
    Calibration,
    Task,
    calibrate,
)
from trade2026.prism.lab.event_file import EventFile
from trade2026.prism.lab.measure import alone
from trade2026.prism.lab.real import BARS
from trade2026.prism.lab.record import START_NS, record
from trade2026.prism.lab.recorded import Recorded, recorded_bars, recorded_events, recorded_frames
from trade2026.prism.parameters import changed
from trade2026.prism.params_file import ParamsEntry, with_params
from trade2026.prism.price.fundamental import FundamentalParams

HIDDEN = {"noise.mean_pause_s": 2.5, "mm.size_clips": 4.0}


def quiet(name: str, share: float) -> None:
    assert name
    assert 0.0 <= share <= 1.0


def a_task(to: Recorded, **changes: object) -> Task:
    task = Task(
        config=alone(a_config(), "AAPL", 1), recorded=to, runs=40, minutes=12, seeds=4, seed=9
    )
    return msgspec.structs.replace(task, **changes)


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Return a recording of a market whose parameters are others."""
    config = with_params(
        alone(a_config(), "AAPL", 77),
        [
            ParamsEntry(type="noise", values={"mean_pause_s": HIDDEN["noise.mean_pause_s"]}),
            ParamsEntry(type="mm", values={"size_clips": HIDDEN["mm.size_clips"]}),
        ],
    )
    path = tmp_path_factory.mktemp("hidden") / "events.parquet"
    with EventFile(path, [config.symbols[0].instrument], START_NS) as file:
        record(config, days=60 / 1_440, on_events=file.add)
    return recorded_events(path)


def fitted(found: Calibration) -> dict[str, float]:
    return {one.name: one.after for one in found.fitted}


def test_parameters_are_partly_found_again(hidden: Recorded) -> None:
    found = calibrate(a_task(hidden, names=tuple(HIDDEN)), quiet)

    assert found.is_closer
    assert found.fit_after < 0.5 * found.fit_before
    assert found.told_after < 0.7 * found.told_before
    # From ten seconds and one clip, four times off each, to less than twice.
    for name, value in fitted(found).items():
        assert abs(np.log(value / HIDDEN[name])) < np.log(2.0), name
    assert [one.before for one in found.fitted] == [10.0, 1.0]
    assert {one.name for one in found.statistics} >= {"trades_per_s", "touch_value", "spread_bps"}
    market = with_params(a_config(), found.params)
    assert market.agents[0].params == {"size_clips": fitted(found)["mm.size_clips"]}


def test_a_seed_gives_the_same_again_and_another_another(hidden: Recorded) -> None:
    task = a_task(hidden, runs=9, seeds=2)
    one, again = calibrate(task, quiet), calibrate(task, quiet)
    other = calibrate(msgspec.structs.replace(task, seed=10), quiet)

    assert msgspec.json.encode(one) == msgspec.json.encode(again)
    assert fitted(one) != fitted(other)
    assert tuple(fitted(one)) == OF_SESSIONS


def test_bars_fit_how_the_value_moves() -> None:
    found = calibrate(a_task(recorded_bars(BARS), runs=2, seeds=1, minutes=1_100), quiet)

    assert tuple(fitted(found)) == OF_BARS
    assert {one.name for one in found.statistics} >= {"volatility_minute_bps", "SF5", "SF9"}
    assert found.fit_after <= found.fit_before
    assert [entry.symbol for entry in found.params] == ["AAPL"]


def test_what_cannot_be_fitted_is_refused(hidden: Recorded) -> None:
    few = alone(a_config(), "AAPL", 1)
    few = msgspec.structs.replace(few, agents=few.agents[:1])
    bars = recorded_bars(BARS)
    for task, why in (
        (a_task(hidden, names=("noise.hope", "mm.cell_sds")), "noise.hope"),
        (a_task(hidden, names=("mm.cell_sds", "mm.cell_sds")), "two"),
        (a_task(hidden, config=few), "no noise trades"),
        (a_task(hidden, minutes=2), "minutes"),
        (a_task(bars, minutes=900), "1001"),
    ):
        with pytest.raises(InvalidInputError, match=why):
            calibrate(task, quiet)


def test_every_knob_is_a_parameter_and_its_bounds_are_allowed() -> None:
    params = {kind.name: kind.params() for kind in AGENT_TYPES}
    params[VALUE] = FundamentalParams(yearly_volatility_ratio=0.5)
    names = {knob.name for knob in KNOBS}

    assert len(names) == len(KNOBS)
    assert {*OF_SESSIONS, *OF_BARS} <= names
    for knob in KNOBS:
        usual = getattr(params[knob.owner], knob.field)
        assert knob.low <= usual <= knob.high, knob.name
        assert knob.at(knob.place_of(usual)) == pytest.approx(usual, rel=1e-5)
        for place, value in ((0.0, knob.low), (1.0, knob.high)):
            assert knob.at(place) == pytest.approx(value, rel=1e-5)
            changed(params[knob.owner], {knob.field: knob.at(place)})
        assert knob.place_of(knob.high * 2 + 1) == 1.0


@pytest.mark.data
def test_a_real_session_is_come_closer_to() -> None:
    frames = read_frames(recorded(USDM_RECORDING))
    session = recorded_frames(BINANCE_USDM, "BTCUSDT", frames)
    task = a_task(session, config=alone(a_config(), "BTCUSDT", 1), minutes=6, runs=45, seeds=3)

    found = calibrate(task, quiet)

    assert found.fit_after < 0.75 * found.fit_before
    assert found.told_after < 0.85 * found.told_before
