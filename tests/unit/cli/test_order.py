"""An order's life is looked for from the time of its id on; where it is not there, everywhere."""

from collections.abc import Sequence
from typing import Any

from tests.factories import NOW_NS, a_deposit
from tests.trading import PlainVenue, an_ask, running_core, until

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.cli.order import EARLY_NS, follow
from trade2026.core import chance
from trade2026.core.clock import NS_PER_S, VirtualClock
from trade2026.core.ids import EventId, Ids, OrderId
from trade2026.model.subjects import ORDERS_EVENT, Stream
from trade2026.ports.bus import Delivery, EventHandler, Subscription

OLD = 50


class Noting(LocalBus):
    """Notes which events of the log of orders are read."""

    read: Sequence[int] = ()

    async def fold(self, subject: Any, handler: EventHandler, **options: Any) -> Subscription:
        async def note(event: Any, delivery: Delivery) -> None:
            if subject is ORDERS_EVENT:
                self.read = (*self.read, delivery.stream_seq)
            await handler(event, delivery)

        return await super().fold(subject, note, **options)


async def _traded(log: MemoryLog, at_ns: int) -> OrderId:
    """Let the log be old, fill an order, and return its id."""
    old = LocalBus(log, VirtualClock(at_ns), with_codec=True)
    for number in range(OLD):
        event_id = EventId(f"old-{number}")
        deposit = a_deposit(account=f"old-{number}")
        await old.append(ORDERS_EVENT, deposit, event_id=event_id, account=deposit.account)
    await old.close()
    async with running_core(log, PlainVenue(log)) as core:
        order, _ = await core.oms.submit(an_ask("key"))
        await until(lambda: len(log.records(Stream.POSITIONS)) > OLD + 1)
        return order.request.order_id


async def test_what_is_older_than_the_id_is_not_read() -> None:
    log = MemoryLog()
    order_id = await _traded(log, NOW_NS - EARLY_NS - NS_PER_S)
    bus = Noting(log, VirtualClock(NOW_NS), with_codec=True)

    hops = await follow(bus, order_id)

    assert hops[0].what.startswith("received:")
    assert hops[-1].what.startswith("booked:")
    assert min(bus.read) == OLD + 1
    await bus.close()


async def test_an_id_that_no_log_knows_is_looked_for_everywhere() -> None:
    log = MemoryLog()
    await _traded(log, NOW_NS - EARLY_NS - NS_PER_S)
    bus = Noting(log, VirtualClock(NOW_NS), with_codec=True)
    later = Ids(VirtualClock(NOW_NS + 2 * EARLY_NS), chance.stream(1, "ids")).new()

    assert await follow(bus, OrderId(later)) == []
    assert await follow(bus, OrderId("nobody")) == []

    assert bus.read.count(1) == 2
    await bus.close()
