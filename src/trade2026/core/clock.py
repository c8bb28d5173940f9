"""The only place where time is read: a system clock, and a virtual one for tests and replay.

Time is `TimeNs`, UTC nanoseconds since 1970. Nothing else in the package asks the
operating system for the time, so that a replay sees the times of the original.
"""

import time
from typing import NewType, Protocol

TimeNs = NewType("TimeNs", int)
"""UTC nanoseconds since 1970-01-01."""

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_US = 1_000


class Clock(Protocol):
    """What the platform asks of a clock."""

    def now_ns(self) -> TimeNs:
        """Return the time of day. It may step back when the machine's clock is set."""
        ...

    def monotonic_ns(self) -> int:
        """Return nanoseconds from an arbitrary start; never steps back. For durations."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ns(self) -> TimeNs:
        """Return the machine's UTC time."""
        return TimeNs(time.time_ns())

    def monotonic_ns(self) -> int:
        """Return the machine's monotonic time."""
        return time.monotonic_ns()


class VirtualClock:
    """A clock that moves only when told to, and never back."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> TimeNs:
        """Return the time it was last set to."""
        return TimeNs(self._now_ns)

    def monotonic_ns(self) -> int:
        """Return the same time: a virtual clock does not step back."""
        return self._now_ns

    def advance(self, step_ns: int) -> None:
        """Move the clock on by *step_ns*, which is not negative."""
        assert step_ns >= 0
        self._now_ns += step_ns

    def set_to(self, now_ns: int) -> None:
        """Move the clock on to *now_ns*, which is not in its past."""
        assert now_ns >= self._now_ns
        self._now_ns = now_ns
