"""What everybody may ask of the market.

Source: Binance Spot API, "General endpoints" and "Market Data endpoints".
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from trade2026.core.numbers import format_nanos
from trade2026.edge.dialect.candles import INTERVALS
from trade2026.edge.dialect.desk import Desk
from trade2026.edge.dialect.endpoint import Answer, Call, Endpoint, Weight
from trade2026.edge.dialect.errors import DialectError, bad_symbol, not_valid
from trade2026.edge.dialect.orders import listed
from trade2026.edge.dialect.params import Params
from trade2026.edge.dialect.rates import RATE_LIMITS
from trade2026.edge.dialect.streams import book_row
from trade2026.edge.dialect.tape import (
    AVERAGE_MINUTES,
    Best,
    Tape,
    aggregate_row,
    best_of,
    between,
    day_row,
    from_id,
    kline_row,
    newest,
    trade_row,
)
from trade2026.edge.dialect.words import STP_MODES, OrderType, ms
from trade2026.edge.prism_stage import stage_of
from trade2026.model.instrument import Instrument
from trade2026.model.prism import BookPhase
from trade2026.prism.door import NOTIONAL_MAX

ROWS: Final = 500
ROWS_MAX: Final = 1_000
DEPTH: Final = 100
DEPTH_MAX: Final = 5_000
ICEBERG_PARTS: Final = 100
"""As many as the book takes."""
_PX_MAX: Final = "999999999"
_MINI_FIELDS: Final = (
    "symbol",
    "openPrice",
    "highPrice",
    "lowPrice",
    "lastPrice",
    "volume",
    "quoteVolume",
    "openTime",
    "closeTime",
    "firstId",
    "lastId",
    "count",
)


async def ping(desk: Desk, call: Call) -> object:
    """Answer that we are there."""
    del desk, call
    return {}


async def time(desk: Desk, call: Call) -> object:
    """Tell what time it is."""
    del call
    return {"serverTime": ms(desk.clock.now_ns())}


def filters_of(desk: Desk, instrument: Instrument) -> list[dict[str, Any]]:
    """Return the filters that an order must pass: those that PRISM's door enforces."""
    tick, lot = format_nanos(instrument.tick_size), format_nanos(instrument.lot_size)
    lots = {
        "minQty": format_nanos(instrument.min_qty),
        "maxQty": format_nanos(instrument.max_qty),
        "stepSize": lot,
    }
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": _PX_MAX, "tickSize": tick},
        {"filterType": "LOT_SIZE", **lots},
        {"filterType": "MARKET_LOT_SIZE", **lots},
        {
            "filterType": "NOTIONAL",
            "minNotional": format_nanos(instrument.min_notional),
            "applyMinToMarket": False,
            "maxNotional": format_nanos(NOTIONAL_MAX),
            "applyMaxToMarket": False,
            "avgPriceMins": AVERAGE_MINUTES,
        },
        {"filterType": "ICEBERG_PARTS", "limit": ICEBERG_PARTS},
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": desk.floor.limits.direct_open_max},
    ]


_STATUSES: Final = {
    BookPhase.CONTINUOUS: "TRADING",
    BookPhase.AUCTION: "AUCTION_MATCH",
    BookPhase.HALTED: "HALT",
    BookPhase.CLOSED: "END_OF_DAY",
}


def _status_of(desk: Desk, instrument: Instrument) -> str:
    if not instrument.is_trading:
        return "HALT"
    return _STATUSES[stage_of(desk.floor, instrument.symbol).phase]


def _symbol_row(desk: Desk, instrument: Instrument) -> dict[str, Any]:
    return {
        "symbol": instrument.symbol,
        "status": _status_of(desk, instrument),
        "baseAsset": instrument.base,
        "baseAssetPrecision": 8,
        "quoteAsset": instrument.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": [str(kind) for kind in OrderType],
        "icebergAllowed": True,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": filters_of(desk, instrument),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_TAKER",
        "allowedSelfTradePreventionModes": list(STP_MODES),
    }


async def exchange_info(desk: Desk, call: Call) -> object:
    """Tell what is listed, in which steps it trades, and what limits there are."""
    instruments = _wanted(desk, call.params)
    return {
        "timezone": "UTC",
        "serverTime": ms(desk.clock.now_ns()),
        "rateLimits": list(RATE_LIMITS),
        "exchangeFilters": [],
        "symbols": [_symbol_row(desk, instrument) for instrument in instruments],
    }


async def depth(desk: Desk, call: Call) -> object:
    """Return the order book, best levels first."""
    instrument = listed(desk, call.params)
    levels = call.params.limit(DEPTH, DEPTH_MAX)
    found = desk.floor.exchange.depth(instrument.symbol, levels)
    return book_row(desk.tapes[instrument.symbol], found)


async def trades(desk: Desk, call: Call) -> object:
    """Return the newest trades, oldest first."""
    tape = _tape(desk, call)
    return [trade_row(one) for one in newest(tape.trades, call.params.limit(ROWS, ROWS_MAX))]


async def historical_trades(desk: Desk, call: Call) -> object:
    """Return older trades, from an id on where one is given."""
    first = call.params.integer("fromId")
    if first is None:
        return await trades(desk, call)
    tape, limit = _tape(desk, call), call.params.limit(ROWS, ROWS_MAX)
    return [trade_row(one) for one in from_id(tape.trades, first, limit)]


async def aggregates(desk: Desk, call: Call) -> object:
    """Return trades that one order made at one price, together."""
    params, tape = call.params, _tape(desk, call)
    limit, first = params.limit(ROWS, ROWS_MAX), params.integer("fromId")
    if first is not None:
        found = from_id(tape.aggregates, first, limit)
    else:
        span = params.time_ns("startTime"), _end_ns(params)
        found = between(tape.aggregates, *span, limit)
    return [aggregate_row(one) for one in found]


async def klines(desk: Desk, call: Call) -> object:
    """Return candles, oldest first."""
    params, tape = call.params, _tape(desk, call)
    interval = params.text("interval")
    if interval not in INTERVALS:
        raise DialectError(-1120, "Invalid interval.")
    if params.optional("timeZone") not in {"", "0", "00:00", "+00:00"}:
        raise not_valid("timeZone")
    limit, from_ns = params.limit(ROWS, ROWS_MAX), params.time_ns("startTime")
    end_ns = _end_ns(params)
    to_ns = desk.market_ns if end_ns is None else min(end_ns, desk.market_ns)
    if from_ns is None:
        found = tape.candles.latest(interval, to_ns, limit)
    else:
        found = tape.candles.between(interval, max(0, from_ns), to_ns, limit)
    return [kline_row(interval, candle) for candle in found]


async def average_price(desk: Desk, call: Call) -> object:
    """Return the average price of the last minutes."""
    px, at_ns = _tape(desk, call).average(desk.market_ns)
    return {"mins": AVERAGE_MINUTES, "price": format_nanos(px), "closeTime": ms(at_ns)}


async def day_ticker(desk: Desk, call: Call) -> object:
    """Return the last day, of one symbol or of several."""

    def row(instrument: Instrument) -> dict[str, Any]:
        tape = desk.tapes[instrument.symbol]
        full = day_row(tape, _best(desk, instrument), desk.market_ns)
        is_mini = call.params.optional("type") == "MINI"
        return {name: full[name] for name in _MINI_FIELDS} if is_mini else full

    return _one_or_all(desk, call, row)


async def price_ticker(desk: Desk, call: Call) -> object:
    """Return the last price, of one symbol or of several."""

    def row(instrument: Instrument) -> dict[str, Any]:
        last = newest(desk.tapes[instrument.symbol].trades, 1)
        price = format_nanos(last[0].px if last else 0)
        return {"symbol": instrument.symbol, "price": price}

    return _one_or_all(desk, call, row)


async def book_ticker(desk: Desk, call: Call) -> object:
    """Return the best bid and offer, of one symbol or of several."""

    def row(instrument: Instrument) -> dict[str, Any]:
        best = _best(desk, instrument)
        return {
            "symbol": instrument.symbol,
            "bidPrice": best.bid_px,
            "bidQty": best.bid_qty,
            "askPrice": best.ask_px,
            "askQty": best.ask_qty,
        }

    return _one_or_all(desk, call, row)


async def no_symbols(desk: Desk, call: Call) -> object:
    """Tell that nothing is listed in this kind of market."""
    del call
    return {
        "timezone": "UTC",
        "serverTime": ms(desk.clock.now_ns()),
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": [],
    }


def _best(desk: Desk, instrument: Instrument) -> Best:
    return best_of(instrument, desk.floor.exchange.depth(instrument.symbol, 1))


def _tape(desk: Desk, call: Call) -> Tape:
    return desk.tapes[listed(desk, call.params).symbol]


def _end_ns(params: Params) -> int | None:
    # To the end of the millisecond that is named.
    end_ns = params.time_ns("endTime")
    return None if end_ns is None else end_ns + 999_999


def _wanted(desk: Desk, params: Params) -> list[Instrument]:
    if "symbol" in params:
        return [listed(desk, params)]
    if "symbols" not in params:
        return list(desk.floor.instruments.values())
    try:
        names = msgspec.json.decode(params.text("symbols"), type=list[str])
    except msgspec.DecodeError:
        raise not_valid("symbols") from None
    found = [desk.floor.instruments.get(name) for name in dict.fromkeys(names)]
    if None in found:
        raise bad_symbol()
    return [instrument for instrument in found if instrument is not None]


def _one_or_all(desk: Desk, call: Call, row: Callable[[Instrument], object]) -> object:
    rows = [row(instrument) for instrument in _wanted(desk, call.params)]
    return rows[0] if "symbol" in call.params else rows


def _depth_weight(params: Params) -> int:
    levels = params.limit(DEPTH, DEPTH_MAX)
    return next(
        weight
        for most, weight in ((100, 5), (500, 25), (1_000, 50), (DEPTH_MAX, 250))
        if levels <= most
    )


def _by_symbol(one: int, every: int) -> Weight:
    def weight(params: Params) -> int:
        return one if "symbol" in params else every

    return weight


def _endpoint(path: str, word: str, answer: Answer, weight: Weight) -> Endpoint:
    path = f"/api/v3/{path}"
    return Endpoint(method="GET", path=path, word=word, answer=answer, weight=weight)


MARKET_ENDPOINTS: Final = (
    _endpoint("ping", "ping", ping, 1),
    _endpoint("time", "time", time, 1),
    _endpoint("exchangeInfo", "exchangeInfo", exchange_info, 20),
    _endpoint("depth", "depth", depth, _depth_weight),
    _endpoint("trades", "trades.recent", trades, 25),
    _endpoint("historicalTrades", "trades.historical", historical_trades, 25),
    _endpoint("aggTrades", "trades.aggregate", aggregates, 4),
    _endpoint("klines", "klines", klines, 2),
    _endpoint("uiKlines", "uiKlines", klines, 2),
    _endpoint("avgPrice", "avgPrice", average_price, 2),
    _endpoint("ticker/24hr", "ticker.24hr", day_ticker, _by_symbol(2, 80)),
    _endpoint("ticker/price", "ticker.price", price_ticker, _by_symbol(2, 4)),
    _endpoint("ticker/bookTicker", "ticker.book", book_ticker, _by_symbol(2, 4)),
    # Clients that ask for every kind of market are told that PRISM has one.
    Endpoint(method="GET", path="/fapi/v1/exchangeInfo", word="", answer=no_symbols),
    Endpoint(method="GET", path="/dapi/v1/exchangeInfo", word="", answer=no_symbols),
)
