"""What compliance wrote down: breaches that it found, and the rules that it found them by."""

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, EventId


class BreachFound(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that was broken on a day. The same breach has the same id, however often found."""

    event_id: EventId
    account: AccountId
    day: str
    """Such as 2026-11-26, UTC."""
    ts_ns: TimeNs
    """When it was found."""
    rule: str
    kind: str
    symbol: str
    measured: str
    limit: str
    evidence: tuple[str, ...]


class RulesBound(msgspec.Struct, frozen=True, kw_only=True):
    """From here on these rules bind."""

    event_id: EventId
    ts_ns: TimeNs
    asked_by: str
    """Who had a day judged when they were first met: the file itself has no author."""
    digest: str
    """SHA-256 of the text."""
    text: str
    """The whole file."""
