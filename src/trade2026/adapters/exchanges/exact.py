"""Numbers of other people's client libraries in nanos, exactly.

Where a library keeps numbers as floats, they are read from the shortest text that names the
float: up to fifteen digits that is the text which the exchange sent.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation

from trade2026.core.errors import InvalidNumberError
from trade2026.core.numbers import NANOS, Money, parse_number


def nanos_of(told: object) -> int:
    """Return a number in nanos; nothing is zero.

    Raises:
        InvalidNumberError: it has more than nine decimal places, or is none.
    """
    return 0 if told is None else parse_number(str(told))


def floor_of(told: object) -> Money:
    """Return an amount in nanos, what is finer rounded down: nobody can spend it.

    Raises:
        InvalidNumberError: it is no number.
    """
    try:
        nanos = Decimal(str(told or 0)) * NANOS
        return Money(int(nanos.to_integral_value(ROUND_FLOOR)))
    except (InvalidOperation, OverflowError, ValueError):
        raise InvalidNumberError(str(told), "no amount") from None


def fee_of(told: object) -> Money:
    """Return a fee in nanos, what is finer rounded up: the payer bears the fraction."""
    try:
        nanos = Decimal(str(told or 0)) * NANOS
    except InvalidOperation:
        return Money(0)
    return Money(int(nanos.to_integral_value(ROUND_CEILING)))
