"""An agent's desk holds it within its bounds and finds its own orders."""

import numpy as np
import pytest

from trade2026.prism.engine import desk as layout
from trade2026.prism.engine import kernels
from trade2026.prism.engine.book import new_memory
from trade2026.prism.engine.compiled import Words
from trade2026.prism.engine.event import new_tape
from trade2026.prism.engine.memory import ROOM
from trade2026.prism.engine.message import BUY, MESSAGE_COLUMNS, SELL

BOUND = 100


class Rig:
    """One agent, one book, and an outbox that is carried out on demand."""

    def __init__(self, inventory: int = 0) -> None:
        self.book = new_memory(0)
        self.tape = new_tape(100)
        self.outbox: Words = np.zeros((ROOM + 1, MESSAGE_COLUMNS), np.int64)
        self.desk = np.zeros(layout.DESK_WIDTH, np.int64)
        self.desk[layout.BOUND] = BOUND
        self.desk[layout.CLIP] = 10
        self.desk[layout.INVENTORY] = inventory

    def rest(self, slot: int, side: int, ticks: int, lots: int) -> None:
        layout.rest_in(self.book, self.outbox, self.desk, 5, slot, side, ticks, lots)

    def sent_lots(self) -> list[int]:
        return self.outbox[1 : int(self.outbox[0, 0]) + 1, 7].tolist()

    def carry_out(self) -> None:
        end = int(self.outbox[0, 0]) + 1
        assert kernels.replay(self.book, self.tape, self.outbox, 1, end, 5) == end
        self.outbox[0, 0] = 0
        self.desk[layout.PROMISED - 1] = self.desk[layout.PROMISED + 1] = 0


@pytest.mark.parametrize(
    ("side", "inventory", "expected"),
    [(BUY, 0, [60, 40]), (BUY, 70, [30]), (SELL, 70, [60, 60]), (SELL, -100, []), (BUY, 100, [])],
)
def test_orders_of_one_wake_cannot_together_leave_the_bound(
    side: int, inventory: int, expected: list[int]
) -> None:
    rig = Rig(inventory)

    for slot in range(2):
        rig.rest(slot, side, 500, 60)

    assert rig.sent_lots() == expected


def test_orders_that_rest_count_against_the_bound() -> None:
    rig = Rig()
    rig.rest(0, BUY, 500, 70)
    rig.carry_out()

    rig.rest(1, BUY, 499, 60)
    rig.rest(2, SELL, 501, 60)

    assert rig.sent_lots() == [30, 60]


def test_a_withdrawn_order_makes_room_again() -> None:
    rig = Rig()
    rig.rest(0, BUY, 500, 100)
    rig.carry_out()

    layout.withdraw(rig.book, rig.outbox, rig.desk, 0)
    rig.rest(0, BUY, 501, 100)
    rig.carry_out()

    assert layout.resting_lots(rig.book, rig.desk, BUY) == 100
    assert layout.quoted_ticks(rig.book, rig.desk, 0, 1) == 501


def test_a_slot_whose_order_is_gone_shows_no_quote() -> None:
    rig = Rig()
    rig.rest(0, BUY, 500, 10)
    rig.carry_out()

    assert layout.quoted_ticks(rig.book, rig.desk, 0, 10) == 500
    assert layout.quoted_ticks(rig.book, rig.desk, 0, 11) == 0
    assert layout.quoted_ticks(rig.book, rig.desk, 1, 1) == 0


def test_a_spread_too_wide_is_no_price() -> None:
    rig = Rig()
    rig.rest(0, BUY, 1_000, 10)
    rig.rest(1, SELL, 1_010, 10)
    rig.carry_out()
    narrow = layout.mid(rig.book, 7.0)
    layout.withdraw(rig.book, rig.outbox, rig.desk, 1)
    rig.carry_out()
    one_sided = layout.mid(rig.book, 7.0)
    rig.rest(1, SELL, 2_000, 10)
    rig.carry_out()

    assert (narrow, one_sided, layout.mid(rig.book, 7.0)) == (1_005.0, 7.0, 7.0)
