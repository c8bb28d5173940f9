"""How often, and after what wait, a child that died is started again."""

from collections.abc import Sequence

import msgspec

from trade2026.core.clock import NS_PER_S


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """Waits that double, and a bounded number of restarts within a window."""

    first_s: float = 0.2
    last_s: float = 10.0
    restarts_max: int = 8
    window_s: float = 120.0

    def delay_s(self, deaths_ns: Sequence[int], *, failed_starts: int = 0) -> float | None:
        """Return the wait before the next start, or None when it is time to give up.

        Args:
            deaths_ns: Monotonic time of every death so far, oldest first; the last is now.
            failed_starts: How many of the last deaths came before the child was ever ready.
                They count however long ago they were: a start may take longer than the window.
        """
        begin_ns = deaths_ns[-1] - int(self.window_s * NS_PER_S)
        recent = sum(1 for death_ns in deaths_ns if death_ns > begin_ns)
        recent = max(recent, failed_starts)
        if recent > self.restarts_max:
            return None
        return min(self.last_s, self.first_s * 2.0 ** (recent - 1))
