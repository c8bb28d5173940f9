"""A market's measures: one call from a configuration to numbers."""

import msgspec

from trade2026.core.clock import NS_PER_S, SystemClock
from trade2026.core.errors import InvalidInputError
from trade2026.domain.realism.flow import measure_flow
from trade2026.domain.realism.returns import measure_returns
from trade2026.domain.realism.session import Session
from trade2026.prism.config import MarketConfig, SymbolConfig
from trade2026.prism.lab.record import Progress, Recording, record


def measure(
    config: MarketConfig,
    *,
    days: float,
    seed: int,
    symbol: str = "",
    on_progress: Progress | None = None,
) -> dict[str, float]:
    """Run a market alone and return the measures of one of its symbols by their gates' names.

    All but those that need several markets: SF5.own, MS3, MS4, MS10, LB2 and IN2. MS9 is of the
    symbol itself, whatever its tick.

    Args:
        config: its other symbols are left out, so that time is spent on what is measured.
        days: of 24 hours.
        seed: in place of the configuration's.
        symbol: the first one, unless told.
        on_progress: told which share is done.
    """
    clock = SystemClock()
    begin_ns = clock.monotonic_ns()
    recording = record(alone(config, symbol, seed), days=days, on_progress=on_progress)
    wall_s = (clock.monotonic_ns() - begin_ns) / NS_PER_S
    return measured(recording) | {"PF1": wall_s / days}


def measured(recording: Recording) -> dict[str, float]:
    """Return the measures of what was recorded."""
    return measure_session(recording.session) | {
        "IN1.crossed": float(recording.crossed),
        "IN1.conserved": float(recording.made),
    }


def measure_session(session: Session) -> dict[str, float]:
    """Return the measures of a session, by the names of their gates."""
    facts = measure_returns(session.minute_mid(), session.minute_volume())
    return facts | measure_flow(session)


def alone(config: MarketConfig, symbol: str, seed: int) -> MarketConfig:
    """Return *config* with *seed* and one symbol, the first one unless told.

    Raises:
        InvalidInputError: it has no such symbol.
    """
    return msgspec.structs.replace(config, seed=seed, symbols=(symbol_of(config, symbol),))


def symbol_of(config: MarketConfig, symbol: str) -> SymbolConfig:
    """Return a symbol of *config*, the first one unless told.

    Raises:
        InvalidInputError: it has no such symbol.
    """
    for one in config.symbols:
        if symbol in {"", one.instrument.symbol}:
            return one
    raise InvalidInputError("symbol", f"{symbol[:40]} is not listed")
