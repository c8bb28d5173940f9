"""The breaker of a venue: five failures in a row open it for a minute, three successes close it.

A rejection by the venue is no success: it counts as a failure here, because a venue that
rejects everything is one that should not be sent to. After its minute an open breaker lets
orders through on trial; one failure then opens it for another minute.
"""

from enum import StrEnum
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S, TimeNs

OPENS_AFTER: Final = 5
CLOSES_AFTER: Final = 3
OPEN_NS: Final = 60 * NS_PER_S
SLOW_NS: Final = 5 * NS_PER_S
"""An answer that takes longer is a failure, whatever it says."""


class Outcome(StrEnum):
    """What came of one order sent to the venue."""

    TAKEN = "TAKEN"
    REJECTED = "REJECTED"
    FAILED = "FAILED"
    """No answer, or a useless one."""
    SLOW = "SLOW"
    LOST = "LOST"
    """The connection broke."""


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """How the venue has behaved lately."""

    failure_count: int = 0
    """In a row."""
    success_count: int = 0
    """In a row, since it opened."""
    opened_ns: TimeNs | None = None
    """When it opened last; None while it is closed."""
    why: str = ""

    def note(self, outcome: Outcome, now_ns: TimeNs) -> "Breaker":
        """Return it after *outcome*."""
        if outcome is Outcome.TAKEN:
            successes = self.success_count + 1
            if self.opened_ns is None or successes >= CLOSES_AFTER:
                return Breaker()
            return msgspec.structs.replace(self, success_count=successes, failure_count=0)
        failures = self.failure_count + 1
        if self.opened_ns is None and failures < OPENS_AFTER:
            return msgspec.structs.replace(self, failure_count=failures)
        why = f"{failures} failures in a row, the last {outcome}"
        return Breaker(failure_count=failures, opened_ns=now_ns, why=why)

    def problem(self, now_ns: TimeNs) -> str:
        """Return why nothing may be sent now, empty where it may."""
        if self.opened_ns is None or now_ns >= self.opened_ns + OPEN_NS:
            return ""
        return f"BREAKER_OPEN {self.why}"
