"""What is kept of an order outside of memory, and how an order is made of it again.

Its journal alone: the order itself is folded anew whenever it is needed, so that nothing that
is kept can differ from what the log says, whatever version of the fold wrote it.
"""

from typing import TypeGuard

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, StrategyId
from trade2026.core.numbers import SignedQty
from trade2026.domain.oms.order import Order, apply
from trade2026.model.execution import ExecutionReport
from trade2026.model.journal import OrderEvent, OrderReported, UnknownReported, does_move
from trade2026.model.order import OrdStatus


def books_fill(event: OrderEvent, order: Order) -> TypeGuard[OrderReported]:
    """Return whether *event* books a fill, or undoes one, of *order* as it was before.

    A report that is journalled twice books once.
    """
    is_report = type(event) is OrderReported
    return is_report and event.report.exec_id not in order.exec_ids and does_move(event)


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One fill as it was booked, or the undoing of one."""

    number: int
    """Its place in the order of booking, from 1: the cursor of a page of fills."""
    report: ExecutionReport
    account: AccountId
    strategy: StrategyId
    booked_ns: TimeNs


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One order as an archive keeps it."""

    events: tuple[OrderEvent, ...]
    """Its whole life so far, from the first event."""
    fill_numbers: tuple[int, ...]
    """The numbers of its fills, in the order of booking."""

    def unfold(self) -> tuple[Order, list[Fill]]:
        """Return the order, and its fills."""
        order: Order | None = None
        fills: list[Fill] = []
        for event in self.events:
            before, order = order, apply(order, event)
            if before and books_fill(event, before):
                fill = Fill(
                    number=self.fill_numbers[len(fills)],
                    report=event.report,
                    account=event.account,
                    strategy=order.request.strategy,
                    booked_ns=event.ts_ns,
                )
                fills.append(fill)
        assert order is not None, "an order has a first event"
        return order, fills


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What the fills of an account have added up to in one symbol, over all strategies."""

    account: AccountId
    symbol: str
    quantity: SignedQty


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What is known over all orders, those that are not in memory too."""

    counts: dict[OrdStatus, int]
    fill_count: int
    cash_opened: tuple[AccountId, ...]
    unknown: tuple[UnknownReported, ...]
    held: tuple[Held, ...]


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive does not have yet."""

    orders: tuple[Order, ...]
    kept: tuple[Kept, ...]
    """Of each of `orders`, in their order."""
    fills: tuple[Fill, ...]
    totals: Totals
