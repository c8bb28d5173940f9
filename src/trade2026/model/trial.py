"""A dry run of limits or of a policy over a past day: what is asked of the process that does it."""

from typing import Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.model.risk import LimitValues

LISTED_MOST: Final = 1_000
"""Orders that each list of a dry run over HTTP names; all are counted."""


class TrialAsk(msgspec.Struct, frozen=True, kw_only=True):
    """A dry run that somebody wants."""

    begin_ns: TimeNs
    """Of the day."""
    end_ns: TimeNs
    """Of the day, exclusive."""
    limits: dict[str, LimitValues]
    """On trial, by scope."""
    policy: str = ""
    """On trial, in Rego; empty leaves what the policy of then said."""
    accounts: frozenset[str] | None = None
    """Whose orders are judged; None is everybody's."""
    most: int = LISTED_MOST
    """Orders that each list names."""


class TrialAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    found: msgspec.Raw = msgspec.Raw(b"null")
    """The reply as JSON; null where it failed."""
    error: str = ""
    """Why it failed; empty where it did not."""
