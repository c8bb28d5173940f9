"""Exact prices, quantities and money: whole numbers of nanos, 1e-9 of a unit.

Binary floats cannot hold 0.1, so every price, quantity and amount of money is an
`int` counting nanos. The kinds are distinct types: the checker refuses a quantity
where a price belongs. Floats live in statistics and features, never in an order.

A product of two nanos is a `Value`, in square nanos (1e-18). Only the functions of
this module come back from there, and each names its rounding.
"""

import re
from typing import Final, NewType

from trade2026.core.errors import InvalidNumberError

Px = NewType("Px", int)
"""Price of one unit of the base asset, in nanos of the quote asset. May be negative."""

Qty = NewType("Qty", int)
"""Quantity in nanos of the base asset. Never negative: the side carries the sign."""

SignedQty = NewType("SignedQty", int)
"""Quantity in nanos of the base asset with its sign: long is positive, short negative."""

Money = NewType("Money", int)
"""Amount in nanos of a currency. Signed."""

Bps = NewType("Bps", int)
"""Ratio in basis points, 1e-4."""


class Value(int):
    """An exact product of price and quantity, in square nanos (1e-18). Signed.

    A class, not a `NewType`: it may need more than 64 bits, and the codec writes it as
    sixteen bytes.
    """

    __slots__ = ()


PLACES: Final = 9
NANOS: Final = 10**PLACES
INT64_MAX: Final = 2**63 - 1
WHOLE_DIGITS: Final = len(str(INT64_MAX)) - PLACES
PX_LIMIT: Final = 10**18
"""Prices lie strictly within ±1e9 units, so that every store agrees (Decimal64(9))."""
VALUE_LIMIT: Final = 2**127
BPS_ONE: Final = 10_000
EXPONENT_LIMIT: Final = 30
"""No number within bounds needs a larger exponent; a larger one is an attack on memory."""
TEXT_LIMIT: Final = 64

_SCIENTIFIC: Final = re.compile(r"(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d{1,4})", re.ASCII)


def parse_nanos(text: str) -> int:
    """Return the decimal *text*, such as ``-12.5``, in nanos, exactly.

    Raises:
        InvalidNumberError: *text* is not plain decimal notation, has a tenth decimal
            place other than zero, or does not fit a signed 64-bit integer.
    """
    whole, point, part = text.removeprefix("-").partition(".")
    digits = whole + part
    if not (whole and (part or not point) and digits.isascii() and digits.isdigit()):
        raise InvalidNumberError(text, "not in plain decimal notation")
    if part[PLACES:].strip("0"):
        raise InvalidNumberError(text, "finer than a nano")
    # Length first: the text is a stranger's, and int() of a million digits is slow.
    fits = len(whole.lstrip("0")) <= WHOLE_DIGITS
    nanos = int(whole[-WHOLE_DIGITS:] + part[:PLACES].ljust(PLACES, "0"))
    if not fits or nanos > INT64_MAX:
        raise InvalidNumberError(text, "outside the signed 64-bit range")
    return -nanos if text[0] == "-" else nanos


def parse_number(text: str) -> int:
    """Return *text*, in plain or scientific notation as JSON allows both, in nanos, exactly.

    Raises:
        InvalidNumberError: as `parse_nanos`, or the exponent or the length is out of bounds.
    """
    if len(text) > TEXT_LIMIT:
        raise InvalidNumberError(text, "too long for a number")
    match = _SCIENTIFIC.fullmatch(text)
    if match is None:
        return parse_nanos(text)
    sign, whole, part, power = match[1], match[2], match[3] or "", int(match[4])
    if abs(power) > EXPONENT_LIMIT:
        raise InvalidNumberError(text, "outside the signed 64-bit range")
    if power >= 0:
        part = part.ljust(power, "0")
        return parse_nanos(f"{sign}{whole}{part[:power]}.{part[power:]}0")
    whole = whole.rjust(-power + 1, "0")
    return parse_nanos(f"{sign}{whole[:power]}.{whole[power:]}{part}")


def parse_px(text: str) -> Px:
    """Return the price *text* in nanos, exactly; scientific notation is understood.

    Raises:
        InvalidNumberError: as `parse_number`, or the price is 1e9 units or more in size.
    """
    nanos = parse_number(text)
    if abs(nanos) >= PX_LIMIT:
        raise InvalidNumberError(text, "outside the price range of ±1e9")
    return Px(nanos)


def parse_qty(text: str) -> Qty:
    """Return the quantity *text* in nanos, exactly; scientific notation is understood.

    Raises:
        InvalidNumberError: as `parse_number`, or the quantity is negative.
    """
    nanos = parse_number(text)
    if nanos < 0:
        raise InvalidNumberError(text, "negative; the side carries the sign")
    return Qty(nanos)


def format_nanos(nanos: int) -> str:
    """Return *nanos* in plain decimal notation without trailing zeros."""
    whole, part = divmod(abs(nanos), NANOS)
    sign = "-" if nanos < 0 else ""
    return f"{sign}{whole}.{part:09d}".rstrip("0").rstrip(".")


def value_of(px: Px, qty: int) -> Value:
    """Return *px* times *qty* (signed or not), exactly, in square nanos."""
    return Value(px * qty)


def value_of_money(money: Money) -> Value:
    """Return *money* in square nanos, exactly."""
    return Value(money * NANOS)


def money_down(value: int) -> Money:
    """Return *value* in nanos, rounded toward minus infinity: what one can surely spend."""
    return Money(value // NANOS)


def money_up(value: int) -> Money:
    """Return *value* in nanos, rounded toward plus infinity: what one may have to pay."""
    return Money(-(-value // NANOS))


def money_half_even(value: int) -> Money:
    """Return *value* in nanos, rounded to nearest, ties to even: what is shown to people."""
    return Money(divide_half_even(value, NANOS))


def money_at(value: int, rate: Px) -> Money:
    """Return *value* of one currency in nanos of another, rounded to nearest, ties to even.

    Args:
        value: in square nanos.
        rate: what one unit of its currency is worth in the other.
    """
    return Money(divide_half_even(value * rate, NANOS * NANOS))


def value_at(value: int, rate: Px) -> Value:
    """Return *value* of one currency in square nanos of another, ties to even.

    Args:
        value: in square nanos.
        rate: what one unit of its currency is worth in the other.
    """
    return Value(divide_half_even(value * rate, NANOS))


def divide_half_even(numerator: int, denominator: int) -> int:
    """Return the quotient rounded to nearest, ties to even. *denominator* must be positive."""
    assert denominator > 0
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient % 2 == 1):
        return quotient + 1
    return quotient


def average_px(value: int, qty: int) -> Px | None:
    """Return the average price of *qty* units worth *value*, ties to even; None without units.

    The signs of *value* and *qty* agree for a real fill history, so the result is a price.
    """
    if qty == 0:
        return None
    if qty < 0:
        value, qty = -value, -qty
    return Px(divide_half_even(value, qty))


def fee_of(value: int, rate: Bps) -> Money:
    """Return the fee on a trade worth *value*, rounded up: the payer bears the fraction."""
    scaled = abs(value) * rate
    return Money(-(-scaled // (BPS_ONE * NANOS)))


def share_of(value: int, part: int, whole: int) -> Value:
    """Return ``value * part / whole`` rounded toward zero; the remainder stays where it was.

    Args:
        value: in any exact unit, signed.
        part: between 0 and *whole*.
        whole: positive.
    """
    assert 0 <= part <= whole
    assert whole > 0
    scaled = abs(value) * part // whole
    return Value(-scaled if value < 0 else scaled)


def split_qty(qty: int, numerator: int, denominator: int) -> int:
    """Return *qty* (signed or not) after a split, rounded toward zero to a nano.

    Args:
        qty: before the split.
        numerator: how many units come ...
        denominator: ... in the place of how many; both positive.
    """
    assert numerator > 0
    assert denominator > 0
    scaled = abs(qty) * numerator // denominator
    return -scaled if qty < 0 else scaled


def bps_of(px: Px, width: Bps) -> Px:
    """Return *width* basis points of the size of *px*, rounded down to a nano."""
    return Px(abs(px) * width // BPS_ONE)


def is_multiple(nanos: int, step: int) -> bool:
    """Return whether *nanos* lies on the grid of *step* nanos; a zero step allows anything."""
    return step == 0 or nanos % step == 0


def floor_to_step(nanos: int, step: int) -> int:
    """Return the largest multiple of *step* that is not above *nanos*."""
    return nanos - nanos % step if step else nanos
