"""The chain of the audit: sealing records, and finding the first that somebody touched.

A record's hash is SHA-256 over the UTF-8 bytes of a JSON array without blanks::

    [number,before,source,source_seq,ts_ns,who,action,target,account,result,text]

It holds the hash of the record before, so that no record can be changed, taken out, put in or
moved without every later hash being another. What is cut off at the end leaves a whole, shorter
chain: that is found by a hash that was written down elsewhere.

Source: Haber and Stornetta, "How to Time-Stamp a Digital Document" (1991), section 5.1.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec

from trade2026.model.audit import AuditRecord, Deed

GENESIS: Final = "0" * 64
"""What the first record holds in the place of a hash."""


class Sourced(msgspec.Struct, frozen=True, kw_only=True):
    """A deed and the event that told of it."""

    deed: Deed
    source: str
    source_seq: int


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Where a chain ends."""

    number: int = 0
    """Records in the chain."""
    hash: str = GENESIS
    """Of the last."""


def seal(head: Head, deeds: Iterable[Sourced]) -> tuple[AuditRecord, ...]:
    """Return *deeds* as the records that follow *head*, in their order."""
    records: list[AuditRecord] = []
    number, before = head.number, head.hash
    for one in deeds:
        number += 1
        digest = _digest(number, before, one.source, one.source_seq, one.deed)
        records.append(
            AuditRecord(
                number=number,
                deed=one.deed,
                source=one.source,
                source_seq=one.source_seq,
                before=before,
                hash=digest,
            )
        )
        before = digest
    return tuple(records)


def head_of(record: AuditRecord) -> Head:
    """Return the end of a chain whose last record this is."""
    return Head(number=record.number, hash=record.hash)


class Verification:
    """Walks a chain from its first record; mutable.

    Args:
        expected: a hash written down before, which must be met on the way; empty for none.
    """

    def __init__(self, expected: str = "") -> None:
        self.head = Head()
        self.problem = ""
        """What is wrong with the first broken record; empty as long as the chain is whole."""
        self._expected = expected
        self._is_met = expected in {"", GENESIS}
        self._cursors: dict[str, int] = {}

    def add(self, record: AuditRecord) -> None:
        """Take the next record; behind a broken one nothing more is looked at."""
        if self.problem:
            return
        self.problem = self._problem_of(record)
        if not self.problem:
            self.head = head_of(record)
            self._cursors[record.source] = record.source_seq
            self._is_met = self._is_met or record.hash == self._expected

    def end(self) -> str:
        """Return what is wrong with the chain as a whole; empty where nothing is."""
        if self.problem or self._is_met:
            return self.problem
        return (
            f"the chain ends at record {self.head.number} without ever having had the hash"
            f" {self._expected}: its end was cut off, or it is another chain"
        )

    def _problem_of(self, record: AuditRecord) -> str:
        due = self.head.number + 1
        if record.number != due:
            return f"record {due} is missing: record {record.number} stands in its place"
        if record.before != self.head.hash:
            return f"record {due} does not follow the record before it"
        digest = _digest(due, record.before, record.source, record.source_seq, record.deed)
        if record.hash != digest:
            return f"record {due} was changed: its hash is {digest}, and it says {record.hash}"
        if record.source_seq <= self._cursors.get(record.source, 0):
            return f"record {due} tells of {record.source} {record.source_seq} out of its turn"
        return ""


def _digest(number: int, before: str, source: str, source_seq: int, deed: Deed) -> str:
    parts = (
        number,
        before,
        source,
        source_seq,
        deed.ts_ns,
        deed.who,
        deed.action,
        deed.target,
        deed.account,
        deed.result,
        deed.text,
    )
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
