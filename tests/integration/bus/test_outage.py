"""The server is killed: nothing acknowledged is lost, and everybody goes on by themselves."""

import asyncio

import pytest
import structlog
from tests.contract.bus.messages import ECHO, Book, a_batch, a_deposit, deposit, print_trade, until
from tests.contract.bus.worlds import PASSWORD, USER
from tests.integration.bus.conftest import Site
from tests.ports import free_port

from trade2026.adapters.bus.connection import Connection
from trade2026.adapters.bus.jetstream import Nothing, call
from trade2026.adapters.bus.nats import DEADLINE, NatsBus
from trade2026.core.clock import SystemClock
from trade2026.core.errors import BusUnavailableError, StartError
from trade2026.core.ids import EventId
from trade2026.desk.telling import Teller
from trade2026.model import codec
from trade2026.model.journal import JournalEvent
from trade2026.model.market import TradeBatch
from trade2026.model.subjects import LIVE_TRADE, MARKET_TRADE, ORDERS_EVENT, Stream
from trade2026.ports.bus import Delivery

pytestmark = pytest.mark.integration

ACCOUNTS = ("a", "b", "c", "d")
PER_ACCOUNT = 400


async def test_every_acknowledged_append_is_there_once_in_order_after_two_kills(
    site: Site,
) -> None:
    giver, taker = await site.bus(), await site.bus()
    acknowledged: dict[tuple[str, int], int] = {}
    folded, consumed = Book(), Book()
    await taker.fold(ORDERS_EVENT, folded.take)
    await taker.consume(ORDERS_EVENT, consumed.take, durable="sink")

    async def give(account: str) -> None:
        for number in range(PER_ACCOUNT):
            seq = await giver.append(
                ORDERS_EVENT,
                a_deposit(account, number),
                event_id=EventId(f"{account}/{number}"),
                account=account,
                timeout_s=60,
            )
            acknowledged[account, number] = seq

    async def kill_twice() -> None:
        total = PER_ACCOUNT * len(ACCOUNTS)
        for share in (3, 2):
            await until(lambda share=share: len(acknowledged) > total // share)
            site.kill()
            await asyncio.sleep(0.3)
            await site.server.start()

    async with asyncio.TaskGroup() as group:
        for account in ACCOUNTS:
            group.create_task(give(account))
        group.create_task(kill_twice())
    await until(lambda: len(folded.seen) >= len(acknowledged), "the fold did not go on")
    await until(lambda: len(set(consumed.seen)) == len(acknowledged), "the sink did not go on")
    afresh = Book()
    await taker.fold(ORDERS_EVENT, afresh.take)

    in_log = dict(zip(afresh.seen, afresh.seqs, strict=True))
    assert len(afresh.seen) == len(in_log) == PER_ACCOUNT * len(ACCOUNTS)
    assert in_log == acknowledged
    assert (folded.seen, folded.seqs) == (afresh.seen, afresh.seqs)
    assert consumed.seqs == afresh.seqs
    for account in ACCOUNTS:
        assert afresh.of(account) == list(range(PER_ACCOUNT))


async def test_what_is_told_without_waiting_is_there_once_in_order_after_two_kills(
    site: Site,
) -> None:
    giver, taker = await site.bus(), await site.bus()
    teller = Teller(giver, structlog.get_logger(), ORDERS_EVENT)
    told: list[str] = []

    async def take(event: JournalEvent, _: Delivery) -> None:
        told.append(event.event_id)

    await taker.fold(ORDERS_EVENT, take)
    deposits = [a_deposit("a", number) for number in range(3 * PER_ACCOUNT)]

    async def kill_twice() -> None:
        for share in (3, 2):
            await until(lambda share=share: len(told) > len(deposits) // share)
            site.kill()
            await asyncio.sleep(0.3)
            await site.server.start()

    async with asyncio.TaskGroup() as group:
        group.create_task(kill_twice())
        for event in deposits:
            await teller.tell(event, event_id=event.event_id, account="a")
            await asyncio.sleep(0.002)
    assert await teller.settle()
    await until(lambda: len(told) >= len(deposits), "the fold did not go on")

    assert told == [event.event_id for event in deposits]


async def test_an_append_during_an_outage_waits_its_time_and_may_be_repeated(site: Site) -> None:
    bus = await site.bus()
    site.kill()
    twice = EventId("twice")

    with pytest.raises(BusUnavailableError):
        await bus.append(
            ORDERS_EVENT, a_deposit("a", 1), event_id=twice, account="a", timeout_s=0.3
        )
    reachable = await bus.is_reachable()
    await site.server.start()
    for _ in range(2):
        await bus.append(ORDERS_EVENT, a_deposit("a", 1), event_id=twice, account="a", timeout_s=20)

    assert not reachable
    assert await bus.last_seq(Stream.ORDERS) == 1
    assert await bus.is_reachable()


async def test_a_bus_can_be_closed_while_the_server_is_away(site: Site) -> None:
    bus = await site.bus()
    book = Book()
    await bus.consume(ORDERS_EVENT, book.take, durable="sink")
    await bus.fold(ORDERS_EVENT, book.take)
    await bus.watch(LIVE_TRADE, lambda _, __: None)
    await bus.serve(ECHO, _echo)
    await deposit(bus, "a", 1)
    await until(lambda: len(book.seen) == 2)
    site.kill()
    bus.show(LIVE_TRADE, a_batch("SYNTH"), venue="PRISM", symbol="SYNTH")

    async with asyncio.timeout(3):
        await bus.close()


async def test_a_question_under_way_fails_when_the_server_dies_not_when_its_time_is_over(
    site: Site,
) -> None:
    asker, server = await site.bus(), await site.bus()
    begun = asyncio.Event()

    async def hang(_request: TradeBatch) -> TradeBatch:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    await server.serve(ECHO, hang)

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(_kill_when(begun, site))
        with pytest.raises(BusUnavailableError, match="lost"):
            await asker.ask(ECHO, a_batch("SYNTH"), timeout_s=600)


async def _kill_when(begun: asyncio.Event, site: Site) -> None:
    await begun.wait()
    site.kill()


async def test_a_question_asked_during_an_outage_is_not_acted_on_after_it(site: Site) -> None:
    asker, server = await site.bus(), await site.bus()
    heard: list[str] = []

    async def hear(request: TradeBatch) -> TradeBatch:
        heard.append(request.symbol)
        return request

    await server.serve(ECHO, hear)
    site.kill()
    with pytest.raises(BusUnavailableError):
        await asker.ask(ECHO, a_batch("EARLY"), timeout_s=0.3)
    await site.server.start()
    await _ask_until_served(asker, "LATER")

    assert heard == ["LATER"]


async def test_serving_and_watching_come_back_by_themselves(site: Site) -> None:
    asker, server = await site.bus(), await site.bus()
    seen: list[str] = []
    await server.serve(ECHO, _echo)
    await server.watch(LIVE_TRADE, lambda _, batch: seen.append(batch.symbol))

    site.kill()
    await site.server.start()
    answer = await _ask_until_served(asker, "SYNTH")
    asker.show(LIVE_TRADE, a_batch("SYNTH"), venue="PRISM", symbol="SYNTH")
    await until(lambda: seen == ["SYNTH"])

    assert answer == a_batch("SYNTH")


async def test_a_stop_in_good_order_is_bridged_too(site: Site) -> None:
    bus = await site.bus()
    book = Book()
    await bus.fold(ORDERS_EVENT, book.take)
    await deposit(bus, "a", 1)

    await site.server.stop()
    await site.server.start()
    await bus.append(
        ORDERS_EVENT, a_deposit("a", 2), event_id=EventId("2"), account="a", timeout_s=20
    )
    await until(lambda: len(book.seen) == 2)

    assert book.seqs == [1, 2]


async def test_a_wrong_password_is_one_clear_line(site: Site) -> None:
    with pytest.raises(StartError, match=f"refuses user {USER}"):
        await NatsBus.connect(
            url=site.server.url, user=USER, password="no", name="test", clock=SystemClock()
        )


async def test_no_server_at_all_is_an_error_after_the_time_limit() -> None:
    url = f"nats://127.0.0.1:{free_port()}"

    with pytest.raises(BusUnavailableError, match="no message bus answers"):
        await NatsBus.connect(
            url=url, user=USER, password=PASSWORD, name="test", clock=SystemClock(), timeout_s=0.2
        )


async def _echo(request: TradeBatch) -> TradeBatch:
    return request


async def _ask_until_served(bus: NatsBus, symbol: str) -> TradeBatch:
    async with asyncio.timeout(20):
        while True:
            try:
                return await bus.ask(ECHO, a_batch(symbol))
            except BusUnavailableError:
                # The other side is not back yet.
                await asyncio.sleep(0.02)


async def test_a_question_that_arrives_after_its_asker_gave_up_is_left_alone(site: Site) -> None:
    server = await site.bus()
    heard: list[str] = []

    async def hear(request: TradeBatch) -> TradeBatch:
        heard.append(request.symbol)
        return request

    await server.serve(ECHO, hear)
    connection = await Connection.open(
        url=site.server.url, user=USER, password=PASSWORD, name="test"
    )
    for symbol, deadline_ns in (("LATE", 1), ("GOOD", 2**62)):
        await connection.publish(
            "test.echo", codec.encode(a_batch(symbol)), headers={DEADLINE: str(deadline_ns)}
        )
    await until(lambda: "GOOD" in heard)
    await connection.close()

    assert heard == ["GOOD"]


async def test_a_fold_returns_although_the_log_forgot_what_it_was_waiting_for(site: Site) -> None:
    bus = await site.bus()
    for _ in range(6):
        async with asyncio.TaskGroup() as group:
            for number in range(100):
                group.create_task(print_trade(bus, f"X{number}"))
    connection = await Connection.open(
        url=site.server.url, user=USER, password=PASSWORD, name="test"
    )
    handled: list[int] = []

    async def take(_batch: TradeBatch, delivery: Delivery) -> None:
        if not handled:
            await call(connection, f"STREAM.PURGE.{Stream.MARKET}", None, Nothing)
        handled.append(delivery.stream_seq)

    async with asyncio.timeout(30):
        await bus.fold(MARKET_TRADE, take)
    await connection.close()

    assert handled == list(range(1, len(handled) + 1))
    assert len(handled) < 600
