"""How soon a fork of a past minute can go on: the state is read, a whole minute is played again.

States are kept every minute of simulation time, so no fork plays more than that before it
begins. The market is the default one, six symbols, as the platform opens it.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

import structlog
from benchmarks.prism.gates import Figure

from trade2026.core.clock import NS_PER_S
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.prism import PrismPace
from trade2026.prism.archive import KEEP_EVERY_NS, Archive, state_of
from trade2026.prism.control import Controls
from trade2026.prism.default import market_of_agents
from trade2026.prism.fork import Plan, fork
from trade2026.prism.holdings import FeeRates
from trade2026.prism.life import House, begin, blank_life, mark_of
from trade2026.prism.limits import Limits
from trade2026.prism.outside import OutsideOrders
from trade2026.prism.pace import Pace
from trade2026.prism.replay import Player

START_NS: Final = 1_700_000_000 * NS_PER_S
LIFE: Final = 0


def _house() -> House:
    return House(
        make_exchange=market_of_agents(),
        instruments={instrument.symbol: instrument for instrument in PRISM_INSTRUMENTS},
        fees=FeeRates(),
        limits=Limits(),
        seed=1,
    )


def _keep_a_state(house: House, archive: Archive) -> None:
    """Let a market live for an hour and keep its state."""
    life = blank_life(house, LIFE, START_NS)
    pace = Pace(PrismPace(), now_ns=START_NS, sim_ns=START_NS)
    revived = begin(life, house, OutsideOrders(), report_seq=0, controls=Controls(pace))
    Player(revived.floor, lambda _: None).advance(START_NS + 60 * KEEP_EVERY_NS)
    assert archive.write(state_of(revived.floor, mark_of(revived.floor, 1), revived.life.rules))


def measure(repeats: int) -> dict[str, Figure]:
    """Fork the minute behind a kept state, nothing changed, and take the time to its begin."""
    house = _house()
    took: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder), structlog.get_logger())
        _keep_a_state(house, archive)
        at_ns = START_NS + 61 * KEEP_EVERY_NS
        for _ in range(repeats + 1):
            started = time.monotonic_ns()
            state = archive.newest(LIFE, at_ns)
            assert state is not None, "the state was not kept"
            plan = Plan(
                state=state,
                inputs=(),
                marks=(),
                at_ns=at_ns,
                run_ns=NS_PER_S,
                monotonic_ns=time.monotonic_ns,
                deadline_ns=started + 60 * NS_PER_S,
            )
            took.append((fork(plan, house).ready_ns - started) / NS_PER_S)
    return {
        "fork": Figure(
            value=statistics.median(took[1:]),
            text="read the state, play the whole minute to the moment, stand there twice; "
            f"{' '.join(f'{s:.3f}' for s in took[1:])} s, the first of the process {took[0]:.2f}",
        )
    }
