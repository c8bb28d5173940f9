"""Orders that shall end: one of them, all of a scope, or those that would open a position.

Of many, each venue is told side by side with the others, so that none waits for one that is slow.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from trade2026.core.clock import Clock
from trade2026.core.ids import OrderId
from trade2026.desk.asking import Asking
from trade2026.desk.journal import Journal
from trade2026.desk.locks import Locks
from trade2026.desk.resting import RestingStops
from trade2026.desk.steps import Steps
from trade2026.domain.oms import decide
from trade2026.domain.oms.decide import Resume
from trade2026.domain.oms.insisting import KILL_MOST_NS, may_insist
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.reducing import beyond_position
from trade2026.domain.oms.working import EXPIRY, is_over
from trade2026.model.risk import is_covered

R = TypeVar("R")

MOST_AT_VENUE: Final = 128
"""Orders of which one venue is told at a time that they shall end."""
REDUCING: Final = "reduce-only"
"""Who asks to cancel what would open a position and may not."""


class Wish(NamedTuple):
    """That an order shall end, in the log, and not told to its venue yet."""

    order: Order
    before: Order


class Cancels:
    """Ends orders.

    Args:
        journal: the log of orders.
        steps: of one order.
        asking: tells venues.
        resting: watches stops.
        locks: of orders.
        clock: ours.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        steps: Steps,
        asking: Asking,
        resting: RestingStops,
        locks: Locks[OrderId],
        clock: Clock,
    ) -> None:
        self._journal = journal
        self._steps = steps
        self._asking = asking
        self._resting = resting
        self._locks = locks
        self._clock = clock

    async def cancel(self, order_id: OrderId, asked_by: str) -> tuple[Order, str]:
        """Have what is left of an order cancelled; return it, and why it cannot be."""
        wish, problem = await self._wish(order_id, asked_by)
        order = self._journal.order(order_id) if wish is None else await self._tell(wish)
        return order, problem

    async def end(self, order_id: OrderId) -> None:
        """Cancel an order because its time is over, where it still is."""
        wish, _ = await self._wish(order_id, EXPIRY, is_expiry=True)
        if wish is not None:
            await self._tell(wish)

    async def each(self, orders: Iterable[Order], asked_by: str) -> list[OrderId]:
        """Have every one of *orders* cancelled that still can be; return which."""
        async with asyncio.TaskGroup() as telling:
            return await self.begin_each(orders, asked_by, telling.create_task)

    async def begin_each(
        self,
        orders: Iterable[Order],
        asked_by: str,
        beside: Callable[[Coroutine[Any, Any, object]], object],
    ) -> list[OrderId]:
        """Journal that every one of *orders* shall end, and return which; venues are told *beside*.

        A venue is told of an order as soon as that is in the log: it waits for no other order,
        one among them whose sender is still waited for. What is in the log is seen to by the
        sweep, whoever dies before venues are told.
        """
        rooms = _rooms()

        async def begin(one: Order) -> OrderId | None:
            order_id = one.request.order_id
            wish, _ = await self._wish(order_id, asked_by, is_again=False)
            if wish is None:
                return None
            beside(_in_turn(rooms[one.venue], partial(self._tell, wish)))
            return order_id

        journalling = _rooms()
        async with asyncio.TaskGroup() as tasks:
            begun = [
                tasks.create_task(_in_turn(journalling[one.venue], partial(begin, one)))
                for one in orders
            ]
        return [order_id for task in begun if (order_id := task.result()) is not None]

    def covered(self, scope: str, *, only_openers: bool, insisting: str = "") -> list[Order]:
        """Return the open orders of *scope* that are to end, or those that would open.

        What is to end already is not among them: its venue is asked again by the sweep. Nor is
        what its venue has just refused to end for the kill that is *insisting*, if one is.
        """
        now_ns = self._clock.now_ns()
        open_orders = self._journal.orders.open_orders()
        covered = [
            one
            for one in open_orders
            if is_covered(one.request, scope)
            and not one.is_cancel_requested
            and may_insist(one, insisting, now_ns, KILL_MOST_NS)
        ]
        return self._openers(covered) if only_openers else covered

    async def keep_reducing(self, account: str, symbol: str) -> None:
        """Have the reduce-only orders cancelled for which too little is held by now."""
        orders = self._journal.orders
        reducing = orders.reducing(account, symbol)
        if reducing:
            await self.each(beyond_position(orders.held(account, symbol), reducing), REDUCING)

    async def _wish(
        self,
        order_id: OrderId,
        asked_by: str,
        *,
        is_expiry: bool = False,
        is_again: bool = True,
    ) -> tuple[Wish | None, str]:
        """Journal that an order shall end; return what its venue is to be told, or why not.

        Where it is to end already, that is journalled once more only if *is_again*.
        """
        async with self._locks.of(order_id):
            order = self._journal.order(order_id)
            if is_expiry and not is_over(order, self._clock.now_ns()):
                # It ended, or is to be cancelled by somebody else, while this waited.
                return None, ""
            if order.is_cancel_requested and not is_again:
                return None, ""
            if decide.resume(order) is Resume.FAIL:
                # Left behind by a crash and never sent: no venue can be asked to cancel it.
                order = await self._steps.resume(order)
            problem = decide.cancel_problem(order)
            if problem:
                return None, problem
            before, order = order, await self._steps.cancel(order, asked_by, is_expiry=is_expiry)
            self._resting.note(order)
            return Wish(order, before), ""

    async def _tell(self, wish: Wish) -> Order:
        return await self._asking.pass_on(wish.order, wish.before)

    def _openers(self, orders: Iterable[Order]) -> list[Order]:
        places: dict[tuple[str, str], list[Order]] = {}
        for order in orders:
            place = (order.request.account, order.request.symbol)
            places.setdefault(place, []).append(order)
        held = self._journal.orders.held
        return [o for place, these in places.items() for o in beyond_position(held(*place), these)]


def _rooms() -> defaultdict[str, asyncio.Semaphore]:
    """Return a room for each venue, so that none waits for another."""
    return defaultdict(lambda: asyncio.Semaphore(MOST_AT_VENUE))


async def _in_turn(room: asyncio.Semaphore, step: Callable[[], Awaitable[R]]) -> R:
    async with room:
        return await step()
