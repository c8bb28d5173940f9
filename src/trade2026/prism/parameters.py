"""Parameters that may change while the market runs: which there are, and what they may be.

The unit at the end of a parameter's name says its bounds: a time or a number of orders is
above zero, a share lies within 0 and 1, all others are not negative. `_sds` are standard
deviations of an ordinary minute's move of the symbol's value: lengths that fit every symbol.
Of a stranger's type of agents a parameter without such a unit may be any finite number.
"""

import sys
from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from trade2026.core.errors import InvalidInputError

P = TypeVar("P", bound=msgspec.Struct)

_BOUNDS: Final = {
    "_s": (1e-3, 1e6),
    "_clips": (1e-3, 1e6),
    "_ratio": (0.0, 1.0),
    "_bps": (0.0, 10_000.0),
    "_per_day": (0.0, 100_000.0),
    "_h": (0.0, 24.0),
    "_sds": (0.0, 1_000.0),
    "_exponent": (0.0, 10.0),
    "_times": (0.0, 100.0),
}
_ANY: Final = (-sys.float_info.max, sys.float_info.max)
_WIDE: Final = {"yearly_volatility_ratio": (0.0, 100.0)}
"""A volatility is no share of anything."""


def changed(params: P, values: Mapping[str, float]) -> P:
    """Return *params* with new *values*.

    Raises:
        InvalidInputError: there is no such parameter, or it is out of bounds.
    """
    if not values:
        raise InvalidInputError("values", "names no parameter")
    names = params.__struct_fields__
    for name, value in values.items():
        if name not in names:
            raise InvalidInputError(name[:64], f"is none of {', '.join(names)}")
        low, high = _bounds_of(name)
        if not low <= value <= high:
            why = f"{value:g} is not allowed: it must lie within {low:g} and {high:g}"
            raise InvalidInputError(name, why)
    return msgspec.structs.replace(params, **values)


def _bounds_of(name: str) -> tuple[float, float]:
    return _WIDE.get(name) or next(
        (bounds for unit, bounds in _BOUNDS.items() if name.endswith(unit)), _ANY
    )
