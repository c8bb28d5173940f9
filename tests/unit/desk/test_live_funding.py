"""Funding at the gateway and in the ledger: each payment once, whoever dies in between."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import structlog
from msgspec.structs import replace
from tests.factories import NOW_NS, money, px
from tests.live import A_BOOK, Gateway
from tests.trading import until
from tests.unit.desk.test_live import AT_MARKET, Site, submit

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core import chance
from trade2026.core.clock import NS_PER_S, SystemClock, TimeNs
from trade2026.core.errors import RefusedError
from trade2026.core.ids import AccountId, Ids, StrategyId
from trade2026.core.numbers import Money
from trade2026.desk.ledger import LedgerDesk
from trade2026.desk.live_funding import FundingBooks
from trade2026.model.booking import Booked, BookRequest
from trade2026.model.instrument import InstrumentKind
from trade2026.model.live import FundingSeen, FundingShare, LiveMode
from trade2026.model.live_subjects import LIVE_EVENT, LIVE_QUOTE
from trade2026.model.market import QuoteBatch
from trade2026.model.subjects import LEDGER_BOOK, ORDERS_EVENT
from trade2026.ports.exchange import ExchangeFunding

LOG = structlog.get_logger()


def a_payment(name: str, amount: str, *, after_s: int = 1) -> ExchangeFunding:
    return ExchangeFunding(
        funding_id=name,
        symbol="BTCUSDT",
        amount=money(amount),
        ts_ns=TimeNs(NOW_NS + after_s * NS_PER_S),
    )


@pytest.fixture
def site() -> Site:
    """Return an exchange whose BTCUSDT is a future."""
    site = Site()
    listed = site.exchange.instruments["BTCUSDT"]
    site.exchange.instruments = {"BTCUSDT": replace(listed, kind=InstrumentKind.LINEAR_FUTURE)}
    return site


@pytest.fixture
async def live(site: Site) -> AsyncGenerator[Gateway]:
    async with site.running() as gateway:
        await gateway.raise_to(LiveMode.LIVE)
        yield gateway


async def seen(gateway: Gateway) -> list[FundingSeen]:
    found: list[FundingSeen] = []

    async def note(event: Any, _: object) -> None:
        if isinstance(event, FundingSeen):
            found.append(event)

    await gateway.bus.fold(LIVE_EVENT, note)
    return found


async def test_a_payment_is_written_down_once_with_whose_it_is(site: Site, live: Gateway) -> None:
    await live.open_balance()
    await submit(live, AT_MARKET)
    site.exchange.paid = [a_payment("early", "-9", after_s=-60), a_payment("one", "-1.5")]

    for _ in range(2):
        await live.funding.look()
        # The log knows an id for a while only.
        site.log._ids.clear()  # pyright: ignore[reportPrivateUsage]
    async with site.running() as again:
        await again.funding.look()
        told = await seen(again)

    (event,) = told
    assert (event.funding_id, event.symbol) == ("BTCUSDT-one", "BTCUSDT")
    assert event.shares == (
        FundingShare(AccountId("default"), StrategyId("manual"), money("-1.5")),
    )


async def test_what_is_not_ours_or_cannot_be_told_is_not_written(site: Site, live: Gateway) -> None:
    site.exchange.paid = [a_payment("one", "-1.5")]
    await live.funding.look()
    await live.open_balance()
    # Nobody here has traded yet: a stranger's position pays.
    await live.funding.look()
    await submit(live, AT_MARKET)
    site.exchange.is_deaf = True
    await live.funding.look()

    assert await seen(live) == []


async def test_coins_pay_no_funding() -> None:
    site = Site()
    site.exchange.paid = [a_payment("one", "-1.5")]
    async with site.running() as gateway:
        await gateway.open_balance()
        await gateway.raise_to(LiveMode.LIVE)
        await submit(gateway, AT_MARKET)
        await gateway.funding.look()

        assert await seen(gateway) == []


async def test_futures_are_quoted_to_the_platform_and_coins_are_not(
    site: Site, live: Gateway
) -> None:
    told: list[QuoteBatch] = []

    async def note(batch: QuoteBatch, _: object) -> None:
        told.append(batch)

    await live.bus.fold(LIVE_QUOTE, note)
    site.clock.advance(NS_PER_S)
    await live.market.on_book(A_BOOK)
    await live.market.on_book(A_BOOK)
    await until(lambda: bool(told))

    assert (told[-1].venue, told[-1].symbol) == ("LIVE", "BTCUSDT")
    assert (told[-1].records[0].best_bid_px, told[-1].records[0].best_ask_px) == (
        px("50000"),
        px("50001"),
    )
    count = len(told)
    await live.market.on_book(A_BOOK)
    assert len(told) == count

    coins = Site()
    async with coins.running() as gateway:
        assert await gateway.bus.last_seq(LIVE_QUOTE.stream) == 0


async def test_an_order_only_reduces_by_the_exchanges_word_too(site: Site, live: Gateway) -> None:
    await submit(live, replace(AT_MARKET, is_reduce_only=True))
    coins = Site()
    async with coins.running() as gateway:
        await gateway.raise_to(LiveMode.LIVE)
        await submit(gateway, replace(AT_MARKET, is_reduce_only=True))

    assert [one.is_reduce_only for one in site.exchange.sent] == [True]
    assert [one.is_reduce_only for one in coins.exchange.sent] == [False]


async def test_positions_of_futures_are_what_there_is(site: Site, live: Gateway) -> None:
    await live.open_balance()
    await submit(live, AT_MARKET)
    site.exchange.wealth = {"BTCUSDT": 0}
    look = await live.balances.look()
    assert not isinstance(look, str)
    found = live.balances.stated(look)

    assert not isinstance(found, str)
    assert [(one.asset, one.total) for one in found] == [("BTCUSDT", 0)]


async def test_the_ledger_books_what_waits_once_the_logs_writer_answers() -> None:
    clock = SystemClock()
    bus = LocalBus(MemoryLog(), clock, with_codec=True)
    ledger = LedgerDesk(bus, clock, Ids(clock, chance.stream(1, "ids")), LOG)
    books = FundingBooks(ledger, LOG)
    shares = (
        FundingShare(AccountId("ann"), StrategyId("manual"), Money(-15)),
        FundingShare(AccountId("bob"), StrategyId("manual"), Money(5)),
    )
    event = FundingSeen(
        event_id=ledger_id("one"),
        ts_ns=NOW_NS,
        funding_id="BTCUSDT-one",
        symbol="BTCUSDT",
        paid_ns=NOW_NS,
        shares=shares,
    )
    asked: list[BookRequest] = []

    async def on_book(request: BookRequest) -> Booked:
        asked.append(request)
        if len(asked) == 1:
            raise RefusedError("no such account")
        return Booked(journal_seq=1)

    await books.on_live(event, None)  # pyright: ignore[reportArgumentType]
    await books.book()
    assert asked == []
    await bus.serve(LEDGER_BOOK, on_book)
    await books.on_live(replace(event, funding_id="BTCUSDT-two"), None)  # pyright: ignore[reportArgumentType]
    await books.book()
    await books.book()

    # What the ledger has is not asked for again: a restart reads the gateway's log anew.
    for one in asked[1].bookings:
        await bus.append(ORDERS_EVENT, one, event_id=one.event_id, account=one.account)
    await bus.fold(ORDERS_EVENT, ledger.on_journal)
    await until(lambda: ledger.ledger.seq > 0)
    later = FundingBooks(ledger, LOG)
    await later.on_live(replace(event, funding_id="BTCUSDT-two"), None)  # pyright: ignore[reportArgumentType]
    await later.book()

    # The first was refused for good, and does not hold the second up.
    assert [[one.event_id for one in request.bookings] for request in asked] == [
        ["LIVE-BTCUSDT-one-0", "LIVE-BTCUSDT-one-1"],
        ["LIVE-BTCUSDT-two-0", "LIVE-BTCUSDT-two-1"],
    ]
    await bus.close()


def ledger_id(name: str) -> Any:
    return f"LIVE-funding-{name}"
