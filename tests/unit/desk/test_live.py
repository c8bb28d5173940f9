"""The live gateway at work: what is sent once, found again, held back, and only imagined."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from msgspec.structs import replace
from tests.factories import NOW_NS, an_order, money, px, qty
from tests.live import A_BOOK, REFUSED, RULES, Gateway, PlainExchange, running_gateway
from tests.trading import until

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S, VirtualClock
from trade2026.core.errors import (
    InvalidInputError,
    RefusedError,
    VenueBusyError,
    VenueUnavailableError,
)
from trade2026.core.ids import AccountId, OrderId
from trade2026.core.numbers import Money, Px, Qty
from trade2026.desk import live as live_desk
from trade2026.model.execution import ExecType, ExecutionReport, VenueOrderStatus
from trade2026.model.live import LiveAck, LiveMode
from trade2026.model.live_subjects import LIVE_REPORT
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
    OrdType,
    Side,
    TimeInForce,
)
from trade2026.model.risk import RiskApproved
from trade2026.ports.exchange import ExchangeLost, ExchangePrint, ExchangeState, ExchangeStatus

BUY = an_order(price=px("49000"), order_qty=qty("0.01"))
AT_MARKET = an_order(
    price=None, ord_type=OrdType.MARKET, time_in_force=TimeInForce.IOC, order_qty=qty("0.01")
)
AT_MARKET_TOO = replace(AT_MARKET, order_id=OrderId("at-market-too"))
MINUTE = 60 * NS_PER_S


class Site:
    """An exchange and a log that outlive the gateway, and a clock that moves when told to."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.exchange = PlainExchange()
        self.clock = VirtualClock(NOW_NS)

    def running(self, **rules: object) -> AbstractAsyncContextManager[Gateway]:
        return running_gateway(self.log, self.exchange, self.clock, replace(RULES, **rules))


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def live(site: Site) -> AsyncGenerator[Gateway]:
    async with running_gateway(site.log, site.exchange, site.clock) as gateway:
        await gateway.raise_to(LiveMode.LIVE)
        yield gateway


async def submit(
    gateway: Gateway, order: NewOrderSingle = BUY, reference: Px = px("50000")
) -> LiveAck:
    approved = RiskApproved(
        request=order, reserved=Money(0), reference_px_nanos=reference, approved_ns=NOW_NS
    )
    return await gateway.desk.on_submit(approved)


async def cancel(gateway: Gateway, order: NewOrderSingle = BUY) -> LiveAck:
    request = OrderCancelRequest(
        order_id=order.order_id,
        account=order.account,
        venue="LIVE",
        symbol=order.symbol,
        transact_time_ns=NOW_NS,
    )
    return await gateway.desk.on_cancel(request)


async def change(gateway: Gateway, order: NewOrderSingle = BUY, **to: object) -> LiveAck:
    fields: dict[str, object] = {"replace_id": "r1", **to}
    request = OrderReplaceRequest(
        order_id=order.order_id,
        account=order.account,
        venue="LIVE",
        symbol=order.symbol,
        transact_time_ns=NOW_NS,
        **fields,  # pyright: ignore[reportArgumentType]
    )
    return await gateway.desk.on_replace(request)


async def status(gateway: Gateway, order: NewOrderSingle = BUY) -> VenueOrderStatus:
    answer = await gateway.desk.on_status(
        OrderStatusRequest(
            order_id=order.order_id, account=order.account, venue="LIVE", symbol=order.symbol
        )
    )
    return answer.status


async def is_known(gateway: Gateway, order: NewOrderSingle = BUY) -> bool:
    return (await status(gateway, order)).is_known


async def reports(gateway: Gateway, order: NewOrderSingle = BUY) -> list[ExecutionReport]:
    return list((await status(gateway, order)).reports)


async def kinds(gateway: Gateway, order: NewOrderSingle = BUY) -> list[ExecType]:
    return [report.exec_type for report in await reports(gateway, order)]


def is_done(gateway: Gateway, order: NewOrderSingle = BUY) -> bool:
    return gateway.desk.state.orders[order.order_id].is_done


async def test_an_order_is_sent_once_under_a_name_made_of_its_id(site: Site, live: Gateway) -> None:
    for _ in range(2):
        assert (await submit(live)).ack.is_accepted

    (sent,) = site.exchange.sent
    assert sent.client_id == live.desk.state.orders[BUY.order_id].client_id
    assert (sent.qty, sent.price) == (BUY.order_qty, BUY.price)
    assert await kinds(live) == [ExecType.NEW]


async def test_a_market_order_fills_and_its_fee_is_the_exchanges(live: Gateway) -> None:
    await submit(live, AT_MARKET)

    _, fill = await reports(live, AT_MARKET)
    assert (fill.exec_type, fill.last_qty, fill.leaves_qty) == (ExecType.TRADE, qty("0.01"), 0)
    assert (fill.fee, fill.fee_asset, fill.venue) == (1, "USDT", "LIVE")
    assert live.desk.state.day(NOW_NS, live.market.mids).sent == money("500.005")


async def test_a_fill_is_booked_once_however_often_it_is_told(site: Site, live: Gateway) -> None:
    await submit(live)
    trade = site.exchange.fill(site.exchange.sent[0].client_id, qty("0.004"), px("49000"))

    for _ in range(3):
        site.exchange.hear(trade)
    site.exchange.hear(site.exchange.states[site.exchange.sent[0].client_id])
    await until(lambda: live.desk.state.orders[BUY.order_id].cum_qty == qty("0.004"))
    await asyncio.sleep(0.05)

    assert await kinds(live) == [ExecType.NEW, ExecType.TRADE]


async def test_a_stream_that_breaks_is_made_good_by_asking(site: Site, live: Gateway) -> None:
    await submit(live)
    site.exchange.fill(site.exchange.sent[0].client_id, BUY.order_qty, px("49000"))

    site.exchange.hear(ExchangeLost(stream="trades", why="gone"))

    await until(lambda: is_done(live))
    assert await kinds(live) == [ExecType.NEW, ExecType.TRADE]


async def test_a_lost_answer_is_asked_for_and_nothing_is_sent_again(
    site: Site, live: Gateway
) -> None:
    site.exchange.is_mute = True
    await submit(live, AT_MARKET)
    assert await reports(live, AT_MARKET) == []
    site.exchange.is_mute = False
    site.clock.advance(MINUTE)

    await until(lambda: is_done(live, AT_MARKET))

    assert len(site.exchange.sent) == 1
    assert await kinds(live, AT_MARKET) == [ExecType.NEW, ExecType.TRADE]


async def test_an_order_that_never_arrived_is_rejected_and_only_when_it_cannot_any_more(
    site: Site, live: Gateway
) -> None:
    site.exchange.is_deaf = True
    await submit(live)
    site.exchange.is_deaf = False
    site.clock.advance(5 * NS_PER_S)
    await asyncio.sleep(0.7)
    assert await reports(live) == []

    site.clock.advance(5 * NS_PER_S)
    await until(lambda: is_done(live))

    (report,) = await reports(live)
    assert report.exec_type is ExecType.REJECTED
    assert report.text.startswith("NEVER_ARRIVED")
    assert site.exchange.sent == []


async def test_an_order_that_waits_to_be_taken_in_is_not_said_to_be_unknown(
    site: Site, live: Gateway
) -> None:
    other = replace(BUY, order_id=OrderId("other"))
    site.log.up.clear()
    async with asyncio.TaskGroup() as tasks:
        taking = [tasks.create_task(submit(live, order)) for order in (other, BUY)]
        await asyncio.sleep(0.05)
        # The first is on its way to the log, and the second waits for the first.
        asking = [tasks.create_task(is_known(live, order)) for order in (other, BUY)]
        await asyncio.sleep(0.05)
        site.log.up.set()

    assert [task.result().ack.is_accepted for task in taking] == [True, True]
    assert [task.result() for task in asking] == [True, True]


async def test_an_order_that_was_said_to_be_unknown_is_never_sent_also_after_a_restart(
    site: Site,
) -> None:
    async with site.running() as gateway:
        await gateway.raise_to(LiveMode.LIVE)
        assert [await is_known(gateway) for _ in range(2)] == [False, False]
        before = (await submit(gateway)).ack
    async with site.running() as gateway:
        after = (await submit(gateway)).ack
        assert (await submit(gateway, AT_MARKET_TOO)).ack.is_accepted

    assert [before.is_accepted, after.is_accepted] == [False, False]
    assert before.text == after.text
    assert before.text.startswith("DISOWNED")
    (sent,) = site.exchange.sent
    assert sent.ord_type is OrdType.MARKET


async def test_a_restart_in_the_middle_asks_and_tells_what_came_of_it(site: Site) -> None:
    async with site.running() as gateway:
        await gateway.raise_to(LiveMode.LIVE)
        site.exchange.is_mute = True
        await submit(gateway, AT_MARKET)
    site.exchange.is_mute = False

    async with site.running() as gateway:
        assert gateway.desk.state.mode is LiveMode.LIVE
        await until(lambda: is_done(gateway, AT_MARKET))

        assert await kinds(gateway, AT_MARKET) == [ExecType.NEW, ExecType.TRADE]
        assert len(site.exchange.sent) == 1
        assert gateway.desk.state.day(NOW_NS, {}).sent == money("500.005")


async def test_the_newest_reports_are_told_again_after_a_restart(site: Site) -> None:
    told: list[str] = []

    async def hear(report: ExecutionReport, _: object) -> None:
        told.append(report.exec_id)

    async with site.running() as gateway:
        await gateway.raise_to(LiveMode.LIVE)
        await submit(gateway)
    async with site.running() as gateway:
        await gateway.bus.fold(LIVE_REPORT, hear)
        assert told == [report.exec_id for report in await reports(gateway)]


async def test_a_configuration_that_allows_less_lowers_the_mode(site: Site) -> None:
    async with site.running() as gateway:
        await gateway.raise_to(LiveMode.LIVE)
    async with site.running(ceiling=LiveMode.SHADOW) as gateway:
        assert gateway.desk.state.mode is LiveMode.SHADOW


async def test_what_the_exchange_refuses_is_told_with_its_reason(site: Site, live: Gateway) -> None:
    site.exchange.refuses = REFUSED
    await submit(live)

    (report,) = await reports(live)
    assert (report.exec_type, report.text) == (ExecType.REJECTED, "INSUFFICIENT_FUNDS")
    assert live.desk.state.day(NOW_NS, {}).sent == 0


async def test_too_many_requests_leave_the_exchange_alone(site: Site, live: Gateway) -> None:
    site.exchange.refuses = VenueBusyError("RATE_LIMITED", 30.0)
    await submit(live)
    other = replace(BUY, order_id=OrderId("other"))

    refused = await submit(live, other)
    assert refused.ack.text.startswith("RATE_LIMITED")
    site.exchange.refuses = None
    site.clock.advance(31 * NS_PER_S)
    site.exchange.hear(A_BOOK)
    await until(lambda: live.market.age_ns("BTCUSDT") == 0)
    assert (await submit(live, other)).ack.is_accepted


async def test_five_rejections_open_the_breaker_which_a_restart_remembers(site: Site) -> None:
    site.exchange.refuses = REFUSED
    async with site.running() as gateway:
        await gateway.raise_to(LiveMode.LIVE)
        for number in range(5):
            await submit(gateway, replace(BUY, order_id=OrderId(f"o{number}")))
        assert (await gateway.desk.breaker_ping()).startswith("BREAKER_OPEN")
    site.exchange.refuses = None
    async with site.running() as gateway:
        refused = await submit(gateway)
        assert refused.ack.text.startswith("BREAKER_OPEN")
        site.clock.advance(MINUTE)
        site.exchange.hear(A_BOOK)
        await until(lambda: gateway.market.age_ns("BTCUSDT") == 0)
        for number in range(3):
            assert (
                await submit(gateway, replace(BUY, order_id=OrderId(f"p{number}")))
            ).ack.is_accepted
        assert gateway.desk.state.breaker.opened_ns is None
        assert await gateway.desk.breaker_ping() == ""


async def test_a_cancel_ends_it_and_an_unknown_order_is_not_taken_in(live: Gateway) -> None:
    await submit(live)

    assert (await cancel(live)).ack.is_accepted
    assert await kinds(live) == [ExecType.NEW, ExecType.CANCELED]
    assert (await cancel(live)).ack.is_accepted
    unknown = await cancel(live, replace(BUY, order_id=OrderId("nobody")))
    assert unknown.ack.text == "UNKNOWN_ORDER"


async def test_a_cancel_that_is_refused_is_told_and_the_order_works_on(
    site: Site, live: Gateway
) -> None:
    await submit(live)
    site.exchange.refuses_cancels = REFUSED
    await cancel(live)

    assert await kinds(live) == [ExecType.NEW, ExecType.CANCEL_REJECTED]
    assert not is_done(live)


async def test_an_exchange_that_is_slow_is_not_asked_once_for_each_cancel(
    site: Site, live: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await submit(live)
    may_answer, asked = asyncio.Event(), list[str]()
    find = site.exchange.find

    async def slow(client_id: str, venue_order_id: str, symbol: str) -> ExchangeState | None:
        asked.append(client_id)
        await may_answer.wait()
        return await find(client_id, venue_order_id, symbol)

    monkeypatch.setattr(site.exchange, "find", slow)
    cancels = [asyncio.ensure_future(cancel(live)) for _ in range(20)]
    await until(lambda: len(asked) == 1)
    await asyncio.sleep(0.05)

    assert len(asked) == 1
    may_answer.set()
    await asyncio.gather(*cancels)
    await until(lambda: is_done(live))
    assert len(asked) <= 3


async def test_a_cancel_that_comes_while_another_gets_lost_is_told_right_after_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_desk, "SWEEP_EVERY_S", 0.01)
    async with site.running() as gateway:
        await gateway.raise_to(LiveMode.LIVE)
        # No sweep makes good what is missed here.
        monkeypatch.setattr(live_desk, "SWEEP_EVERY_S", 3600.0)
        await submit(gateway)
        await asyncio.sleep(0.05)
        told, may_get_lost = list[str](), asyncio.Event()
        cancel_there = site.exchange.cancel

        async def slow(client_id: str, venue_order_id: str, symbol: str) -> None:
            told.append(client_id)
            if len(told) == 1:
                await may_get_lost.wait()
                raise VenueUnavailableError("lost on the way")
            await cancel_there(client_id, venue_order_id, symbol)

        monkeypatch.setattr(site.exchange, "cancel", slow)
        first = asyncio.ensure_future(cancel(gateway))
        await until(lambda: len(told) == 1)
        await cancel(gateway)
        assert len(told) == 1
        may_get_lost.set()
        await first
        await until(lambda: is_done(gateway))

        assert len(told) == 2


async def test_a_cancel_waits_while_the_exchange_wants_to_be_left_alone(
    site: Site, live: Gateway
) -> None:
    await submit(live)
    site.exchange.refuses = VenueBusyError("RATE_LIMITED", 30.0)
    await submit(live, replace(BUY, order_id=OrderId("other")))
    (taken,) = (s.client_id for s in site.exchange.sent if s.client_id in site.exchange.states)
    await cancel(live)

    assert site.exchange.states[taken].status is ExchangeStatus.WORKING
    site.clock.advance(31 * NS_PER_S)
    await until(lambda: is_done(live))


async def test_a_cancel_that_gets_lost_is_asked_again(site: Site, live: Gateway) -> None:
    await submit(live)
    site.exchange.is_deaf = True
    await cancel(live)
    assert not is_done(live)
    site.exchange.is_deaf = False

    await until(lambda: is_done(live))


async def test_a_change_cancels_what_works_and_sends_what_is_wanted(
    site: Site, live: Gateway
) -> None:
    await submit(live)
    first = site.exchange.sent[0].client_id
    site.exchange.fill(first, qty("0.004"), px("49000"))

    await change(live, order_qty=qty("0.02"), price=px("49500"))

    assert await kinds(live) == [ExecType.NEW, ExecType.TRADE, ExecType.REPLACED]
    second = site.exchange.sent[1]
    assert (second.qty, second.price) == (qty("0.016"), px("49500"))
    assert second.client_id != first
    assert site.exchange.states[first].status is ExchangeStatus.CANCELED
    last = (await reports(live))[-1]
    assert (last.order_qty, last.leaves_qty, last.cum_qty) == (
        qty("0.02"),
        qty("0.016"),
        qty("0.004"),
    )


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ({"price": px("49000.001")}, "TICK_SIZE"),
        ({"order_qty": qty("100")}, "DAILY_NOTIONAL"),
    ],
)
async def test_a_change_that_may_not_be_sent_leaves_the_order_as_it_was(
    site: Site, live: Gateway, to: dict[str, Any], code: str
) -> None:
    await submit(live)
    await change(live, **to)

    last = (await reports(live))[-1]
    assert last.exec_type is ExecType.REPLACE_REJECTED
    assert last.text.startswith(code)
    assert not is_done(live)
    assert len(site.exchange.sent) == 1


async def test_a_change_that_the_exchange_refuses_ends_the_order(site: Site, live: Gateway) -> None:
    await submit(live)
    site.exchange.refuses = REFUSED
    await change(live, price=px("49500"))

    assert (await kinds(live))[1:] == [ExecType.REPLACE_REJECTED, ExecType.CANCELED]


async def test_a_change_of_what_has_traded_is_too_late(site: Site, live: Gateway) -> None:
    await submit(live)
    site.exchange.fill(site.exchange.sent[0].client_id, qty("0.006"), px("49000"))

    await change(live, order_qty=qty("0.005"))

    last = (await reports(live))[-1]
    assert (last.exec_type, last.text.split(" ")[0]) == (ExecType.REPLACE_REJECTED, "FILLED")


async def test_a_change_of_one_that_waits_for_its_cancel_is_made_when_it_comes(
    site: Site, live: Gateway
) -> None:
    await submit(live)
    site.exchange.is_deaf = True
    await change(live, price=px("49500"))
    assert await kinds(live) == [ExecType.NEW]
    await live.desk.panic(asked_by="ann", reason="a drill")
    site.exchange.is_deaf = False

    await until(lambda: is_done(live))

    # Cancelled, and nothing came in its place.
    assert await kinds(live) == [ExecType.NEW, ExecType.CANCELED]
    assert len(site.exchange.sent) == 1


async def test_panic_lets_nothing_new_through_until_people_lead_back(site: Site) -> None:
    async with site.running() as gateway:
        await gateway.raise_to(LiveMode.LIVE)
        await submit(gateway)
        assert await gateway.desk.panic(asked_by="ann", reason="a drill") == 1
        await until(lambda: is_done(gateway))
        with pytest.raises(RefusedError, match="PANIC"):
            await gateway.modes.set_mode(LiveMode.LIVE, asked_by="ann", reason="no")
    async with site.running() as gateway:
        for mode in ("panicked", "lowered"):
            other = replace(BUY, order_id=OrderId(mode))
            assert (await submit(gateway, other)).ack.text.startswith("PANIC")
            await gateway.modes.set_mode(LiveMode.MOCK, asked_by="ann", reason="lower")
        assert await gateway.desk.breaker_ping() == "the panic button is in"
        await gateway.modes.resume(asked_by="bob", reason="looked at")
        assert gateway.desk.state.mode is LiveMode.MOCK
        with pytest.raises(RefusedError):
            await gateway.modes.resume(asked_by="bob", reason="again")


async def test_there_is_no_way_back_while_something_may_be_open(site: Site, live: Gateway) -> None:
    await submit(live)
    site.exchange.is_deaf = True
    await live.desk.panic(asked_by="ann", reason="a drill")

    with pytest.raises(RefusedError, match=r"1 orders are, or may be, open"):
        await live.modes.resume(asked_by="ann", reason="now")

    site.exchange.is_deaf = False
    await until(lambda: is_done(live))
    await live.modes.resume(asked_by="ann", reason="now")


async def test_a_code_raises_once(live: Gateway) -> None:
    await live.modes.set_mode(LiveMode.CANARY, asked_by="ann", reason="lower")
    armed = await live.modes.set_mode(LiveMode.LIVE, asked_by="ann", reason="up")
    assert armed is not None
    with pytest.raises(InvalidInputError, match="OTHER_PERSON"):
        await live.modes.set_mode(LiveMode.LIVE, asked_by="bob", reason="up", code=armed.code)
    await live.modes.set_mode(LiveMode.LIVE, asked_by="ann", reason="up", code=armed.code)
    await live.modes.set_mode(LiveMode.CANARY, asked_by="ann", reason="lower")
    with pytest.raises(InvalidInputError, match="NOT_ARMED"):
        await live.modes.set_mode(LiveMode.LIVE, asked_by="ann", reason="up", code=armed.code)


@pytest.mark.parametrize(
    ("order", "reference", "code"),
    [
        (replace(BUY, account=AccountId("other")), px("50000"), "ACCOUNT"),
        (replace(BUY, ord_type=OrdType.STOP), px("50000"), "NOT_SUPPORTED"),
        (BUY, px("51000"), "OTHER_MARKET"),
        (replace(BUY, symbol="XRPUSDT"), px("1"), "NO_PRICE"),
        (replace(BUY, order_qty=qty("0.0000001")), px("50000"), "LOT_SIZE"),
        (replace(BUY, order_qty=qty("1.1")), px("50000"), "DAILY_NOTIONAL"),
    ],
)
async def test_what_is_refused_is_not_sent(
    site: Site, live: Gateway, order: NewOrderSingle, reference: Px, code: str
) -> None:
    ack = (await submit(live, order, reference)).ack

    assert (ack.is_accepted, ack.text.split(" ")[0]) == (False, code)
    assert site.exchange.sent == []


async def test_a_price_that_went_stale_sends_nothing(site: Site, live: Gateway) -> None:
    site.exchange.is_deaf = True
    site.clock.advance(11 * NS_PER_S)

    assert (await submit(live)).ack.text.startswith("STALE_PRICE")


async def test_mock_is_prisms_affair(site: Site) -> None:
    async with site.running() as gateway:
        answer = await submit(gateway)
        assert (answer.ack.is_accepted, answer.is_mock) == (True, True)
        assert (await cancel(gateway)).is_mock
        assert (await change(gateway)).is_mock
        assert site.exchange.sent == []


async def test_shadow_waits_in_the_queue_as_prism_would_have_it(site: Site) -> None:
    resting = replace(BUY, price=px("50000"))
    async with site.running() as gateway:
        await gateway.raise_to(LiveMode.SHADOW)
        await submit(gateway, resting)

        # One coin was displayed before it: what trades first is theirs.
        at_price = ExchangePrint(
            symbol="BTCUSDT", px=px("50000"), qty=qty("1"), aggressor_side=Side.SELL
        )
        site.exchange.hear(at_price)
        await asyncio.sleep(0.05)
        assert gateway.desk.state.orders[BUY.order_id].shadow_cum_qty == 0
        site.exchange.hear(replace(at_price, qty=qty("0.004")))
        site.exchange.hear(replace(at_price, qty=qty("0.1")))
        await until(lambda: is_done(gateway))

        fills = [(fill.last_px, fill.last_qty) for fill in gateway.desk.state.shadow_fills]
        assert fills == [(px("50000"), qty("0.004")), (px("50000"), qty("0.006"))]
        last = (await reports(gateway))[-1]
        assert (last.exec_type, last.cum_qty) == (ExecType.CANCELED, 0)
        assert last.text == "SHADOW 0.01 of 0.01 would have filled"
        assert site.exchange.sent == []


async def test_a_shadow_order_outlives_a_restart_at_the_end_of_the_queue(site: Site) -> None:
    resting, at_once = replace(BUY, price=px("50000")), replace(AT_MARKET, order_id=OrderId("m"))
    async with site.running() as gateway:
        await gateway.raise_to(LiveMode.SHADOW)
        await submit(gateway, resting)
    async with site.running() as gateway:
        await until(lambda: bool(gateway.market._numbers))  # pyright: ignore[reportPrivateUsage]
        await change(gateway, resting, price=px("50001"))
        await until(lambda: is_done(gateway))
        assert ExecType.REPLACED in await kinds(gateway)
        await submit(gateway, at_once)
        assert is_done(gateway, at_once)


async def test_a_post_only_order_that_would_trade_is_refused_in_shadow_too(site: Site) -> None:
    for side, price in ((Side.BUY, px("50001")), (Side.SELL, px("50000"))):
        async with site.running() as gateway:
            await gateway.raise_to(LiveMode.SHADOW)
            order = replace(
                BUY, order_id=OrderId(side.value), side=side, price=price, is_post_only=True
            )
            await submit(gateway, order)
            assert (await reports(gateway, order))[-1].exec_type is ExecType.CANCELED
            assert not gateway.desk.state.shadow_fills


async def test_canary_sends_its_share_and_imagines_the_rest(site: Site) -> None:
    async with site.running() as gateway:
        await gateway.raise_to(LiveMode.CANARY)
        order = replace(AT_MARKET, order_qty=qty("0.1"))
        await submit(gateway, order)

        assert [sent.qty for sent in site.exchange.sent] == [qty("0.005")]
        last = (await reports(gateway, order))[-1]
        assert (last.exec_type, last.cum_qty) == (ExecType.CANCELED, qty("0.005"))
        assert last.text == "CANARY 0.095 of 0.095 would have filled"
        # A share too small for the exchange is not sent at all.
        small = replace(AT_MARKET, order_id=OrderId("small"), order_qty=qty("0.001"))
        await submit(gateway, small)
        assert len(site.exchange.sent) == 1
        assert is_done(gateway, small)


async def test_a_canary_is_cancelled_in_both_its_parts(site: Site) -> None:
    async with site.running() as gateway:
        await gateway.raise_to(LiveMode.CANARY)
        order = replace(BUY, order_qty=qty("0.1"))
        await submit(gateway, order)
        await cancel(gateway, order)

        assert is_done(gateway, order)
        last = (await reports(gateway, order))[-1]
        assert last.text == "CANARY 0 of 0.095 would have filled"


async def test_an_over_fill_and_a_late_fill_are_told_as_they_are(site: Site, live: Gateway) -> None:
    await submit(live)
    name = site.exchange.sent[0].client_id
    await cancel(live)
    trade = site.exchange.fill(name, Qty(2 * BUY.order_qty), px("49000"))

    site.exchange.hear(trade)
    await until(lambda: live.desk.state.orders[BUY.order_id].cum_qty > 0)

    last = (await reports(live))[-1]
    assert (last.exec_type, last.leaves_qty) == (ExecType.TRADE, 0)
    assert last.cum_qty == 2 * BUY.order_qty
