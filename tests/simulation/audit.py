"""What must add up after a run: orders, fills, positions, cash and reservations, in every book."""

import msgspec
from tests.simulation.venue import SimulatedVenue
from tests.trading import Desks

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import Clock
from trade2026.core.ids import OrderId
from trade2026.desk.ledger import account_and_seq
from trade2026.domain.position.ledger import Ledger
from trade2026.model.journal import JournalEvent, OrderReceived, OrderReported
from trade2026.model.order import OrdStatus
from trade2026.model.position import PositionEvent
from trade2026.model.subjects import ORDERS_EVENT, POSITION_EVENT
from trade2026.ports.bus import Delivery

NEVER_LEFT = {
    OrdStatus.RISK_REJECTED,
    OrdStatus.FAILED,
    OrdStatus.CANCELLED,
    OrdStatus.EXPIRED,
}
"""How an order may end that no venue ever had."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was, for the one who reads of it."""

    seed: int
    orders: int
    fills: int
    lives: int
    events: int


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """What the log says by itself."""

    ledger: Ledger
    keys: list[str]
    """Of every order that was taken in."""
    surprises: list[str]
    """What the OMS did not expect of a venue that only says what is so."""
    told: list[int]
    """Where in the log of orders that came from which was told of positions and cash, in order."""


async def read_books(log: MemoryLog, clock: Clock) -> Books:
    """Fold the log from its beginning."""
    bus = LocalBus(log, clock, with_codec=True)
    ledger, keys, surprises, told = Ledger(), list[str](), list[str](), list[int]()

    async def on_journal(event: JournalEvent, delivery: Delivery) -> None:
        ledger.apply(event, delivery.stream_seq)
        if isinstance(event, OrderReceived):
            keys.append(event.request.cl_ord_id)
        if isinstance(event, OrderReported) and event.surprise:
            surprises.append(event.surprise)

    async def on_position(event: PositionEvent, _: Delivery) -> None:
        told.append(account_and_seq(event)[1])

    folds = (
        await bus.fold(ORDERS_EVENT, on_journal),
        await bus.fold(POSITION_EVENT, on_position),
    )
    for fold in folds:
        await fold.stop()
    return Books(ledger=ledger, keys=keys, surprises=surprises, told=told)


def check_orders(
    core: Desks, venue: SimulatedVenue, books: Books, acknowledged: dict[str, OrderId]
) -> None:
    """Check that no order is lost, doubled, or another at the venue than here."""
    orders = core.oms.journal.orders
    assert len(books.keys) == len(set(books.keys)), "a key has two orders"
    assert set(acknowledged) <= set(books.keys), "an acknowledged order is lost"
    assert orders.unknown == ()
    assert books.surprises == []
    for order_id, taken in venue.taken.items():
        order = orders.get(order_id)
        assert order is not None, f"nobody knows {order_id}, which the venue has"
        assert order.cum_qty == sum(r.last_qty for r in venue.reports[order_id]), order_id
        assert order.request.order_qty == taken.order_qty, order_id
    for order_id in acknowledged.values():
        order = orders.get(order_id)
        assert order is not None, f"{order_id} is lost"
        assert order_id in venue.taken or order.status in NEVER_LEFT, (order_id, order.status)


async def check_fills(core: Desks, venue: SimulatedVenue, books: Books) -> None:
    """Check that each fill is booked once, everywhere, and nothing else is."""
    trades = venue.trades()
    fills = await core.oms.journal.orders.fills(limit=10_000)
    assert sorted(f.report.exec_id for f in fills) == sorted(r.exec_id for r in trades)
    position = sum(p.quantity for p in core.ptrc.ledger.positions())
    assert position == sum(r.last_qty * r.side.sign for r in trades)
    exposure = core.risk.book.exposure("default")
    assert exposure is not None
    assert (exposure.reserved, exposure.open_order_count) == (0, 0)
    assert exposure.cash * 10**9 == core.ptrc.ledger.accounts()[0].cash
    assert core.ptrc.ledger.digest() == books.ledger.digest()
    # The deposit and each fill, once.
    assert len(books.told) == 1 + len(fills), "a fill is told twice, or never"
    assert books.told == sorted(books.told), "an older position is told after a newer one"
