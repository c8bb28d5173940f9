"""The default market beside the books of a venue: distributions are no further than they may be."""

from tests.feeds import SPOT_RECORDING, USDM_RECORDING, recorded

from trade2026.cli.sim_calibrate import read_recorded
from trade2026.domain.realism.battery import BY_NAME, Outcome
from trade2026.domain.realism.scores import likeness
from trade2026.domain.realism.session import Session
from trade2026.prism.config import LARGE_TICK_SYMBOL, SMALL_TICK_SYMBOL, default_config
from trade2026.prism.lab.controls import zero_intelligence
from trade2026.prism.lab.measure import alone
from trade2026.prism.lab.record import record


def a_recording(name: str) -> Session:
    session = read_recorded(recorded(name)).session
    assert session is not None
    return session


def is_like(session: Session, real: Session) -> bool:
    found = likeness(session, real)
    return all(
        BY_NAME[name].judge(found[name]) is Outcome.PASSED for name in ("LB1.mean", "LB1.worst")
    )


def test_two_recordings_are_like_each_other() -> None:
    spot, usdm = a_recording(SPOT_RECORDING), a_recording(USDM_RECORDING)

    assert is_like(spot, usdm)
    assert is_like(usdm, spot)


def test_chance_is_not_like_a_recording() -> None:
    assert not is_like(zero_intelligence(5, 0.1), a_recording(USDM_RECORDING))


def test_a_large_tick_is_like_a_recording_and_a_small_one_is_not() -> None:
    usdm = a_recording(USDM_RECORDING)

    large, small = (
        record(alone(default_config(1), symbol, 5), days=0.1).session
        for symbol in (LARGE_TICK_SYMBOL, SMALL_TICK_SYMBOL)
    )

    assert is_like(large, usdm)
    assert not is_like(small, usdm)
