"""What may befall a symbol: how large, for how long.

A shock needs nobody new in the market. It moves the value that informed agents see, or
sends market makers away; prices move because the agents trade on it.
"""

import math
from collections.abc import Collection
from typing import Final, NamedTuple

import msgspec

from trade2026.core.clock import NS_PER_MS, NS_PER_S
from trade2026.core.errors import InvalidInputError
from trade2026.model.prism import PrismShock, ShockKind

DURATION_NS_MIN: Final = NS_PER_MS
DURATION_NS_MAX: Final = 86_400 * NS_PER_S
MOST_ACTIVE: Final = 64
CRASH_SHARE: Final = 0.8
"""Of the market makers, who leave in a crash."""

TIMES_MAX: Final = 100.0
"""How many times as much a value may move, by all shocks together."""

_BPS: Final = 1e-4


class _Sizes(NamedTuple):
    low: float
    high: float
    what: str


_SIZES: Final = {
    ShockKind.VOLATILITY: _Sizes(0.0, TIMES_MAX, "a factor"),
    ShockKind.LIQUIDITY: _Sizes(0.01, 1.0, "a share"),
    ShockKind.NEWS: _Sizes(-5_000.0, 5_000.0, "basis points, up or down"),
    ShockKind.CRASH: _Sizes(1.0, 5_000.0, "basis points down"),
}


class ActiveShock(msgspec.Struct, frozen=True, kw_only=True):
    """A shock that will end."""

    ends_ns: int
    shock: PrismShock


def check_shock(
    shock: PrismShock, symbols: Collection[str], active: Collection[ActiveShock]
) -> None:
    """Refuse a shock that cannot be.

    Raises:
        InvalidInputError: the symbol is not listed, the size or the duration is out of
            bounds, or the *active* shocks are enough.
    """
    if shock.symbol not in symbols:
        raise InvalidInputError("symbol", f"{shock.symbol[:40]} is not listed")
    low, high, what = _SIZES[shock.kind]
    if not (math.isfinite(shock.size) and low <= shock.size <= high) or is_nothing(shock):
        raise InvalidInputError("size", f"must be {what} from {low:g} to {high:g}, and change it")
    if shock.kind is ShockKind.NEWS:
        if shock.duration_ns:
            raise InvalidInputError("duration_s", "news has no end")
    elif not DURATION_NS_MIN <= shock.duration_ns <= DURATION_NS_MAX:
        raise InvalidInputError("duration_s", "must be from 0.001 to 86400")
    if len(active) >= MOST_ACTIVE:
        raise InvalidInputError("", f"{len(active)} shocks are under way already")
    if shock.kind is ShockKind.VOLATILITY:
        _check_times(shock, active)


def _check_times(shock: PrismShock, active: Collection[ActiveShock]) -> None:
    """Refuse a shock with which those of its symbol could multiply to more than one alone may.

    Those below 1 are left out: they may end before the others.
    """
    sizes = (
        one.shock.size
        for one in active
        if one.shock.symbol == shock.symbol and one.shock.kind is ShockKind.VOLATILITY
    )
    before = math.prod(max(1.0, size) for size in sizes)
    if shock.size > 1.0 and before * shock.size > TIMES_MAX:
        text = f"multiplies to more than {TIMES_MAX:g} with the {before:g} of those under way"
        raise InvalidInputError("size", text)


def is_nothing(shock: PrismShock) -> bool:
    """Return whether the shock would change nothing."""
    return shock.size == (1.0 if shock.kind is ShockKind.VOLATILITY else 0.0)


def log_move(shock: PrismShock) -> float:
    """Return by how much the logarithm of the value moves at once."""
    match shock.kind:
        case ShockKind.NEWS:
            return math.log1p(shock.size * _BPS)
        case ShockKind.CRASH:
            return math.log1p(-shock.size * _BPS)
        case ShockKind.VOLATILITY | ShockKind.LIQUIDITY:
            return 0.0


def away_share(shock: PrismShock) -> float:
    """Return which share of the market makers leaves."""
    match shock.kind:
        case ShockKind.LIQUIDITY:
            return shock.size
        case ShockKind.CRASH:
            return CRASH_SHARE
        case ShockKind.VOLATILITY | ShockKind.NEWS:
            return 0.0
