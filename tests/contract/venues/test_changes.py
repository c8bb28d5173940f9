"""What a venue promises of orders that work there, and of changes of them."""

import pytest
from msgspec.structs import replace
from tests.factories import NOW_NS, an_order, px, qty

from trade2026.core.ids import OrderId
from trade2026.core.numbers import Money
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
)
from trade2026.model.risk import RiskApproved
from trade2026.ports.venue import Venue

ORDER = an_order(order_id=OrderId("resting"), price=px("55000"), order_qty=qty("0.02"))
SMALLER = OrderReplaceRequest(
    order_id=ORDER.order_id,
    replace_id="smaller",
    account=ORDER.account,
    venue=ORDER.venue,
    symbol=ORDER.symbol,
    order_qty=qty("0.01"),
    transact_time_ns=NOW_NS,
)


def approved(order: NewOrderSingle = ORDER) -> RiskApproved[NewOrderSingle]:
    return RiskApproved(request=order, reserved=Money(0), reference_px_nanos=0, approved_ns=NOW_NS)


def cancel() -> OrderCancelRequest:
    return OrderCancelRequest(
        order_id=ORDER.order_id,
        account=ORDER.account,
        venue=ORDER.venue,
        symbol=ORDER.symbol,
        transact_time_ns=NOW_NS,
    )


async def reports(venue: Venue) -> list[ExecutionReport]:
    answer = await venue.status(
        OrderStatusRequest(
            order_id=ORDER.order_id,
            account=ORDER.account,
            venue=ORDER.venue,
            symbol=ORDER.symbol,
        )
    )
    return list(answer.reports)


async def test_an_order_is_taken_in_once(venue: Venue) -> None:
    for _ in range(2):
        assert (await venue.submit(approved())).is_accepted

    assert [r.exec_type for r in await reports(venue)] == [ExecType.NEW]


async def test_a_change_is_answered_once_under_its_name(venue: Venue) -> None:
    await venue.submit(approved())

    for _ in range(2):
        assert (await venue.replace(SMALLER)).is_accepted

    answers = [r for r in await reports(venue) if r.replace_id]
    assert [r.replace_id for r in answers] == ["smaller"]
    if answers[0].exec_type is ExecType.REPLACED:
        assert (answers[0].order_qty, answers[0].leaves_qty) == (qty("0.01"), qty("0.01"))
        assert answers[0].price == ORDER.price
    else:
        # A venue that changes nothing says why, and the order stands.
        assert answers[0].exec_type is ExecType.REPLACE_REJECTED
        assert answers[0].text
        assert answers[0].leaves_qty == ORDER.order_qty


async def test_a_changed_order_can_be_cancelled_whole(venue: Venue) -> None:
    await venue.submit(approved())
    await venue.replace(SMALLER)

    assert (await venue.cancel(cancel())).is_accepted

    last = (await reports(venue))[-1]
    assert (last.exec_type, last.leaves_qty, last.cum_qty) == (ExecType.CANCELED, 0, 0)


async def test_a_change_of_an_order_that_has_ended_is_refused_by_a_report(venue: Venue) -> None:
    await venue.submit(approved())
    await venue.cancel(cancel())

    assert (await venue.replace(SMALLER)).is_accepted

    last = (await reports(venue))[-1]
    assert (last.exec_type, last.replace_id) == (ExecType.REPLACE_REJECTED, "smaller")
    assert last.leaves_qty == 0


@pytest.mark.parametrize("order_id", ["nobody", "resting"])
async def test_a_change_of_an_order_that_never_came_is_not_taken_in(
    venue: Venue, order_id: str
) -> None:
    ack = await venue.replace(replace(SMALLER, order_id=OrderId(order_id)))

    assert not ack.is_accepted
    assert ack.text.startswith("UNKNOWN_ORDER")
