"""However far prices run, numbers collide and books grow, nothing is lost and order is kept."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pytest

from trade2026.core.chance import stream
from trade2026.prism.engine import index
from trade2026.prism.engine.book import Book
from trade2026.prism.engine.compiled import entry
from trade2026.prism.engine.growth import grown_book
from trade2026.prism.engine.memory import (
    CROWD,
    INDEX_FACTOR,
    WINDOW,
    book_of,
    head_of,
    new_book,
    order_at,
)
from trade2026.prism.engine.message import (
    BUY,
    MAX_TICKS,
    MESSAGE,
    SELL,
    Action,
    Force,
    Kind,
)
from trade2026.prism.engine.reference import ReferenceBook

CAPACITY: Final = 128
INDEX: Final = INDEX_FACTOR * CAPACITY


class Pair:
    """The compiled book and the plain one, told the same."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.fast, self.plain = Book(capacity=capacity), ReferenceBook()

    def place(self, number: int, side: int, ticks: int, lots: int = 1, **fields: int) -> None:
        order = {"kind": Kind.LIMIT, "force": Force.GTC, "owner": number % 7} | fields
        for book in (self.fast, self.plain):
            book.place(now=0, number=number, side=side, ticks=ticks, lots=lots, **order)

    def cancel(self, number: int) -> None:
        for book in (self.fast, self.plain):
            book.cancel(now=0, number=number)

    def process(self, messages: np.ndarray[Any, np.dtype[np.void]]) -> None:
        for book in (self.fast, self.plain):
            book.process(messages)

    def check(self) -> None:
        assert np.array_equal(self.fast.take_events(), self.plain.take_events())
        assert np.array_equal(self.fast.resting(), self.plain.resting())
        assert np.array_equal(self.fast.waiting(), self.plain.waiting())
        for side in (BUY, SELL):
            levels = 2_000
            assert np.array_equal(self.fast.depth(side, levels), self.plain.depth(side, levels))


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("step", [1, -1, 3 * WINDOW // 4, -WINDOW, WINDOW + 1, -5 * WINDOW])
def test_prices_run_away_either_way(side: int, step: int) -> None:
    pair = Pair()
    start = 600 * WINDOW

    for number in range(1, 101):
        pair.place(number, side, start + number * step, lots=number)
        pair.place(1_000 + number, side, start + number * step)
    pair.check()

    for number in range(1, 101, 3):
        pair.cancel(number)
        pair.cancel(1_000 + number)
    pair.check()
    # Everything that is left trades, in order.
    pair.place(9_999, -side, 1 if side == BUY else MAX_TICKS, lots=10**6, owner=99, force=Force.IOC)
    pair.check()
    assert len(pair.fast.resting()) == 0


def test_a_best_price_that_falls_below_the_window_brings_the_far_levels_back() -> None:
    for side in (BUY, SELL):
        pair = Pair()
        for number, distance in enumerate((0, 1, WINDOW, WINDOW + 1, 9 * WINDOW, 90 * WINDOW), 1):
            pair.place(number, side, 200 * WINDOW - side * distance)
        for number in (1, 2, 3, 5):
            pair.cancel(number)
            pair.check()

        assert pair.fast.resting()[:, 0].tolist() == [4, 6]


def test_prices_at_both_ends_of_what_is_allowed() -> None:
    pair = Pair()

    for number, ticks in enumerate((1, 2, 3), 1):
        pair.place(number, BUY, ticks)
    for number, ticks in enumerate((MAX_TICKS, MAX_TICKS - 1, MAX_TICKS - 2), 11):
        pair.place(number, SELL, ticks)
    pair.check()
    pair.place(20, BUY, MAX_TICKS, lots=9, owner=98)
    pair.place(21, SELL, 1, lots=20, owner=99)
    pair.check()

    assert pair.fast.resting()[:, 0].tolist() == [21]


def test_prices_that_wander_over_many_windows() -> None:
    pair, luck = Pair(), stream(5, "test_memory")
    count = 3_000
    messages = np.zeros(count, MESSAGE)
    numbers = np.arange(1, count + 1)
    is_cancel = luck.random(count) < 0.4
    messages["action"] = np.where(is_cancel, Action.CANCEL, Action.PLACE)
    messages["number"] = np.where(is_cancel, luck.integers(1, numbers + 1), numbers)
    messages["side"] = luck.choice([BUY, SELL], count)
    messages["kind"], messages["force"] = Kind.LIMIT, Force.GTC
    messages["owner"] = luck.integers(0, 5, count)
    centre = 10**9 + np.cumsum(luck.integers(-WINDOW, WINDOW, count))
    messages["ticks"] = centre - messages["side"] * luck.integers(-WINDOW, 4 * WINDOW, count)
    messages["lots"] = luck.integers(1, 100, count)

    pair.process(messages)

    pair.check()
    assert len(pair.fast.resting()) > CAPACITY


# Numbers.


@entry
def enter(book: int, number: int, slot: int) -> None:
    its = book_of(book)
    order_at(its, slot).number = number
    index.enter_number(its, number, slot)


@entry
def forget(book: int, number: int, slot: int) -> None:
    index.forget(book_of(book), number, slot)


@entry
def find(book: int, number: int) -> int:
    return index.find(book_of(book), number)


def check_found(book: int, there: dict[int, int], gone: Sequence[int] = ()) -> None:
    assert {number: find(book, number) for number in there} == there
    assert [find(book, number) for number in gone] == [0] * len(gone)


def test_numbers_of_one_remainder_are_all_found_and_leave_no_gap() -> None:
    for seed in range(4):
        block = new_book(0, CAPACITY)
        book, luck = block.ctypes.data, stream(seed, "test_memory")
        # Of few remainders, of either sign, near and far.
        numbers = {int(n) for n in luck.integers(-(2**40), 2**40, 100) * INDEX + 3} - {0}
        numbers |= {int(n) for n in luck.integers(1, 20, 20) * INDEX + 3}
        free = list(range(1, CAPACITY + 1))
        there: dict[int, int] = {}
        for number in list(numbers)[:CAPACITY]:
            there[number] = free.pop()
            enter(book, number, there[number])
        check_found(book, there)
        assert head_of(block)["crowded"] == len(there) - 1

        gone: list[int] = []
        for number in luck.permutation(list(there)).tolist():
            forget(book, number, there.pop(number))
            gone.append(number)
            check_found(book, there, gone)
        assert head_of(block)["crowded"] == 0
        assert not CROWD.view(block)["at"].any()


def test_orders_and_stops_with_colliding_numbers_trade_and_end() -> None:
    pair = Pair()
    for i in range(1, 61):
        number = i * INDEX * 4 + 5
        if i % 3:
            pair.place(number, BUY, 500 - i % 4, lots=i)
        else:
            pair.place(number, SELL, 0, lots=i, kind=Kind.STOP, trigger=100)
    pair.check()

    for i in (1, 3, 4, 7, 60, 33, 2, 58):
        pair.cancel(i * INDEX * 4 + 5)
        pair.place(-i * INDEX * 4 + 5, BUY, 490, lots=2)
        pair.check()


# Growth.


def test_growing_keeps_orders_stops_timers_and_far_levels() -> None:
    pair = Pair()
    for number in range(1, 2_001):
        ticks = 10**6 - number * 90
        fields = {"force": Force.GTD, "expires_ns": 10 + number % 50} if number % 4 == 1 else {}
        pair.place(number, BUY, ticks, lots=20, display=3 * (number % 2), **fields)
        if number % 5 == 0:
            pair.place(10**5 + number, SELL, 0, kind=Kind.STOP, trigger=number, **fields)
            pair.place(2 * 10**5 + number, SELL, 0, kind=Kind.TRAILING_STOP, trigger=50)
        if number % 7 == 0:
            pair.cancel(number - 3)
    pair.check()
    assert len(pair.fast.waiting()) > CAPACITY

    clock = np.zeros(1, MESSAGE)
    clock["action"] = Action.CLOCK
    for now in (15, 40, 100):
        clock["time_ns"] = now
        pair.process(clock)
        pair.check()
    # A sweep sets off stops, until all of it is done.
    pair.place(3 * 10**5, SELL, 10**6 - 90 * 900, lots=10**4, owner=99, force=Force.IOC)
    pair.check()


def test_a_grown_book_has_twice_the_room_and_what_it_had() -> None:
    block = new_book(4, CAPACITY)
    head = head_of(block)
    head["last"], head["phase"], head["agent_number"] = 77, 2, -5

    grown = head_of(grown_book(block))

    assert (grown["capacity"], grown["order_count"]) == (2 * CAPACITY, 2 * CAPACITY + 1)
    assert [grown[n] for n in ("last", "phase", "agent_number", "symbol")] == [77, 2, -5, 4]


@pytest.mark.parametrize("capacity", [64, 200])
def test_a_book_has_room_for_a_power_of_two(capacity: int) -> None:
    with pytest.raises(AssertionError):
        new_book(0, capacity)
