"""An agent's desk holds it within its bounds and finds its own orders."""

import numpy as np
import pytest

from trade2026.prism.engine import desk, tape
from trade2026.prism.engine.book import open_book
from trade2026.prism.engine.compiled import entry
from trade2026.prism.engine.desk import AGENT, OUTBOX, UNKNOWN
from trade2026.prism.engine.layout import LINE, new_block
from trade2026.prism.engine.memory import book_of
from trade2026.prism.engine.message import BUY, MESSAGE, SELL
from trade2026.prism.engine.process import process

BOUND = 100
NOW_NS = 5

agent_of, outbox_of = AGENT.of, OUTBOX.of


@entry
def rest_in(  # noqa: PLR0917 - Kernels are called by position.
    book: int, outbox: int, agent: int, now: int, place: int, side: int, ticks: int, lots: int
) -> None:
    desk.rest_in(book_of(book), outbox_of(outbox), agent_of(agent), now, place, side, ticks, lots)


@entry
def withdraw(book: int, outbox: int, agent: int, place: int) -> None:
    desk.withdraw(book_of(book), outbox_of(outbox), agent_of(agent), place)


@entry
def quoted_ticks(book: int, agent: int, place: int, least: int) -> int:
    return desk.quoted_ticks(book_of(book), agent_of(agent), place, least)


@entry
def resting_lots(book: int, agent: int, side: int) -> int:
    return desk.resting_lots(book_of(book), agent_of(agent), side)


@entry
def mid(book: int, otherwise: float) -> float:
    return desk.mid(book_of(book), otherwise)


@entry
def leaning(agent: int, clips: float) -> float:
    return desk.leaning(agent_of(agent), clips)


class Rig:
    """One agent, one book, and an outbox that is carried out on demand."""

    def __init__(self, inventory: int = 0) -> None:
        self._memory = open_book(0, 128)
        self._tape = tape.new_tape(2**17)
        self._outbox = new_block(OUTBOX.size)
        self._agent = new_block(AGENT.size)
        row = self._agent[: AGENT.size].view(AGENT.dtype)[0]
        row["bound"], row["clip"], row["inventory"] = BOUND, 10, inventory
        self.book, self.agent = self._memory.ctypes.data, self._agent.ctypes.data
        self.outbox = self._outbox.ctypes.data
        self._forget()

    def rest(self, place: int, side: int, ticks: int, lots: int) -> None:
        rest_in(self.book, self.outbox, self.agent, NOW_NS, place, side, ticks, lots)

    def withdraw(self, place: int) -> None:
        withdraw(self.book, self.outbox, self.agent, place)

    def quoted(self, place: int, least: int) -> int:
        return quoted_ticks(self.book, self.agent, place, least)

    def sent_lots(self) -> list[int]:
        return self._sent()["lots"].tolist()

    def carry_out(self) -> None:
        sent = self._sent()
        end = len(sent)
        done = process(self.book, self._tape.ctypes.data, sent.ctypes.data, 0, end)
        assert done == end
        self._outbox[:] = 0
        self._forget()

    def _sent(self) -> np.ndarray[tuple[int], np.dtype[np.void]]:
        count = int(self._outbox[: OUTBOX.size].view(OUTBOX.dtype)[0]["count"])
        return self._outbox[LINE:].view(MESSAGE)[:count]

    def _forget(self) -> None:
        row = self._agent[: AGENT.size].view(AGENT.dtype)[0]
        row["to_buy"] = row["to_sell"] = UNKNOWN


@pytest.mark.parametrize(
    ("side", "inventory", "expected"),
    [(BUY, 0, [60, 40]), (BUY, 70, [30]), (SELL, 70, [60, 60]), (SELL, -100, []), (BUY, 100, [])],
)
def test_orders_of_one_wake_cannot_together_leave_the_bound(
    side: int, inventory: int, expected: list[int]
) -> None:
    rig = Rig(inventory)

    for place in range(2):
        rig.rest(place, side, 500, 60)

    assert rig.sent_lots() == expected


def test_orders_that_rest_count_against_the_bound() -> None:
    rig = Rig()
    rig.rest(0, BUY, 500, 70)
    rig.carry_out()

    rig.rest(1, BUY, 499, 60)
    rig.rest(2, SELL, 501, 60)

    assert rig.sent_lots() == [30, 60]


def test_a_withdrawn_order_makes_room_for_the_next_wake() -> None:
    rig = Rig()
    rig.rest(0, BUY, 500, 100)
    rig.carry_out()

    rig.withdraw(0)
    rig.carry_out()
    rig.rest(0, BUY, 501, 100)
    rig.carry_out()

    assert resting_lots(rig.book, rig.agent, BUY) == 100
    assert rig.quoted(0, 1) == 501


def test_a_place_whose_order_is_gone_shows_no_quote() -> None:
    rig = Rig()
    rig.rest(0, BUY, 500, 10)
    rig.rest(1, SELL, 510, 10)
    rig.carry_out()

    assert (rig.quoted(0, 10), rig.quoted(1, 10)) == (500, 510)
    assert (rig.quoted(0, 11), rig.quoted(2, 1)) == (0, 0)


def test_withdrawing_what_does_not_rest_says_nothing() -> None:
    rig = Rig()

    rig.withdraw(0)

    assert rig.sent_lots() == []


def test_a_spread_too_wide_is_no_price() -> None:
    rig = Rig()
    rig.rest(0, BUY, 1_000, 10)
    rig.rest(1, SELL, 1_010, 10)
    rig.carry_out()
    narrow = mid(rig.book, 7.0)
    rig.withdraw(1)
    rig.carry_out()
    one_sided = mid(rig.book, 7.0)
    rig.rest(1, SELL, 2_000, 10)
    rig.carry_out()

    assert (narrow, one_sided, mid(rig.book, 7.0)) == (1_005.0, 7.0, 7.0)


@pytest.mark.parametrize(("inventory", "share"), [(0, 0.0), (25, 0.5), (90, 1.0), (-90, -1.0)])
def test_an_inventory_leans_at_most_fully(inventory: int, share: float) -> None:
    rig = Rig(inventory)

    assert leaning(rig.agent, 5.0) == share
