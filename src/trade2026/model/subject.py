"""What a subject of the bus is: a command, an event or a live copy, and how it is spelled."""

from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

import msgspec

M = TypeVar("M")
R = TypeVar("R")

TOKEN_SPECIALS: Final = frozenset(" .*>\t\r\n/\\")


class Poison(StrEnum):
    """What becomes of an event that its handler cannot handle, after bounded tries."""

    DEAD_LETTER = "dead_letter"
    """It is kept in the dead-letter stream with the reason, and the flow goes on."""
    HALT = "halt"
    """Its account halts, alarmed, and the flow of its key waits: it is about money."""


class Stream(StrEnum):
    """The streams of the log."""

    RAW = "RAW"
    MARKET = "MARKET"
    ORDERS = "ORDERS"
    ALGOS = "ALGOS"
    REPORTS = "REPORTS"
    POSITIONS = "POSITIONS"
    PNL = "PNL"
    RISK = "RISK"
    LOSS = "LOSS"
    LIVE = "LIVE"
    PRISM_INPUT = "PRISM_INPUT"
    PRISM_SNAPSHOT = "PRISM_SNAPSHOT"
    PRISM_TAPE = "PRISM_TAPE"
    RECONCILIATION = "RECONCILIATION"
    COMPLIANCE = "COMPLIANCE"
    DEEDS = "DEEDS"
    AUDIT = "AUDIT"
    DEAD_LETTER = "DEAD_LETTER"
    CURSOR = "CURSOR"
    """Where the durable consumers stand; the bus's own."""


class _Subject(msgspec.Struct, frozen=True, kw_only=True):
    pattern: str
    """Dot-separated; a part in braces is a key, such as ``orders.event.{account}``."""
    giver: str
    """The component that sends: the only one for an event, the asker for a command."""
    takers: tuple[str, ...]
    fed_back: tuple[str, ...] = ()
    """Takers that stand before the giver in the flow: the declared loops."""

    def name(self, **keys: str) -> str:
        """Return the subject with its keys filled in.

        Raises:
            ValueError: a key is empty or holds a character that subjects reserve.
        """
        for key, text in keys.items():
            if not text or not TOKEN_SPECIALS.isdisjoint(text):
                raise ValueError(f"{text!r} cannot be the key {key} of {self.pattern}")
        return self.pattern.format(**keys)

    @property
    def wildcard(self) -> str:
        """Return the subject with every key left open, as NATS spells it."""
        parts = ("*" if part.startswith("{") else part for part in self.pattern.split("."))
        return ".".join(parts)


class Command(_Subject, Generic[M, R], frozen=True, kw_only=True):
    """A subject to ask on."""

    request: type[M]
    reply: type[R]


class Event(_Subject, Generic[M], frozen=True, kw_only=True):
    """A subject whose messages are appended to the log."""

    message: Any
    """The message type: a struct, or a union of tagged structs."""
    stream: Stream
    poison: Poison = Poison.HALT


def memory_of(
    name: str,
    stream: Stream,
    pattern: str,
    message: object,
    *others: str,
    poison: Poison = Poison.HALT,
) -> Event[Any]:
    """Return the event of a component's own memory: it alone writes it, and goes on from it.

    *others* take it besides.
    """
    return Event(
        pattern=pattern,
        message=message,
        stream=stream,
        poison=poison,
        giver=name,
        takers=(name, *others),
        fed_back=(name,),
    )


class Live(_Subject, Generic[M], frozen=True, kw_only=True):
    """A subject that carries the latest of something, and may lose what came before."""

    message: type[M]
