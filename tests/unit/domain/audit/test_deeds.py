"""Which events are deeds, and what is said of each."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories import (
    NOW_NS,
    a_control,
    a_deposit,
    a_fill,
    a_limits_set,
    a_report,
    an_order,
    an_unknown,
    money,
    px,
    qty,
)
from tests.strategies import messages

from trade2026.core.ids import AccountId, EventId, ExecId, OrderId, StrategyId
from trade2026.core.numbers import Value
from trade2026.domain.audit.deeds import (
    deed_of_acknowledgement,
    deed_of_algo,
    deed_of_breach,
    deed_of_kill,
    deed_of_limits,
    deed_of_live,
    deed_of_mode,
    deed_of_prism,
    deed_of_reconciliation,
    deed_of_rules,
    deed_told,
)
from trade2026.domain.audit.order_deeds import deed_of_order
from trade2026.domain.position.balances import explain
from trade2026.model.algo import AlgoEvent, AlgoPaused, AlgoSliced
from trade2026.model.audit import Deed, DeedDone
from trade2026.model.balance import AssetBalance, AssetTransfer, VenueBalance
from trade2026.model.booking import (
    CashMoved,
    DividendBooked,
    FundingBooked,
    LotMethodSet,
    RateSet,
    SplitBooked,
)
from trade2026.model.compliance import BreachFound, RulesBound
from trade2026.model.execution import ExecType
from trade2026.model.journal import (
    CancelRequested,
    JournalEvent,
    OrderApproved,
    OrderChanged,
    OrderFailed,
    OrderReceived,
    OrderRefused,
    OrderReported,
    OrderSent,
    OrderWithdrawn,
    ReplaceRequested,
)
from trade2026.model.kill import KillReport
from trade2026.model.live import (
    BalancesOpened,
    BreakerMoved,
    CancelAsked,
    FundingSeen,
    FundingShare,
    LiveMode,
    ModeSet,
    PanicEnded,
    Panicked,
    TransferSeen,
)
from trade2026.model.order import OrdType
from trade2026.model.position import LotMethod
from trade2026.model.prism import ControlKind, PrismControl, PrismInput
from trade2026.model.reconciliation import Cause, Healed, OrderDifference, Reconciliation
from trade2026.model.risk import AlertAcknowledged, Refusal, RefusalCode, TradingMode

STEP: dict[str, Any] = {
    "event_id": EventId("event-1"),
    "account": AccountId("default"),
    "order_id": OrderId("order-1"),
    "order_seq": 1,
    "ts_ns": NOW_NS,
}
BOOKING: dict[str, Any] = {
    "event_id": EventId("key-1"),
    "account": AccountId("default"),
    "ts_ns": NOW_NS,
    "asked_by": "ada",
    "text": "because",
}


def told(deed: Deed | None) -> tuple[str, str, str, str, str, str]:
    assert deed is not None
    return (deed.who, deed.action, deed.target, deed.account, deed.result, deed.text)


REFUSALS = (
    Refusal(code=RefusalCode.HALTED, text="all is halted"),
    Refusal(code=RefusalCode.BUYING_POWER, text="too dear"),
)
STOP = an_order(ord_type=OrdType.STOP_LIMIT, stop_px=px("49000"), sent_by="")

ORDERS = [
    (
        OrderReceived(**STEP, request=an_order()),
        (
            "tess",
            "order.place",
            "OK",
            "BUY 1 BTCUSDT@PRISM LIMIT GTC at 50000 strategy manual, key key-1",
        ),
    ),
    (
        OrderReceived(**STEP, request=STOP),
        (
            "oms",
            "order.place",
            "OK",
            "BUY 1 BTCUSDT@PRISM STOP_LIMIT GTC at 50000 stop 49000 strategy manual, key key-1",
        ),
    ),
    (
        OrderApproved(**STEP, reserved=money("12.5")),
        ("risk", "order.accept", "OK", "reserved 12.5"),
    ),
    (
        OrderRefused(**STEP, refusals=REFUSALS),
        ("risk", "order.refuse", "HALTED,BUYING_POWER", "all is halted; too dear"),
    ),
    (OrderFailed(**STEP, text="gone"), ("oms", "order.fail", "FAILED", "gone")),
    (OrderWithdrawn(**STEP, text="asked"), ("oms", "order.withdraw", "OK", "asked")),
    (OrderWithdrawn(**STEP, is_expiry=True), ("oms", "order.withdraw", "OK", "expired")),
    (CancelRequested(**STEP, asked_by="tess"), ("tess", "order.cancel", "OK", "")),
    (
        CancelRequested(**STEP, asked_by="oms", is_expiry=True),
        ("oms", "order.cancel", "OK", "its time is over"),
    ),
    (
        OrderChanged(**STEP, reserved=money("1"), asked_by="tess", order_qty=qty("2")),
        ("tess", "order.replace", "OK", "quantity 2"),
    ),
    (
        ReplaceRequested(
            **STEP,
            reserved=money("1"),
            asked_by="tess",
            replace_id="r",
            price=px("3"),
            stop_px=px("4"),
        ),
        ("tess", "order.replace", "OK", "price 3, stop 4"),
    ),
    (
        OrderReported(**STEP, report=a_report(exec_type=ExecType.REJECTED, text="NO_ROOM")),
        ("PRISM", "order.reject", "REJECTED", "REJECTED exec-1 NO_ROOM"),
    ),
    (
        OrderReported(**STEP, report=a_fill(last_qty=qty("1")), surprise="over-fill"),
        ("PRISM", "fill.surprise", "SURPRISE"),
    ),
    (
        OrderReported(
            **STEP,
            report=a_report(exec_type=ExecType.TRADE_CANCEL, exec_ref_id=ExecId("exec-0")),
        ),
        ("PRISM", "fill.bust", "OK", "TRADE_CANCEL exec-1 of exec-0"),
    ),
]


@pytest.mark.parametrize(("event", "wanted"), ORDERS)
def test_a_step_of_an_order_is_told(event: JournalEvent, wanted: tuple[str, ...]) -> None:
    who, action, target, account, result, text = told(deed_of_order(event))

    assert (target, account) == ("order-1", "default")
    assert (who, action, result, text)[: len(wanted)] == wanted


def test_a_fill_that_surprises_is_told_with_its_numbers() -> None:
    fill = a_fill(last_qty=qty("1"), last_px=px("50000"))

    text = told(deed_of_order(OrderReported(**STEP, report=fill, surprise="over-fill")))[-1]

    assert "BUY 1 BTCUSDT at 50000" in text
    assert text.endswith("over-fill")


@pytest.mark.parametrize(
    "event",
    [OrderSent(**STEP, venue="PRISM"), OrderReported(**STEP, report=a_fill(last_qty=qty("1")))],
)
def test_what_nobody_decided_on_is_no_deed(event: JournalEvent) -> None:
    assert deed_of_order(event) is None


def test_a_report_of_an_unknown_order_is_told() -> None:
    who, action, _, account, result, _ = told(deed_of_order(an_unknown(a_fill(last_qty=qty("1")))))

    assert (who, action, account) == ("PRISM", "fill.report_unknown", "default")
    assert result == "UNKNOWN_ORDER"


def test_a_deposit_is_told() -> None:
    assert told(deed_of_order(a_deposit("5")))[1] == "cash.deposit"


PLACE: dict[str, Any] = {"venue": "PRISM", "symbol": "AAPL"}


@pytest.mark.parametrize(
    ("event", "action", "text"),
    [
        (
            FundingBooked(**BOOKING, **PLACE, strategy=StrategyId("m"), amount=money("-3")),
            "ledger.fund",
            "-3 on m PRISM AAPL because",
        ),
        (
            DividendBooked(**BOOKING, **PLACE, per_unit=px("0.5")),
            "ledger.dividend",
            "0.5 a unit of AAPL@PRISM because",
        ),
        (
            SplitBooked(**BOOKING, **PLACE, numerator=2, denominator=1),
            "ledger.split",
            "2 for 1 of AAPL@PRISM because",
        ),
        (
            RateSet(**BOOKING, currency="EUR", rate=px("1.1")),
            "ledger.rate",
            "1 EUR is 1.1 because",
        ),
        (
            CashMoved(**BOOKING, currency="EUR", amount=money("7"), counter_account=""),
            "ledger.transfer",
            "7 EUR, other side outside because",
        ),
        (
            LotMethodSet(**BOOKING, method=LotMethod.FIFO),
            "ledger.lot_method",
            "FIFO because",
        ),
    ],
)
def test_a_booking_is_told(event: JournalEvent, action: str, text: str) -> None:
    assert told(deed_of_order(event)) == ("ada", action, "key-1", "default", "OK", text)


def test_a_change_of_mode_and_a_kill_are_told_apart() -> None:
    halt = a_control(1, TradingMode.HALTED, "account:default")
    kill = msgspec.structs.replace(halt, scope="global", cancel_open=True, flatten=True)

    assert told(deed_of_mode(msgspec.structs.replace(halt, cancel_open=False)))[1:4] == (
        "risk.mode",
        "account:default",
        "default",
    )
    assert told(deed_of_mode(kill))[1:4] == ("risk.kill", "global", "")
    assert told(deed_of_mode(kill))[5].startswith("HALTED cancel all flatten: ")


def test_a_change_of_limits_is_told_with_its_values() -> None:
    deed = deed_of_limits(a_limits_set("default", max_open_orders=7))

    assert deed.action == "risk.limits"
    assert '"max_open_orders":7' in deed.text


def test_what_was_done_to_prisms_market_is_told() -> None:
    control = PrismControl(kind=ControlKind.START, asked_by="ada", asked_ns=NOW_NS)
    entered = PrismInput(input_id=EventId("input-1"), enters_ns=NOW_NS, control=control)

    assert told(deed_of_prism(entered))[:3] == ("ada", "prism.start", "input-1")
    assert deed_of_prism(msgspec.structs.replace(entered, control=None)) is None


def test_a_deed_that_is_told_as_such_stays_as_it_is() -> None:
    deed = Deed(ts_ns=NOW_NS, who="ada", action="user.create", target="tess")

    assert deed_told(DeedDone(event_id=EventId("1"), deed=deed)) is deed


@given(event=messages(AlertAcknowledged))
def test_an_alert_that_was_seen_is_told(event: AlertAcknowledged) -> None:
    deed = deed_of_acknowledgement(event)

    assert (deed.who, deed.target) == (event.acknowledged_by, event.alert_id)


@given(event=messages(KillReport))
def test_the_end_of_a_kill_is_told(event: KillReport) -> None:
    assert deed_of_kill(event).result == event.status


@pytest.mark.parametrize("kind", get_args(AlgoEvent))
@given(data=st.data())
def test_every_step_of_an_algorithm_but_its_slices_is_told(kind: Any, data: st.DataObject) -> None:
    event: AlgoEvent = data.draw(messages(kind))

    deed = deed_of_algo(event)

    assert (deed is None) == isinstance(event, AlgoSliced)
    if isinstance(event, AlgoPaused):
        assert told(deed)[:2] == (event.asked_by, "algo.pause")


@given(event=messages(JournalEvent) | st.nothing())
def test_every_event_of_the_log_of_orders_can_be_judged(event: JournalEvent) -> None:
    deed = deed_of_order(event)

    assert deed is None or (deed.account, deed.ts_ns) == (event.account, event.ts_ns)


def test_a_comparison_is_told_where_it_found_something_or_somebody_asked() -> None:
    clean = Reconciliation(
        run_id=EventId("run-1"),
        asked_by="ptrc",
        venue="PRISM",
        ts_ns=NOW_NS,
        report_seq=7,
        compared=1,
        waited_ns=0,
        differences=(),
    )
    healed = Healed(
        account=AccountId("default"), order_id=OrderId("order-1"), exec_id=ExecId("exec-1")
    )
    lost = OrderDifference(
        order_id=OrderId("order-1"),
        account=AccountId("default"),
        symbol="BTCUSDT",
        log_qty=qty("0"),
        venue_qty=qty("1"),
        cause=Cause.ORDER_TRADED,
    )

    assert deed_of_reconciliation(clean) is None
    asked = msgspec.structs.replace(clean, asked_by="ada")
    assert told(deed_of_reconciliation(asked))[:5] == ("ada", "ledger.reconcile", "run-1", "", "OK")
    mended = told(deed_of_reconciliation(msgspec.structs.replace(clean, healed=(healed,))))
    assert mended[5] == "PRISM at report 7: booked exec-1 of order-1"
    wrong = told(deed_of_reconciliation(msgspec.structs.replace(clean, orders=(lost,))))
    assert (wrong[4], wrong[5]) == ("DIFFERENT", "PRISM at report 7: default BTCUSDT ORDER_TRADED")
    line = explain(VenueBalance(asset="BTC", free=Value(0), held=Value(0)), Value(0), Value(0))
    held = msgspec.structs.replace(clean, balances=(line,))
    assert deed_of_reconciliation(held) is None
    gone = msgspec.structs.replace(line, unexplained=Value(10**9))
    missing = told(deed_of_reconciliation(msgspec.structs.replace(clean, balances=(gone,))))
    assert (missing[4], missing[5]) == ("DIFFERENT", "PRISM at report 7: BTC UNEXPLAINED")


@given(event=messages(BreachFound))
def test_a_breach_is_told(event: BreachFound) -> None:
    deed = deed_of_breach(event)

    assert (deed.action, deed.target, deed.account) == (
        "compliance.breach",
        event.rule,
        event.account,
    )


@given(event=messages(RulesBound))
def test_rules_that_bind_are_told_with_their_text(event: RulesBound) -> None:
    deed = deed_of_rules(event)

    assert (deed.action, deed.who, deed.text) == ("compliance.rules", event.asked_by, event.text)


def test_who_changed_the_live_gateway_is_told_and_its_orders_are_not() -> None:
    word: dict[str, Any] = {"event_id": EventId("e"), "ts_ns": NOW_NS}
    who: dict[str, Any] = {"asked_by": "ada", "reason": "a drill"}
    events = (
        (ModeSet(mode=LiveMode.LIVE, **word, **who), ("ada", "live.mode", "LIVE: a drill")),
        (Panicked(**word, **who), ("ada", "live.panic", "a drill")),
        (PanicEnded(**word, **who), ("ada", "live.resume", "a drill")),
        (
            BreakerMoved(is_open=True, why="bad", **word),
            ("live-gateway", "live.breaker", "open: bad"),
        ),
        (BreakerMoved(is_open=False, why="", **word), ("live-gateway", "live.breaker", "closed")),
    )
    for event, (name, action, text) in events:
        deed = deed_of_live(event)
        assert deed is not None
        assert (deed.who, deed.action, deed.target, deed.text) == (name, action, "LIVE", text)

    opened = BalancesOpened(
        exchange="plain",
        balances=(AssetBalance(asset="USDT", free=money("1.5"), held=money("2")),),
        transfer_ids=(),
        **word,
        **who,
    )
    seen = TransferSeen(
        transfer=AssetTransfer(transfer_id="in-1", asset="BTC", amount=money("-3"), ts_ns=NOW_NS),
        **word,
    )
    paid = FundingSeen(
        funding_id="BTCUSDT-PERP-7",
        symbol="BTCUSDT-PERP",
        paid_ns=NOW_NS,
        shares=(
            FundingShare(AccountId("ann"), StrategyId("manual"), money("-1.5")),
            FundingShare(AccountId("bob"), StrategyId("manual"), money("1")),
        ),
        **word,
    )
    deeds = map(deed_of_live, (opened, seen, paid))
    assert [(one.who, one.action, one.text) for one in deeds if one] == [
        ("ada", "live.opening", "plain: a drill; USDT 3.5"),
        ("exchange", "live.transfer", "in-1 BTC -3"),
        ("exchange", "live.funding", "BTCUSDT-PERP-7 -0.5"),
    ]
    assert deed_of_live(CancelAsked(order_id=OrderId("order-1"), **word)) is None
