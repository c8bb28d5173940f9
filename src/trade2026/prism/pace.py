"""How simulation time passes: at any speed beside the clock on the wall, or not at all.

Nothing in the market depends on it. It only says how far the market may move on now, and a
market that cannot keep up with its speed goes as fast as it can instead of falling behind.
"""

from typing import Final

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.model.prism import REAL_TIME_MILLI, PrismPace

AS_FAST_AS_POSSIBLE: Final = 0
SPEED_MILLI_MIN: Final = 100
SPEED_MILLI_MAX: Final = 1_000_000
STRIDE_NS: Final = 3_600 * NS_PER_S
"""How far ahead a market without a speed limit may look."""

_BEHIND_NS_MAX: Final = NS_PER_S
"""On the wall: what a market at another speed than time's own may have to catch up."""


class Pace:
    """Where simulation time should be.

    Args:
        pace: how time passes.
        now_ns: on the wall.
        sim_ns: of the market, at that moment.
    """

    def __init__(self, pace: PrismPace, *, now_ns: int, sim_ns: int) -> None:
        self.speed_milli = pace.speed_milli
        self.is_paused = pace.is_paused
        self.next_seed = pace.next_seed
        self.step_to_ns: int | None = None
        """How far a paused market steps; None where no step is under way."""
        self.step_to_event: int | None = None
        self.from_ns = now_ns
        """From when on the wall time passes as it does now."""
        self._from_sim_ns = sim_ns
        self._seen_ns = now_ns

    @property
    def is_stepping(self) -> bool:
        """Return whether a step is under way."""
        return self.step_to_ns is not None or self.step_to_event is not None

    def set(
        self,
        *,
        now_ns: int,
        sim_ns: int,
        speed_milli: int | None = None,
        is_paused: bool | None = None,
    ) -> None:
        """Go on from this moment in another way."""
        if speed_milli is not None:
            self.speed_milli = speed_milli
        if is_paused is not None:
            self.is_paused = is_paused
            self.end_step()
        self.from_ns = self._seen_ns = now_ns
        self._from_sim_ns = sim_ns

    def end_step(self) -> None:
        """Stand still again, where a step was under way."""
        self.step_to_ns = self.step_to_event = None

    def run_free(self) -> None:
        """Pass as time does on the wall, which is how a recording passes."""
        self.speed_milli, self.is_paused = REAL_TIME_MILLI, False
        self.end_step()

    def target_ns(self, *, now_ns: int, sim_ns: int) -> int:
        """Return up to where the market at *sim_ns* may move now.

        Where the clock on the wall was set back the market goes on from where it stands.
        """
        if now_ns < self._seen_ns:
            self.from_ns, self._from_sim_ns = now_ns, sim_ns
        self._seen_ns = now_ns
        if self.is_paused:
            return sim_ns if self.step_to_ns is None else self.step_to_ns
        if self.speed_milli == AS_FAST_AS_POSSIBLE:
            return sim_ns + STRIDE_NS
        if self.speed_milli != REAL_TIME_MILLI:
            # What the machine cannot give is let go; time's own pace is caught up with.
            most_ns = _BEHIND_NS_MAX * self.speed_milli // REAL_TIME_MILLI
            if self._due_ns(now_ns) - sim_ns > most_ns:
                self.from_ns, self._from_sim_ns = now_ns, sim_ns + most_ns
        return max(sim_ns, self._due_ns(now_ns))

    def state(self) -> PrismPace:
        """Return what a later life goes on with."""
        return PrismPace(
            speed_milli=self.speed_milli, is_paused=self.is_paused, next_seed=self.next_seed
        )

    def _due_ns(self, now_ns: int) -> TimeNs:
        passed_ns = (now_ns - self.from_ns) * self.speed_milli // REAL_TIME_MILLI
        return TimeNs(self._from_sim_ns + passed_ns)
