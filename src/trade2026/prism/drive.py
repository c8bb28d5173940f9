"""Moves the market on, as far as its pace allows and no longer than outsiders can wait.

Where time was lost (the log was away, the machine slept, its clock was set) the market goes on
from where it stands: nobody's order ends for it, and nothing is traded through at once.
"""

from typing import Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_MS, NS_PER_S, Clock
from trade2026.model.prism import REAL_TIME_MILLI
from trade2026.prism.control import market_of
from trade2026.prism.floor import Floor
from trade2026.prism.pace import Pace

PACE_NS: Final = 100 * NS_PER_MS
"""How often the market moves on by itself, and the feed speaks."""
LONGEST_STRIDE_NS: Final = NS_PER_S
"""The market catches up in strides, so that outsiders are heard in between."""
MOST_BEHIND_NS: Final = 600 * NS_PER_S
"""Between two rounds: what is lost beyond it is not caught up with."""
LEAP_NS: Final = NS_PER_S
"""A clock on the wall that differs by more from time as it passed was set, or the machine slept."""
STRIDES_MAX: Final = 256
BUSY_NS: Final = 20 * NS_PER_MS
"""How long a market that is behind may keep outsiders waiting for its round."""


class Drive:
    """Moves the floor of a venue on, round by round."""

    def __init__(self, clock: Clock, log: FilteringBoundLogger) -> None:
        self._clock = clock
        self._log = log
        self._moved_ns = self._moved_monotonic_ns = 0

    def begin(self, floor: Floor, pace: Pace) -> None:
        """Let time pass from now on."""
        self._moved_ns = self._clock.now_ns()
        self._moved_monotonic_ns = self._clock.monotonic_ns()
        pace.set(now_ns=self._moved_ns, sim_ns=floor.exchange.sim_ns)

    def advance(self, floor: Floor, pace: Pace, now_ns: int, *, most_ns: int) -> None:
        """Move on to where the market should be at *now_ns*, or a good part of the way.

        Args:
            floor: whose market.
            pace: how time passes.
            now_ns: on the wall.
            most_ns: simulation time that is not passed in this round.
        """
        self._keep_time(floor, pace, now_ns)
        busy_until_ns = self._clock.monotonic_ns() + BUSY_NS
        if pace.step_to_event is not None:
            self._step(floor, pace, busy_until_ns, most_ns)
        due_ns = pace.target_ns(now_ns=now_ns, sim_ns=floor.exchange.sim_ns)
        target_ns = min(due_ns, most_ns)
        for _ in range(STRIDES_MAX):
            sim_ns = floor.exchange.sim_ns
            if sim_ns >= target_ns or self._clock.monotonic_ns() >= busy_until_ns:
                break
            floor.advance(min(target_ns, sim_ns + LONGEST_STRIDE_NS))
        if pace.step_to_ns is not None and floor.exchange.sim_ns >= pace.step_to_ns:
            pace.end_step()

    def _keep_time(self, floor: Floor, pace: Pace, now_ns: int) -> None:
        monotonic_ns = self._clock.monotonic_ns()
        passed_ns = monotonic_ns - self._moved_monotonic_ns
        leap_ns = now_ns - self._moved_ns - passed_ns
        self._moved_ns, self._moved_monotonic_ns = now_ns, monotonic_ns
        if passed_ns <= MOST_BEHIND_NS and abs(leap_ns) <= LEAP_NS:
            return
        pace.set(now_ns=now_ns, sim_ns=floor.exchange.sim_ns)
        self._log.warning(
            "time was lost, the market goes on from where it stands",
            passed_s=passed_ns // NS_PER_S,
            clock_set_by_s=leap_ns // NS_PER_S,
        )

    def _step(self, floor: Floor, pace: Pace, busy_until_ns: int, most_ns: int) -> None:
        market, until = market_of(floor.exchange), pace.step_to_event
        assert until is not None
        while (
            market.event_count < until
            and market.next_ns <= most_ns
            and self._clock.monotonic_ns() < busy_until_ns
        ):
            floor.advance(market.next_ns)
        if market.event_count < until and market.next_ns > most_ns:
            floor.advance(most_ns)
        if market.event_count >= until:
            pace.end_step()


def is_behind(floor: Floor, pace: Pace, now_ns: int) -> bool:
    """Return whether the market should move on at once, and not rest for a while first."""
    sim_ns = floor.exchange.sim_ns
    behind_ns = pace.target_ns(now_ns=now_ns, sim_ns=sim_ns) - sim_ns
    return pace.is_stepping or behind_ns > PACE_NS * pace.speed_milli // REAL_TIME_MILLI
