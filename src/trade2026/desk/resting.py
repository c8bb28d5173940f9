"""Stops at work: they rest with the OMS, and are sent when the market reaches them.

Trades come from the log of the market. What was journalled as resting rests again after a
restart, and is reached by the first trade after it where the market has gone beyond.
"""

import asyncio
import contextlib
from typing import Final

from trade2026.core.ids import OrderId
from trade2026.core.numbers import Px
from trade2026.desk.asking import Asking
from trade2026.desk.journal import Journal
from trade2026.desk.locks import Locks
from trade2026.desk.steps import Steps
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.stops import Fired, Stops
from trade2026.model.market import TradeBatch
from trade2026.ports.bus import Delivery

MOVED_EVERY_S: Final = 1.0
"""How often it is journalled where trailing stops stand: a crash loses no more of their way."""


class RestingStops:
    """Watches the market for the stops that rest here."""

    def __init__(
        self, journal: Journal, steps: Steps, asking: Asking, locks: Locks[OrderId]
    ) -> None:
        self._journal = journal
        self._steps = steps
        self._asking = asking
        self._locks = locks
        self._stops = Stops()
        self._fired: list[Fired] = []
        self._wake = asyncio.Event()

    async def on_trades(self, batch: TradeBatch, _: Delivery) -> None:
        """Take trades; what they reach is sent by `run`."""
        for trade in batch.records:
            self._note_fired(*self._stops.on_trade(batch.symbol, trade.px))

    def note(self, order: Order) -> None:
        """Watch *order* as it stands now, or no more."""
        if order.is_resting:
            fired = self._stops.watch(order)
            if fired is not None:
                self._note_fired(fired)
        else:
            self._stops.forget(order)

    async def run(self) -> None:
        """Send what is reached, and journal how far stops have trailed, until cancelled."""
        for order in self._journal.orders.open_orders():
            self.note(order)
        loop = asyncio.get_running_loop()
        moved_s = loop.time()
        async with asyncio.TaskGroup() as tasks:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(moved_s + MOVED_EVERY_S):
                        await self._wake.wait()
                self._wake.clear()
                fired, self._fired = self._fired, []
                for one in fired:
                    tasks.create_task(self._fire(one))
                if loop.time() >= moved_s + MOVED_EVERY_S:
                    moved_s = loop.time()
                    for order_id, stop_px in self._stops.take_moved().items():
                        tasks.create_task(self._move(order_id, stop_px))

    def _note_fired(self, *fired: Fired) -> None:
        if fired:
            self._fired += fired
            self._wake.set()

    async def _fire(self, fired: Fired) -> None:
        async with self._locks.of(fired.order_id):
            order = self._journal.order(fired.order_id)
            if not order.is_resting:
                return
            order = await self._steps.fire(order, fired.trade_px)
        await self._asking.pass_on(order)

    async def _move(self, order_id: OrderId, stop_px: Px) -> None:
        async with self._locks.of(order_id):
            order = self._journal.order(order_id)
            if order.is_resting:
                await self._steps.move_stop(order, stop_px)
