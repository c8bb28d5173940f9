"""The book of risk: what it folds, what it reserves, and when it gives it back."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from tests.books import a_booking, taken_back
from tests.factories import (
    NOW_NS,
    a_control,
    a_deposit,
    a_fill,
    a_limits_set,
    a_quote,
    a_report,
    an_order,
    an_unknown,
    money,
    px,
    qty,
)

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import AccountId, EventId, ExecId, OrderId, StrategyId
from trade2026.core.numbers import Money, Px, Qty, Value, value_of_money
from trade2026.domain.oms.bust import booked_terms
from trade2026.domain.position.ledger import Ledger
from trade2026.domain.position.reconcile import VenueFills
from trade2026.domain.risk import accounts as accounts_module
from trade2026.domain.risk.book import RiskBook
from trade2026.domain.risk.losses import LossLimits
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.instrument import PRISM, PRISM_INSTRUMENTS
from trade2026.model.journal import (
    FillTerms,
    JournalEvent,
    OrderApproved,
    OrderFailed,
    OrderReceived,
    OrderRefused,
    OrderReported,
    OrderSent,
)
from trade2026.model.order import NewOrderSingle, OrdType, Side
from trade2026.model.position import Position, PositionKey
from trade2026.model.reconciliation import Held
from trade2026.model.risk import KILL_SWITCH, RefusalCode, RiskApproved, TradingMode

NOWHERE = PositionKey(AccountId("a"), StrategyId("s"), "v", "x")
MARGIN_AND_FEE = money("5025")
"""Of the order of the factories: ten per cent of 50,000, and five basis points."""


class Desk:
    """A book with a deposit and a quote, and a pen."""

    def __init__(self, deposit: str = "1000000") -> None:
        self.book = RiskBook(PRISM_INSTRUMENTS)
        self.seq = 0
        self.write(a_deposit(deposit))
        self.quote("49999.99", "50000.01")

    def quote(self, bid: str, ask: str, venue: str = PRISM, now_ns: TimeNs = NOW_NS) -> None:
        self.book.quote(venue, "BTCUSDT", a_quote(bid, ask), now_ns)

    def write(self, event: JournalEvent) -> None:
        self.seq += 1
        self.book.apply(event, self.seq)

    def ask(self, order: NewOrderSingle) -> RiskApproved[NewOrderSingle] | None:
        verdict = self.book.assess(order, NOW_NS)
        assert (verdict.approved is None) == bool(verdict.refusals)
        return verdict.approved

    def codes(self, order: NewOrderSingle) -> list[RefusalCode]:
        return [refusal.code for refusal in self.book.assess(order, NOW_NS).refusals]

    def journal_approval(self, order: NewOrderSingle) -> None:
        approved = self.ask(order)
        assert approved is not None
        self.write(OrderReceived(**step(order, 1), request=order))
        self.write(OrderApproved(**step(order, 2), reserved=approved.reserved, venue=PRISM))

    def report(self, order: NewOrderSingle, report: ExecutionReport) -> None:
        self.write(OrderReported(**step(order, 3), report=report, surprise=""))

    def unbind_concentration(self) -> None:
        self.book.set_limits(
            a_limits_set("symbol:BTCUSDT", max_concentration_bps=10**6, max_leverage_bps=10**6)
        )

    def reserved(self, account: str = "default") -> Money:
        seen = self.book.exposure(account)
        return Money(0) if seen is None else seen.reserved


def step(order: NewOrderSingle, number: int) -> dict[str, Any]:
    return {
        "event_id": EventId(f"{order.order_id}-{number}"),
        "account": order.account,
        "order_id": order.order_id,
        "order_seq": number,
        "ts_ns": NOW_NS,
    }


def order_of(number: int, **changes: object) -> NewOrderSingle:
    return an_order(order_id=OrderId(f"order-{number}"), **changes)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_judgement_says_what_an_assessment_would_and_reserves_nothing(desk: Desk) -> None:
    judged = desk.book.judge(an_order(), NOW_NS)

    assert desk.reserved() == 0
    assert desk.book.assess(an_order(), NOW_NS) == judged
    assert desk.reserved() == MARGIN_AND_FEE


def test_an_approval_names_its_reservation_and_its_reference(desk: Desk) -> None:
    approved = desk.ask(an_order())

    assert approved is not None
    assert approved.reserved == MARGIN_AND_FEE == desk.reserved()
    assert approved.reference_px_nanos == px("50000.01")
    assert (approved.request, approved.approved_ns) == (an_order(), NOW_NS)


def test_every_reason_against_an_order_is_told_in_the_order_of_the_checks(desk: Desk) -> None:
    desk.book.modes.control(a_control(1, TradingMode.HALTED))
    order = order_of(1, order_qty=Qty(qty("11") + 1), account=AccountId("other"))

    assert desk.codes(order) == [
        RefusalCode.HALTED,
        RefusalCode.LOT_SIZE,
        RefusalCode.ORDER_QTY_LIMIT,
        RefusalCode.POSITION_LIMIT,
        RefusalCode.CONCENTRATION,
        RefusalCode.LEVERAGE,
        RefusalCode.UNKNOWN_ACCOUNT,
    ]
    assert desk.book.exposure("other") is None


def test_the_same_order_again_reserves_nothing_more(desk: Desk) -> None:
    first = desk.ask(an_order())

    assert desk.ask(an_order()) == first
    assert desk.reserved() == MARGIN_AND_FEE


def test_parallel_orders_cannot_pass_together() -> None:
    desk = Desk(deposit="10049.999999999")
    desk.unbind_concentration()

    assert desk.ask(order_of(1)) is not None
    assert desk.codes(order_of(2)) == [RefusalCode.BUYING_POWER]


def test_parallel_orders_cannot_exceed_the_position_limit_together(desk: Desk) -> None:
    desk.unbind_concentration()
    assert desk.ask(order_of(1, order_qty=qty("6"))) is not None

    # Four more would be worth 500,000.10 at the ask, ten cents above the limit.
    assert desk.codes(order_of(2, order_qty=qty("4"))) == [RefusalCode.POSITION_LIMIT]
    assert desk.ask(order_of(3, order_qty=qty("3.99999"))) is not None


def test_a_fill_moves_its_part_from_the_reservation_to_the_position(desk: Desk) -> None:
    order = an_order()
    desk.journal_approval(order)

    desk.report(order, a_fill(order, last_qty=qty("0.4"), fee=money("10")))

    seen = desk.book.exposure("default")
    assert seen is not None
    assert seen.reserved == money("3015")
    assert (seen.cash, seen.equity) == (money("979990"), money("999990"))
    assert (seen.gross_exposure, seen.net_exposure, seen.margin) == (
        money("20000"),
        money("20000"),
        money("2000"),
    )
    assert seen.buying_power == money("994975")
    (symbol,) = seen.symbols
    assert (symbol.quantity, symbol.value) == (qty("0.4"), money("20000"))
    assert (symbol.open_buy_qty, symbol.open_sell_qty) == (qty("0.6"), 0)
    assert symbol.mark_px == px("50000")


def test_the_last_fill_ends_the_reservation(desk: Desk) -> None:
    order = an_order()
    desk.journal_approval(order)

    desk.report(order, a_fill(order, last_qty=qty("1")))

    assert desk.reserved() == 0
    assert desk.codes(order) == [RefusalCode.RISK_UNAVAILABLE]


@pytest.mark.parametrize("end", [ExecType.CANCELED, ExecType.REJECTED, ExecType.EXPIRED])
def test_the_end_of_an_order_ends_its_reservation(desk: Desk, end: ExecType) -> None:
    order = an_order()
    desk.journal_approval(order)

    desk.report(order, a_report(order, exec_type=end))

    assert desk.reserved() == 0


@pytest.mark.parametrize("word", [ExecType.NEW, ExecType.CANCEL_REJECTED])
def test_an_order_that_works_on_keeps_its_reservation(desk: Desk, word: ExecType) -> None:
    order = an_order()
    desk.journal_approval(order)

    desk.report(order, a_report(order, exec_type=word))

    assert desk.reserved() == MARGIN_AND_FEE


def test_an_approval_that_the_platform_did_not_use_is_given_back(desk: Desk) -> None:
    refused, failed = order_of(1), order_of(2)
    desk.ask(refused)
    desk.ask(failed)

    desk.write(OrderRefused(**step(refused, 2), refusals=()))
    desk.write(OrderFailed(**step(failed, 2), text="the platform stopped"))

    assert desk.reserved() == 0


def test_a_question_that_comes_after_the_end_reserves_nothing(desk: Desk) -> None:
    order = an_order()
    desk.write(OrderReceived(**step(order, 1), request=order))
    desk.write(OrderRefused(**step(order, 2), refusals=()))

    assert desk.codes(order) == [RefusalCode.RISK_UNAVAILABLE]
    assert desk.reserved() == 0


def test_only_so_many_ended_orders_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts_module, "ENDED_KEPT", 2)
    desk = Desk()

    for number in (1, 2, 3):
        desk.write(OrderFailed(**step(order_of(number), 2), text=""))

    assert desk.ask(order_of(1)) is not None
    assert desk.ask(order_of(2)) is None


def test_what_is_told_of_a_forgotten_order_stays_its_strategys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(accounts_module, "ENDED_KEPT", 4)
    desk, ledger, strategy = Desk(), Ledger(), StrategyId("one")
    order = order_of(0, strategy=strategy)
    first, second = (
        a_fill(order, exec_id=ExecId(part), last_qty=qty(part)) for part in ("0.4", "0.6")
    )
    late = a_report(order, exec_id=ExecId("late"), exec_type=ExecType.CANCELED)
    events: list[JournalEvent] = [
        OrderReceived(**step(order, 1), request=order),
        OrderApproved(**step(order, 2), reserved=MARGIN_AND_FEE, venue=PRISM),
    ]
    for report in (first, second, late, taken_back(second)):
        was = booked_terms([first, second], report.exec_ref_id)
        told = OrderReported(**step(order, 3), report=report, strategy=strategy, was=was)
        events.append(told)
    # Nine orders more end before the late word.
    events[4:4] = [OrderFailed(**step(order_of(number), 2), text="") for number in range(1, 10)]

    for seq, event in enumerate(events, 1):
        ledger.apply(event, seq)
        desk.write(event)

    held = {one.key.strategy: one.quantity for one in ledger.positions()}
    shares = desk.book.accounts.get("default").shares
    assert {name: share.quantities["BTCUSDT"] for name, share in shares.items()} == held
    assert held == {"one": qty("0.4")}


def test_an_approval_that_never_reached_the_log_can_be_released(desk: Desk) -> None:
    desk.ask(order_of(1))
    desk.journal_approval(order_of(2))

    assert desk.book.accounts.release(OrderId("order-1"))
    assert not desk.book.accounts.release(OrderId("order-1"))
    assert not desk.book.accounts.release(OrderId("order-2"))
    assert desk.reserved() == MARGIN_AND_FEE


def test_approvals_that_nobody_claimed_in_time_are_released(desk: Desk) -> None:
    desk.ask(order_of(1))
    desk.journal_approval(order_of(2))

    assert desk.book.accounts.release_unclaimed(NOW_NS) == 0
    assert desk.book.accounts.release_unclaimed(TimeNs(NOW_NS + 1)) == 1
    assert desk.reserved() == MARGIN_AND_FEE


def test_a_restart_holds_what_the_log_says(desk: Desk) -> None:
    order = an_order()
    desk.write(OrderReceived(**step(order, 1), request=order))
    desk.write(OrderApproved(**step(order, 2), reserved=money("77")))

    approved = desk.ask(order)

    assert approved is not None
    assert approved.reserved == money("77") == desk.reserved()


def test_a_log_that_tells_of_the_sending_by_itself_holds_the_same(desk: Desk) -> None:
    order, other = an_order(), Desk()
    desk.journal_approval(order)
    other.write(OrderReceived(**step(order, 1), request=order))
    other.write(OrderApproved(**step(order, 2), reserved=MARGIN_AND_FEE))
    other.write(OrderSent(**step(order, 3), venue=PRISM))

    for one, number in ((desk, 3), (other, 4)):
        report = a_fill(order, last_qty=order.order_qty)
        assert one.reserved() == MARGIN_AND_FEE
        one.write(OrderReported(**step(order, number), report=report, surprise=""))
    assert desk.reserved() == other.reserved() == 0
    assert desk.book.exposure("default") == other.book.exposure("default")


def test_an_approval_of_an_order_that_was_never_received_is_a_broken_invariant(
    desk: Desk,
) -> None:
    with pytest.raises(AssertionError, match="before it was received"):
        desk.write(OrderApproved(**step(an_order(), 2), reserved=Money(0)))


def test_an_event_booked_before_changes_nothing(desk: Desk) -> None:
    desk.book.apply(a_deposit(), desk.seq)

    seen = desk.book.exposure("default")
    assert seen is not None
    assert seen.cash == money("1000000")
    assert desk.book.accounts.seq == 1


def test_an_account_that_had_to_wait_is_booked_after_others_went_on(desk: Desk) -> None:
    desk.book.apply(a_deposit("1", "ann"), 9)

    desk.book.apply(a_deposit("1", "bob"), 8)

    assert desk.book.accounts.ids() == ("ann", "bob", "default")
    assert desk.book.accounts.seq == 9


def test_a_fill_journalled_twice_is_booked_once(desk: Desk) -> None:
    order = an_order()
    desk.journal_approval(order)
    fill = a_fill(order, last_qty=qty("0.4"))
    desk.report(order, fill)
    before = desk.book.exposure("default")

    desk.report(order, fill)

    assert desk.book.exposure("default") == before


def test_fills_of_unknown_orders_and_after_the_end_move_the_position(desk: Desk) -> None:
    order = an_order()
    desk.journal_approval(order)
    desk.report(order, a_report(order, exec_type=ExecType.CANCELED))

    desk.report(order, a_fill(order, exec_id=ExecId("late"), last_qty=qty("0.1")))
    desk.write(an_unknown(a_fill(order_of(9), exec_id=ExecId("stray"), last_qty=qty("0.2"))))

    assert desk.book.view(order, NOW_NS).position_qty == qty("0.3")
    assert desk.reserved() == 0


def test_an_over_fill_leaves_no_negative_reservation(desk: Desk) -> None:
    order = an_order()
    desk.journal_approval(order)

    desk.report(order, a_fill(order, last_qty=qty("3")))

    view = desk.book.view(order, NOW_NS)
    assert (view.position_qty, view.open_buy_qty, view.reserved) == (qty("3"), 0, 0)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("asset", ["USDT", "BTC", "BNB"])
def test_a_fee_is_booked_as_the_ledger_books_it(desk: Desk, side: Side, asset: str) -> None:
    fill = a_fill(an_order(side=side), last_qty=qty("1"), fee=money("0.01"))
    event = an_unknown(msgspec.structs.replace(fill, fee_asset=asset))
    ledger = Ledger()
    ledger.apply(a_deposit("1000000"), 1)
    ledger.apply(event, 2)

    desk.write(event)

    (position,) = ledger.positions("default")
    kept, seen = ledger.account("default"), desk.book.exposure("default")
    assert kept is not None
    assert seen is not None
    assert desk.book.view(an_order(), NOW_NS).position_qty == position.quantity
    assert position.quantity == side.sign * qty("1") - (qty("0.01") if asset == "BTC" else 0)
    assert value_of_money(seen.cash) == kept.cash


@pytest.mark.parametrize("symbol", ["BTCUSDT", "LTCUSDT"])
def test_a_fill_taken_back_without_a_word_of_its_fee_returns_it_in_cash(symbol: str) -> None:
    desk, ledger = Desk(), Ledger()
    fill = a_fill(an_order(symbol=symbol), last_qty=qty("1"), fee=money("0.01"))
    told = msgspec.structs.replace(taken_back(fill), fee=Money(0), fee_asset="")
    terms = FillTerms(last_qty=fill.last_qty, last_px=fill.last_px, fee=fill.fee)
    back = msgspec.structs.replace(an_unknown(told), was=terms)
    ledger.apply(a_deposit("1000000"), 1)
    for seq, event in enumerate((an_unknown(fill), back), 2):
        ledger.apply(event, seq)
        desk.write(event)

    kept, seen = ledger.account("default"), desk.book.exposure("default")
    assert kept is not None
    assert seen is not None
    assert desk.book.view(an_order(symbol=symbol), NOW_NS).position_qty == 0
    assert value_of_money(seen.cash) == kept.cash == value_of_money(money("1000000"))


@pytest.mark.parametrize("kind", [ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT])
@pytest.mark.parametrize("asset", ["USDT", "BTC", "BNB"])
@pytest.mark.parametrize("told_in", ["USDT", "BTC", ""])
def test_a_fee_is_given_back_in_what_it_was_paid_in(
    kind: ExecType, asset: str, told_in: str
) -> None:
    desk, ledger, venue = Desk(), Ledger(), VenueFills()
    fill = msgspec.structs.replace(a_fill(last_qty=qty("1"), fee=money("0.01")), fee_asset=asset)
    fee = money("0.02") if told_in else Money(0)
    told = msgspec.structs.replace(taken_back(fill), exec_type=kind, fee=fee, fee_asset=told_in)
    back = msgspec.structs.replace(an_unknown(told), was=booked_terms([fill], fill.exec_id))
    ledger.apply(a_deposit("1000000"), 1)
    for seq, event in enumerate((an_unknown(fill), back), 2):
        ledger.apply(event, seq)
        venue.apply(event, seq)
        desk.write(event)

    kept, seen = ledger.account("default"), desk.book.exposure("default")
    assert kept is not None
    assert seen is not None
    (position,) = ledger.positions("default") or (Position(key=NOWHERE),)
    assert desk.book.view(an_order(), NOW_NS).position_qty == position.quantity
    assert value_of_money(seen.cash) == kept.cash
    held = venue.at(PRISM, 10)[AccountId("default"), "BTCUSDT"]
    cash = kept.cash - value_of_money(money("1000000"))
    assert held == Held(position.quantity, Value(cash))


def test_a_forgotten_fill_gives_its_fee_back_in_what_it_was_paid_in() -> None:
    ledger, venue = Ledger(), VenueFills()
    fill = msgspec.structs.replace(a_fill(last_qty=qty("1"), fee=money("0.01")), fee_asset="BTC")
    back = msgspec.structs.replace(
        an_unknown(taken_back(fill)), was=booked_terms([fill], fill.exec_id)
    )

    ledger.apply(back, 1)
    venue.apply(back, 1)

    (position,) = ledger.positions("default")
    assert position.quantity == -qty("0.99")
    assert venue.at(PRISM, 10)[AccountId("default"), "BTCUSDT"].quantity == -qty("0.99")


def test_a_strategy_loses_what_it_owes_in_another_coin(desk: Desk) -> None:
    desk.write(a_booking("rate", 1, currency="BNB", rate="600"))
    fill = a_fill(last_qty=qty("1"), fee=Money(0))
    desk.write(an_unknown(fill))
    desk.book.arm_losses("global", NOW_NS)
    more = msgspec.structs.replace(fill, exec_id=ExecId("more"), fee=money("0.5"), fee_asset="BNB")
    desk.write(an_unknown(more))

    account = desk.book.accounts.get("default")
    limits = LossLimits(daily=Money(0))
    key = ("default", "unattributed")
    lost = desk.book.losses.losses(key, limits, account, Money(0), NOW_NS)
    assert lost.daily == money("300")
    assert desk.book.losses_of("default", NOW_NS).daily == money("300")


def test_money_in_another_currency_is_not_booked(desk: Desk) -> None:
    fill = msgspec.structs.replace(a_fill(last_qty=qty("1"), fee=Money(1)), fee_asset="")

    with pytest.raises(AssertionError, match="a fee in no currency"):
        desk.write(an_unknown(fill))
    with pytest.raises(AssertionError, match="a deposit in EUR"):
        desk.write(msgspec.structs.replace(a_deposit(), currency="EUR"))


def test_a_fee_in_dollars_is_one_in_the_base_currency() -> None:
    fill = a_fill(last_qty=qty("1"), fee=money("7"))
    told, other = Desk(), Desk()

    told.write(an_unknown(msgspec.structs.replace(fill, fee_asset="USD")))
    other.write(an_unknown(fill))

    assert told.book.exposure("default") == other.book.exposure("default") is not None


def test_shorts_bind_margin_like_longs(desk: Desk) -> None:
    short = a_fill(an_order(side=Side.SELL), last_qty=qty("2"))

    desk.write(an_unknown(short))

    seen = desk.book.exposure("default")
    assert seen is not None
    assert (seen.gross_exposure, seen.net_exposure) == (money("100000"), money("-100000"))
    assert seen.margin == money("10000")


@pytest.mark.parametrize("is_quoted_empty", [False, True])
def test_a_holding_that_nobody_quotes_is_worth_its_last_fill(
    desk: Desk, is_quoted_empty: bool
) -> None:
    order = an_order(symbol="ETHUSDT", price=px("3000"))
    desk.write(an_unknown(a_fill(order, last_qty=qty("1"))))
    if is_quoted_empty:
        desk.book.quote(PRISM, "ETHUSDT", a_quote("0", "0"), NOW_NS)

    seen = desk.book.exposure("default")

    assert seen is not None
    assert [(s.symbol, s.mark_px) for s in seen.symbols] == [("ETHUSDT", px("3000"))]


def test_a_side_without_quantity_or_without_a_price_is_nobodys(desk: Desk) -> None:
    desk.quote("0", "50000.01")
    view = desk.book.view(an_order(), NOW_NS)
    assert (view.bid_px, view.ask_px) == (None, px("50000.01"))

    priceless = msgspec.structs.replace(a_quote(), best_ask_px=Px(0))
    desk.book.quote(PRISM, "BTCUSDT", priceless, NOW_NS)
    view = desk.book.view(an_order(), NOW_NS)
    assert (view.bid_px, view.ask_px) == (px("49999.99"), None)


def test_the_quote_told_last_counts_even_when_the_clock_was_set_back(desk: Desk) -> None:
    back = TimeNs(NOW_NS - 3_600 * NS_PER_S)
    stale = desk.book.assess(an_order(), back).refusals
    desk.quote("29999", "30001", now_ns=back)

    assert [refusal.code for refusal in stale] == [RefusalCode.STALE_REFERENCE_PRICE]
    assert desk.book.view(an_order(), back).ask_px == px("30001")


def test_age_counts_from_the_arrival(desk: Desk) -> None:
    assert desk.book.view(an_order(), TimeNs(NOW_NS + 7)).reference_age_ns == 7


def test_without_any_quote_there_is_no_reference(desk: Desk) -> None:
    view = desk.book.view(an_order(symbol="ETHUSDT"), NOW_NS)

    assert (view.bid_px, view.ask_px, view.reference_age_ns) == (None, None, None)


def test_the_orders_own_venue_is_the_reference_while_it_is_fresh(desk: Desk) -> None:
    late = TimeNs(NOW_NS + 5 * NS_PER_S)
    desk.quote("59999", "60001", venue="BINANCE", now_ns=late)

    assert desk.book.view(an_order(), late).ask_px == px("50000.01")
    assert desk.book.view(an_order(), TimeNs(late + 1)).ask_px == px("60001")


def test_holdings_are_marked_at_the_latest_quote_of_any_venue(desk: Desk) -> None:
    desk.write(an_unknown(a_fill(last_qty=qty("1"))))

    early = desk.book.exposure("default")
    desk.quote("59999", "60001", venue="BINANCE", now_ns=TimeNs(NOW_NS + 1))
    late = desk.book.exposure("default")
    desk.quote("0", "60001", venue="BINANCE", now_ns=TimeNs(NOW_NS + 2))
    one_sided = desk.book.exposure("default")

    assert [seen and seen.symbols[0].mark_px for seen in (early, late, one_sided)] == [
        px("50000"),
        px("60000"),
        px("60001"),
    ]


def test_on_a_recorded_feed_the_recorded_venue_is_the_reference() -> None:
    book = RiskBook(PRISM_INSTRUMENTS)
    book.quote("BINANCE", "BTCUSDT", a_quote("59999", "60001"), NOW_NS)

    assert book.view(an_order(), NOW_NS).ask_px == px("60001")


def test_the_strictest_mode_of_all_scopes_binds(desk: Desk) -> None:
    account = "account:default"
    assert desk.book.modes.mode_over("default") is TradingMode.NORMAL

    desk.book.modes.control(a_control(1, TradingMode.REDUCE_ONLY, account))
    assert desk.book.modes.mode_over("default") is TradingMode.REDUCE_ONLY
    assert desk.book.modes.mode_over("other") is TradingMode.NORMAL

    desk.book.modes.control(a_control(2, TradingMode.HALTED))
    assert desk.book.modes.mode_over("default") is TradingMode.HALTED
    assert desk.book.modes.mode_of(account) is TradingMode.REDUCE_ONLY
    assert desk.book.modes.by_scope() == {
        account: TradingMode.REDUCE_ONLY,
        "global": TradingMode.HALTED,
    }


def test_a_release_that_was_made_later_releases(desk: Desk) -> None:
    modes = desk.book.modes
    modes.control(a_control(1, TradingMode.HALTED))
    modes.control(a_control(2, TradingMode.NORMAL))

    assert modes.mode_over("default") is TradingMode.NORMAL
    # What is released costs the orders after it nothing any more.
    assert not modes._limited  # pyright: ignore[reportPrivateUsage] - nothing else tells.


def test_the_same_control_again_changes_nothing(desk: Desk) -> None:
    for number, mode in ((1, TradingMode.HALTED), (2, TradingMode.NORMAL)):
        desk.book.modes.control(a_control(number, mode))

    desk.book.modes.control(a_control(1, TradingMode.HALTED))

    assert desk.book.modes.mode_over("default") is TradingMode.NORMAL


def test_a_release_that_was_overtaken_by_a_kill_does_not_undo_it(desk: Desk) -> None:
    desk.book.modes.control(a_control(2, TradingMode.HALTED))
    desk.book.modes.control(a_control(1, TradingMode.NORMAL))

    assert desk.book.modes.mode_over("default") is TradingMode.HALTED


def test_a_kill_that_looks_older_still_kills(desk: Desk) -> None:
    desk.book.modes.control(a_control(2, TradingMode.REDUCE_ONLY))
    desk.book.modes.control(a_control(1, TradingMode.HALTED))

    assert desk.book.modes.mode_over("default") is TradingMode.HALTED


def test_accounts_and_limits_are_shown(desk: Desk) -> None:
    assert desk.book.accounts.ids() == ("default",)
    assert desk.book.limits.of("BTCUSDT").max_order_qty == qty("10")


def test_a_control_is_timed_behind_all_that_its_scope_has_seen(desk: Desk) -> None:
    kill = a_control(5, TradingMode.HALTED)
    assert desk.book.modes.next_control_ns("global", NOW_NS) == NOW_NS

    desk.book.modes.control(kill)

    # The clock was set back: a release made now is the later one all the same.
    assert desk.book.modes.next_control_ns("global", NOW_NS) == kill.ts_ns + 1
    later = TimeNs(kill.ts_ns + 9)
    assert desk.book.modes.next_control_ns("global", later) == later


def a_close(number: int, strategy: str = "a", amount: str = "1") -> NewOrderSingle:
    return order_of(
        number,
        strategy=StrategyId(strategy),
        side=Side.SELL,
        ord_type=OrdType.MARKET,
        price=None,
        order_qty=qty(amount),
        sent_by=KILL_SWITCH,
        is_reduce_only=True,
    )


@pytest.fixture
def shared(desk: Desk) -> Desk:
    """A book whose account holds three, of which one is strategy a's."""
    desk.unbind_concentration()
    for number, strategy, amount in ((91, "a", "1"), (92, "b", "2")):
        order = order_of(number, strategy=StrategyId(strategy), order_qty=qty(amount))
        desk.journal_approval(order)
        desk.report(order, a_fill(order, exec_id=ExecId(f"e-{number}"), last_qty=qty(amount)))
    return desk


def test_the_kill_switch_closes_no_more_than_a_strategy_holds(shared: Desk) -> None:
    refusals = shared.book.assess(a_close(1, amount="1.1"), NOW_NS).refusals
    assert [(one.code, one.limit, one.would_pass) for one in refusals] == [
        (RefusalCode.REDUCE_ONLY, "SELL 1", "1")
    ]
    assert shared.codes(a_close(2, strategy="c")) == [RefusalCode.REDUCE_ONLY]
    assert shared.codes(replace(a_close(3, amount="3"), sent_by="tess")) == []


@pytest.mark.parametrize("is_halted", [False, True])
def test_of_two_closes_that_are_both_asked_for_one_passes(shared: Desk, *, is_halted: bool) -> None:
    if is_halted:
        shared.book.modes.control(a_control(1, TradingMode.HALTED))
    first = a_close(1)
    assert shared.ask(first) is not None
    assert shared.codes(a_close(2)) == [RefusalCode.REDUCE_ONLY]
    shared.journal_approval(first)
    assert shared.codes(a_close(2)) == [RefusalCode.REDUCE_ONLY]
    assert shared.codes(first) == shared.codes(a_close(3, "b", "2")) == []
    shared.report(first, a_fill(first, exec_id=ExecId("e-1"), last_qty=qty("1")))
    assert shared.codes(a_close(4)) == [RefusalCode.REDUCE_ONLY]


def test_a_close_that_an_earlier_life_may_have_approved_is_waited_for(shared: Desk) -> None:
    old, later = a_close(1, amount="0.4"), a_close(3)
    shared.write(OrderReceived(**step(old, 1), request=old))
    other = replace(a_close(8), symbol="ETHUSDT")
    shared.write(OrderReceived(**step(other, 1), request=other))

    refusals = shared.book.assess(a_close(2), NOW_NS).refusals
    assert [(one.code, one.would_pass) for one in refusals] == [(RefusalCode.REDUCE_ONLY, "0.6")]
    shared.write(OrderReceived(**step(later, 1), request=later))
    assert shared.book.judge(old, NOW_NS).approved is not None
    shared.write(OrderFailed(**step(old, 2), text="not sent"))
    assert shared.codes(later) == []
