"""Plays what a text says on a book, and compares what happens with what the text says.

Lines are messages and, set in behind each, the events that must follow, all of them
(`notation.py`). Everything is played a second time on another book with the sides turned
round and prices mirrored: what holds for a buyer must hold for a seller.
"""

from collections.abc import Callable
from textwrap import dedent
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tests.book.follower import Follower, OrderBook, check_conservation, left_of
from tests.book.notation import Records, describe, is_event, parse

from trade2026.prism.engine.event import EventKind
from trade2026.prism.engine.message import Action

MIRROR: Final = 1_000
"""A price and its mirror image add up to this."""


class Seat:
    """One book with all that was told to it checked."""

    def __init__(self, book: OrderBook) -> None:
        self.book = book
        self.follower = Follower()
        self.events: list[Records] = []
        """Of all messages so far."""

    def tell(self, message: Records) -> Records:
        """Return the events that follow on a message, after a look at what must hold."""
        before = left_of(self.book)
        self.book.process(message)
        events = self.book.take_events()
        self.events.append(events)
        self.follower.follow(events)
        self.follower.check(self.book)
        check_conservation(before, message, events, left_of(self.book))
        return events


class Play:
    """A scenario on a book and, where sides may be turned round, on its mirror image."""

    def __init__(self, new_book: Callable[[], OrderBook]) -> None:
        self._seat = Seat(new_book())
        self._mirror: Seat | None = Seat(new_book())

    @property
    def book(self) -> OrderBook:
        """The book that was told what the texts say."""
        return self._seat.book

    @property
    def events(self) -> Records:
        """All that happened so far."""
        return np.concatenate(self._seat.events)

    @property
    def said(self) -> list[str]:
        """All that happened so far, in words."""
        return [describe(event) for event in self.events]

    def one_way(self) -> "Play":
        """Leave out the mirror image from here on: the rule itself knows buy from sell."""
        self._mirror = None
        return self

    def given(self, text: str) -> None:
        """Tell the book the messages of *text*, whatever happens."""
        for line in _lines(text):
            assert not is_event(line)
            self._tell(line)

    def __call__(self, text: str) -> None:
        """Assert that on the messages of *text* the events in it follow, and no others."""
        lines = _lines(text)
        happened: list[str] = []
        for line in lines:
            if not is_event(line):
                happened += [line, *self._tell(line)]
        assert happened == lines, "\n".join(["what happened:", *happened])

    def tell(self, message: Records) -> list[str]:
        """Return what follows on a message that no line can say."""
        return [describe(event) for event in self._seat.tell(message)]

    def _tell(self, line: str) -> list[str]:
        message = parse(line)
        said = [describe(event) for event in self._seat.tell(message)]
        if self._mirror is not None:
            is_offset = "trail" in line.split()
            mirrored = self._mirror.tell(mirrored_message(message, is_offset=is_offset))
            assert [describe(event) for event in mirrored_events(mirrored)] == said
        return said


def _lines(text: str) -> list[str]:
    stripped = (line.partition("//")[0].strip() for line in dedent(text).splitlines())
    return [line for line in stripped if line]


def mirrored_message(message: Records, *, is_offset: bool) -> Records:
    """Return what the message is to somebody who sees buy as sell and up as down.

    Args:
        message: one message.
        is_offset: whether its trigger is the offset of a trailing stop.
    """
    mirror = message.copy()
    mirror["side"] = -message["side"]
    is_order = message["action"] == Action.PLACE
    is_change = message["action"] == Action.REPLACE
    for column in ("ticks", "trigger"):
        is_price = (is_order | is_change) & (message[column] != 0)
        if column == "trigger" and is_offset:
            continue
        mirror[column] = np.where(is_price, MIRROR - message[column], message[column])
    is_band = (message["action"] == Action.BAND) & (message["ticks"] != 0)
    mirror["ticks"][is_band] = MIRROR - message["trigger"][is_band]
    mirror["trigger"][is_band] = MIRROR - message["ticks"][is_band]
    return mirror


def mirrored_events(events: Records) -> NDArray[np.void]:
    """Return the events of a mirrored book as the book itself would tell them."""
    mirror = events.copy()
    mirror["side"] = -events["side"]
    is_price = (events["kind"] != EventKind.PHASE) & (events["ticks"] != 0)
    mirror["ticks"] = np.where(is_price, MIRROR - events["ticks"], events["ticks"])
    return mirror
