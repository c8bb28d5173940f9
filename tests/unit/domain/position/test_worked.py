"""The ledger by worked cases: lots, flips, fees in every asset, busts, actions, currencies."""

import msgspec
import pytest
from tests.books import Books, a_booking, by_method, corrected, shown, taken_back
from tests.factories import NOW_NS, an_unknown

from trade2026.core.ids import AccountId, EventId, StrategyId
from trade2026.core.numbers import NANOS, Money, Value, format_nanos, money_half_even
from trade2026.domain.position import holding
from trade2026.domain.position.ledger import Ledger
from trade2026.domain.position.lots import Lot, Lots
from trade2026.model.execution import ExecutionReport
from trade2026.model.journal import FillTerms, OrderReported
from trade2026.model.position import LotMethod

EURUSD = (("1000", "1.07"), ("1000", "1.08"), ("-1000", "1.09"), ("1000", "1.08"))
"""Buy 1k, buy 1k, sell 1k, buy 1k; then 2k are sold at 1.09 in two halves."""


@pytest.mark.parametrize(
    ("method", "gains"),
    [("FIFO", ["20", "10", "10"]), ("LIFO", ["10", "10", "20"])],
)
def test_the_reference_case_gains_lot_by_lot(method: str, gains: list[str]) -> None:
    books = by_method(method)
    seen: list[str] = []

    for amount, at in (*EURUSD, ("-1000", "1.09"), ("-1000", "1.09")):
        gain = books.gained(lambda amount=amount, at=at: books.trade(amount, at))
        seen += [gain] if amount.startswith("-") else []

    assert seen == gains
    assert (books.position.quantity, books.position.cost) == (0, 0)


@pytest.mark.parametrize(
    ("method", "first", "second"),
    [("FIFO", "20", "20"), ("LIFO", "10", "30"), ("AVERAGE", "15", "25")],
)
def test_one_sale_takes_as_many_lots_as_it_needs(method: str, first: str, second: str) -> None:
    books = by_method(method)
    for amount, at in EURUSD[:2]:
        books.trade(amount, at)

    assert books.gained(lambda: books.trade("-1000", "1.09")) == first

    books.trade("1000", "1.08")

    assert books.gained(lambda: books.trade("-2000", "1.09")) == second


@pytest.mark.parametrize("method", LotMethod)
def test_every_method_gains_the_same_once_all_is_closed(method: str) -> None:
    books = by_method(method)

    for amount, at in (*EURUSD, ("-2000", "1.09")):
        books.trade(amount, at)

    assert shown(books.position) == ("0", None, "40", "0")
    assert books.cash() == "1000040"


def test_a_flip_closes_every_lot_and_opens_the_rest() -> None:
    books = by_method("FIFO")
    books.trade("1", "100")
    books.trade("1", "110")

    books.trade("-5", "120")

    assert shown(books.position) == ("-3", "120", "30", "0")
    (lots,) = books.ledger.lots("default").values()
    assert lots == (Lot(-3 * NANOS, Value(-360 * NANOS**2)),)  # pyright: ignore[reportArgumentType]

    books.trade("4", "100")

    assert shown(books.position) == ("1", "100", "90", "0")


def test_a_short_is_bought_back_lot_by_lot() -> None:
    books = by_method("LIFO")
    books.trade("-1", "100")
    books.trade("-1", "120")

    books.trade("1.5", "110")

    # The newest: sold at 120, bought at 110; then half of the oldest: sold at 100.
    assert shown(books.position) == ("-0.5", "100", "5", "0")


def test_a_change_of_method_makes_one_lot_of_what_is_held_and_back() -> None:
    books = Books()
    books.trade("1", "100")
    books.trade("1", "110")

    books.book("method", method=LotMethod.FIFO)
    books.trade("1", "120")

    (lots,) = books.ledger.lots("default").values()
    assert [format_nanos(lot.quantity) for lot in lots] == ["2", "1"]
    assert books.gained(lambda: books.trade("-1", "120")) == "15"

    books.book("method", method=LotMethod.LIFO)
    books.book("method", method=LotMethod.AVERAGE)

    (lots,) = books.ledger.lots("default").values()
    assert [format_nanos(lot.quantity) for lot in lots] == ["2"]
    assert shown(books.position) == ("2", "112.5", "15", "0")


def test_a_fee_in_the_base_asset_is_paid_in_units_at_the_price_of_the_fill() -> None:
    books = Books()

    books.trade("1", "100", fee="0.01", fee_asset="BTC")

    assert shown(books.position) == ("0.99", "100", "0", "1")
    assert books.position.turnover == 100 * NANOS**2
    # A hundred went out; the fee was no cash.
    assert books.cash() == "999900"

    books.trade("-0.99", "100", fee="-0.01", fee_asset="BTC")

    # A rebate came in units too.
    assert shown(books.position) == ("0.01", "100", "0", "0")


def test_a_fee_in_a_third_asset_is_owed_in_it() -> None:
    books = Books()
    books.trade("1", "100", fee="0.02", fee_asset="BNB")

    books.trade("-1", "100", fee="0.01", fee_asset="BNB")

    assert shown(books.position) == ("0", None, "0", "0")
    (paid,) = books.position.other_fees
    assert (paid.asset, paid.amount) == ("BNB", 3 * NANOS**2 // 100)
    assert (books.cash(), books.cash("BNB")) == ("1000000", "-0.03")


def test_maker_and_taker_fees_add_up_as_the_venue_charged_them() -> None:
    books = Books()

    books.trade("1", "100", fee="0.05")
    books.trade("1", "100", fee="0.01")
    books.trade("1", "100", fee="-0.005")

    assert format_nanos(money_half_even(books.position.fees)) == "0.055"


def test_a_bust_leaves_what_had_been_without_the_fill() -> None:
    books, without = by_method("FIFO"), by_method("FIFO")
    busted = books.trade("5", "90", fee="0.3", fee_asset="BNB")
    for one in (books, without):
        one.trade("2", "100", strategy=StrategyId("manual"))
        one.trade("-1", "130", fee="0.1")

    (event,) = books.bust(busted)

    assert event.position is not None
    assert event.position.position == without.position
    assert books.ledger.digest() == without.ledger.digest()
    assert books.position.realized == 30 * NANOS**2


def test_a_bust_again_or_of_another_accounts_fill_changes_nothing() -> None:
    books = Books()
    first, second = books.trade("1", "100"), books.trade("1", "100")
    books.bust(first)
    before = books.ledger.digest()
    again = msgspec.structs.replace(taken_back(first), exec_id="another")
    stranger = msgspec.structs.replace(taken_back(second), account=AccountId("other"))

    assert books.bust(first) == ()
    assert books.report(again) == ()
    assert books.report(stranger) == ()
    assert books.correct(first, "3", "100") == ()
    assert books.ledger.digest() == before


@pytest.mark.parametrize("method", list(LotMethod))
def test_a_correction_of_a_correction_is_as_if_the_fill_had_been_so(method: LotMethod) -> None:
    def books_of(amount: str, at: str) -> tuple[Books, ExecutionReport]:
        books = by_method(method)
        fill = books.trade(amount, at, fee="0.5")
        books.trade("3", "110")
        books.trade("-2", "130")
        return books, fill

    corrected_books, fill = books_of("1", "100")
    right, _ = books_of("4", "120")
    last = corrected_books.correct_twice(fill, "4", "120")
    assert corrected_books.position == right.position
    assert corrected_books.ledger.digest() == right.ledger.digest()
    assert corrected_books.ledger.lots("default") == right.ledger.lots("default")

    corrected_books.undo(corrected(fill, "5", "125", number=3))
    corrected_books.undo(taken_back(last))
    without = by_method(method)
    without.trade("3", "110")
    without.trade("-2", "130")
    assert corrected_books.position == without.position


@pytest.mark.parametrize("amount", [None, "3"])
def test_what_is_undone_from_beyond_memory_is_booked_as_its_opposite(
    monkeypatch: pytest.MonkeyPatch, amount: str | None
) -> None:
    monkeypatch.setattr(holding, "OPS_KEPT", 2)
    books = Books()
    first, *_ = (books.trade("1", "100", fee="0.5") for _ in range(6))
    was = FillTerms(last_qty=first.last_qty, last_px=first.last_px, fee=first.fee)
    undoing = taken_back(first) if amount is None else corrected(first, amount, "100")

    books.write(
        OrderReported(
            event_id=EventId("late"),
            account=first.account,
            order_id=first.order_id,
            order_seq=3,
            ts_ns=NOW_NS,
            report=undoing,
            was=was,
        )
    )

    held = 5 if amount is None else 8
    assert books.position.quantity == held * NANOS
    assert books.cash() == format_nanos(
        (1_000_000 - 100 * held) * NANOS - 5 * NANOS // 2 - (0 if amount is None else undoing.fee)
    )


def test_a_bust_that_comes_before_its_fill_waits_for_it() -> None:
    books = Books()
    fill = books.fill("1", "100")

    assert books.bust(fill) == ()
    assert books.correct(fill, "2", "100") == ()
    assert books.report(fill) == ()
    assert books.ledger.positions() == ()
    assert books.cash() == "1000000"


def test_a_correction_that_comes_before_its_fill_is_what_is_booked() -> None:
    books = Books()
    fill = books.fill("1", "100")
    books.correct(fill, "2", "50")

    books.report(fill)

    assert shown(books.position) == ("2", "50", "0", "0")


def test_a_correction_puts_the_true_fill_in_the_place_of_the_wrong_one() -> None:
    books = Books()
    wrong = books.trade("1", "100")
    books.trade("-1", "110")

    books.correct(wrong, "1", "105")
    assert shown(books.position) == ("0", None, "5", "0")

    books.report(corrected(wrong, "2", "104", number=2))

    assert shown(books.position) == ("1", "104", "6", "0")
    books.bust(wrong)
    assert shown(books.position) == ("-1", "110", "0", "0")


def test_a_correction_with_a_fee_in_no_currency_is_refused_before_it_moves_anything() -> None:
    books = Books()
    fill = books.trade("1", "100")
    before = books.ledger.digest()
    bad = msgspec.structs.replace(corrected(fill, "1", "99"), fee=Money(1), fee_asset="")

    with pytest.raises(AssertionError, match="a fee in no currency"):
        books.report(bad)

    assert books.ledger.digest() == before


def test_funding_is_cash_and_stands_apart() -> None:
    books = Books()
    books.trade("1", "100")

    books.book("funding", amount="-0.25")
    books.book("funding", amount="0.1")

    assert format_nanos(money_half_even(books.position.funding)) == "-0.15"
    assert books.cash() == "999899.85"
    assert books.position.realized == 0


def test_a_dividend_goes_to_who_holds_the_share_then_and_a_short_owes_it() -> None:
    books = Books()
    books.trade("100", "150", symbol="AAPL", strategy=StrategyId("long"))
    books.trade("-40", "150", symbol="AAPL", strategy=StrategyId("short"))
    books.trade("1", "100")

    (event,) = books.book("dividend", symbol="AAPL", per_unit="0.24")

    assert [format_nanos(money_half_even(p.dividends)) for p in event.positions] == ["24", "-9.6"]
    books.trade("5", "150", symbol="AAPL", strategy=StrategyId("long"))
    assert sum(p.dividends for p in books.ledger.positions()) == 144 * NANOS**2 // 10


@pytest.mark.parametrize("method", LotMethod)
def test_a_split_multiplies_units_and_leaves_the_cost(method: str) -> None:
    books = by_method(method)
    books.trade("100", "200", symbol="AAPL")
    books.trade("50", "230", symbol="AAPL")
    before = books.position

    books.book("split", symbol="AAPL", numerator=4, denominator=1)

    assert shown(books.position)[:1] == ("600",)
    assert books.position.cost == before.cost
    assert format_nanos(books.position.last_px) == "57.5"
    assert books.cash() == "968500"
    (lots,) = books.ledger.lots("default").values()
    assert sum(lot.quantity for lot in lots) == books.position.quantity
    assert sum(lot.cost for lot in lots) == books.position.cost


def test_a_reverse_split_drops_what_is_less_than_a_nano() -> None:
    books = by_method("FIFO")
    books.trade("0.000000001", "100")
    books.trade("0.000000005", "110")

    books.book("split", numerator=1, denominator=4)

    (lots,) = books.ledger.lots("default").values()
    assert lots == (Lot(1, Value(650 * NANOS)),)  # pyright: ignore[reportArgumentType]

    books.book("split", numerator=1, denominator=2)

    # Nothing is left to sell: what it had cost is lost.
    assert (books.position.quantity, books.position.cost) == (0, 0)
    assert books.position.realized == -650 * NANOS
    assert books.ledger.lots("default") == {}


def test_a_lot_that_a_split_leaves_nothing_of_gives_its_cost_to_its_neighbour() -> None:
    lots = Lots([Lot(4, Value(40)), Lot(1, Value(7))])  # pyright: ignore[reportArgumentType]

    lots.split(1, 4)

    assert lots.all() == (Lot(1, Value(47)),)  # pyright: ignore[reportArgumentType]


def test_a_bust_of_a_fill_before_a_split_is_as_if_it_had_never_been_split() -> None:
    books, without = Books(), Books()
    busted = books.trade("10", "100")
    without.order()
    for one in (books, without):
        one.trade("3", "90")
        one.book("split", numerator=2, denominator=1)
        one.book("dividend", per_unit="1")
        one.trade("-1", "60")

    books.bust(busted)

    assert books.ledger.digest() == without.ledger.digest()
    assert format_nanos(money_half_even(books.position.dividends)) == "6"


def test_cash_moves_between_accounts_and_keeps_its_sum() -> None:
    books = Books()

    books.book("cash", currency="USDT", amount="-250", counter_account="other")
    books.book("cash", currency="USDT", amount="250", account=AccountId("other"))

    assert [a.cash for a in books.ledger.accounts()] == [999750 * NANOS**2, 250 * NANOS**2]


def test_a_booking_under_the_same_key_counts_once() -> None:
    books = Books()
    booking = a_booking("cash", 1, currency="USDT", amount="5")
    books.write(booking)

    assert books.write(booking) == ()
    assert books.cash() == "1000005"


def test_what_came_before_the_first_rate_is_valued_at_it() -> None:
    books = Books()
    books.book("cash", currency="EUR", amount="100")

    books.book("rate", currency="EUR", rate="1.1")
    books.book("cash", currency="EUR", amount="100")
    (event,) = books.book("rate", currency="EUR", rate="1.2")

    assert event.cash is not None
    (euro,) = event.cash.rest.balances
    assert (euro.currency, euro.cash, euro.rate) == ("EUR", 200 * NANOS**2, 1_200_000_000)
    assert format_nanos(money_half_even(euro.deposits_base)) == "220"
    assert euro.deposits_unrated == 0


def test_the_entries_of_a_fill_balance_and_are_paged() -> None:
    books = Books()
    books.trade("1", "100", fee="0.05")
    books.trade("-1", "110", fee="0.02", fee_asset="BNB")

    first, *rest = books.ledger.entries("default", limit=2)
    (last,) = books.ledger.entries("default", after=rest[-1].journal_seq)

    assert (first.kind, rest[0].kind, last.kind) == ("CashDeposited", "TRADE", "TRADE")
    lines = {(p.account, p.currency): format_nanos(p.amount // NANOS) for p in last.postings}
    assert lines == {
        ("assets:cash", "USDT"): "110",
        ("assets:positions:manual:PRISM:BTCUSDT", "USDT"): "-100",
        ("income:realized", "USDT"): "-10",
        ("expenses:fees", "BNB"): "0.02",
        ("assets:cash", "BNB"): "-0.02",
    }
    totals = books.ledger.trial_balance("default")
    assert sum(p.amount for p in totals if p.currency == "USDT") == 0
    assert sum(p.amount for p in totals if p.currency == "BNB") == 0


def test_an_account_that_nothing_was_booked_on_has_no_entries() -> None:
    assert Ledger().entries("default") == ()
    assert Ledger().trial_balance("default") == ()
    assert Ledger().lots("default") == {}


def test_an_unknown_instrument_is_quoted_in_the_base_currency() -> None:
    books = Books()

    books.trade("1", "100", symbol="NOBODY")

    assert books.position.currency == "USDT"


def test_a_bust_of_an_unknown_orders_fill_is_booked_too() -> None:
    books = Books()
    fill = books.fill("1", "100")
    books.write(an_unknown(fill))

    assert books.write(an_unknown(taken_back(fill))) != ()
    assert books.ledger.positions() == ()
    assert books.cash() == "1000000"
