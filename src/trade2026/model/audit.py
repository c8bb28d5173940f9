"""Deeds that matter, and the records of the audit that hold them, each chained to the one before.

A deed is told by the event of the log that it left behind, or, where a component has no log of
its own, by `Deed` itself. A record is a deed with its place in the chain.
"""

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import EventId


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody did something to something, and this came of it."""

    ts_ns: TimeNs
    who: str
    """A user, or the component that did it by itself."""
    action: str
    """Such as `order.cancel`: the kind of its object, and the verb."""
    target: str
    """The id of the object."""
    account: str = ""
    """Whose object it is; empty where it is nobody's alone."""
    result: str = "OK"
    """`OK`, or the code of the refusal."""
    text: str = ""
    """What else there is to say, for people."""


class DeedDone(msgspec.Struct, frozen=True, kw_only=True):
    """A deed of a component that writes nothing else of it to the log."""

    event_id: EventId
    deed: Deed


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the chain."""

    number: int
    """From 1, without a gap."""
    deed: Deed
    source: str
    """The subject whose event told of the deed, with its keys left open."""
    source_seq: int
    """The place of that event in its stream."""
    before: str
    """The hash of the record before, 64 hex digits; zeros before the first."""
    hash: str
    """SHA-256 over all of the above; see `domain/audit/chain.py`."""


class AuditBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Records that were written together, in order."""

    records: tuple[AuditRecord, ...]
    cursors: dict[str, int] = {}
    """By source, the last place that is in the chain with these: where to go on."""
