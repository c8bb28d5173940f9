"""What PRISM remembers of outsiders is bounded, and beyond the bound it says so."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.factories import a_report, an_order
from tests.prism import SECOND, Orders, Prism, a_clock, cancel_of, living, status_of
from tests.unit.prism.test_orders import replace_of

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import VirtualClock
from trade2026.core.errors import VenueUnavailableError
from trade2026.core.ids import AccountId, OrderId
from trade2026.core.numbers import Qty
from trade2026.edge.dialect import accounts
from trade2026.edge.dialect.accounts import Accounts
from trade2026.model.execution import ExecType
from trade2026.model.order import Side
from trade2026.prism import ask, outside, waiting
from trade2026.prism.limits import Limits

BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture
def clock() -> VirtualClock:
    return a_clock()


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
async def prism(clock: VirtualClock, log: MemoryLog, limits: Limits) -> AsyncGenerator[Prism]:
    async with living(log, clock, limits=limits) as prism:
        await prism.settle()
        yield prism


async def test_the_reports_of_an_order_that_memory_let_go_of_are_told_from_the_log(
    monkeypatch: pytest.MonkeyPatch, clock: VirtualClock, log: MemoryLog
) -> None:
    monkeypatch.setattr(outside, "REPORTS_KEPT", 3)
    order = Orders(clock).limit(BUY, "50000", "0.5")
    async with living(log, clock) as prism:
        await prism.settle()
        await prism.venue.submit(order)
        for number in range(6):
            changed = replace_of(order, f"r{number}", price=f"{50_001 + number}")
            assert (await prism.venue.replace(changed)).is_accepted

        status = await prism.venue.status(status_of(order))
        known = prism.venue.floor.orders.get(order.order_id)

    assert [r.exec_type for r in status.reports] == [ExecType.NEW, *[ExecType.REPLACED] * 6]
    assert known is not None
    assert len(known.reports) == 3
    assert len(known.changes) == 6


async def test_an_order_is_changed_so_often_and_no_more(
    monkeypatch: pytest.MonkeyPatch, prism: Prism, clock: VirtualClock
) -> None:
    monkeypatch.setattr(ask, "CHANGES_MAX", 2)
    order = Orders(clock).limit(BUY, "50000", "0.5")
    await prism.venue.submit(order)
    asked = [replace_of(order, f"r{n}", price=f"{50_001 + n}") for n in range(3)]

    acks = [await prism.venue.replace(one) for one in (*asked, asked[0])]

    assert [ack.is_accepted for ack in acks] == [True, True, False, True]
    assert acks[2].text.startswith("TOO_MANY_CHANGES")
    assert (await prism.venue.cancel(cancel_of(order))).is_accepted


async def test_what_an_order_cost_is_known_beyond_the_reports_that_are_remembered() -> None:
    request = an_order()
    order = outside.order_of(request, is_direct=True, input_seq=1, number=1, venue_order_id="v")
    fill: dict[str, Any] = {"exec_type": ExecType.TRADE, "last_px": 7, "last_qty": 2, "fee": 3}

    for number in range(outside.REPORTS_KEPT + 5):
        order.apply(a_report(request, **fill, cum_qty=Qty(2 * number)))

    assert order.cum_value == 14 * (outside.REPORTS_KEPT + 5)
    assert order.cum_fee == 3 * (outside.REPORTS_KEPT + 5)
    assert order.is_partly_known


async def test_whoever_asks_when_too_many_wait_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, prism: Prism, log: MemoryLog, clock: VirtualClock
) -> None:
    monkeypatch.setattr(waiting, "MOST_WAITING", 5)
    orders = Orders(clock)
    log.up.clear()
    asked = [
        asyncio.ensure_future(prism.venue.submit(orders.limit(BUY, "50000"))) for _ in range(9)
    ]
    await asyncio.sleep(0.1)
    refused = [one for one in asked if one.done()]
    log.up.set()
    await asyncio.wait(asked)

    # Those of the round that waits for the log do not stand in the line.
    assert refused
    for one in refused:
        with pytest.raises(VenueUnavailableError, match="wait for PRISM already"):
            one.result()
    assert all(one.result().is_accepted for one in asked if one not in refused)


@pytest.mark.parametrize("limits", [Limits(parties_max=3)])
async def test_no_more_accounts_than_the_limit_leave_anything_on_prism(
    prism: Prism, clock: VirtualClock
) -> None:
    orders = Orders(clock)

    async def trade(account: str) -> str:
        order = orders.market(BUY, account=account)
        await prism.venue.submit(order)
        (last, *_) = reversed((await prism.venue.status(status_of(order))).reports)
        return last.text

    for _ in range(5):
        clock.advance(SECOND)
        await prism.settle()
    texts = [await trade(account) for account in ("a", "b", "c", "d", "a")]

    assert [text.partition(" ")[0] for text in texts] == ["", "", "", "TOO_MANY_ACCOUNTS", ""]


def test_the_more_accounts_the_dialect_remembers_the_less_of_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(accounts, "ALL_ORDERS_KEPT", 40)
    monkeypatch.setattr(accounts, "ALL_TRADES_KEPT", 80)
    monkeypatch.setattr(accounts, "FILLS_TOLD", 2)
    memories = Accounts()

    def trade(account: str, number: int) -> None:
        order = an_order(order_id=OrderId(f"{account}-{number}"), account=AccountId(account))
        memories.add(order, number=number)
        fill: dict[str, Any] = {"exec_type": ExecType.TRADE, "last_px": 7, "last_qty": 1}
        for left in (2, 1, 0):
            memories.apply(a_report(order, **fill, leaves_qty=Qty(left)))

    numbers = iter(range(1, 10_000))
    for _ in range(100):
        trade("first", next(numbers))
    assert len(list(memories.of("first").orders())) == 40
    assert len(memories.of("first").fills) == 80
    for _ in range(100):
        for account in ("first", "b", "c", "d"):
            trade(account, next(numbers))

    for account in ("first", "b", "c", "d"):
        kept = list(memories.of(account).orders())
        assert len(kept) == 10
        assert len(memories.of(account).fills) == 20
        assert [len(order.fills) for order in kept] == [2] * 10
        assert memories.of(account).by_number(1) is None
