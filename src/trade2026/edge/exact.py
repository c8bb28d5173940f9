"""Numbers at the boundary: read from JSON without floats, written as exact JSON numbers.

A field of type `Exact` holds the raw JSON token: a number, or a string with a number in it.
"""

from typing import Final, TypeAlias

import msgspec

from trade2026.core.errors import InvalidInputError, InvalidNumberError
from trade2026.core.numbers import (
    NANOS,
    Money,
    Px,
    Qty,
    format_nanos,
    parse_number,
    parse_px,
    parse_qty,
)

Exact: TypeAlias = msgspec.Raw
"""A JSON number, or a decimal string; null where the schema says so."""

NULL: Final = msgspec.Raw(b"null")


def is_null(raw: msgspec.Raw) -> bool:
    """Return whether the token is missing or null."""
    return bytes(raw) in {b"", b"null"}


def _text(raw: msgspec.Raw, field: str) -> str:
    token = bytes(raw).strip()
    if token[:1] == b'"':
        token = token[1:-1]
    try:
        return token.decode("ascii")
    except UnicodeDecodeError:
        raise InvalidInputError(field, "not a number") from None


def read_px(raw: msgspec.Raw, field: str) -> Px:
    """Return the price in *raw*.

    Raises:
        InvalidInputError: it is not an exact price; names *field*.
    """
    try:
        return parse_px(_text(raw, field))
    except InvalidNumberError as error:
        raise InvalidInputError(field, error.why) from error


def read_qty(raw: msgspec.Raw, field: str) -> Qty:
    """Return the quantity in *raw*.

    Raises:
        InvalidInputError: it is not an exact quantity; names *field*.
    """
    try:
        return parse_qty(_text(raw, field))
    except InvalidNumberError as error:
        raise InvalidInputError(field, error.why) from error


def read_money(raw: msgspec.Raw, field: str) -> Money:
    """Return the amount in *raw*, signed.

    Raises:
        InvalidInputError: it is not an exact amount; names *field*.
    """
    try:
        return Money(parse_number(_text(raw, field)))
    except InvalidNumberError as error:
        raise InvalidInputError(field, error.why) from error


def write(nanos: int) -> msgspec.Raw:
    """Return *nanos* as an exact JSON number token."""
    return msgspec.Raw(format_nanos(nanos).encode())


def write_optional(nanos: int | None) -> msgspec.Raw:
    """Return *nanos* as an exact JSON number token, or null."""
    return NULL if nanos is None else write(nanos)


def write_value(value: int) -> msgspec.Raw:
    """Return *value*, in square nanos, as an exact JSON number token."""
    whole, part = divmod(abs(value), NANOS * NANOS)
    sign = "-" if value < 0 else ""
    text = f"{sign}{whole}.{part:018d}".rstrip("0").rstrip(".")
    return msgspec.Raw(text.encode())
