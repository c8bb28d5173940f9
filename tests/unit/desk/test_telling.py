"""What is told stands in the log in the order of telling, once, whatever is lost on its way."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec
import pytest
from tests.factories import NOW_NS, a_deposit
from tests.trading import LOG, until

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core import chance
from trade2026.core.clock import VirtualClock
from trade2026.core.errors import BusUnavailableError, CodecError, StoppingError, SupersededError
from trade2026.core.numbers import Money
from trade2026.desk import persistence
from trade2026.desk.telling import AHEAD_MOST, Teller
from trade2026.model import codec
from trade2026.model.subjects import ORDERS_EVENT, Stream


class Road(LocalBus):
    """A bus to a log that is far away: what is sent arrives late, or never, or unanswered."""

    def __init__(self, log: MemoryLog, seed: int = 0, losses: float = 0) -> None:
        super().__init__(log, VirtualClock(NOW_NS), with_codec=True)
        self._chance = chance.stream(seed, "losses")
        self._losses = losses
        self.open = asyncio.Event()
        self.open.set()
        self.under_way = 0
        self.most_under_way = 0
        self.refused: set[str] = set()
        self.lost: set[str] = set()
        """To be lost once each."""
        self.refused_count = 0

    async def append(self, *event: Any, **options: Any) -> int:
        return await self._sent(partial(super().append, *event, **options), options["event_id"])

    async def append_behind(self, *event: Any, **options: Any) -> int:
        append = partial(super().append_behind, *event, **options)
        return await self._sent(append, options["event_id"])

    async def _sent(self, append: Callable[[], Awaitable[int]], event_id: str) -> int:
        if event_id in self.refused:
            raise CodecError("too large")
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await self.open.wait()
            if event_id in self.lost or self._chance.random() < self._losses:
                self.lost.discard(event_id)
                raise BusUnavailableError("lost on the way there")
            seq = await append()
            if self._chance.random() < self._losses:
                await asyncio.sleep(0.001)
                raise BusUnavailableError("lost on the way back")
        except SupersededError:
            self.refused_count += 1
            raise
        else:
            return seq
        finally:
            self.under_way -= 1


async def _tell(teller: Teller, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        event = a_deposit(str(number))
        await teller.tell(event, event_id=event.event_id, account="default")


def _told(log: MemoryLog) -> list[str]:
    """Return the ids of what the log has, in its order."""
    events = [codec.decode(ORDERS_EVENT.message, one.content) for one in log.records(Stream.ORDERS)]
    return [event.event_id for event in events]


def _names(count: int) -> list[str]:
    return [a_deposit(str(number)).event_id for number in range(count)]


async def test_the_next_does_not_wait_for_the_one_before() -> None:
    log = MemoryLog()
    road = Road(log)
    teller = Teller(road, LOG, ORDERS_EVENT)
    road.open.clear()

    async with asyncio.timeout(1):
        await _tell(teller, AHEAD_MOST)

    await until(lambda: road.under_way == AHEAD_MOST)
    assert _told(log) == []
    road.open.set()
    assert await teller.settle()
    assert _told(log) == _names(AHEAD_MOST)


async def test_whoever_is_too_far_ahead_waits() -> None:
    road = Road(log := MemoryLog())
    teller = Teller(road, LOG, ORDERS_EVENT)
    road.open.clear()
    telling = asyncio.ensure_future(_tell(teller, AHEAD_MOST + 10))

    await until(lambda: road.under_way == AHEAD_MOST)
    await asyncio.sleep(0.05)

    assert not telling.done()
    road.open.set()
    await telling
    assert await teller.settle()
    assert road.most_under_way == AHEAD_MOST
    assert _told(log) == _names(AHEAD_MOST + 10)
    # And the next time just as well.
    road.open.clear()
    again = asyncio.ensure_future(_tell(teller, AHEAD_MOST + 10, first=AHEAD_MOST + 10))
    await until(lambda: road.under_way == AHEAD_MOST)
    await asyncio.sleep(0.05)
    assert road.under_way == AHEAD_MOST
    road.open.set()
    await again


async def test_what_comes_after_a_pause_demands_nothing() -> None:
    log = MemoryLog()
    road = Road(log)
    teller = Teller(road, LOG, ORDERS_EVENT)
    await _tell(teller, 1)
    assert await teller.settle()
    other = a_deposit("99")
    await road.append(ORDERS_EVENT, other, event_id=other.event_id, account="default")

    await _tell(teller, 1, first=1)

    assert await teller.settle()
    assert road.refused_count == 0
    assert len(_told(log)) == 3


async def test_what_cannot_be_written_down_is_in_nobodys_way() -> None:
    log = MemoryLog()
    teller = Teller(Road(log), LOG, ORDERS_EVENT)
    await _tell(teller, 2)
    huge = msgspec.structs.replace(a_deposit("2"), amount=Money(2**70))

    with pytest.raises(CodecError):
        await teller.tell(huge, event_id=huge.event_id, account="default")

    await _tell(teller, 2, first=2)
    assert await teller.settle()
    teller.require_sound()
    assert _told(log) == _names(4)


@pytest.mark.parametrize("seed", range(30))
async def test_the_order_holds_whatever_is_lost(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persistence, "RETRY_S", 0.001)
    log = MemoryLog()
    teller = Teller(Road(log, seed, losses=0.1), LOG, ORDERS_EVENT)

    await _tell(teller, 300)

    assert await teller.settle()
    assert _told(log) == _names(300)


async def test_it_is_as_quick_as_before_after_a_loss() -> None:
    log = MemoryLog()
    road = Road(log)
    teller = Teller(road, LOG, ORDERS_EVENT)
    road.lost.add(_names(10)[9])

    await _tell(teller, 500)

    assert await teller.settle()
    assert _told(log) == _names(500)
    # Those that were on their way then, and no more.
    assert 0 < road.refused_count <= AHEAD_MOST
    road.most_under_way = 0
    await _tell(teller, AHEAD_MOST, first=500)
    assert await teller.settle()
    assert road.most_under_way == AHEAD_MOST


async def test_nothing_is_told_behind_what_cannot_be() -> None:
    log = MemoryLog()
    road = Road(log)
    road.refused.add(_names(4)[3])
    teller = Teller(road, LOG, ORDERS_EVENT)
    teller.require_sound()

    await _tell(teller, 10)

    assert not await teller.settle()
    with pytest.raises(CodecError):
        teller.require_sound()
    assert _told(log) == _names(3)
    await _tell(teller, 3, first=10)
    assert not await teller.settle()
    assert _told(log) == _names(3)


async def test_what_is_not_stored_at_the_end_is_left_to_the_next_life() -> None:
    log = MemoryLog()
    road = Road(log)
    teller = Teller(road, LOG, ORDERS_EVENT)
    road.open.clear()
    await _tell(teller, 5)
    await until(lambda: road.under_way == 5)

    await teller.close()

    assert road.under_way == 0
    assert not await teller.settle()
    with pytest.raises(StoppingError):
        teller.require_sound()
    # Who comes all the same is not told before those.
    road.open.set()
    await _tell(teller, 2, first=5)
    assert not await teller.settle()
    assert _told(log) == []
    rested = Teller(road, LOG, ORDERS_EVENT)
    await rested.close()
    await _tell(rested, 1)
    assert not await rested.settle()
    assert _told(log) == []
