"""What a venue promises of orders that work there, and of changes of them."""

import pytest
from msgspec.structs import replace
from tests.contract.venues.orders import half_of
from tests.factories import NOW_NS

from trade2026.core.ids import OrderId
from trade2026.core.numbers import Money
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderStatusRequest,
)
from trade2026.model.risk import RiskApproved
from trade2026.ports.venue import Venue


def approved(order: NewOrderSingle) -> RiskApproved[NewOrderSingle]:
    return RiskApproved(request=order, reserved=Money(0), reference_px_nanos=0, approved_ns=NOW_NS)


def cancel(order: NewOrderSingle) -> OrderCancelRequest:
    return OrderCancelRequest(
        order_id=order.order_id,
        account=order.account,
        venue=order.venue,
        symbol=order.symbol,
        transact_time_ns=NOW_NS,
    )


async def reports(venue: Venue, order: NewOrderSingle) -> list[ExecutionReport]:
    answer = await venue.status(
        OrderStatusRequest(
            order_id=order.order_id,
            account=order.account,
            venue=order.venue,
            symbol=order.symbol,
        )
    )
    return list(answer.reports)


async def test_an_order_is_taken_in_once(venue: Venue, order: NewOrderSingle) -> None:
    for _ in range(2):
        assert (await venue.submit(approved(order))).is_accepted

    assert [r.exec_type for r in await reports(venue, order)] == [ExecType.NEW]


async def test_a_change_is_answered_once_under_its_name(
    venue: Venue, order: NewOrderSingle
) -> None:
    await venue.submit(approved(order))

    for _ in range(2):
        assert (await venue.replace(half_of(order))).is_accepted

    answers = [r for r in await reports(venue, order) if r.replace_id]
    assert [r.replace_id for r in answers] == ["smaller"]
    if answers[0].exec_type is ExecType.REPLACED:
        half = half_of(order).order_qty
        assert (answers[0].order_qty, answers[0].leaves_qty) == (half, half)
        assert answers[0].price == order.price
    else:
        # A venue that changes nothing says why, and the order stands.
        assert answers[0].exec_type is ExecType.REPLACE_REJECTED
        assert answers[0].text
        assert answers[0].leaves_qty == order.order_qty


async def test_a_changed_order_can_be_cancelled_whole(venue: Venue, order: NewOrderSingle) -> None:
    await venue.submit(approved(order))
    await venue.replace(half_of(order))

    assert (await venue.cancel(cancel(order))).is_accepted

    last = (await reports(venue, order))[-1]
    assert (last.exec_type, last.leaves_qty, last.cum_qty) == (ExecType.CANCELED, 0, 0)


async def test_a_change_of_an_order_that_has_ended_is_refused_by_a_report(
    venue: Venue, order: NewOrderSingle
) -> None:
    await venue.submit(approved(order))
    await venue.cancel(cancel(order))

    assert (await venue.replace(half_of(order))).is_accepted

    last = (await reports(venue, order))[-1]
    assert (last.exec_type, last.replace_id) == (ExecType.REPLACE_REJECTED, "smaller")
    assert last.leaves_qty == 0


@pytest.mark.parametrize("order_id", ["nobody", "resting"])
async def test_a_change_of_an_order_that_never_came_is_not_taken_in(
    venue: Venue, order: NewOrderSingle, order_id: str
) -> None:
    ack = await venue.replace(replace(half_of(order), order_id=OrderId(order_id)))

    assert not ack.is_accepted
    assert ack.text.startswith("UNKNOWN_ORDER")
