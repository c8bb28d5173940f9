"""What can be traded, where, and in which steps: instruments and their venue filters.

An instrument is (symbol, venue): `BTCUSDT` on `PRISM`, `AAPL` on `XNAS`. A venue's own
spelling of a symbol exists only inside that venue's adapter.

Source: the filters are Binance's PRICE_FILTER, LOT_SIZE and MIN_NOTIONAL under FIX names.
"""

from enum import StrEnum
from typing import Final

import msgspec

from trade2026.core.numbers import NANOS, Bps, Money, Px, Qty, parse_nanos

PRISM: Final = "PRISM"
"""The venue name of the platform's own exchange."""

BINANCE: Final = "BINANCE"
BINANCE_USDM: Final = "BINANCE_USDM"


class InstrumentKind(StrEnum):
    """What an instrument is, as far as accounting cares."""

    SPOT = "SPOT"
    EQUITY = "EQUITY"
    LINEAR_FUTURE = "LINEAR_FUTURE"


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One tradable thing on one venue, with the filters the venue enforces."""

    symbol: str
    venue: str
    kind: InstrumentKind
    base: str
    quote: str
    tick_size: Px
    lot_size: Qty
    min_qty: Qty
    max_qty: Qty
    min_notional: Money
    is_trading: bool = True
    contract_size: Qty = Qty(NANOS)
    """What one contract of a future is of the base; all quantities are of the base itself."""
    initial_margin_bps: Bps = Bps(0)
    """Share of a position's value that equity must cover at least, whatever limits say."""


def _instrument(symbol: str, base: str, kind: InstrumentKind, **steps: str) -> Instrument:
    return Instrument(
        symbol=symbol,
        venue=PRISM,
        kind=kind,
        base=base,
        quote="USDT",
        tick_size=Px(parse_nanos(steps["tick"])),
        lot_size=Qty(parse_nanos(steps["lot"])),
        min_qty=Qty(parse_nanos(steps["lot"])),
        max_qty=Qty(parse_nanos(steps["most"])),
        min_notional=Money(parse_nanos(steps["notional"])),
    )


_SPOT = InstrumentKind.SPOT
_EQUITY = InstrumentKind.EQUITY

PRISM_INSTRUMENTS: Final[tuple[Instrument, ...]] = (
    # BTCUSDT keeps Binance's spot grid, so that recorded prices are legal on PRISM too.
    _instrument("BTCUSDT", "BTC", _SPOT, tick="0.01", lot="0.00001", most="9000", notional="5"),
    _instrument("ETHUSDT", "ETH", _SPOT, tick="0.01", lot="0.0001", most="9000", notional="5"),
    _instrument("SOLUSDT", "SOL", _SPOT, tick="0.01", lot="0.001", most="90000", notional="5"),
    _instrument("AAPL", "AAPL", _EQUITY, tick="0.01", lot="1", most="1000000", notional="1"),
    _instrument("MSFT", "MSFT", _EQUITY, tick="0.01", lot="1", most="1000000", notional="1"),
    _instrument("GOOGL", "GOOGL", _EQUITY, tick="0.01", lot="1", most="1000000", notional="1"),
)
"""What PRISM lists by default. Equities settle in USDT too: 1 USD = 1 USDT."""

LIVE: Final = "LIVE"
"""The venue name of the exchange that the live gateway is connected to."""

PERPETUAL: Final = "-PERP"
"""What stands behind a coin's symbol where its perpetual is meant."""

PERPETUALS: Final[tuple[Instrument, ...]] = tuple(
    msgspec.structs.replace(
        one,
        symbol=f"{one.symbol}{PERPETUAL}",
        venue=LIVE,
        kind=InstrumentKind.LINEAR_FUTURE,
        initial_margin_bps=Bps(2_000),
    )
    for one in PRISM_INSTRUMENTS
    if one.kind is InstrumentKind.SPOT
)
"""Linear perpetuals, margined and settled in USDT; the exchange's filters are checked besides."""

LIVE_INSTRUMENTS: Final[tuple[Instrument, ...]] = (
    *(msgspec.structs.replace(one, venue=LIVE) for one in PRISM_INSTRUMENTS),
    *PERPETUALS,
)
"""What can be traded there, where the exchange lists it; its own filters are checked besides."""
