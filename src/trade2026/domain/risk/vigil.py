"""When the watchdog pulls the kill switch: the core does not answer any more, for too long.

A process that is gone is started again by the supervisor, and is given time for it. One that is
there and does not answer is frozen, and its orders work on: that is not waited for long. Nothing
is pulled before the core was ready once, nor twice for one silence.
"""

from enum import StrEnum

from trade2026.core.clock import NS_PER_S


class Sign(StrEnum):
    """What one look at the core has shown."""

    READY = "READY"
    BUSY = "BUSY"
    """It answers, and says that it is not ready: its log may be long."""
    SILENT = "SILENT"
    """Its port is taken, and nobody answers there in time."""
    GONE = "GONE"
    """Nobody listens there."""


class Vigil:
    """Watches one thing that must answer; mutable.

    Args:
        silent_ns: how long it may be silent.
        gone_ns: how long it may be gone.
        gap_ns: a longer pause between two looks is the watcher's own sleep, and counts for nothing.
    """

    def __init__(self, *, silent_ns: int, gone_ns: int, gap_ns: int = 3 * NS_PER_S) -> None:
        self._silent_ns = silent_ns
        self._gone_ns = gone_ns
        self._gap_ns = gap_ns
        self._is_armed = False
        self._alive_ns = 0
        self._looked_ns: int | None = None
        self._is_restarting = False
        self.is_pulled = False
        """Whether the switch was pulled for the silence that lasts."""

    def look(self, sign: Sign, now_ns: int) -> str:
        """Take what a look has shown, and return why the switch must be pulled now, or nothing.

        Args:
            sign: what was seen.
            now_ns: of a clock that never steps back.
        """
        is_own_sleep = self._looked_ns is not None and now_ns - self._looked_ns > self._gap_ns
        self._looked_ns = now_ns
        if sign is Sign.READY:
            self._is_armed, self.is_pulled, self._is_restarting = True, False, False
        if sign is Sign.GONE:
            self._is_restarting = True
        if is_own_sleep or sign in {Sign.READY, Sign.BUSY}:
            self._alive_ns = now_ns
            return ""
        if not self._is_armed or self.is_pulled:
            return ""
        quiet_ns = now_ns - self._alive_ns
        # One that has just been started again may be busy with its log.
        limit_ns = self._gone_ns if self._is_restarting else self._silent_ns
        if quiet_ns < limit_ns:
            return ""
        self.is_pulled = True
        what = "does not answer" if sign is Sign.SILENT else "is gone"
        return f"the core {what} for {quiet_ns / NS_PER_S:.1f} s"
