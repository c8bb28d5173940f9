"""Poison: an event nobody can handle ends with the dead letters, or stops its key alone."""

import asyncio

from tests.contract.bus.messages import Book, a_batch, a_deposit, deposit, print_trade, until
from tests.contract.bus.worlds import World

from trade2026.model import codec
from trade2026.model.journal import JournalEvent
from trade2026.model.market import TradeBatch
from trade2026.model.subjects import MARKET_TRADE, ORDERS_EVENT, Event
from trade2026.ports.bus import Bus, Delivery


class Alarm:
    """Hears of poison, from the time it is willing to."""

    def __init__(self, *, deaf_times: int = 0) -> None:
        self.heard: list[tuple[str, object, int, str]] = []
        self.asked = 0
        self._deaf_times = deaf_times

    async def ring(
        self, subject: Event[object], message: object, delivery: Delivery, reason: str
    ) -> None:
        self.asked += 1
        if self.asked <= self._deaf_times:
            raise ConnectionError("nobody hears it")
        assert delivery.subject.split(".")[0] == subject.pattern.split(".")[0]
        self.heard.append((delivery.subject, message, delivery.stream_seq, reason))


async def _refuse_sour(batch: TradeBatch, _delivery: Delivery) -> None:
    if batch.symbol == "SOUR":
        raise ValueError("sour")


class TestDeadLetter:
    """What becomes of market data."""

    async def test_is_kept_with_its_bytes_and_the_flow_goes_on(self, world: World) -> None:
        bus = await world.bus()
        alarm = Alarm()
        seen: list[str] = []

        async def take(batch: TradeBatch, delivery: Delivery) -> None:
            await _refuse_sour(batch, delivery)
            seen.append(batch.symbol)

        consumer = await bus.consume(
            MARKET_TRADE, take, durable="sink", on_poison=alarm.ring, max_tries=2
        )
        for symbol in ("SWEET", "SOUR", "SALT"):
            await print_trade(bus, symbol)
        await until(lambda: seen == ["SWEET", "SALT"])

        assert await world.letters() == [
            ("dead.market.trade.PRISM.SOUR", codec.encode(a_batch("SOUR")))
        ]
        assert alarm.heard == [("market.trade.PRISM.SOUR", a_batch("SOUR"), 2, "ValueError: sour")]
        assert consumer.stats().failed_count == 2
        assert not consumer.stats().is_halted

    async def test_of_unreadable_bytes_has_no_message(self, world: World) -> None:
        bus = await world.bus()
        alarm = Alarm()
        await world.inject(MARKET_TRADE, b"\xff\x00", venue="PRISM", symbol="ODD")
        await print_trade(bus, "SYNTH")
        seen: list[str] = []

        async def take(batch: TradeBatch, _delivery: Delivery) -> None:
            seen.append(batch.symbol)

        await bus.fold(MARKET_TRADE, take, on_poison=alarm.ring)

        assert seen == ["SYNTH"]
        assert await world.letters() == [("dead.market.trade.PRISM.ODD", b"\xff\x00")]
        assert [(subject, message) for subject, message, _, _ in alarm.heard] == [
            ("market.trade.PRISM.ODD", None)
        ]

    async def test_is_not_taken_up_again_after_a_restart(self, world: World) -> None:
        first_life = await world.bus()
        alarm = Alarm()
        await first_life.consume(
            MARKET_TRADE, _refuse_sour, durable="sink", on_poison=alarm.ring, max_tries=1
        )
        await print_trade(first_life, "SOUR")
        await until(lambda: bool(alarm.heard))
        await first_life.close()
        second_life = await world.bus()
        seen: list[str] = []

        async def take(batch: TradeBatch, _delivery: Delivery) -> None:
            seen.append(batch.symbol)

        await second_life.consume(MARKET_TRADE, take, durable="sink")
        await print_trade(second_life, "SALT")
        await until(lambda: bool(seen))

        assert seen == ["SALT"]


class TestHalt:
    """What becomes of orders and fills."""

    async def test_stops_its_key_alone_and_rings_once(self, world: World) -> None:
        bus = await world.bus()
        book, alarm = Book(), Alarm()
        book.failing.add(("bad", 2))

        consumer = await bus.consume(
            ORDERS_EVENT, book.take, durable="oms", on_poison=alarm.ring, max_tries=2
        )
        for number in (1, 2, 3):
            await deposit(bus, "bad", number)
            await deposit(bus, "good", number)
        await until(lambda: book.of("good") == [1, 2, 3] and bool(alarm.heard))

        assert book.of("bad") == [1]
        assert consumer.stats().is_halted
        assert alarm.heard == [
            ("orders.event.bad", a_deposit("bad", 2), 3, "ValueError: cannot book ('bad', 2)")
        ]
        assert await world.letters() == []

    async def test_releases_the_key_in_order_once_the_event_can_be_handled(
        self, world: World
    ) -> None:
        bus = await world.bus()
        book, alarm = Book(), Alarm()
        book.failing.add(("bad", 2))
        consumer = await bus.consume(
            ORDERS_EVENT, book.take, durable="oms", on_poison=alarm.ring, max_tries=1
        )
        for number in (1, 2, 3, 4):
            await deposit(bus, "bad", number)
        await deposit(bus, "good", 1)
        await until(lambda: bool(book.of("good")))

        book.failing.clear()
        await until(lambda: len(book.of("bad")) == 4)
        await deposit(bus, "bad", 5)
        await until(lambda: len(book.of("bad")) == 5)

        assert book.of("bad") == [1, 2, 3, 4, 5]
        assert not consumer.stats().is_halted
        assert len(alarm.heard) == 1

    async def test_holds_after_a_restart_and_is_tried_first(self, world: World) -> None:
        first_life = await world.bus()
        broken, alarm = Book(), Alarm()
        broken.failing.add(("bad", 1))
        await first_life.consume(
            ORDERS_EVENT, broken.take, durable="oms", on_poison=alarm.ring, max_tries=1
        )
        for number in (1, 2):
            await deposit(first_life, "bad", number)
            await deposit(first_life, "good", number)
        await until(lambda: len(broken.of("good")) == 2)
        await first_life.close()
        second_life = await world.bus()
        await deposit(second_life, "bad", 3)
        fixed = Book()

        await second_life.consume(ORDERS_EVENT, fixed.take, durable="oms")
        await until(lambda: len(fixed.of("bad")) == 3)

        assert fixed.of("bad") == [1, 2, 3]
        assert fixed.of("good") == []

    async def test_in_a_fold_parks_the_key_until_it_folds_anew(self, world: World) -> None:
        bus = await world.bus()
        book, alarm = Book(), Alarm()
        book.failing.add(("bad", 2))
        for number in (1, 2, 3):
            await deposit(bus, "bad", number)
            await deposit(bus, "good", number)

        fold = await bus.fold(ORDERS_EVENT, book.take, on_poison=alarm.ring)
        await until(lambda: bool(alarm.heard))
        halted = fold.stats().is_halted
        await fold.stop()
        fixed = Book()
        await bus.fold(ORDERS_EVENT, fixed.take)

        assert book.of("good") == [1, 2, 3]
        assert book.of("bad") == [1]
        assert halted
        assert fixed.of("bad") == [1, 2, 3]

    async def test_of_unreadable_bytes_has_no_message(self, world: World) -> None:
        bus = await world.bus()
        book, alarm = Book(), Alarm()
        await world.inject(ORDERS_EVENT, b"", account="bad")
        await deposit(bus, "good", 1)

        await bus.consume(ORDERS_EVENT, book.take, durable="oms", on_poison=alarm.ring)
        await until(lambda: bool(book.of("good") and alarm.heard))

        assert [message for _, message, _, _ in alarm.heard] == [None]

    async def test_rings_until_somebody_hears_and_other_keys_go_on(self, world: World) -> None:
        bus = await world.bus()
        book, alarm = Book(), Alarm(deaf_times=3)
        book.failing.add(("bad", 1))
        await deposit(bus, "bad", 1)
        await deposit(bus, "good", 1)

        await bus.fold(ORDERS_EVENT, book.take, on_poison=alarm.ring)
        await until(lambda: bool(alarm.heard))

        assert alarm.asked == 4
        assert book.of("good") == [1]

    async def test_is_not_meant_for_a_handler_that_recovers_in_time(self, world: World) -> None:
        bus: Bus = await world.bus()
        alarm, tries = Alarm(), list[int]()

        async def third_time_lucky(_event: JournalEvent, delivery: Delivery) -> None:
            tries.append(delivery.stream_seq)
            if len(tries) < 3:
                raise TimeoutError

        await bus.consume(
            ORDERS_EVENT, third_time_lucky, durable="oms", on_poison=alarm.ring, max_tries=3
        )
        await deposit(bus, "a", 1)
        await deposit(bus, "a", 2)
        await until(lambda: tries == [1, 1, 1, 2])
        await asyncio.sleep(0.05)

        assert alarm.asked == 0

    async def test_a_long_backlog_is_caught_up_once_and_its_own_poison_rings_anew(
        self, world: World
    ) -> None:
        bus = await world.bus()
        book, alarm = Book(), Alarm()
        book.failing = {("bad", 1), ("bad", 300)}
        for number in range(1, 451):
            await deposit(bus, "bad", number)
        await deposit(bus, "good", 1)
        await bus.consume(ORDERS_EVENT, book.take, durable="oms", on_poison=alarm.ring, max_tries=1)
        await until(lambda: bool(book.of("good") and alarm.heard))

        book.failing.remove(("bad", 1))
        await until(lambda: len(alarm.heard) == 2)
        before_second_poison = book.of("bad")
        book.failing.clear()
        await until(lambda: len(book.of("bad")) == 450)

        assert before_second_poison == list(range(1, 300))
        assert book.of("bad") == list(range(1, 451))
        assert [seq for _, _, seq, _ in alarm.heard] == [1, 300]
