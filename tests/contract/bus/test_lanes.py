"""Events side by side: those that share a lane stay in order, and none is left out."""

import asyncio

from tests.contract.bus.messages import Book, account_of, deposit, until
from tests.contract.bus.worlds import World

from trade2026.core.turns import Lanes
from trade2026.model.journal import CashDeposited, JournalEvent
from trade2026.model.subjects import ORDERS_EVENT
from trade2026.ports.bus import Delivery


class Slow:
    """A handler that holds what it is told to hold, until it is let go."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, int]] = []
        self.ended: list[tuple[str, int]] = []
        self.held: dict[tuple[str, int], asyncio.Event] = {}

    def hold(self, account: str, number: int) -> None:
        self.held[account, number] = asyncio.Event()

    def let_go(self) -> None:
        for event in self.held.values():
            event.set()

    async def take(self, event: JournalEvent, _: Delivery) -> None:
        assert isinstance(event, CashDeposited)
        place = (str(event.account), int(event.amount))
        self.begun.append(place)
        if place in self.held:
            await self.held[place].wait()
        self.ended.append(place)


async def test_what_shares_no_lane_goes_on_beside_what_takes_long(world: World) -> None:
    bus, slow = await world.bus(), Slow()
    slow.hold("a", 1)
    await bus.consume(ORDERS_EVENT, slow.take, durable="sink", lanes=account_of)
    # The first event of a life is handled alone: a death would be its own.
    await deposit(bus, "z", 1)
    for account, number in (("a", 1), ("a", 2), ("b", 1), ("b", 2)):
        await deposit(bus, account, number)

    await until(lambda: ("b", 2) in slow.ended)
    await asyncio.sleep(0.05)
    assert ("a", 2) not in slow.begun

    slow.let_go()
    await until(lambda: ("a", 2) in slow.ended)
    assert slow.ended.index(("a", 1)) < slow.ended.index(("a", 2))


async def test_an_event_waits_for_those_before_it_in_each_of_its_lanes(world: World) -> None:
    bus, slow = await world.bus(), Slow()

    def lanes(event: CashDeposited) -> Lanes:
        number = (int(event.amount),) if event.amount > 1 else ()
        return Lanes(after=(event.account, *number))

    slow.hold("b", 2)
    await bus.consume(ORDERS_EVENT, slow.take, durable="sink", lanes=lanes)
    for account, number in (("z", 1), ("b", 2), ("a", 2), ("a", 1), ("c", 1)):
        await deposit(bus, account, number)

    await until(lambda: ("c", 1) in slow.ended)
    await asyncio.sleep(0.05)
    # Behind another account in the lane of their number, and behind each other.
    assert {("a", 2), ("a", 1)}.isdisjoint(slow.begun)

    slow.let_go()
    await until(lambda: ("a", 1) in slow.ended)
    assert slow.ended.index(("a", 2)) < slow.ended.index(("a", 1))


async def test_an_event_behind_others_waits_until_they_have_begun(world: World) -> None:
    bus, slow = await world.bus(), Slow()

    def lanes(event: CashDeposited) -> Lanes:
        return Lanes(after=(event.account,), behind=("all",) if event.amount > 1 else ())

    slow.hold("a", 1)
    slow.hold("a", 2)
    await bus.consume(ORDERS_EVENT, slow.take, durable="sink", lanes=lanes)
    for account, number in (("z", 1), ("a", 1), ("a", 2), ("b", 2), ("c", 1)):
        await deposit(bus, account, number)

    await until(lambda: ("c", 1) in slow.ended)
    await asyncio.sleep(0.05)
    assert ("b", 2) not in slow.begun

    slow.held["a", 1].set()
    await until(lambda: ("b", 2) in slow.ended)
    assert slow.begun[-2:] == [("a", 2), ("b", 2)]
    assert ("a", 2) not in slow.ended
    slow.let_go()


async def test_a_failure_halts_its_key_and_what_was_handled_beside_it_comes_again(
    world: World,
) -> None:
    bus, book = await world.bus(), Book()
    book.failing.add(("a", 1))

    def lanes(event: CashDeposited) -> Lanes:
        return Lanes(after=((event.account, int(event.amount) % 2),))

    consumer = await bus.consume(ORDERS_EVENT, book.take, durable="sink", lanes=lanes, max_tries=2)
    for account, number in (("z", 1), ("a", 1), ("a", 2), ("a", 3), ("b", 1)):
        await deposit(bus, account, number)

    await until(lambda: consumer.stats().is_halted and ("b", 1) in book.seen)
    assert ("a", 3) not in book.seen
    book.failing.clear()
    await until(lambda: ("a", 3) in book.seen)
    await until(lambda: not consumer.stats().is_halted)

    assert list(dict.fromkeys(book.of("a")[-3:])) == [1, 2, 3]
    assert book.of("b") == [1]


async def test_unreadable_bytes_halt_their_key_alone(world: World) -> None:
    bus, slow = await world.bus(), Slow()
    slow.hold("s", 1)
    for account in ("z", "s"):
        await deposit(bus, account, 1)
    await world.inject(ORDERS_EVENT, b"\xff\x00", account="a")
    for account in ("a", "b"):
        await deposit(bus, account, 1)

    consumer = await bus.consume(
        ORDERS_EVENT, slow.take, durable="sink", lanes=account_of, max_tries=2
    )
    await until(lambda: ("s", 1) in slow.begun)
    await asyncio.sleep(0.05)
    slow.let_go()
    await until(lambda: ("b", 1) in slow.ended and consumer.stats().is_halted)

    assert ("a", 1) not in slow.begun
