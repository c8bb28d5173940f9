"""Decimal texts of a feed into nanos, remembering the ones seen lately.

A feed repeats itself: nearly every price and most quantities were in an earlier frame. A
text is parsed once, by the exact rules of `core/numbers.py`, and then looked up. What is
remembered is bounded, so that a hostile feed cannot fill the memory.
"""

from typing import Final

from trade2026.core.errors import InvalidNumberError
from trade2026.core.numbers import PLACES, PX_LIMIT, Px, Qty, parse_number

MEMORY_LIMIT: Final = 1 << 16
"""Texts remembered by one memo; one more and it starts again from nothing."""

FEED_QTY_LIMIT: Final = PX_LIMIT
"""A quantity of a feed lies under 1e9 units, as prices do: larger is damage, not size."""

_SAFE_WHOLE: Final = 9
_SCALE: Final = tuple(10 ** (PLACES - places) for places in range(PLACES + 1))


def _nanos_of(text: str) -> int:
    whole, _, part = text.partition(".")
    places = len(part)
    # The usual form of a feed, a few digits on both sides, needs no more checks than these.
    if (
        0 < places <= PLACES
        and len(whole) <= _SAFE_WHOLE
        and text.isascii()
        and part.isdigit()
        and whole.isdigit()
    ):
        return int(whole + part) * _SCALE[places]
    return parse_number(text)


class PxMemo(dict[str, Px]):
    """Prices by their text. ``memo[text]`` is the price in nanos, always positive."""

    def __missing__(self, text: str) -> Px:
        """Return the price *text* in nanos and remember it.

        Raises:
            InvalidNumberError: *text* is not an exact price, or is not positive.
        """
        px = Px(_nanos_of(text))
        if not 0 < px < PX_LIMIT:
            raise InvalidNumberError(text, "outside a feed's prices, above 0 and below 1e9")
        if len(self) >= MEMORY_LIMIT:
            self.clear()
        self[text] = px
        return px


class QtyMemo(dict[str, Qty]):
    """Quantities by their text. ``memo[text]`` is the quantity in nanos, never negative."""

    def __missing__(self, text: str) -> Qty:
        """Return the quantity *text* in nanos and remember it.

        Raises:
            InvalidNumberError: *text* is not an exact quantity, is negative or absurd.
        """
        qty = Qty(_nanos_of(text))
        if not 0 <= qty < FEED_QTY_LIMIT:
            raise InvalidNumberError(text, "outside a feed's quantities, 0 to 1e9")
        if len(self) >= MEMORY_LIMIT:
            self.clear()
        self[text] = qty
        return qty


class Numerals:
    """The memos of one normaliser: prices and quantities apart, as their kinds are."""

    __slots__ = ("px", "qty")

    def __init__(self) -> None:
        self.px = PxMemo()
        self.qty = QtyMemo()
