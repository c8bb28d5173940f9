"""Phases and bands of PRISM's books as they are asked for and shown by HTTP."""

from typing import Any, Final

import msgspec

from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import Bps, Px, bps_of
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.words import read_word
from trade2026.model.instrument import Instrument
from trade2026.model.prism import (
    BookPhase,
    ControlKind,
    PrismBand,
    PrismControl,
    PrismPhase,
    PrismStage,
)
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.control import market_of
from trade2026.prism.floor import Floor

BPS_MAX: Final = 5_000
"""Of a band on each side of the middle."""


class PhaseRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /control/phase`."""

    phase: str
    """continuous, auction, halted or closed."""
    symbol: str = ""
    """Empty means all."""


class BandRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /control/band`: both ends, or `bps`, or neither to take the band away."""

    symbol: str = ""
    """Empty means all; not with `low` and `high`."""
    low: Exact = exact.NULL
    """The lowest price at which orders are taken."""
    high: Exact = exact.NULL
    bps: int | None = None
    """As far on each side of the middle as it is now, rounded inwards to the tick."""


class BookReply(msgspec.Struct, frozen=True, kw_only=True):
    """How the book of a symbol takes orders."""

    symbol: str
    phase: BookPhase
    band_low: Exact
    """The lowest price at which orders are taken; null for any."""
    band_high: Exact


def read_phase(data: PhaseRequest, floor: Floor) -> PrismControl:
    """Return the control that begins a phase.

    Raises:
        InvalidInputError: there is no such phase; names the field.
    """
    symbols = (data.symbol,) if data.symbol else tuple(floor.instruments)
    phase = PrismPhase(symbols=symbols, phase=read_word(BookPhase, data.phase, "phase"))
    return PrismControl(kind=ControlKind.PHASE, phase=phase)


def read_band(data: BandRequest, floor: Floor) -> PrismControl:
    """Return the control that sets bands, or takes them away.

    Raises:
        InvalidInputError: a value is wrong or does not go with another; names the field.
        RefusedError: a recorded market has no bands.
    """
    market = market_of(floor.exchange)
    symbols = (data.symbol,) if data.symbol else tuple(floor.instruments)
    low, high = (
        None if exact.is_null(raw) else exact.read_px(raw, field)
        for raw, field in ((data.low, "low"), (data.high, "high"))
    )
    if (low is None) is not (high is None):
        raise InvalidInputError("high" if high is None else "low", "a band has two ends")
    if low is not None and high is not None:
        if not data.symbol or data.bps is not None:
            raise InvalidInputError("symbol", "prices are of one symbol, and not with bps")
        bands = (PrismBand(symbol=data.symbol, low=low, high=high),)
    elif data.bps is not None:
        if not 1 <= data.bps <= BPS_MAX:
            raise InvalidInputError("bps", f"must be from 1 to {BPS_MAX}")
        width = Bps(data.bps)
        bands = tuple(_around(floor, market, symbol, width) for symbol in symbols)
    else:
        bands = tuple(PrismBand(symbol=symbol, low=Px(0), high=Px(0)) for symbol in symbols)
    return PrismControl(kind=ControlKind.BAND, bands=bands)


def book_reply(stage: PrismStage) -> BookReply:
    """Return *stage* as it leaves by HTTP."""
    return BookReply(
        symbol=stage.symbol,
        phase=stage.phase,
        band_low=exact.write_optional(stage.low or None),
        band_high=exact.write_optional(stage.high or None),
    )


def stage_of(floor: Floor, symbol: str) -> PrismStage:
    """Return how the book of *symbol* takes orders; a recorded one takes all."""
    exchange = floor.exchange
    if isinstance(exchange, AgentMarket):
        return exchange.stage(symbol)
    return PrismStage(symbol=symbol)


def band_words(bands: tuple[PrismBand, ...]) -> list[dict[str, Any]]:
    """Return bands as the audit tells them, in exact prices."""
    return [
        {"symbol": band.symbol, "low": exact.write(band.low), "high": exact.write(band.high)}
        for band in bands
    ]


def _around(floor: Floor, market: AgentMarket, symbol: str, width: Bps) -> PrismBand:
    instrument: Instrument | None = floor.instruments.get(symbol)
    if instrument is None:
        raise InvalidInputError("symbol", f"{symbol[:40]} is not listed")
    middle, tick = market.value_px()[symbol], instrument.tick_size
    away = bps_of(middle, width)
    low, high = -(-(middle - away) // tick) * tick, (middle + away) // tick * tick
    return PrismBand(symbol=symbol, low=Px(max(low, tick)), high=Px(max(high, tick)))
