"""The ledger, by worked examples: opening, closing, flipping, fees, deposits, repetition."""

import hashlib

import msgspec
import pytest
from tests.factories import NOW_NS, a_deposit, a_fill, a_report, an_order, an_unknown, money
from tests.factories import px as price
from tests.factories import qty as quantity

from trade2026.core.ids import AccountId, EventId, ExecId, OrderId, StrategyId
from trade2026.core.numbers import NANOS, Money, average_px, format_nanos
from trade2026.domain.position.ledger import Ledger
from trade2026.model.journal import OrderApproved, OrderReceived, OrderReported
from trade2026.model.order import NewOrderSingle, Side
from trade2026.model.position import Position, PositionEvent


class Books:
    """A ledger and a pen: each call journals one more event."""

    def __init__(self, deposit: str = "1000") -> None:
        self.ledger = Ledger()
        self.seq = 0
        self.orders = 0
        self.write(a_deposit(deposit))

    def write(self, event: object) -> tuple[PositionEvent, ...]:
        self.seq += 1
        return self.ledger.apply(event, self.seq)  # pyright: ignore[reportArgumentType]

    def order(self, **changes: object) -> NewOrderSingle:
        self.orders += 1
        request = an_order(order_id=OrderId(f"order-{self.orders}"), **changes)
        self.write(
            OrderReceived(
                event_id=EventId(f"{request.order_id}-1"),
                account=request.account,
                order_id=request.order_id,
                order_seq=1,
                ts_ns=NOW_NS,
                request=request,
            )
        )
        return request

    def report(self, report: object) -> tuple[PositionEvent, ...]:
        assert isinstance(report, type(a_report()))
        return self.write(
            OrderReported(
                event_id=EventId(f"{report.exec_id}-event"),
                account=report.account,
                order_id=report.order_id,
                order_seq=2,
                ts_ns=NOW_NS,
                report=report,
            )
        )

    def trade(self, amount: str, at: str, fee: str = "0", **changes: object) -> Position:
        """Trade *amount*, negative to sell, with an order of its own; return the position."""
        side = Side.SELL if amount.startswith("-") else Side.BUY
        request = self.order(side=side, **changes)
        fill = a_fill(
            request,
            exec_id=ExecId(f"{request.order_id}-fill"),
            last_qty=quantity(amount.removeprefix("-")),
            last_px=price(at),
            fee=money(fee),
        )
        (event,) = self.report(fill)
        assert event.position is not None
        return event.position.position

    def cash(self) -> str:
        account = self.ledger.account("default")
        assert account is not None
        assert account.cash % NANOS == 0
        return format_nanos(account.cash // NANOS)


def shown(position: Position) -> tuple[str, str | None, str, str]:
    """Return quantity, average price, realised and fees, as people read them."""
    average = average_px(position.cost, position.quantity)
    return (
        format_nanos(position.quantity),
        None if average is None else format_nanos(average),
        format_nanos(position.realized // NANOS),
        format_nanos(position.fees // NANOS),
    )


def test_buying_more_averages_the_price() -> None:
    books = Books()

    books.trade("1", "100")
    position = books.trade("3", "104")

    assert shown(position) == ("4", "103", "0", "0")
    assert books.cash() == "588"


def test_selling_a_part_realises_against_the_average_and_leaves_it() -> None:
    books = Books()
    books.trade("4", "103")

    position = books.trade("-1", "110")

    assert shown(position) == ("3", "103", "7", "0")
    assert books.cash() == "698"


def test_a_short_gains_when_it_is_bought_back_lower() -> None:
    books = Books()

    assert shown(books.trade("-2", "50")) == ("-2", "50", "0", "0")
    assert shown(books.trade("1", "40")) == ("-1", "50", "10", "0")
    assert shown(books.trade("1", "60")) == ("0", None, "0", "0")
    assert books.cash() == "1000"


def test_a_flip_closes_all_and_opens_the_rest_at_the_new_price() -> None:
    books = Books()
    books.trade("2", "100")

    position = books.trade("-5", "110")

    assert shown(position) == ("-3", "110", "20", "0")

    position = books.trade("4", "100")

    assert shown(position) == ("1", "100", "50", "0")


def test_fees_are_paid_from_cash_and_kept_apart_from_gains() -> None:
    books = Books()
    books.trade("1", "100", fee="0.05")

    position = books.trade("-1", "100", fee="-0.01")

    assert shown(position) == ("0", None, "0", "0.04")
    assert books.cash() == "999.96"


def test_turnover_counts_both_ways_and_the_last_price_is_kept() -> None:
    books = Books()
    books.trade("2", "100")

    position = books.trade("-1", "110")

    assert position.turnover == 310 * NANOS**2
    assert position.last_px == price("110")


def test_a_share_that_does_not_divide_leaves_its_remainder_in_the_cost() -> None:
    books = Books()
    books.trade("0.000000003", "0.000000001")
    books.trade("0.000000004", "0.000000002")

    first = books.trade("-0.000000003", "0.000000002")
    last = books.trade("-0.000000004", "0.000000002")

    # Seven nanos of quantity cost eleven square nanos: 3/7 of it is 4.71, booked as 4.
    assert (first.cost, first.realized) == (7, 2)
    assert (last.cost, last.realized) == (0, 3)


def test_strategies_and_venues_hold_positions_of_their_own() -> None:
    books = Books()

    books.trade("1", "100", strategy=StrategyId("one"))
    books.trade("-1", "110", strategy=StrategyId("two"))
    books.trade("1", "100", account=AccountId("other"))

    assert [p.quantity for p in books.ledger.positions("default")] == [NANOS, -NANOS]
    assert [p.key.account for p in books.ledger.positions()] == ["default", "default", "other"]


def test_the_event_tells_position_cash_and_where_it_came_from() -> None:
    books = Books()
    request = books.order()

    (event,) = books.report(a_fill(request, last_qty=quantity("1"), last_px=price("100")))

    assert event.cash is None
    assert event.position is not None
    assert event.position.cash == 900 * NANOS**2
    assert event.position.deposits == 1000 * NANOS**2
    assert (event.position.exec_id, event.position.journal_seq) == ("exec-1", 3)


def test_a_deposit_changes_cash_and_deposits() -> None:
    books = Books()

    (event,) = books.write(a_deposit("-400"))

    assert event.position is None
    assert event.cash is not None
    assert (event.cash.cash, event.cash.deposits) == (600 * NANOS**2, 600 * NANOS**2)


def test_an_event_booked_before_changes_nothing() -> None:
    ledger = Ledger()
    ledger.apply(a_deposit(), 7)
    before = ledger.digest()

    assert ledger.apply(a_deposit(), 7) == ()
    assert ledger.apply(a_deposit(), 6) == ()
    assert (ledger.digest(), ledger.seq) == (before, 7)


def test_an_account_that_had_to_wait_is_booked_after_others_went_on() -> None:
    ledger = Ledger()
    ledger.apply(a_deposit("1", "other"), 9)

    assert ledger.apply(a_deposit("1", "default"), 8) != ()
    assert ledger.seq == 9


def test_a_fill_journalled_twice_is_booked_once() -> None:
    books = Books()
    request = books.order()
    fill = a_fill(request, last_qty=quantity("1"))
    books.report(fill)
    before = books.ledger.digest()

    assert books.report(fill) == ()
    assert books.ledger.digest() == before


def test_the_same_report_id_of_another_venue_is_another_fill() -> None:
    books = Books()
    request = books.order()
    fill = a_fill(request, last_qty=quantity("1"))
    books.report(fill)

    assert books.report(msgspec.structs.replace(fill, venue="XNAS")) != ()


def test_reports_that_fill_nothing_and_our_own_steps_book_nothing() -> None:
    books = Books()
    request = books.order()
    approved = OrderApproved(
        event_id=EventId("a"),
        account=request.account,
        order_id=request.order_id,
        order_seq=2,
        ts_ns=NOW_NS,
        reserved=Money(1),
    )

    assert books.write(approved) == ()
    assert books.report(a_report(request)) == ()
    assert books.ledger.positions() == ()


def test_a_fill_on_an_unknown_order_is_booked_without_a_strategy() -> None:
    books = Books()

    books.write(an_unknown(a_fill(last_qty=quantity("1"), last_px=price("100"))))

    (position,) = books.ledger.positions("default")
    assert position.key.strategy == "unattributed"
    assert books.cash() == "900"


def test_a_fill_of_an_order_that_was_never_received_is_a_broken_invariant() -> None:
    books = Books()

    with pytest.raises(AssertionError, match="before it was received"):
        books.report(a_fill(last_qty=quantity("1")))


def test_a_fee_in_no_currency_is_not_booked_at_all() -> None:
    books = Books()
    request = books.order()
    before = books.ledger.digest()
    fill = a_fill(request, last_qty=quantity("1"), fee=Money(1))

    with pytest.raises(AssertionError, match="a fee in no currency"):
        books.report(msgspec.structs.replace(fill, fee_asset=""))

    assert books.ledger.digest() == before
    assert books.ledger.seq == 2
    # Once it is put right, it is booked like any other: nothing of it was taken before.
    assert books.report(fill) != ()


def test_the_digest_is_the_hash_of_the_canonical_text() -> None:
    books = Books()
    books.trade("1", "100", fee="0.05")
    square = NANOS**2
    cash = 1000 * square - 100 * square - 5 * square // 100
    lines = [
        f"('default', 'AVERAGE', 'USDT', {cash}, {1000 * square}, {1000 * square}, 0, {NANOS})",
        (
            "(('default', 'manual', 'PRISM', 'BTCUSDT'),"
            f" {NANOS}, {100 * square}, 0, {5 * square // 100},"
            f" 0, 0, {100 * square}, {100 * NANOS}, (), ())"
        ),
    ]

    assert books.ledger.digest() == hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_ledgers_that_differ_in_one_nano_have_different_digests() -> None:
    one, other = Books(), Books()
    one.trade("1", "100")
    other.trade("1", "100.000000001")

    assert one.ledger.digest() != other.ledger.digest()


def test_an_account_that_nothing_was_booked_on_is_unknown() -> None:
    assert Ledger().account("default") is None
    assert Ledger().accounts() == ()


def test_a_deposit_that_stands_in_the_log_twice_counts_once() -> None:
    ledger = Ledger()
    ledger.apply(a_deposit(), 1)

    again = ledger.apply(a_deposit(), 2)

    account = ledger.account("default")
    assert again == ()
    assert account is not None
    assert account.deposits == a_deposit().amount * NANOS
