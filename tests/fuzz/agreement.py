"""Tells both books the same, and finds out whether they say and hold the same."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from tests.book.follower import ALL_LEVELS, Follower, check_conservation, left_of
from tests.book.notation import Records, describe
from tests.fuzz.flow import Flow

from trade2026.prism.engine.book import Book
from trade2026.prism.engine.message import BUY, SELL
from trade2026.prism.engine.reference import ReferenceBook

CHUNK: Final = 2_000
CAPACITY: Final = 128
"""Orders that the compiled book has room for at first: it must grow."""
SYMBOL: Final = 300

BROKEN: Final = (AssertionError, LookupError, ArithmeticError, ValueError, SystemError)
"""What a book, or a look at one, may raise where something is wrong."""


class DisagreementError(Exception):
    """The books differ, or one does what no book may."""


class Pair:
    """The plain book and the compiled one, told the same."""

    def __init__(self) -> None:
        self.plain = ReferenceBook(symbol=SYMBOL)
        self.fast = Book(symbol=SYMBOL, capacity=CAPACITY)
        self._follower = Follower()
        self._left = left_of(self.plain)

    def tell(self, messages: Records, *, now: int = 0) -> Records:
        """Return what follows on *messages* from both books.

        Raises:
            DisagreementError: the books differ, or the plain one breaks what must always hold.
        """
        try:
            self.plain.process(messages, now=now)
            self.fast.process(messages, now=now)
            plain, fast = self.plain.take_events(), self.fast.take_events()
            self._compare(plain, fast)
            self._follower.follow(plain)
            self._follower.check(self.plain)
            left = left_of(self.plain)
            check_conservation(self._left, messages, plain, left)
        except BROKEN as error:
            raise DisagreementError(f"{type(error).__name__}: {error}") from error
        self._left = left
        return plain

    def _compare(self, plain: Records, fast: Records) -> None:
        common = min(len(plain), len(fast))
        same = plain[:common] == fast[:common]
        if not np.all(same) or len(plain) != len(fast):
            first = int(np.argmin(same)) if not np.all(same) else common
            said = [str(e[first]) if first < len(e) else "nothing" for e in (plain, fast)]
            words = [describe(e[first]) if first < len(e) else "nothing" for e in (plain, fast)]
            raise DisagreementError(
                f"the plain book says: {words[0]}, the compiled one: {words[1]}\n"
                f"{said[0]}\n{said[1]}"
            )
        assert np.array_equal(self.plain.resting(), self.fast.resting()), "resting orders"
        assert np.array_equal(self.plain.waiting(), self.fast.waiting()), "waiting stops"
        for side in (BUY, SELL):
            for levels in (3, ALL_LEVELS):
                plain_levels = self.plain.depth(side, levels)
                assert np.array_equal(plain_levels, self.fast.depth(side, levels)), "depth"


@dataclass
class Report:
    """What became of one seed."""

    seed: int
    messages: int = 0
    events: int = 0
    most_open: int = 0
    """The most orders that rested or waited."""
    kinds: set[int] = field(default_factory=set[int])
    reasons: set[int] = field(default_factory=set[int])
    trouble: str = ""
    """Where the books differ; empty where they do not."""


def told_by(seed: int, messages: int) -> list[tuple[int, Records]]:
    """Return what a seed tells both books: times, and what follows at each."""
    flow = Flow(seed)
    told: list[tuple[int, Records]] = []
    for start in range(0, messages, CHUNK):
        chunk = flow.chunk(min(CHUNK, messages - start))
        told.append((flow.now, chunk))
    return told


def run(seed: int, messages: int) -> Report:
    """Tell both books the first *messages* of *seed*, until they differ."""
    report = Report(seed)
    pair = Pair()
    for now, chunk in told_by(seed, messages):
        try:
            events = pair.tell(chunk, now=now)
        except DisagreementError as error:
            report.trouble = str(error)
            return report
        report.messages += len(chunk)
        report.events += len(events)
        report.most_open = max(report.most_open, len(left_of(pair.plain)))
        report.kinds |= set(np.unique(events["kind"]).tolist())
        report.reasons |= set(np.unique(events["reason"]).tolist())
    return report
