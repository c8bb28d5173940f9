"""Numbers of other people's client libraries in nanos, exactly.

Where a library keeps numbers as floats, they are read from the shortest text that names the
float: up to fifteen digits that is the text which the exchange sent.
"""

from decimal import ROUND_CEILING, Decimal, InvalidOperation

from trade2026.core.numbers import NANOS, Money, parse_number


def nanos_of(told: object) -> int:
    """Return a number in nanos; nothing is zero.

    Raises:
        InvalidNumberError: it has more than nine decimal places, or is none.
    """
    return 0 if told is None else parse_number(str(told))


def fee_of(told: object) -> Money:
    """Return a fee in nanos, what is finer rounded up: the payer bears the fraction."""
    try:
        nanos = Decimal(str(told or 0)) * NANOS
    except InvalidOperation:
        return Money(0)
    return Money(int(nanos.to_integral_value(ROUND_CEILING)))
