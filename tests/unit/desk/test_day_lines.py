"""A day's lines come to the same however they are kept, and are not read before they are wanted."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.books import Books, taken_back
from tests.factories import NOW_NS
from tests.factories import an_order as an_order_sent

from trade2026.adapters.calendars.exchange import ExchangeCalendar
from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import CodecError
from trade2026.core.ids import AccountId, ExecId, OrderId
from trade2026.core.numbers import Money, Px, Qty
from trade2026.desk import day_lines
from trade2026.desk.day import DAY_S, DayBooks
from trade2026.desk.day_lines import (
    Came,
    Corrected,
    DayLines,
    Line,
    LinesState,
    TakenBack,
    Traded,
    Undone,
)
from trade2026.desk.day_reader import day_of
from trade2026.domain.compliance.sheet import Placed, Trade
from trade2026.domain.oms.decide import received
from trade2026.model import codec
from trade2026.model.order import Side


def a_trade(number: int, px: int = 100) -> Trade:
    return Trade(
        exec_id=ExecId(f"F-{number}"),
        order_id=OrderId(f"order-{number}"),
        account=AccountId("default"),
        strategy="one",
        venue="PRISM",
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=Qty(1),
        px=Px(px),
        fee=Money(0),
        fee_asset="",
        ts_ns=NOW_NS,
    )


def an_order(number: int, *, is_cancelled_unfilled: bool = False) -> Placed:
    return Placed(
        order_id=OrderId(f"order-{number}"),
        account=AccountId("default"),
        symbol="BTCUSDT",
        is_cancelled_unfilled=is_cancelled_unfilled,
        venue="PRISM",
        price=None,
        ts_ns=NOW_NS,
    )


def lines_of(*lines: Line) -> DayLines:
    made = DayLines()
    for line in lines:
        made.append(line)
    return made


def after_restart(lines: DayLines) -> DayLines:
    """Return others that begin from what these leave in a snapshot."""
    made = DayLines()
    made.thaw(codec.decode(LinesState, codec.encode(lines.freeze())))
    return made


KINDS = ("came", "traded", "traded before", "undone", "corrected", "taken back")


def a_line(kind: str, number: int, px: int) -> Line:
    match kind:
        case "came":
            return Came(an_order(number))
        case "traded":
            return Traded(a_trade(number, px), is_of_day=True)
        case "traded before":
            return Traded(a_trade(number, px), is_of_day=False)
        case "undone":
            return Undone("PRISM", ExecId(f"F-{number}"))
        case "corrected":
            return Corrected(a_trade(number, px))
        case _:
            return TakenBack(OrderId(f"order-{number}"))


LINES = st.builds(a_line, st.sampled_from(KINDS), st.integers(1, 4), st.integers(1, 4))
DEEDS = st.lists(st.tuples(LINES, st.sampled_from(("", "", "ask", "restart"))), max_size=40)


@given(deeds=DEEDS, block=st.integers(1, 6))
def test_questions_restarts_and_blocks_change_nothing(
    deeds: list[tuple[Line, str]], block: int
) -> None:
    plain = lines_of(*(line for line, _ in deeds))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(day_lines, "LINES_A_BLOCK", block)
        lines = DayLines()
        for line, deed in deeds:
            lines.append(line)
            if deed == "ask":
                lines.trades()
            elif deed == "restart":
                lines = after_restart(lines)

        assert lines.trades() == plain.trades()
        assert lines.orders() == plain.orders()
        assert bool(lines) == bool(deeds)


def test_a_fill_stands_until_it_is_undone_and_as_it_was_corrected() -> None:
    lines = lines_of(*(Traded(a_trade(number), is_of_day=True) for number in (1, 2, 3)))

    lines.append(Undone("PRISM", ExecId("F-1")))
    lines.append(Corrected(a_trade(2, 90)))
    lines.append(Corrected(a_trade(1, 90)))

    assert lines.trades() == (a_trade(2, 90), a_trade(3))


def test_a_fill_of_before_the_day_is_none_of_it_but_its_order_has_traded() -> None:
    lines = lines_of(Came(an_order(1)), Came(an_order(2)), Traded(a_trade(1), is_of_day=False))

    lines.append(TakenBack(OrderId("order-1")))
    lines.append(TakenBack(OrderId("order-2")))
    lines.append(TakenBack(OrderId("order-3")))

    assert lines.trades() == ()
    assert lines.orders() == (an_order(1), an_order(2, is_cancelled_unfilled=True))


def test_a_line_that_was_told_is_not_told_again_with_its_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(day_lines, "LINES_A_BLOCK", 4)
    order_id = OrderId("order-1")
    lines = lines_of(Came(an_order(1)), TakenBack(order_id), Traded(a_trade(1), is_of_day=True))
    assert lines.orders() == (an_order(1, is_cancelled_unfilled=True),)

    lines.append(Came(an_order(2)))

    assert lines.orders() == (an_order(1, is_cancelled_unfilled=True), an_order(2))


def test_every_block_after_a_question_is_told_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day_lines, "LINES_A_BLOCK", 2)
    lines = lines_of(Came(an_order(1)))
    assert lines.orders() == (an_order(1),)

    for number in (2, 3, 4, 5):
        lines.append(Came(an_order(number)))

    assert lines.orders() == tuple(an_order(number) for number in (1, 2, 3, 4, 5))


def test_lines_that_come_while_others_are_read_are_read_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(day_lines, "LINES_A_BLOCK", 2)
    lines = lines_of(*(Came(an_order(number)) for number in (1, 2, 3)))

    pauses = 0
    for pauses, _ in enumerate(lines.putting_together(), start=1):
        if pauses == 1:
            lines.append(Came(an_order(4)))
            assert len(lines.orders()) == 4
            lines.append(Came(an_order(5)))

    assert pauses == 1
    assert lines.orders() == tuple(an_order(number) for number in (1, 2, 3, 4, 5))


async def test_others_have_their_turn_while_a_day_is_put_together() -> None:
    orders = 3 * day_lines.LINES_A_BLOCK
    books = DayBooks(day_of(NOW_NS), ExchangeCalendar().settles_ns)
    for seq in range(1, orders + 1):
        books.apply(received(an_order_sent(order_id=OrderId(f"order-{seq}")), NOW_NS), seq)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.ensure_future(count())
    await books.put_together()
    other.cancel()

    assert turns >= 3
    assert len(books.sheet().orders) == orders


def test_a_restart_reads_no_block_before_the_day_is_asked_for() -> None:
    lines = DayLines()

    lines.thaw(LinesState((b"no block at all",), ()))

    lines.append(Came(an_order(1)))
    assert lines.freeze() == LinesState((b"no block at all",), (Came(an_order(1)),))
    with pytest.raises(CodecError):
        lines.orders()


def test_most_lines_are_bytes_in_a_snapshot() -> None:
    made = lines_of(*(Came(an_order(n)) for n in range(2 * day_lines.LINES_A_BLOCK + 1)))

    state = made.freeze()

    assert len(state.blocks) == 2
    assert len(state.tail) == 1


def test_books_of_a_day_hold_no_line_of_the_days_before() -> None:
    log = Books()
    fill = log.trade("1", "100", ts_event_ns=NOW_NS)
    log.undo(taken_back(fill))
    log.trade("2", "100", ts_event_ns=NOW_NS)
    books = DayBooks(day_of(TimeNs(NOW_NS + DAY_S * NS_PER_S)), ExchangeCalendar().settles_ns)

    for seq, event in enumerate(log.log, start=1):
        books.apply(event, seq)

    assert books.ledger.positions()
    assert books.freeze().lines == LinesState((), ())
