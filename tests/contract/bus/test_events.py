"""Events: in the log when append returns, in order per key, at least once to every taker."""

import asyncio
from typing import Any

import pytest
from tests.contract.bus.messages import Book, a_deposit, deposit, print_trade, until
from tests.contract.bus.worlds import World

from trade2026.core.clock import TimeNs
from trade2026.core.errors import SupersededError
from trade2026.core.ids import EventId
from trade2026.model.journal import JournalEvent
from trade2026.model.market import QuoteBatch, TradeBatch
from trade2026.model.subjects import MARKET_QUOTE, MARKET_TRADE, ORDERS_EVENT, Stream
from trade2026.ports.bus import Bus, Delivery


class TestAppend:
    """What append promises."""

    async def test_returns_the_place_in_the_stream(self, world: World) -> None:
        bus = await world.bus()

        first = await deposit(bus, "a", 1)
        second = await deposit(bus, "b", 2)

        assert (first, second) == (1, 2)
        assert await bus.last_seq(Stream.ORDERS) == 2

    async def test_of_two_writers_that_take_turns_for_granted_one_is_refused(
        self, world: World
    ) -> None:
        bus, other = await world.bus(), await world.bus()

        async def write(bus: Bus, number: int, after_seq: int) -> int:
            event = a_deposit("a", number)
            name = EventId(f"turn-{number}")
            return await bus.append_after(
                after_seq, ORDERS_EVENT, event, event_id=name, account="a"
            )

        assert await write(bus, 1, 0) == 1
        # The same again is the same; what has another id comes too late.
        assert await write(bus, 1, 0) == 1
        with pytest.raises(SupersededError):
            await write(other, 2, 0)
        assert await write(other, 2, 1) == 2
        assert await bus.last_seq(Stream.ORDERS) == 2

    async def test_what_is_to_stand_right_behind_another_stands_there_or_nowhere(
        self, world: World
    ) -> None:
        bus = await world.bus()

        first = EventId("a1")
        assert await bus.append(ORDERS_EVENT, a_deposit("a", 1), event_id=first, account="a") == 1

        async def write(account: str, number: int, before: str) -> int:
            return await bus.append_behind(
                EventId(before),
                ORDERS_EVENT,
                a_deposit(account, number),
                event_id=EventId(f"{account}{number}"),
                account=account,
            )

        # The whole stream counts, not the subject alone.
        assert await write("b", 2, "a1") == 2
        for before in ("a1", "never-told"):
            with pytest.raises(SupersededError):
                await write("a", 3, before)
        assert await write("a", 3, "b2") == 3
        # Without the demand the same again is the same.
        again = EventId("a3")
        assert await bus.append(ORDERS_EVENT, a_deposit("a", 3), event_id=again, account="a") == 3
        assert await bus.last_seq(Stream.ORDERS) == 3

    async def test_nothing_stands_behind_what_an_empty_stream_never_had(self, world: World) -> None:
        bus = await world.bus()

        with pytest.raises(SupersededError):
            await bus.append_behind(
                EventId("none"),
                ORDERS_EVENT,
                a_deposit("a", 1),
                event_id=EventId("one"),
                account="a",
            )

        assert await bus.last_seq(Stream.ORDERS) == 0

    async def test_a_chain_is_stored_in_order_though_nobody_waits(self, world: World) -> None:
        bus = await world.bus()

        first = EventId("link-0")

        async def write(number: int) -> int:
            return await bus.append_behind(
                EventId(f"link-{number - 1}"),
                ORDERS_EVENT,
                a_deposit("a", number),
                event_id=EventId(f"link-{number}"),
                account="a",
            )

        begin = bus.append(ORDERS_EVENT, a_deposit("a", 0), event_id=first, account="a")
        seqs = await asyncio.gather(begin, *map(write, range(1, 60)))

        assert seqs == list(range(1, 61))

    async def test_an_empty_stream_ends_at_zero(self, world: World) -> None:
        bus = await world.bus()

        assert await bus.last_seq(Stream.ORDERS) == 0

    async def test_a_stream_says_which_one_it_is_and_what_it_holds(self, world: World) -> None:
        bus, other = await world.bus(), await world.bus()
        before = await bus.stream_state(Stream.ORDERS)
        for number in (1, 2, 3):
            await deposit(bus, "a", number)

        after = await other.stream_state(Stream.ORDERS)

        assert (after.first_seq, after.last_seq) == (1, 3)
        assert before.last_seq == 0
        assert before.created_ns == after.created_ns > 0

    async def test_a_moment_has_its_place_in_the_stream(self, world: World) -> None:
        bus, other = await world.bus(), await world.bus()
        assert await bus.seq_at(Stream.ORDERS, TimeNs(0)) == 1
        times: list[TimeNs] = []

        async def on_event(_: JournalEvent, delivery: Delivery) -> None:
            times.append(delivery.appended_ns)

        for number in range(1, 8):
            await deposit(bus, "a", number)
            await asyncio.sleep(0.002)
        await bus.purge(Stream.ORDERS, before_seq=3)
        await (await other.fold(ORDERS_EVENT, on_event)).stop()

        assert [await other.seq_at(Stream.ORDERS, at) for at in times] == [3, 4, 5, 6, 7]
        later = [TimeNs(at + 2_000) for at in times]
        assert [await other.seq_at(Stream.ORDERS, at) for at in later] == [4, 5, 6, 7, 8]
        assert await bus.seq_at(Stream.ORDERS, TimeNs(0)) == 3

    async def test_a_part_of_the_log_is_read_and_nothing_of_its_reader_is_left(
        self, world: World
    ) -> None:
        bus = await world.bus()
        seen: list[int] = []

        async def on_event(_: JournalEvent, delivery: Delivery) -> None:
            seen.append(delivery.stream_seq)
            # Whoever stops is heard before the next event.
            await asyncio.sleep(0.01)

        for number in range(1, 41):
            await deposit(bus, "a", number)
        for _ in range(3):
            seen.clear()
            await (await bus.fold(ORDERS_EVENT, on_event, from_seq=5, until_seq=9)).stop()
            assert seen[:5] == [5, 6, 7, 8, 9]
            assert len(seen) < 10
        await (await bus.fold(ORDERS_EVENT, on_event, from_seq=5, until_seq=10**6)).stop()

        assert seen[-1] == 40
        assert len(bus._running) == 1  # type: ignore[attr-defined]

    async def test_what_is_purged_is_gone_and_sequences_go_on(self, world: World) -> None:
        bus, other = await world.bus(), await world.bus()
        seen: list[int] = []

        async def on_event(_: JournalEvent, delivery: Delivery) -> None:
            seen.append(delivery.stream_seq)

        for number in range(1, 6):
            await deposit(bus, "ab"[number % 2], number)
        following = await other.fold(ORDERS_EVENT, on_event)
        for _ in range(2):
            await bus.purge(Stream.ORDERS, before_seq=4)
        state = await bus.stream_state(Stream.ORDERS)
        sixth = await deposit(bus, "a", 6)
        again = await other.fold(ORDERS_EVENT, on_event, from_seq=2)
        await until(lambda: len(seen) == 9)

        assert (state.first_seq, state.last_seq, sixth) == (4, 5, 6)
        assert sorted(seen) == [1, 2, 3, 4, 4, 5, 5, 6, 6]
        await following.stop()
        await again.stop()

        await bus.purge(Stream.ORDERS, before_seq=100)
        emptied = await bus.stream_state(Stream.ORDERS)

        assert (emptied.first_seq, emptied.last_seq) == (7, 6)
        assert await deposit(bus, "a", 7) == 7

    async def test_the_same_id_is_stored_once_and_keeps_its_place(self, world: World) -> None:
        bus = await world.bus()
        other = await world.bus()
        twice = EventId("once-only")

        first = await bus.append(ORDERS_EVENT, a_deposit("a", 1), event_id=twice, account="a")
        again = await other.append(ORDERS_EVENT, a_deposit("a", 1), event_id=twice, account="a")

        assert first == again
        assert await world.count(Stream.ORDERS) == 1

    async def test_a_key_that_would_be_two_parts_is_refused(self, world: World) -> None:
        bus = await world.bus()

        with pytest.raises(ValueError, match="cannot be the key"):
            await deposit(bus, "a.b", 1)


class TestFold:
    """What fold promises."""

    async def test_has_handled_the_log_when_it_returns_and_then_follows(self, world: World) -> None:
        bus = await world.bus()
        for number in range(30):
            await deposit(bus, "a", number)
        book = Book()

        await bus.fold(ORDERS_EVENT, book.take)
        caught_up = len(book.seen)
        await deposit(bus, "a", 30)
        await until(lambda: len(book.seen) == 31)

        assert caught_up == 30
        assert book.of("a") == list(range(31))
        assert book.seqs == list(range(1, 32))

    async def test_of_an_empty_log_returns_at_once(self, world: World) -> None:
        bus = await world.bus()
        book = Book()

        await bus.fold(ORDERS_EVENT, book.take)

        assert book.seen == []

    async def test_begins_at_the_given_sequence(self, world: World) -> None:
        bus = await world.bus()
        for number in range(1, 6):
            await deposit(bus, "a", number)
        book = Book()

        await bus.fold(ORDERS_EVENT, book.take, from_seq=4)

        assert book.seqs == [4, 5]

    async def test_whose_asker_goes_away_before_it_has_caught_up_reads_no_further(
        self, world: World
    ) -> None:
        bus = await world.bus()
        for number in range(1, 6):
            await deposit(bus, "a", number)
        seen: list[int] = []
        may_go, is_reading = asyncio.Event(), asyncio.Event()

        async def slow(_: Any, delivery: Delivery) -> None:
            seen.append(delivery.stream_seq)
            is_reading.set()
            await may_go.wait()

        async with asyncio.TaskGroup() as tasks:
            opening = tasks.create_task(bus.fold(ORDERS_EVENT, slow))
            await is_reading.wait()
            opening.cancel()
            may_go.set()
        await deposit(bus, "a", 6)
        book = Book()
        await bus.fold(ORDERS_EVENT, book.take)

        assert opening.cancelled()
        assert seen == [1]
        assert book.seqs == [1, 2, 3, 4, 5, 6]

    async def test_beyond_the_end_waits_for_what_comes(self, world: World) -> None:
        bus = await world.bus()
        await deposit(bus, "a", 1)
        book = Book()

        await bus.fold(ORDERS_EVENT, book.take, from_seq=2)
        await deposit(bus, "a", 2)
        await until(lambda: bool(book.seen))

        assert book.seqs == [2]

    async def test_sees_only_its_own_subject_of_a_shared_stream(self, world: World) -> None:
        bus = await world.bus()
        quotes = QuoteBatch(venue="PRISM", symbol="QUOTED", records=())
        await bus.append(
            MARKET_QUOTE, quotes, event_id=EventId("q"), venue="PRISM", symbol="QUOTED"
        )
        seen: list[str] = []

        async def take(batch: TradeBatch, delivery: Delivery) -> None:
            seen.append(batch.symbol)
            assert delivery.subject == f"market.trade.PRISM.{batch.symbol}"

        await print_trade(bus, "SYNTH")
        await bus.fold(MARKET_TRADE, take)

        assert seen == ["SYNTH"]

    async def test_a_long_log_comes_whole_and_in_order(self, world: World) -> None:
        bus = await world.bus()
        for number in range(0, 1200, 40):
            async with asyncio.TaskGroup() as group:
                for account in range(40):
                    group.create_task(deposit(bus, f"x{account}", number))
        book = Book()

        await bus.fold(ORDERS_EVENT, book.take)

        assert book.seqs == list(range(1, 1201))
        assert book.of("x7") == list(range(0, 1200, 40))


class TestConsume:
    """What consume promises."""

    async def test_handles_every_event_in_order_over_all_keys(self, world: World) -> None:
        bus = await world.bus()
        book = Book()

        consumer = await bus.consume(ORDERS_EVENT, book.take, durable="sink")
        for number in range(20):
            await deposit(bus, "ab"[number % 2], number)
        await until(lambda: len(book.seen) == 20)

        assert book.seqs == list(range(1, 21))
        assert consumer.stats().name == "sink"
        assert consumer.stats().handled_count == 20

    async def test_every_durable_gets_every_event(self, world: World) -> None:
        bus = await world.bus()
        one, two = Book(), Book()
        await bus.consume(ORDERS_EVENT, one.take, durable="one")
        await bus.consume(ORDERS_EVENT, two.take, durable="two")

        await deposit(bus, "a", 1)
        await until(lambda: bool(one.seen and two.seen))

        assert one.seen == two.seen == [("a", 1)]

    async def test_goes_on_where_it_stood_after_a_restart(self, world: World) -> None:
        first_life = await world.bus()
        book = Book()
        await first_life.consume(ORDERS_EVENT, book.take, durable="sink")
        await deposit(first_life, "a", 1)
        await until(lambda: len(book.seen) == 1)
        await first_life.close()
        second_life = await world.bus()
        await deposit(second_life, "a", 2)

        await second_life.consume(ORDERS_EVENT, book.take, durable="sink")
        await until(lambda: len(book.seen) == 2)

        assert book.seqs == [1, 2]

    async def test_an_event_whose_handler_did_not_return_comes_again(self, world: World) -> None:
        first_life = await world.bus()
        begun = asyncio.Event()

        async def hang(_event: JournalEvent, _delivery: Delivery) -> None:
            begun.set()
            await asyncio.Event().wait()

        await first_life.consume(ORDERS_EVENT, hang, durable="sink")
        await deposit(first_life, "a", 1)
        await begun.wait()
        await first_life.close()
        second_life = await world.bus()
        book = Book()
        await second_life.consume(ORDERS_EVENT, book.take, durable="sink")
        await until(lambda: bool(book.seen))

        assert book.seen == [("a", 1)]

    async def test_a_handler_that_raises_once_is_tried_again_in_place(self, world: World) -> None:
        bus = await world.bus()
        book = Book()
        redelivered: list[bool] = []

        async def stumble(event: JournalEvent, delivery: Delivery) -> None:
            redelivered.append(delivery.is_redelivered)
            if len(redelivered) == 1:
                raise ConnectionError("once")
            await book.take(event, delivery)

        consumer = await bus.consume(ORDERS_EVENT, stumble, durable="sink")
        await deposit(bus, "a", 1)
        await deposit(bus, "a", 2)
        await until(lambda: len(book.seen) == 2)

        assert book.seen == [("a", 1), ("a", 2)]
        assert redelivered == [False, True, False]
        assert consumer.stats().failed_count == 1
        assert not consumer.stats().is_halted

    async def test_a_second_process_on_the_same_durable_shuts_out_the_first(
        self, world: World
    ) -> None:
        old, new = await world.bus(), await world.bus()
        old_book, new_book = Book(), Book()
        consumer = await old.consume(ORDERS_EVENT, old_book.take, durable="sink")
        await new.consume(ORDERS_EVENT, new_book.take, durable="sink")

        await deposit(new, "a", 1)
        await until(lambda: bool(new_book.seen) and consumer.stats().is_halted)
        await deposit(new, "a", 2)
        await until(lambda: len(new_book.seen) == 2)

        assert ("a", 2) not in old_book.seen
        assert not await old.is_reachable()

    async def test_stop_finishes_the_event_in_hand_and_takes_no_more(self, world: World) -> None:
        bus = await world.bus()
        book = Book()
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slow(event: JournalEvent, delivery: Delivery) -> None:
            begun.set()
            await go_on.wait()
            await book.take(event, delivery)

        consumer = await bus.consume(ORDERS_EVENT, slow, durable="sink")
        await deposit(bus, "a", 1)
        await deposit(bus, "a", 2)
        await begun.wait()
        async with asyncio.TaskGroup() as group:
            group.create_task(consumer.stop())
            await asyncio.sleep(0.02)
            go_on.set()
        stopped_at = list(book.seen)
        await bus.consume(ORDERS_EVENT, book.take, durable="sink")
        await until(lambda: len(book.seen) == 2)

        assert stopped_at == [("a", 1)]
        assert book.seqs == [1, 2]

    async def test_a_handler_that_cannot_keep_up_shows_as_slow(self, world: World) -> None:
        bus = await world.bus()
        go_on = asyncio.Event()

        async def stuck(_event: JournalEvent, _delivery: Delivery) -> None:
            await go_on.wait()

        consumer = await bus.consume(ORDERS_EVENT, stuck, durable="sink")
        for _ in range(6):
            async with asyncio.TaskGroup() as group:
                for number in range(100):
                    group.create_task(deposit(bus, "a", number))
        await until(lambda: consumer.stats().is_slow)
        pending = consumer.stats().pending_count
        go_on.set()
        await until(lambda: consumer.stats().handled_count == 600)

        assert pending >= 256
        assert not consumer.stats().is_slow
        assert consumer.stats().dropped_count == 0

    async def test_stop_between_two_tries_leaves_the_event_to_the_next_life(
        self, world: World
    ) -> None:
        bus = await world.bus()
        tried = asyncio.Event()

        async def fail(_event: JournalEvent, _delivery: Delivery) -> None:
            tried.set()
            raise ConnectionError("not yet")

        consumer = await bus.consume(ORDERS_EVENT, fail, durable="sink", max_tries=100)
        await deposit(bus, "a", 1)
        await tried.wait()
        await consumer.stop()
        book = Book()
        await bus.consume(ORDERS_EVENT, book.take, durable="sink")
        await until(lambda: bool(book.seen))

        assert book.seen == [("a", 1)]
        assert not consumer.stats().is_halted
