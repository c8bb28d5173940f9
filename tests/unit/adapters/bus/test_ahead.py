"""Side by side, the place in the log never passes an event that is not done."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
from tests.contract.bus.messages import account_of, deposit, print_trade, until

from trade2026.adapters.bus.ahead import AHEAD_LIMIT
from trade2026.adapters.bus.consumer import RETRY_FIRST_S
from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.core.clock import SystemClock, TimeNs
from trade2026.core.errors import StoppingError
from trade2026.core.ids import EventId
from trade2026.core.turns import Lanes
from trade2026.model.journal import CashDeposited, JournalEvent
from trade2026.model.market import TradeBatch
from trade2026.model.subjects import MARKET_TRADE, ORDERS_EVENT, Event, Stream
from trade2026.ports.bus import Delivery, Subscription


class Lives:
    """One life of a consumer after another on one log, with lanes by account."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.handled: list[str] = []
        self.in_hand = 0
        self.most_in_hand = 0
        self.hold: Callable[[str], bool] = lambda _: False
        self.failing: set[tuple[str, int]] = set()
        self.going_on = asyncio.Event()
        self._buses: list[LocalBus] = []

    async def begin(self) -> tuple[LocalBus, Subscription]:
        bus = LocalBus(self.log, SystemClock(), with_codec=False)
        self._buses.append(bus)
        consumed = await bus.consume(
            ORDERS_EVENT, self._take, durable="sink", lanes=account_of, max_tries=1
        )
        return bus, consumed

    async def _take(self, event: JournalEvent, _: Delivery) -> None:
        assert isinstance(event, CashDeposited)
        self.in_hand += 1
        self.most_in_hand = max(self.most_in_hand, self.in_hand)
        try:
            if self.hold(event.account):
                await self.going_on.wait()
        finally:
            self.in_hand -= 1
        if (event.account, event.amount) in self.failing:
            raise ValueError("not yet")
        self.handled.append(event.account)

    async def end(self) -> None:
        self.going_on.set()
        for bus in self._buses:
            await bus.close()


@pytest.fixture
async def lives() -> AsyncIterator[Lives]:
    lives = Lives()
    yield lives
    await lives.end()


async def test_what_was_not_done_at_a_death_and_all_behind_it_comes_again(lives: Lives) -> None:
    bus, _ = await lives.begin()
    lives.hold = lambda account: account == "slow"
    for account in ("first", "slow", "third", "fourth"):
        await deposit(bus, account, 1)
    await until(lambda: lives.handled == ["first", "third", "fourth"])

    lives.hold = lambda _: False
    await lives.begin()

    await until(lambda: lives.handled[3:] == ["slow", "third", "fourth"])


async def test_so_many_are_in_hand_and_no_more(lives: Lives) -> None:
    bus, consumed = await lives.begin()
    await deposit(bus, "first", 1)
    await until(lambda: lives.handled == ["first"])
    lives.hold = lambda _: True
    for number in range(AHEAD_LIMIT + 5):
        await deposit(bus, f"account-{number}", 1)

    await until(lambda: lives.in_hand == AHEAD_LIMIT)
    await asyncio.sleep(0.05)
    assert lives.most_in_hand == AHEAD_LIMIT

    lives.going_on.set()
    await until(lambda: len(lives.handled) == AHEAD_LIMIT + 6)
    await until(lambda: not len(consumed._ahead._turns))  # type: ignore[attr-defined]


async def test_who_stops_waits_for_all_that_is_in_hand(lives: Lives) -> None:
    bus, consumed = await lives.begin()
    lives.hold = lambda account: account != "first"
    for account in ("first", "second", "third"):
        await deposit(bus, account, 1)
    await until(lambda: lives.in_hand == 2)

    stopping = asyncio.ensure_future(consumed.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    lives.going_on.set()
    await asyncio.wait_for(stopping, 1)
    await deposit(bus, "later", 1)
    await lives.begin()

    # What was concluded at the end is not handled again.
    await until(lambda: lives.handled == ["first", "second", "third", "later"])


async def test_an_event_that_a_service_takes_no_more_at_its_end_is_left_with_all_behind_it() -> (
    None
):
    log, tried = MemoryLog(), list[str]()
    is_first = True

    async def take(event: JournalEvent, _: Delivery) -> None:
        assert isinstance(event, CashDeposited)
        tried.append(event.account)
        if is_first and event.account == "second":
            raise StoppingError("nothing is written any more")

    bus = LocalBus(log, SystemClock(), with_codec=False)
    consumed = await bus.consume(ORDERS_EVENT, take, durable="sink", lanes=account_of)
    for account in ("first", "second", "third"):
        await deposit(bus, account, 1)
    await until(lambda: tried == ["first", "second", "third"])
    await asyncio.wait_for(consumed.stop(), 1)
    await bus.close()

    is_first = False
    after = LocalBus(log, SystemClock(), with_codec=False)
    await after.consume(ORDERS_EVENT, take, durable="sink", lanes=account_of)
    await until(lambda: tried[3:] == ["second", "third"])
    await after.close()


async def test_what_stands_behind_a_failure_in_its_lane_is_not_tried_in_front_of_it(
    lives: Lives,
) -> None:
    bus, consumed = await lives.begin()
    await deposit(bus, "first", 1)
    await until(lambda: lives.handled == ["first"])
    # What is in front of the failure keeps it from being concluded.
    lives.hold = lambda account: account == "slow"
    lives.failing.add(("bad", 1))
    for account, number in (("slow", 1), ("bad", 1), ("bad", 2), ("last", 1)):
        await deposit(bus, account, number)
    await until(lambda: lives.handled == ["first", "last"])
    await asyncio.sleep(0.05)
    assert lives.handled == ["first", "last"]

    lives.going_on.set()
    await until(lambda: consumed.stats().is_halted)
    lives.failing.clear()

    await until(lambda: lives.handled == ["first", "last", "slow", "bad", "bad"])
    assert not consumed.stats().is_halted


async def test_what_cannot_be_read_is_not_passed_before_what_is_in_hand(lives: Lives) -> None:
    bus, consumed = await lives.begin()
    await deposit(bus, "first", 1)
    await until(lambda: lives.handled == ["first"])
    lives.hold = lambda account: account == "slow"
    await deposit(bus, "slow", 1)
    lives.log.append(Stream.ORDERS, "orders.event.bad", b"\xff", EventId("bad"), now_ns=TimeNs(0))
    await until(lambda: lives.in_hand == 1)
    await asyncio.sleep(0.05)
    assert not consumed.stats().is_halted

    lives.hold = lambda _: False
    await lives.begin()

    await until(lambda: lives.handled == ["first", "slow"])


async def test_one_trouble_of_many_rings_once_and_is_over_soon_after_it() -> None:
    log, handled, rung = MemoryLog(), list[int](), list[str]()
    is_bad = True

    async def take(event: JournalEvent, _: Delivery) -> None:
        assert isinstance(event, CashDeposited)
        await asyncio.sleep(0.001)
        if is_bad and event.account == "bad":
            raise ValueError("away")
        handled.append(int(event.amount))

    async def ring(_s: Event[object], _m: object, _d: Delivery, reason: str) -> None:
        rung.append(reason)

    bus = LocalBus(log, SystemClock(), with_codec=False)
    consumed = await bus.consume(
        ORDERS_EVENT,
        take,
        durable="sink",
        lanes=lambda event: Lanes(after=(event.amount,)),
        on_poison=ring,
        max_tries=1,
    )
    await deposit(bus, "good", 1)
    await until(lambda: handled == [1])
    for number in range(2, 42):
        await deposit(bus, "bad", number)
    await until(lambda: consumed.stats().is_halted)
    await until(lambda: not consumed.stats().pending_count)
    is_bad = False
    begin_s = time.monotonic()
    await until(lambda: len(handled) == 41)

    assert time.monotonic() - begin_s < 2 * RETRY_FIRST_S
    assert handled[1:] == list(range(2, 42))
    assert rung == ["ValueError: away"]
    await bus.close()


async def test_who_is_taken_over_begins_nothing_that_waited_for_its_turn(lives: Lives) -> None:
    bus, consumed = await lives.begin()
    await deposit(bus, "first", 1)
    await until(lambda: lives.handled == ["first"])
    lives.hold = lambda account: account == "slow"
    for number in (1, 2, 3):
        await deposit(bus, "slow", number)
    await until(lambda: lives.in_hand == 1)

    consumed._lose()  # type: ignore[attr-defined]
    lives.going_on.set()
    await until(lambda: lives.handled == ["first", "slow"])
    await asyncio.sleep(0.05)

    assert lives.handled == ["first", "slow"]


@pytest.mark.parametrize(
    ("killer", "slow_s"), [(30, {}), (4, {3: 0.3})], ids=["soon", "beside a slow one"]
)
async def test_a_killer_beside_others_is_known_at_its_next_death(
    killer: int, slow_s: dict[int, float]
) -> None:
    log, rung, deaths = MemoryLog(), list[str](), 0
    never, buses = asyncio.Event(), list[LocalBus]()

    async def take(event: JournalEvent, _: Delivery) -> None:
        nonlocal deaths
        assert isinstance(event, CashDeposited)
        number = int(event.amount)
        await asyncio.sleep(slow_s.get(number, 0.012 if number == killer else 0.005))
        if number == killer:
            # It dies when its place has been written for a while, or at once.
            await asyncio.sleep(0.1 if slow_s else 0)
            deaths += 1
            await never.wait()

    async def ring(_s: Event[object], _m: object, _d: Delivery, reason: str) -> None:
        rung.append(reason)

    async def begin() -> LocalBus:
        buses.append(LocalBus(log, SystemClock(), with_codec=False))
        await buses[-1].consume(
            ORDERS_EVENT, take, durable="sink", lanes=account_of, on_poison=ring, max_tries=2
        )
        return buses[-1]

    bus = LocalBus(log, SystemClock(), with_codec=False)
    for number in range(1, 41):
        await deposit(bus, f"account-{number}", number)
    for life in range(1, 10):
        await begin()
        await until(lambda life=life: deaths == life or bool(rung))
        if rung:
            break

    assert rung == ["2 processes died while they handled it"]
    # Found by the second life, and tried twice.
    assert deaths == 3
    never.set()
    for one in buses:
        await one.close()


async def test_a_handler_that_breaks_off_by_itself_is_told(lives: Lives) -> None:
    bus, consumed = await lives.begin()
    await deposit(bus, "first", 1)
    await until(lambda: lives.handled == ["first"])

    def break_off(_: str) -> bool:
        raise asyncio.CancelledError

    lives.hold = break_off
    await deposit(bus, "second", 1)

    await until(lambda: bool(consumed.failure))  # type: ignore[attr-defined]
    assert not await bus.is_reachable()


async def test_a_dead_letter_lets_those_behind_it_in_its_lane_go_on_in_order() -> None:
    log, seen = MemoryLog(), list[tuple[str, int]]()
    bus = LocalBus(log, SystemClock(), with_codec=False)

    async def take(batch: TradeBatch, delivery: Delivery) -> None:
        await asyncio.sleep(0)
        if delivery.stream_seq == 2:
            raise ValueError("sour")
        seen.append((batch.symbol, delivery.stream_seq))

    await bus.consume(
        MARKET_TRADE,
        take,
        durable="sink",
        lanes=lambda batch: Lanes(after=(batch.symbol,)),
        max_tries=1,
    )
    for symbol in ("A", "B", "B", "B", "C", "B"):
        await print_trade(bus, symbol)
    await until(lambda: len(seen) == 5)
    await bus.close()

    assert [seq for symbol, seq in seen if symbol == "B"] == [3, 4, 6]
    assert len(log.records(Stream.DEAD_LETTER)) == 1
