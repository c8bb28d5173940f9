"""Platform, log and venue side by side: at one report, each difference with its cause."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.books import Books, corrected
from tests.factories import a_fill, a_report, an_unknown, qty

from trade2026.core.ids import AccountId, ExecId
from trade2026.core.numbers import NANOS, SignedQty, Value
from trade2026.domain.position.reconcile import VenueFills, compare
from trade2026.model.execution import ExecutionReport
from trade2026.model.reconciliation import Cause, Difference, Statement, StatementLine


class Desk:
    """Books whose fills are numbered as a venue numbers them."""

    def __init__(self) -> None:
        self.books = Books()
        self.seq = 0
        self.venue = [0, 0]

    def trade(self, amount: str, at: str, *, is_told: bool = True) -> ExecutionReport:
        """Let the venue fill, and where *is_told* the platform know of it."""
        self.seq += 1
        fill = self.books.fill(amount, at, fee="0.5", report_seq=self.seq)
        qty = fill.last_qty * fill.side.sign
        self.venue[0] += qty
        self.venue[1] -= qty * fill.last_px + fill.fee * NANOS
        if is_told:
            self.books.report(fill)
        return fill

    def statement(self) -> Statement:
        line = StatementLine(
            account=AccountId("default"),
            symbol="BTCUSDT",
            quantity=SignedQty(self.venue[0]),
            cash=Value(self.venue[1]),
        )
        return Statement(venue="PRISM", report_seq=self.seq, lines=(line,))

    def differences(self, statement: Statement) -> tuple[Difference, ...]:
        fills = VenueFills()
        for seq, event in enumerate(self.books.log, 1):
            fills.apply(event, seq)
            fills.apply(event, seq)
        return compare(self.books.ledger.positions(), fills, statement)


@pytest.fixture
def desk() -> Desk:
    """Return a desk that bought and sold."""
    desk = Desk()
    desk.trade("3", "100")
    desk.trade("-1", "110")
    return desk


def test_what_agrees_to_the_nano_is_no_difference(desk: Desk) -> None:
    assert desk.differences(desk.statement()) == ()


def test_what_came_after_the_statement_is_taken_off_again(desk: Desk) -> None:
    statement = desk.statement()
    desk.trade("5", "120")
    desk.trade("-9", "130")

    assert desk.differences(statement) == ()
    assert desk.differences(desk.statement()) == ()


def test_a_fill_that_the_platform_never_heard_of_is_not_explained(desk: Desk) -> None:
    desk.trade("2", "100", is_told=False)

    (found,) = desk.differences(desk.statement())

    assert found.cause is Cause.UNEXPLAINED
    assert (found.platform, found.venue.quantity) == (found.log, 4 * NANOS)


def test_one_nano_of_cash_is_a_difference(desk: Desk) -> None:
    desk.venue[1] += 1

    (found,) = desk.differences(desk.statement())

    assert found.cause is Cause.UNEXPLAINED


def test_a_holding_that_only_the_venue_knows_is_a_difference(desk: Desk) -> None:
    statement = desk.statement()
    stray = msgspec.structs.replace(statement.lines[0], account=AccountId("other"))

    found = desk.differences(msgspec.structs.replace(statement, lines=(*statement.lines, stray)))

    assert [one.account for one in found] == ["other"]


def test_a_split_is_explained_where_log_and_venue_agree(desk: Desk) -> None:
    desk.books.book("split", numerator=4, denominator=1)

    (found,) = desk.differences(desk.statement())

    assert found.cause is Cause.ACTION
    assert (found.platform.quantity, found.venue.quantity) == (8 * NANOS, 2 * NANOS)


def test_funding_and_dividends_are_no_trades(desk: Desk) -> None:
    desk.books.book("funding", amount="-3")
    desk.books.book("dividend", per_unit="1")

    assert desk.differences(desk.statement()) == ()


def test_a_bust_that_the_venue_did_not_book_itself_is_explained(desk: Desk) -> None:
    fill = desk.trade("2", "100")
    desk.books.bust(fill)

    (found,) = desk.differences(desk.statement())

    assert found.cause is Cause.BUST
    assert found.venue.quantity - found.platform.quantity == 2 * NANOS

    desk.books.bust(fill)
    assert len(desk.differences(desk.statement())) == 1


def test_a_correction_is_explained_too(desk: Desk) -> None:
    fill = desk.trade("2", "100")
    desk.books.report(corrected(fill, "1", "90"))

    (found,) = desk.differences(desk.statement())

    assert found.cause is Cause.BUST


def test_a_correction_of_a_correction_leaves_no_difference_of_log_and_ledger(desk: Desk) -> None:
    fill = desk.trade("2", "100")
    desk.books.correct_twice(fill, "1", "90")

    (found,) = desk.differences(desk.statement())

    assert found.cause is Cause.BUST
    assert found.log == found.platform
    assert found.venue.quantity - found.platform.quantity == NANOS


def test_a_fill_on_an_unknown_order_counts_like_any_other(desk: Desk) -> None:
    fill = desk.trade("2", "100", is_told=False)
    desk.books.write(an_unknown(fill))

    assert desk.differences(desk.statement()) == ()


def test_what_is_no_fill_or_takes_back_none_is_nothing(desk: Desk) -> None:
    request = desk.books.order()
    desk.books.report(a_report(request, exec_id="new"))
    desk.books.bust(a_fill(request, exec_id=ExecId("nobody's"), last_qty=qty("1")))

    assert desk.differences(desk.statement()) == ()


def test_another_venues_positions_are_its_own_affair(desk: Desk) -> None:
    desk.books.trade("7", "100", venue="XNAS")

    assert desk.differences(desk.statement()) == ()


@given(
    amounts=st.lists(st.integers(-5, 5).filter(bool), min_size=1, max_size=10),
    place=st.integers(0, 9),
)
def test_a_statement_of_any_moment_agrees_with_what_is_known_later(
    amounts: list[int], place: int
) -> None:
    desk = Desk()
    statements = [desk.statement()]
    for amount in amounts:
        desk.trade(str(amount), "100")
        statements.append(desk.statement())

    assert desk.differences(statements[place % len(statements)]) == ()


@pytest.mark.parametrize(
    ("asset", "units"), [("USDT", "0"), ("BTC", "0.5"), ("BNB", "0"), ("USD", "0")]
)
def test_a_fee_moves_what_the_ledger_says_that_it_moves(asset: str, units: str) -> None:
    books = Books()
    books.trade("3", "100", fee="0.5", fee_asset=asset, venue="LIVE", report_seq=1)
    fills = VenueFills()
    for seq, event in enumerate(books.log, 1):
        fills.apply(event, seq)
    assert fills.has("LIVE")
    assert not fills.has("PRISM")
    (held,) = fills.at("LIVE", 1).values()
    line = StatementLine(
        account=AccountId("default"), symbol="BTCUSDT", quantity=held.quantity, cash=held.cash
    )
    statement = Statement(venue="LIVE", report_seq=1, lines=(line,))

    assert held.quantity == qty("3") - qty(units)
    assert compare(books.ledger.positions(), fills, statement) == ()
