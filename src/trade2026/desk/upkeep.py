"""What orders need though nobody asks for it: an end in time, an answer, a group that is tended.

A sweep only looks. What it finds is done beside it, in a lane of its kind at its venue, so that
nothing waits for a venue that is silent but what that venue is asked: a cancel does not wait behind
doubts, nor the end of what rests here behind any venue. What waited in a lane is looked at anew
when its turn comes.
"""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from trade2026.core.clock import Clock
from trade2026.core.ids import OrderId
from trade2026.desk.aside import Aside
from trade2026.desk.asking import Asking
from trade2026.desk.cancelling import Cancels
from trade2026.desk.groups import Groups, key_of
from trade2026.desk.journal import Journal
from trade2026.desk.locks import Locks
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.working import Need, need_of


class Upkeep:
    """Sees to open orders.

    Args:
        journal: the log of orders.
        cancels: end what is over.
        asking: asks about what is in doubt.
        groups: tended where anything is due of them.
        locks: of orders.
        clock: ours.
        spawn: starts what goes on beside.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        cancels: Cancels,
        asking: Asking,
        groups: Groups,
        locks: Locks[OrderId],
        clock: Clock,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._journal = journal
        self._cancels = cancels
        self._asking = asking
        self._groups = groups
        self._locks = locks
        self._clock = clock
        self._aside = Aside(spawn)

    def sweep(self) -> None:
        """Look at every open order, and have done what it needs."""
        now_ns = self._clock.now_ns()
        for order in self._journal.orders.open_orders():
            request = order.request
            need = need_of(order, now_ns)
            if need is not None and self._is_free(request.order_id):
                step = partial(self._see_to, request.order_id)
                self._aside.want(request.order_id, (_asked(order), need), step)
            if request.group is not None and self._groups.is_due(order):
                lane = (order.venue, request.group.kind)
                self._aside.want(key_of(request), lane, partial(self._tend, order))

    async def _see_to(self, order_id: OrderId) -> bool:
        need = need_of(self._journal.order(order_id), self._clock.now_ns())
        if need is None or not self._is_free(order_id):
            return True
        if need is Need.END:
            await self._cancels.end(order_id)
            return True
        return await self._asking.settle(order_id)

    async def _tend(self, order: Order) -> bool:
        await self._groups.tend(order)
        return True

    def _is_free(self, order_id: OrderId) -> bool:
        return not self._locks.is_held(order_id) and not self._asking.is_asking(order_id)


def _asked(order: Order) -> str:
    """Return the venue that has to be asked about *order*; none of what rests or waits here."""
    return "" if order.is_resting or order.is_waiting else order.venue
