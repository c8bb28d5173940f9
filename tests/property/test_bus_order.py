"""Whatever fails and restarts in between, each key comes in order, and nothing is left out."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.bus.messages import Book, account_of, deposit, until

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.model.journal import JournalEvent
from trade2026.model.subjects import ORDERS_EVENT
from trade2026.ports.bus import Delivery

ACCOUNTS: tuple[str, ...] = ("a", "b", "c")
Step = tuple[str, int]

steps = st.lists(
    st.one_of(
        st.tuples(st.just("deposit"), st.integers(0, 2)),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("yield"), st.integers(1, 5)),
    ),
    max_size=40,
)


@pytest.mark.parametrize("is_apart", [False, True])
@settings(max_examples=40, deadline=None)
@given(script=steps, poisoned=st.sets(st.tuples(st.sampled_from(ACCOUNTS), st.integers(1, 6))))
def test_a_durable_handles_each_key_in_order_up_to_its_first_poison(
    script: list[Step], poisoned: set[tuple[str, int]], *, is_apart: bool
) -> None:
    asyncio.run(_play(script, poisoned, is_apart=is_apart))


async def _play(script: list[Step], poisoned: set[tuple[str, int]], *, is_apart: bool) -> None:
    log = MemoryLog()
    book = Book()
    book.failing = set(poisoned)
    counts: dict[str, int] = dict.fromkeys(ACCOUNTS, 0)

    async def take(event: JournalEvent, delivery: Delivery) -> None:
        # Some of them take longer, so that others could overtake them.
        for _ in range(3 * delivery.stream_seq % 7):
            await asyncio.sleep(0)
        await book.take(event, delivery)

    async def live() -> LocalBus:
        bus = LocalBus(log, SystemClock(), with_codec=False)
        lanes = account_of if is_apart else None
        await bus.consume(ORDERS_EVENT, take, durable="sink", lanes=lanes, max_tries=1)
        return bus

    bus = await live()
    for kind, number in script:
        if kind == "deposit":
            account = ACCOUNTS[number]
            counts[account] += 1
            await deposit(bus, account, counts[account])
        elif kind == "restart":
            await bus.close()
            bus = await live()
        else:
            for _ in range(number):
                await asyncio.sleep(0)
    await _settle(book, counts, poisoned)

    for account in ACCOUNTS:
        assert book.of(account) == _expected(account, counts[account], poisoned)

    # Once the fault is gone, a new life catches up on every key, still in order.
    await bus.close()
    book.failing.clear()
    bus = await live()
    await _settle(book, counts, set())
    await bus.close()

    for account in ACCOUNTS:
        assert book.of(account) == list(range(1, counts[account] + 1))


def _expected(account: str, count: int, poisoned: set[tuple[str, int]]) -> list[int]:
    stops = [number for name, number in poisoned if name == account and number <= count]
    return list(range(1, min(stops, default=count + 1)))


async def _settle(book: Book, counts: dict[str, int], poisoned: set[tuple[str, int]]) -> None:
    await until(
        lambda: all(
            len(book.of(account)) >= len(_expected(account, counts[account], poisoned))
            for account in ACCOUNTS
        )
    )
