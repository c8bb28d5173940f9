"""Whoever follows the same subjects reads them once, and still gets each event once, in order."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trade2026.adapters.bus import shared as shared_module
from trade2026.adapters.bus.log import Once, Record
from trade2026.adapters.bus.shared import Follower, Shared
from trade2026.core.clock import TimeNs
from trade2026.core.errors import CodecError
from trade2026.core.ids import OrderId
from trade2026.model import codec
from trade2026.model.execution import VenueAck

LIMIT = 5


class Reading:
    """A reading of a log that hears of events when it is told to, as over a network."""

    def __init__(self, log: list[Record], from_seq: int) -> None:
        self._log = log
        self._next_seq = from_seq
        self._behind = 0
        self._queue = deque[Record]()
        self._filled = asyncio.Event()
        self.is_open = False

    async def open(self) -> int:
        """Begin; what was in the log by then is known to wait."""
        await asyncio.sleep(0)
        self.is_open = True
        self._behind = max(0, len(self._log) + 1 - self._next_seq)
        return self._behind

    def hear(self, count: int) -> None:
        """Hear of so many events more."""
        for record in self._log[self._next_seq - 1 :][: count if self.is_open else 0]:
            self._next_seq = record.seq + 1
            self._behind = len(self._log) - record.seq
            self._queue.append(record)
            self._filled.set()

    async def wait(self) -> None:
        """Return when one is there."""
        await self._filled.wait()

    def pop(self) -> Record:
        """Return the next."""
        record = self._queue.popleft()
        if not self._queue:
            self._filled.clear()
        return record

    async def count_waiting(self) -> int:
        """Return how many wait."""
        return self.pending_count

    @property
    def pending_count(self) -> int:
        """How many waited when it last heard."""
        return len(self._queue) + self._behind

    @property
    def is_full(self) -> bool:
        """Whether too many wait."""
        return len(self._queue) >= LIMIT

    async def close(self) -> None:
        """Read no more."""
        self.is_open = False


class Readers:
    """A log, and those who follow it."""

    def __init__(self) -> None:
        self.log: list[Record] = []
        self.readings: list[Reading] = []
        self.shared = Shared("orders", self._read, lambda: None)
        self.got: dict[Follower, list[Record]] = {}
        self.begun: dict[Follower, int] = {}

    def _read(self, from_seq: int) -> Reading:
        self.readings.append(Reading(self.log, from_seq))
        return self.readings[-1]

    def append(self, count: int = 1) -> None:
        """Append so many events."""
        for _ in range(count):
            seq = len(self.log) + 1
            self.log.append(
                Record(
                    subject="orders.event.a",
                    seq=seq,
                    appended_ns=TimeNs(seq),
                    content=b"x",
                    pending_count=0,
                )
            )

    async def begin(self, from_seq: int = 1) -> Follower:
        """Return one more who follows."""
        follower = Follower(self.shared, from_seq)
        self.got[follower], self.begun[follower] = [], from_seq
        await follower.open()
        return follower

    async def take(self, follower: Follower, most: int = 1_000, *, hears: bool = True) -> None:
        """Let *follower* take what comes at once, and be cancelled while it waits for more."""
        for _ in range(most):
            waiting = asyncio.ensure_future(follower.wait())
            for _ in range(8):
                for reading in self.readings if hears else ():
                    reading.hear(len(self.log))
                await asyncio.sleep(0)
            if not waiting.done():
                waiting.cancel()
                await asyncio.wait({waiting})
                return
            self.got[follower].append(follower.pop())

    def seqs(self, follower: Follower) -> list[int]:
        """Return what it has got."""
        return [record.seq for record in self.got[follower]]

    def all_since(self, follower: Follower) -> list[int]:
        """Return what there is for it."""
        return list(range(self.begun[follower], len(self.log) + 1))


@pytest.fixture
async def readers(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Readers]:
    monkeypatch.setattr(shared_module, "QUEUE_LIMIT", LIMIT)
    readers = Readers()
    yield readers
    for follower in readers.got:
        await follower.close()


async def test_followers_that_have_caught_up_get_one_reading_together(readers: Readers) -> None:
    readers.append(3)
    one, other = await readers.begin(), await readers.begin(3)
    for follower in (one, other, one):
        await readers.take(follower)
    readers.append(2)
    for follower in (one, other):
        await readers.take(follower)

    assert readers.seqs(one) == [1, 2, 3, 4, 5]
    assert readers.seqs(other) == [3, 4, 5]
    assert len(readers.readings) == 3
    # The very same record, so that what it was decoded to is there for all.
    assert readers.got[one][-1].once is readers.got[other][-1].once is not None


async def test_one_alone_reads_by_itself(readers: Readers) -> None:
    one = await readers.begin()
    readers.append(2)
    await readers.take(one)

    assert readers.seqs(one) == [1, 2]
    assert len(readers.readings) == 1


async def test_one_that_is_slow_holds_nobody_up_and_misses_nothing(readers: Readers) -> None:
    slow, quick = await readers.begin(), await readers.begin()
    await readers.take(slow)
    await readers.take(quick)
    for _ in range(3 * LIMIT):
        readers.append()
        await readers.take(quick)
    assert readers.seqs(quick) == readers.all_since(quick)
    assert slow.pending_count == LIMIT

    await readers.take(slow)

    assert readers.seqs(slow) == readers.all_since(slow)
    assert await slow.count_waiting() == 0
    assert not slow.is_full


async def test_one_that_is_ahead_of_the_common_reading_gets_nothing_twice(
    readers: Readers,
) -> None:
    one, other = await readers.begin(), await readers.begin()
    await readers.take(one, hears=False)
    readers.append(3)
    readers.readings[1].hear(3)
    await readers.take(other, hears=False)
    for follower in (one, other):
        await readers.take(follower)

    assert len(readers.readings) == 3
    assert readers.seqs(one) == readers.seqs(other) == [1, 2, 3]


async def test_where_the_common_reading_ends_each_goes_on_by_itself(readers: Readers) -> None:
    one, other = await readers.begin(), await readers.begin()
    await readers.take(one)
    await readers.take(other)
    await readers.shared.tasks.finish(grace_s=0)
    readers.append(4)
    for follower in (one, other):
        await readers.take(follower)

    assert readers.seqs(one) == readers.seqs(other) == [1, 2, 3, 4]


async def test_the_last_who_leaves_ends_the_common_reading(readers: Readers) -> None:
    one, other = await readers.begin(), await readers.begin()
    await readers.take(one)
    await readers.take(other)
    await one.close()
    readers.append()
    await readers.take(other)
    assert readers.seqs(other) == [1]

    await other.close()

    assert not len(readers.shared.tasks)
    assert readers.shared.pending_count == 0


def test_a_message_is_decoded_once_and_one_that_cannot_be_is_refused_to_all() -> None:
    ack = VenueAck(order_id=OrderId("order-1"), is_accepted=True)
    once, content = Once(), codec.encode(ack)

    assert once.decoded(VenueAck, content) == ack
    assert once.decoded(VenueAck, content) is once.decoded(VenueAck, content)
    bad = Once()
    for _ in range(2):
        with pytest.raises(CodecError):
            bad.decoded(VenueAck, b"\x01\xff")


Step = tuple[str, int, int]

steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 8), st.just(0)),
        st.tuples(st.just("begin"), st.integers(0, 6), st.just(0)),
        st.tuples(st.just("take"), st.integers(0, 5), st.integers(1, 7)),
        st.tuples(st.just("hear"), st.integers(0, 9), st.integers(1, 7)),
        st.tuples(st.just("leave"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("yield"), st.integers(1, 4), st.just(0)),
        st.tuples(st.just("break"), st.just(0), st.just(0)),
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(script=steps)
def test_in_whatever_turn_each_gets_every_event_since_its_place_once(script: list[Step]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_module, "QUEUE_LIMIT", LIMIT)
        asyncio.run(_play(script))


async def _play(script: list[Step]) -> None:
    readers, left = Readers(), list[Follower]()
    for what, number, most in script:
        here = [one for one in readers.got if one not in left]
        match what:
            case "append":
                readers.append(number)
            case "begin":
                await readers.begin(max(1, len(readers.log) + 1 - number))
            case "take" if here:
                await readers.take(here[number % len(here)], most, hears=False)
            case "hear" if readers.readings:
                readers.readings[number % len(readers.readings)].hear(most)
            case "leave" if here:
                left.append(here[number % len(here)])
                await left[-1].close()
            case "break":
                await readers.shared.tasks.finish(grace_s=0)
            case _:
                for _ in range(number):
                    await asyncio.sleep(0)
    await _check(readers, left)


async def _check(readers: Readers, left: list[Follower]) -> None:
    for follower in readers.got:
        if follower in left:
            seqs = readers.seqs(follower)
            assert seqs == readers.all_since(follower)[: len(seqs)]
        else:
            await readers.take(follower)
            assert readers.seqs(follower) == readers.all_since(follower)
            await follower.close()
