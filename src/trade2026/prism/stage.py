"""Phases and bands of the books: what may be asked, and what is in force.

Both belong to a book and hold until they are set again, over a restart too; a reset ends
them. What a phase does and how an auction trades are the engine's rules.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec

from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import format_nanos, is_multiple
from trade2026.model.instrument import Instrument
from trade2026.model.prism import BookPhase, PrismBand, PrismControl, PrismPhase, PrismStage
from trade2026.prism.engine.message import MAX_TICKS, Phase

PHASE_OF: Final = {
    BookPhase.CONTINUOUS: Phase.CONTINUOUS,
    BookPhase.AUCTION: Phase.AUCTION,
    BookPhase.HALTED: Phase.HALTED,
    BookPhase.CLOSED: Phase.CLOSED,
}
"""The engine's phases by their names."""
NAME_OF: Final = {number: name for name, number in PHASE_OF.items()}


def check_phase(asked: PrismPhase, symbols: Collection[str]) -> None:
    """Refuse a phase for books that are not there.

    Raises:
        InvalidInputError: names the field.
    """
    if not asked.symbols:
        raise InvalidInputError("symbol", "names no book")
    for symbol in asked.symbols:
        _check_listed(symbol, symbols)


def check_bands(bands: Collection[PrismBand], instruments: Mapping[str, Instrument]) -> None:
    """Refuse bands that books cannot have.

    Raises:
        InvalidInputError: names the field.
    """
    if not bands:
        raise InvalidInputError("symbol", "names no book")
    for band in bands:
        _check_listed(band.symbol, instruments)
        if band.low == band.high == 0:
            continue
        tick = instruments[band.symbol].tick_size
        for field, px in (("low", band.low), ("high", band.high)):
            if px <= 0 or not is_multiple(px, tick) or px > MAX_TICKS * tick:
                most = format_nanos(MAX_TICKS * tick)
                text = f"must be a multiple of {format_nanos(tick)} up to {most}"
                raise InvalidInputError(field, text)
        if band.low > band.high:
            raise InvalidInputError("high", "lies below the low end")


def staged(stages: Iterable[PrismStage], control: PrismControl) -> tuple[PrismStage, ...]:
    """Return what is in force after *control*, by symbol; books as at their beginning left out."""
    found = {stage.symbol: stage for stage in stages}
    if control.phase is not None:
        for symbol in control.phase.symbols:
            stage = found.get(symbol, PrismStage(symbol=symbol))
            found[symbol] = msgspec.structs.replace(stage, phase=control.phase.phase)
    for band in control.bands:
        stage = found.get(band.symbol, PrismStage(symbol=band.symbol))
        found[band.symbol] = msgspec.structs.replace(stage, low=band.low, high=band.high)
    return tuple(
        stage for symbol, stage in sorted(found.items()) if stage != PrismStage(symbol=symbol)
    )


def _check_listed(symbol: str, symbols: Collection[str]) -> None:
    if symbol not in symbols:
        raise InvalidInputError("symbol", f"{symbol[:40]} is not listed")
