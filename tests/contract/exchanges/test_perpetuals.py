"""Linear perpetuals by the real ccxt, on answers written from Binance's documentation.

None of the answers was recorded (`tests.usdm` says where they are from): these tests show what
becomes of documented answers, and nothing about what an exchange does.
"""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.factories import money, px, qty
from tests.usdm import Usdm, running_usdm

from trade2026.adapters.exchanges.ccxt_exchange import CcxtExchange
from trade2026.adapters.exchanges.ccxt_words import (
    contracts_of,
    instrument_of,
    listed_as,
    positions_of,
    state_of,
    trade_of,
    units_of,
)
from trade2026.core.clock import TimeNs
from trade2026.core.errors import (
    InvalidNumberError,
    VenueRejectedError,
    VenueUnavailableError,
)
from trade2026.model.balance import AssetBalance
from trade2026.model.instrument import InstrumentKind
from trade2026.model.order import OrdType, Side, TimeInForce
from trade2026.ports.exchange import ExchangeOrder, ExchangeStatus

PERP = "BTCUSDT-PERP"


def an_exchange(usdm: Usdm, **settings: Any) -> CcxtExchange:
    return CcxtExchange(
        exchange="binanceusdm",
        api_key="the-key",
        secret="the-secret",
        symbols=[PERP],
        url=usdm.url,
        **settings,
    )


def an_order(client_id: str = "a" * 32, **changes: object) -> ExchangeOrder:
    fields: dict[str, object] = {
        "client_id": client_id,
        "symbol": PERP,
        "side": Side.BUY,
        "ord_type": OrdType.MARKET,
        "time_in_force": TimeInForce.IOC,
        "is_post_only": False,
        "qty": qty("0.01"),
        "price": None,
    }
    return ExchangeOrder(**{**fields, **changes})  # pyright: ignore[reportArgumentType]


@pytest.fixture
async def site() -> AsyncGenerator[tuple[Usdm, CcxtExchange]]:
    async with running_usdm() as usdm:
        exchange = an_exchange(usdm)
        await exchange.connect()
        yield usdm, exchange
        await exchange.close()


async def test_it_lists_a_perpetual_with_its_filters(site: tuple[Usdm, CcxtExchange]) -> None:
    _, exchange = site
    listed = exchange.instruments[PERP]

    assert (listed.kind, listed.base, listed.quote) == (InstrumentKind.LINEAR_FUTURE, "BTC", "USDT")
    assert (listed.tick_size, listed.lot_size, listed.min_qty) == (
        px("0.1"),
        qty("0.001"),
        qty("0.001"),
    )
    assert (listed.min_notional, listed.contract_size) == (money("5"), qty("1"))


async def test_nothing_is_set_at_the_exchange_that_was_not_configured(
    site: tuple[Usdm, CcxtExchange],
) -> None:
    usdm, _ = site
    assert [one for one in usdm.asked if one[0] == "POST"] == []

    exchange = an_exchange(usdm, leverage=3, margin_mode="isolated")
    await exchange.connect()
    await exchange.close()

    posts = {path: params for method, path, params in usdm.asked if method == "POST"}
    assert posts["/fapi/v1/leverage"]["leverage"] == "3"
    assert posts["/fapi/v1/marginType"]["marginType"] == "ISOLATED"


async def test_a_short_needs_nothing_borrowed_and_is_told_signed(
    site: tuple[Usdm, CcxtExchange],
) -> None:
    _, exchange = site

    sent = await exchange.send(an_order(side=Side.SELL))

    (trade,) = await exchange.trades(sent.venue_order_id, PERP)
    assert (sent.status, sent.filled_qty) == (ExchangeStatus.FILLED, qty("0.01"))
    assert (trade.px, trade.qty, trade.fee_asset) == (px("49999.9"), qty("0.01"), "USDT")
    assert trade.fee == money("0.2499995")
    (held,) = await exchange.balances()
    assert (held.asset, held.free, held.held) == (PERP, -qty("0.01"), 0)


async def test_reduce_only_is_the_exchanges_own_word(site: tuple[Usdm, CcxtExchange]) -> None:
    usdm, exchange = site
    with pytest.raises(VenueRejectedError, match="ReduceOnly"):
        await exchange.send(an_order(is_reduce_only=True))
    await exchange.send(an_order("b" * 32, side=Side.SELL))

    await exchange.send(an_order("c" * 32, is_reduce_only=True))

    assert usdm.position == 0
    assert await exchange.balances() == []


async def test_funding_is_told_once_for_each_payment(site: tuple[Usdm, CcxtExchange]) -> None:
    usdm, exchange = site
    usdm.pay_funding("-0.12345678")
    usdm.pay_funding("0.5")

    told = await exchange.fundings(PERP, TimeNs(0))

    assert [(one.symbol, one.amount) for one in told] == [
        (PERP, money("-0.12345678")),
        (PERP, money("0.5")),
    ]
    assert len({one.funding_id for one in told}) == 2
    assert await exchange.fundings(PERP, TimeNs(told[-1].ts_ns + 10**9)) == []


async def test_an_account_that_keeps_long_and_short_apart_is_refused() -> None:
    async with running_usdm() as usdm:
        usdm.is_hedged = True
        exchange = an_exchange(usdm)
        with pytest.raises(VenueRejectedError, match="HEDGE_MODE"):
            await exchange.connect()
        await exchange.close()
    with pytest.raises(VenueRejectedError, match="not both"):
        CcxtExchange(
            exchange="binance", api_key="the-key", secret="the-secret", symbols=["BTCUSDT", PERP]
        )


def test_contracts_are_turned_into_the_base_and_back_exactly() -> None:
    # An exchange whose contract is a hundredth of a coin, as OKX documents for BTC-USDT-SWAP.
    size = qty("0.01")
    market: dict[str, Any] = {
        "base": "BTC",
        "quote": "USDT",
        "settle": "USDT",
        "swap": True,
        "linear": True,
        "contractSize": "0.01",
        "precision": {"price": "0.1", "amount": "0.1"},
        "limits": {"amount": {"min": "0.1", "max": "1000"}, "cost": {}},
    }
    listed = instrument_of(market, PERP, in_places=False)
    order = {"id": 1, "clientOrderId": "a", "status": "open", "filled": "2.5"}
    trade = {"id": 1, "order": 1, "price": "50000", "amount": "2.5", "timestamp": 1}

    assert (listed.lot_size, listed.min_qty, listed.max_qty) == (
        qty("0.001"),
        qty("0.001"),
        qty("10"),
    )
    assert state_of(order, PERP, size).filled_qty == qty("0.025")
    assert trade_of(trade, PERP, size).qty == qty("0.025")
    assert contracts_of(qty("0.025"), size) == "2.5"
    with pytest.raises(VenueRejectedError, match="LOT_SIZE"):
        contracts_of(qty("0.000000001"), qty("0.3"))
    with pytest.raises(InvalidNumberError):
        units_of(1, size)
    assert listed_as(market) == PERP
    assert listed_as({**market, "settle": "BTC"}) == ""
    assert listed_as({**market, "swap": False, "spot": True}) == "BTCUSDT"

    long = {"symbol": "BTC/USDT:USDT", "contracts": "2.5", "side": "long", "hedged": False}
    told = [long, {**long, "contracts": "0"}, {**long, "symbol": "ETH/USDT:USDT"}]
    ours = {"BTC/USDT:USDT": listed}
    assert positions_of(told, ours) == [
        AssetBalance(asset=PERP, free=money("0.025"), held=money("0"))
    ]
    with pytest.raises(VenueRejectedError, match="HEDGE_MODE"):
        positions_of([{**long, "hedged": True}], ours)
    with pytest.raises(VenueUnavailableError):
        positions_of([{**long, "side": None}], ours)
