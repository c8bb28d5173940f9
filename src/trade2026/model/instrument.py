"""What can be traded, where, and in which steps: instruments and their venue filters.

An instrument is (symbol, venue): `BTCUSDT` on `PRISM`, `AAPL` on `XNAS`. A venue's own
spelling of a symbol exists only inside that venue's adapter.

Source: the filters are Binance's PRICE_FILTER, LOT_SIZE and MIN_NOTIONAL under FIX names.
"""

from enum import StrEnum
from typing import Final

import msgspec

from trade2026.core.numbers import Money, Px, Qty, parse_nanos

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

LIVE_INSTRUMENTS: Final[tuple[Instrument, ...]] = tuple(
    msgspec.structs.replace(one, venue=LIVE) for one in PRISM_INSTRUMENTS
)
"""What can be traded there, where the exchange lists it; its own filters are checked besides."""
