"""The live gateway on Interactive Brokers: an order is sent once, whatever is lost.

The real ib_async, on frames written from TWS's documentation (`tests.tws`).
"""

from contextlib import AsyncExitStack, suppress

from tests.broker import a_broker
from tests.contract.venues.orders import SHARES
from tests.factories import NOW_NS, money, qty
from tests.live import Gateway, running_gateway
from tests.trading import until
from tests.tws import Tws, running_tws

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S, VirtualClock
from trade2026.core.numbers import Money
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.live import LiveMode
from trade2026.model.order import OrderStatusRequest
from trade2026.model.risk import RiskApproved

APPROVED = RiskApproved(request=SHARES, reserved=Money(0), reference_px_nanos=0, approved_ns=NOW_NS)


class Site:
    """A broker, the gateway's log, and a clock that moves when told to."""

    def __init__(self, tws: Tws) -> None:
        self.tws = tws
        self.log = MemoryLog()
        self.clock = VirtualClock(NOW_NS)

    async def begin(self, stack: AsyncExitStack) -> Gateway:
        """Start a gateway; another on the same log is a restart."""
        broker = a_broker(self.tws)
        stack.push_async_callback(broker.close)
        return await stack.enter_async_context(
            running_gateway(self.log, broker, self.clock, symbol="AAPL")
        )


async def reports(gateway: Gateway) -> list[ExecutionReport]:
    order = SHARES
    request = OrderStatusRequest(
        order_id=order.order_id, account=order.account, venue="LIVE", symbol=order.symbol
    )
    return list((await gateway.desk.on_status(request)).status.reports)


async def test_an_order_in_doubt_over_a_crash_is_found_and_never_sent_again() -> None:
    async with running_tws() as tws:
        site = Site(tws)
        tws.hangs_up_on_orders, tws.fills_at = True, "180.01"
        async with AsyncExitStack() as first:
            gateway = await site.begin(first)
            await gateway.raise_to(LiveMode.LIVE)
            with suppress(TimeoutError):
                await gateway.desk.on_submit(APPROVED)
            assert await reports(gateway) == []
        tws.hangs_up_on_orders = False

        async with AsyncExitStack() as second:
            gateway = await site.begin(second)
            await until(lambda: gateway.desk.state.orders[SHARES.order_id].is_done)
            await gateway.desk.on_submit(APPROVED)
            told = await reports(gateway)

        assert len(tws.placed) == 1
        assert [one.exec_type for one in told] == [ExecType.NEW, ExecType.TRADE]
        assert (told[1].last_qty, told[1].fee, told[1].fee_asset) == (
            qty("2"),
            money("1.000003"),
            "USD",
        )


async def test_an_order_that_never_arrived_is_rejected_and_not_sent_again() -> None:
    async with running_tws() as tws, AsyncExitStack() as stack:
        site = Site(tws)
        gateway = await site.begin(stack)
        await gateway.raise_to(LiveMode.LIVE)
        tws.loses_orders = True
        await gateway.desk.on_submit(APPROVED)
        tws.loses_orders = False
        await until(lambda: bool(tws.watching) and gateway.desk.exchange.instruments != {})

        site.clock.advance(7 * NS_PER_S)
        await until(lambda: gateway.desk.state.orders[SHARES.order_id].is_done)

        (told,) = await reports(gateway)
        assert told.exec_type is ExecType.REJECTED
        assert told.text.startswith("NEVER_ARRIVED")
        assert tws.placed == []


async def test_a_fill_that_comes_after_the_end_is_booked_once() -> None:
    async with running_tws() as tws, AsyncExitStack() as stack:
        site = Site(tws)
        gateway = await site.begin(stack)
        await gateway.raise_to(LiveMode.LIVE)
        await gateway.desk.on_submit(APPROVED)
        (order,) = tws.orders
        order.status = "Cancelled"
        tws.tell_status(order)
        await until(lambda: gateway.desk.state.orders[SHARES.order_id].is_done)

        tws.fill(order, 1, "180.01")
        tws.tell_fill(order, order.fills[0])
        await until(lambda: gateway.desk.state.orders[SHARES.order_id].cum_qty > 0)

        told = await reports(gateway)
        assert [one.exec_type for one in told] == [ExecType.NEW, ExecType.CANCELED, ExecType.TRADE]
        assert told[-1].last_qty == qty("1")


async def test_a_refusal_of_the_brokers_is_the_orders_end() -> None:
    async with running_tws() as tws, AsyncExitStack() as stack:
        gateway = await Site(tws).begin(stack)
        await gateway.raise_to(LiveMode.LIVE)
        tws.refuses = (201, "Order rejected - reason:insufficient margin")

        await gateway.desk.on_submit(APPROVED)

        (told,) = await reports(gateway)
        assert told.exec_type is ExecType.REJECTED
        assert told.text.startswith("INSUFFICIENT_FUNDS 201")
