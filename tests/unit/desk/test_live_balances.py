"""What there is at the exchange: opened once, explained by what we know, and never guessed."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from msgspec.structs import replace
from tests.factories import money, qty
from tests.live import Gateway, PlainExchange
from tests.trading import until
from tests.unit.desk.test_live import AT_MARKET, BUY, Site, cancel, submit

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import TimeNs
from trade2026.core.errors import RefusedError, VenueRejectedError, VenueUnavailableError
from trade2026.core.ids import OrderId
from trade2026.core.numbers import NANOS, Money
from trade2026.desk import live_balances
from trade2026.desk.live_balances import Look
from trade2026.domain.live.state import REPORTS_TOLD_AGAIN
from trade2026.domain.position.balances import compare_balances
from trade2026.model.balance import AssetBalance, AssetTransfer, BalanceLine
from trade2026.model.instrument import LIVE
from trade2026.model.live import LiveMode
from trade2026.model.order import Side
from trade2026.model.reconciliation import Statement, StatementRequest

ONE = NANOS**2


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def live(site: Site) -> AsyncGenerator[Gateway]:
    async with site.running() as gateway:
        await gateway.open_balance()
        await gateway.raise_to(LiveMode.LIVE)
        yield gateway


async def stated(gateway: Gateway) -> Statement:
    return await gateway.statement.on_statement(StatementRequest(venue=LIVE))


async def lines_of(gateway: Gateway) -> dict[str, BalanceLine]:
    """Return the balances as a log sees them that has every fill."""
    statement = await stated(gateway)
    assert statement.balances_why == ""
    found = compare_balances(statement, gateway.desk.state.traded)
    assert found is not None
    return {one.asset: one for one in found}


async def is_explained(gateway: Gateway) -> bool:
    return all(one.is_explained for one in (await lines_of(gateway)).values())


def a_transfer(name: str, asset: str, amount: str) -> AssetTransfer:
    return AssetTransfer(
        transfer_id=name, asset=asset, amount=Money(money(amount)), ts_ns=TimeNs(2**62)
    )


async def test_what_was_there_first_and_what_traded_is_explained(live: Gateway) -> None:
    assert await is_explained(live)

    await submit(live, replace(AT_MARKET, order_id=OrderId("bought")))
    await submit(live)

    lines = await lines_of(live)
    assert all(one.is_explained for one in lines.values())
    assert (lines["BTC"].opening, lines["BTC"].traded) == (2 * ONE, qty("0.01") * NANOS)
    # What rests keeps its worth back, and takes nothing away.
    assert (lines["USDT"].held, lines["BTC"].held) == (490 * ONE, 0)


async def test_money_that_a_stranger_took_is_unexplained(site: Site, live: Gateway) -> None:
    await submit(live, AT_MARKET)
    site.exchange.wealth["USDT"] -= 25 * ONE

    lines = await lines_of(live)

    assert (lines["USDT"].unexplained, lines["BTC"].is_explained) == (-25 * ONE, True)


async def test_a_strangers_order_keeps_back_what_none_of_ours_can(
    site: Site, live: Gateway
) -> None:
    await submit(live)
    name = live.desk.state.orders[BUY.order_id].client_id
    stranger = replace(site.exchange.sent[0], client_id="stranger", side=Side.SELL)
    site.exchange.sent.append(stranger)
    site.exchange.states["stranger"] = replace(
        site.exchange.states[name], client_id="stranger", venue_order_id="theirs"
    )

    lines = await lines_of(live)

    assert lines["USDT"].is_explained
    assert (lines["BTC"].unexplained, lines["BTC"].held_unexplained) == (0, qty("0.01") * NANOS)


@pytest.mark.parametrize(("asset", "fees"), [("BNB", NANOS), ("BTC", 0), ("USDT", 0)])
async def test_a_fee_has_a_cause_whatever_it_is_paid_in(
    site: Site, live: Gateway, asset: str, fees: int
) -> None:
    site.exchange.fee_asset = asset
    await submit(live, AT_MARKET)

    lines = await lines_of(live)

    assert all(one.is_explained for one in lines.values())
    assert lines[asset].fees == fees


async def test_only_what_was_really_sent_counts(site: Site) -> None:
    async with site.running() as gateway:
        await gateway.open_balance()
        await gateway.raise_to(LiveMode.CANARY)
        await submit(gateway, replace(AT_MARKET, order_qty=qty("0.1")))

        lines = await lines_of(gateway)

    assert site.exchange.sent[0].qty < qty("0.1")
    assert all(one.is_explained for one in lines.values())
    assert lines["BTC"].traded == site.exchange.sent[0].qty * NANOS


async def test_a_fill_that_the_answer_does_not_have_yet_is_under_way(
    site: Site, live: Gateway
) -> None:
    look = await live.balances.look()
    assert isinstance(look, Look)
    await submit(live, AT_MARKET)

    found = live.balances.stated(look)

    assert not isinstance(found, str)
    usdt = next(one for one in found if one.asset == "USDT")
    traded = -qty("0.01") * site.exchange.made["v0"][0].px - NANOS
    assert usdt.under_way == (traded,)


async def test_deposits_and_withdrawals_are_counted_once_and_survive_a_restart(
    site: Site, live: Gateway
) -> None:
    site.exchange.wealth["USDT"] += 90 * ONE
    site.exchange.moved += [a_transfer("in-1", "USDT", "100"), a_transfer("out-1", "USDT", "-10")]

    for _ in range(2):
        lines = await lines_of(live)
        assert (lines["USDT"].transfers, lines["USDT"].is_explained) == (90 * ONE, True)

    # The exchange tells of the newest only, and of none for ever.
    site.exchange.moved.clear()
    async with site.running() as again:
        assert (await lines_of(again))["USDT"].transfers == 90 * ONE
        assert await is_explained(again)


async def test_deposits_from_before_the_opening_are_in_it(site: Site) -> None:
    site.exchange.moved.append(a_transfer("in-0", "USDT", "100"))
    async with site.running() as gateway:
        await gateway.open_balance()
        site.exchange.wealth["USDT"] -= ONE

        assert (await lines_of(gateway))["USDT"].unexplained == -ONE


async def test_a_key_that_may_not_ask_for_transfers_knows_of_none(
    site: Site, live: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: TimeNs) -> list[AssetTransfer]:
        raise VenueRejectedError("NOT_AUTHENTICATED")

    monkeypatch.setattr(site.exchange, "transfers", refuse)
    assert await is_explained(live)
    site.exchange.wealth["USDT"] += ONE
    assert (await lines_of(live))["USDT"].unexplained == ONE


async def test_while_nobody_can_say_whether_it_was_deposited_it_is_not_compared(
    site: Site, live: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: TimeNs) -> list[AssetTransfer]:
        raise VenueUnavailableError("lost on the way")

    monkeypatch.setattr(site.exchange, "transfers", fail)
    assert (await stated(live)).balances is not None
    site.exchange.wealth["USDT"] += ONE

    told = await stated(live)

    assert (told.balances, told.balances_why) == (None, "lost on the way")


async def test_an_exchange_that_does_not_tell_is_not_compared_and_its_orders_are(
    site: Site, live: Gateway
) -> None:
    await submit(live)
    site.exchange.refuses_balances = VenueUnavailableError("no answer came")

    told = await stated(live)

    assert (told.balances, told.balances_why) == (None, "no answer came")
    assert told.orders is not None
    assert len(told.orders) == 1


async def test_an_order_in_doubt_or_too_much_that_traded_leaves_it_uncompared(
    site: Site, live: Gateway
) -> None:
    look = await live.balances.look()
    assert isinstance(look, Look)
    site.exchange.is_mute = True
    await submit(live)
    assert live.balances.stated(look) == "an order is in doubt"
    site.exchange.is_mute = False
    await until(lambda: not live.desk.state.orders[BUY.order_id].is_in_doubt)

    assert not isinstance(live.balances.stated(look), str)
    live.desk.state.report_seq += REPORTS_TOLD_AGAIN
    assert "too much traded" in str(live.balances.stated(look))


async def test_without_an_opening_nothing_is_compared(site: Site) -> None:
    async with site.running() as gateway:
        told = await stated(gateway)

    assert told.balances is None
    assert told.balances_why == "no opening balance is written down yet"


async def test_no_opening_is_written_while_orders_are_open_or_something_moves(
    site: Site, live: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = live.desk.state.funds.opened
    await submit(live)
    with pytest.raises(RefusedError, match="ORDERS_OPEN"):
        await live.open_balance()
    await cancel(live)

    async def trade_meanwhile() -> list[AssetBalance]:
        await submit(live, replace(AT_MARKET, order_id=OrderId("meanwhile")))
        return []

    with monkeypatch.context() as patched:
        patched.setattr(site.exchange, "balances", trade_meanwhile)
        with pytest.raises(RefusedError, match="MOVED"):
            await live.open_balance()

    async def deposit_meanwhile() -> list[AssetBalance]:
        site.exchange.moved.append(a_transfer("in-9", "USDT", "1"))
        return []

    with monkeypatch.context() as patched:
        patched.setattr(site.exchange, "balances", deposit_meanwhile)
        with pytest.raises(RefusedError, match="MOVED"):
            await live.open_balance()
    assert live.desk.state.funds.opened is first


async def test_an_opening_anew_forgets_what_was_unexplained(site: Site, live: Gateway) -> None:
    site.exchange.fee_asset = "BNB"
    await submit(live, AT_MARKET)
    site.exchange.wealth["USDT"] += 500 * ONE
    assert not await is_explained(live)

    await live.open_balance()

    assert await is_explained(live)
    await submit(live, replace(AT_MARKET, order_id=OrderId("later")))
    assert await is_explained(live)


async def test_the_first_look_at_an_exchange_is_written_down_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_balances, "OPEN_AGAIN_S", 0.01)
    site.exchange.refuses_balances = VenueUnavailableError("not yet")
    async with site.running() as gateway:
        opening = asyncio.ensure_future(gateway.balances.run())
        await asyncio.sleep(0.05)
        funds = gateway.desk.state.funds
        assert not funds.is_opened_at("plain")
        site.exchange.refuses_balances = None
        await opening
        first = funds.opened
        assert first is not None
        assert (first.asked_by, first.exchange) == ("live-gateway", "plain")
        assert {one.asset for one in first.balances} == {"USDT", "BTC"}

    async with site.running() as gateway:
        await gateway.balances.run()
        assert gateway.desk.state.funds.opened == first

    # Another exchange is another account.
    other = Site()
    other.log, other.exchange = site.log, PlainExchange()
    other.exchange.name = "other"
    async with other.running() as gateway:
        await gateway.balances.run()
        opened = gateway.desk.state.funds.opened
        assert opened is not None
        assert opened.exchange == "other"


async def test_without_an_exchange_there_is_no_opening() -> None:
    site = Site()
    site.log = MemoryLog()
    async with site.running() as gateway:
        site.exchange.name = ""
        await gateway.balances.run()

        assert gateway.desk.state.funds.opened is None
        assert (await stated(gateway)).balances_why == "no exchange is configured"
