"""What the consumers ask of a log: read it in order, remember how far, bury what is poisoned.

Consumers know nothing else of the log, so the one in memory and the one behind NATS are
consumed by the same code. A durable's place is a `Cursor`, kept in the log itself.
"""

from typing import Any, Final, Protocol

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.model import codec
from trade2026.model.subjects import Stream

PREFETCH_LIMIT: Final = 256
"""Events fetched ahead of a handler at most; with so many waiting the consumer is slow."""


class Once:
    """What a message was decoded to, for all who get it: by the first of them who asks."""

    __slots__ = ("_message",)

    def __init__(self) -> None:
        self._message: Any = None

    def decoded(self, kind: type[Any], content: bytes) -> Any:  # noqa: ANN401 - of type *kind*.
        """Return the message of type *kind* that *content* holds.

        Raises:
            CodecError: it holds none.
        """
        if self._message is None:
            self._message = codec.decode(kind, content)
        return self._message


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One event as the log holds it."""

    subject: str
    seq: int
    """Position in the stream, from 1."""
    appended_ns: TimeNs
    content: Any
    """Bytes of the codec; a log in memory may hold the message itself."""
    pending_count: int
    """How many events of the reader's subject stood behind this one when it was read."""
    once: Once | None = None
    """Where several readers of this process get it."""


class Halted(msgspec.Struct, frozen=True):
    """A key that waits for its poisoned event."""

    seq: int
    """The first event of the key that is not handled."""
    deaths: int = 0
    """How many processes tried it and were not heard of again."""


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """How far a durable consumer has come."""

    seq: int = 0
    """Every event up to here is handled, except those of parked keys."""
    parked: dict[str, Halted] = {}
    """By full subject name."""
    suspect_seq: int = 0
    """The event that was about to be handled when this was written; 0 is none."""
    suspect_tries: int = 0
    """How many processes began to handle the suspect and were not heard of again."""
    version: str = ""
    """The version of this package that wrote it: another one may handle what killed it."""


class Burial(msgspec.Struct, frozen=True, kw_only=True):
    """Why an event went to the dead-letter stream."""

    stream: Stream
    taker: str
    """The durable, or the fold, that could not handle it."""
    reason: str


class Source(Protocol):
    """A reader of one subject: every event once, in order, whatever happens to the log."""

    async def open(self) -> int:
        """Begin, and return how many events wait. Waits until the log is reachable."""
        ...

    async def wait(self) -> None:
        """Return when `pop` has an event to give. May be cancelled without loss."""
        ...

    def pop(self) -> Record:
        """Return the next event; only after `wait`."""
        ...

    async def count_waiting(self) -> int:
        """Return how many events wait at this moment, here and in the log."""
        ...

    @property
    def pending_count(self) -> int:
        """How many events waited when the source last heard of it."""
        ...

    @property
    def is_full(self) -> bool:
        """Whether the bounded queue of prefetched events is full."""
        ...

    async def close(self) -> None:
        """Read no more."""
        ...


class EventLog(Protocol):
    """The log as its consumers see it."""

    def read(self, stream: Stream, pattern: str, from_seq: int) -> Source:
        """Return a reader of the subjects that match *pattern*, from *from_seq* on."""
        ...

    async def load_cursor(self, durable: str) -> Cursor:
        """Return where *durable* stands; a new one stands before the first event."""
        ...

    async def save_cursor(self, durable: str, cursor: Cursor) -> bool:
        """Keep where *durable* stands; False when another process has taken it over.

        Waits until the log is reachable.
        """
        ...

    async def bury(self, record: Record, burial: Burial) -> None:
        """Store the event in the dead-letter stream, once. Waits until the log is reachable."""
        ...


def matches(pattern: str, subject: str) -> bool:
    """Return whether *subject* is one of the subjects *pattern* stands for; `*` is one part."""
    wanted, parts = pattern.split("."), subject.split(".")
    return len(wanted) == len(parts) and all(
        want in {"*", part} for want, part in zip(wanted, parts, strict=True)
    )
