"""What is held for an order follows the order when the venue changes it."""

import msgspec
import pytest
from tests.factories import (
    NOW_NS,
    a_deposit,
    a_fill,
    a_limits_set,
    a_quote,
    a_report,
    an_order,
    money,
    px,
    qty,
)

from trade2026.core.ids import ExecId
from trade2026.core.numbers import Money
from trade2026.domain.oms import decide
from trade2026.domain.oms.change import Change
from trade2026.domain.oms.orders import Orders
from trade2026.domain.risk.book import RiskBook
from trade2026.domain.risk.exposure import Exposure
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.instrument import PRISM, PRISM_INSTRUMENTS
from trade2026.model.journal import JournalEvent
from trade2026.model.risk import RefusalCode

RESERVED = Money(1_000)


class Desk:
    """One order of 1 BTC for which 1,000 nanos are held."""

    def __init__(self) -> None:
        self.orders, self.book, self.seq = Orders(), RiskBook(PRISM_INSTRUMENTS), 0
        self.book.quote(PRISM, "BTCUSDT", a_quote(), NOW_NS)
        self.write(a_deposit())
        self.request = an_order()
        self.write(decide.received(self.request, NOW_NS))
        self.write(decide.approved(self.order, RESERVED, NOW_NS, venue=PRISM))

    @property
    def order(self) -> decide.Order:
        order = self.orders.get(self.request.order_id)
        assert order is not None
        return order

    @property
    def exposure(self) -> Exposure:
        exposure = self.book.exposure("default")
        assert exposure is not None
        return exposure

    def write(self, event: JournalEvent) -> None:
        self.seq += 1
        self.orders.apply(event)
        self.book.apply(event, self.seq)

    def hear(self, report: ExecutionReport) -> str:
        event = decide.judge_report(self.order, report, ts_ns=NOW_NS)
        assert event is not None
        self.write(event)
        return getattr(event, "surprise", "")


def shrunk(to: str, *, cum: str = "0") -> ExecutionReport:
    """Return the word of a venue that made the order smaller than trade with itself."""
    return a_report(
        exec_id=ExecId("shrunk"),
        exec_type=ExecType.REPLACED,
        order_qty=qty(to),
        price=px("50000"),
        cum_qty=qty(cum),
        leaves_qty=qty(to),
        text="SELF_TRADE it would have met an order of the same owner",
    )


def test_a_decrement_gives_back_its_share_and_is_no_surprise() -> None:
    desk = Desk()

    surprise = desk.hear(shrunk("0.4"))

    assert surprise == ""
    assert desk.order.leaves_qty == qty("0.4")
    assert desk.exposure.reserved == 400
    assert desk.exposure.symbols[0].open_buy_qty == qty("0.4")


def test_what_has_traded_is_not_held_again_by_a_change() -> None:
    desk = Desk()
    desk.hear(a_fill(desk.request, exec_id=ExecId("f"), last_qty=qty("0.5")))

    desk.hear(shrunk("0.7", cum="0.5"))

    assert desk.order.leaves_qty == qty("0.2")
    assert desk.exposure.reserved == 200


def test_fills_after_a_change_release_the_rest_to_the_nano() -> None:
    desk = Desk()
    desk.hear(shrunk("0.4"))

    desk.hear(a_fill(desk.order.request, exec_id=ExecId("f"), last_qty=qty("0.4")))

    assert desk.order.is_done
    assert (desk.exposure.reserved, desk.exposure.open_order_count) == (0, 0)


@pytest.mark.parametrize("to", ["0.3", "0.5"])
def test_an_order_cut_down_to_what_has_traded_holds_nothing(to: str) -> None:
    desk = Desk()
    desk.hear(a_fill(desk.request, exec_id=ExecId("f"), last_qty=qty("0.5")))

    desk.hear(shrunk(to, cum="0.5"))

    assert desk.order.is_done
    assert desk.exposure.open_order_count == 0


def test_a_change_that_no_log_has_is_given_up_and_the_order_keeps_what_it_has() -> None:
    desk = Desk()
    larger = msgspec.structs.replace(desk.request, order_qty=qty("2"))
    assert desk.book.assess_change(larger, NOW_NS).approved is not None
    assert desk.exposure.reserved > RESERVED

    assert desk.book.accounts.release(desk.request.order_id)
    assert not desk.book.accounts.release(desk.request.order_id)

    assert desk.exposure.reserved == RESERVED


def test_a_change_that_the_log_has_is_not_given_up() -> None:
    desk = Desk()
    larger = Change(order_qty=qty("2"))
    desk.write(
        decide.replace_requested(
            desk.order, larger, reserved=Money(2_000), asked_by="tess", ts_ns=NOW_NS
        )
    )

    assert not desk.book.accounts.release(desk.request.order_id)

    assert desk.exposure.reserved == Money(2_000)


def test_a_change_that_leaves_nothing_and_one_of_a_stranger_are_refused() -> None:
    desk = Desk()
    desk.hear(a_fill(desk.request, exec_id=ExecId("f"), last_qty=qty("0.5")))

    for order in (
        msgspec.structs.replace(desk.request, order_qty=qty("0.5")),
        an_order(order_id="stranger"),
    ):
        verdict = desk.book.assess_change(order, NOW_NS)
        assert verdict.refusals[0].code is RefusalCode.RISK_UNAVAILABLE


@pytest.mark.parametrize(
    ("most_held", "largest", "refused"),
    [
        # Half a unit is held and one is left to trade: together as much as there may be.
        ("1.5", "1.5", []),
        ("1.4999", "1.5", [RefusalCode.POSITION_LIMIT]),
        ("1.5", "1.4999", [RefusalCode.ORDER_QTY_LIMIT]),
    ],
)
def test_a_change_is_judged_by_its_total_as_an_order_and_by_what_is_left_as_a_risk(
    most_held: str, largest: str, refused: list[RefusalCode]
) -> None:
    desk = Desk()
    desk.hear(a_fill(desk.request, exec_id=ExecId("f"), last_qty=qty("0.5")))
    limits = {"max_position_qty": qty(most_held), "max_order_qty": qty(largest)}
    desk.book.set_limits(a_limits_set("account:default", **limits))
    # Nothing but these two limits may refuse it.
    desk.book.set_limits(a_limits_set("symbol:BTCUSDT", max_concentration_bps=1_000_000))
    larger = msgspec.structs.replace(desk.request, order_qty=qty("1.5"))

    verdict = desk.book.assess_change(larger, NOW_NS)

    assert [one.code for one in verdict.refusals] == refused
    if verdict.approved is not None:
        # A tenth of what is left at 50,000, and its fee.
        assert verdict.approved.reserved == money("5025")
