"""A venue with a life of its own: it fills, rejects, cancels, and keeps away what it disowned."""

import asyncio

import numpy as np
from tests.trading import PlainVenue

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.ids import OrderId
from trade2026.core.numbers import Qty
from trade2026.model.execution import ExecType, ExecutionReport, VenueAck, VenueOrderStatus
from trade2026.model.order import NewOrderSingle, OrderStatusRequest, OrdType
from trade2026.model.risk import RiskApproved


class SimulatedVenue(PlainVenue):
    """Trades with what rests there as chance has it.

    Args:
        log: where its reports go, which the platform's faults do not touch.
        stream: of its chance.
    """

    def __init__(self, log: MemoryLog, stream: np.random.Generator) -> None:
        super().__init__(log)
        self._stream = stream
        self._disowned: set[OrderId] = set()
        self.is_quiet = False
        """Whether nothing trades here by itself."""

    async def submit(self, approved: RiskApproved[NewOrderSingle]) -> VenueAck:
        order = approved.request
        if order.order_id in self._disowned:
            return VenueAck(order_id=order.order_id, is_accepted=False, text="DISOWNED")
        if order.order_id not in self.taken and self._stream.random() < 0.05:
            self.taken[order.order_id] = order
            await self._report(order, ExecType.REJECTED)
            return VenueAck(order_id=order.order_id, is_accepted=True)
        return await super().submit(approved)

    async def status(self, request: OrderStatusRequest) -> VenueOrderStatus:
        status = await super().status(request)
        if not status.is_known:
            # Whoever is told so may forget the order: it must never trade.
            self._disowned.add(request.order_id)
        return status

    def trades(self) -> list[ExecutionReport]:
        """Return every fill there was."""
        every = (report for reports in self.reports.values() for report in reports)
        return [report for report in every if report.exec_type is ExecType.TRADE]

    def is_working(self, order_id: OrderId) -> bool:
        """Return whether the order rests here."""
        order = self.taken.get(order_id)
        return order is not None and order.ord_type is OrdType.LIMIT and self._is_open(order)

    async def act_on(self, order_id: OrderId) -> None:
        """Fill or cancel an order that rests here."""
        await self._act_on(self.taken[order_id])

    async def trade(self) -> None:
        """Fill and cancel for ever."""
        while True:
            await asyncio.sleep(float(self._stream.exponential(0.4)))
            working = [o for o in self.taken.values() if self._is_open(o)]
            if working and not self.is_quiet:
                order = working[int(self._stream.integers(len(working)))]
                await self._act_on(order)

    async def _act_on(self, order: NewOrderSingle) -> None:
        left = order.order_qty - self._cum_qty(order)
        if self._stream.random() < 0.1:
            await self._report(order, ExecType.CANCELED)
        elif order.ord_type is OrdType.LIMIT:
            part = left if self._stream.random() < 0.3 else 1 + int(self._stream.integers(left))
            await self._report(order, ExecType.TRADE, Qty(part))
