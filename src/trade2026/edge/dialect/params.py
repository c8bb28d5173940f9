"""The parameters of a request, read one by one as the dialect wants them.

They come as text, in the URL, in the body, or in the JSON of the WebSocket API; a number is
read exactly. What is wrong is told with the parameter's name. A form is read strictly, since
the sender's signature does not say where its query ended and its body began: whoever moves
that place into a name or a value leaves something there that is no parameter.

Source: Binance Spot API, "General info on endpoints".
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from trade2026.core.clock import NS_PER_MS
from trade2026.core.errors import InvalidNumberError
from trade2026.core.numbers import parse_nanos
from trade2026.edge.dialect.errors import (
    DialectError,
    illegal,
    malformed,
    missing,
    not_valid,
    too_precise,
)

E = TypeVar("E", bound=StrEnum)

MOST_MS: Final = 253_402_300_799_999
"""Of a time: the end of the year 9999, where calendars end."""
PARAMS_MAX: Final = 64
"""Of one request; the largest documented one has some twenty."""
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
"""Of a parameter. What is left of a number that was cut in two does not begin like that."""
NUMBER: Final = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"
CLIENT_ID: Final = "^[a-zA-Z0-9-_]{1,36}$"

_NUMBER: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)
_INTEGER: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_CLIENT_ID: Final = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}", re.ASCII)


def read_form(text: str) -> dict[str, str]:
    """Return the parameters in *text*, as URLs and forms spell them.

    Raises:
        DialectError: there are too many, one is there twice, or something is none.
    """
    if not text:
        return {}
    if text.count("&") >= PARAMS_MAX:
        raise DialectError(-1101, "Too many parameters sent for this endpoint.")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise malformed() from None
    values = dict(pairs)
    if not all(NAME.fullmatch(name) for name in values):
        raise malformed()
    if text.count("=") != len(pairs):
        raise malformed()
    if len(values) != len(pairs):
        raise DialectError(-1101, "Duplicate values for a parameter detected.")
    return values


class Params:
    """Reads parameters by name."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        """Return whether the parameter was sent with a value."""
        return bool(self._values.get(name))

    def text(self, name: str) -> str:
        """Return a parameter that must be there.

        Raises:
            DialectError: it is not.
        """
        value = self._values.get(name, "")
        if not value:
            raise missing(name)
        return value

    def optional(self, name: str) -> str:
        """Return a parameter, empty where it was not sent."""
        return self._values.get(name, "")

    def client_id(self, name: str) -> str:
        """Return a sender's own id of an order, empty where there is none.

        Raises:
            DialectError: it has other characters than it may, or too many.
        """
        value = self.optional(name)
        if value and _CLIENT_ID.fullmatch(value) is None:
            raise illegal(name, CLIENT_ID)
        return value

    def integer(self, name: str) -> int | None:
        """Return a whole number, None where it was not sent.

        Raises:
            DialectError: it is none.
        """
        value = self.optional(name)
        if not value:
            return None
        if _INTEGER.fullmatch(value) is None:
            raise illegal(name, "^[0-9]{1,20}$")
        return int(value)

    def limit(self, default: int, most: int, name: str = "limit") -> int:
        """Return how many rows are wanted: *default*, and never more than *most*.

        Raises:
            DialectError: it is not a positive number.
        """
        value = self.integer(name)
        if value is None:
            return default
        if value < 1:
            raise not_valid(name)
        return min(value, most)

    def time_ns(self, name: str) -> int | None:
        """Return a time in nanoseconds, None where it was not sent.

        Raises:
            DialectError: it is no time in milliseconds.
        """
        value = self.integer(name)
        if value is not None and not 0 <= value <= MOST_MS:
            raise illegal(name, "^[0-9]{1,15}$")
        return None if value is None else value * NS_PER_MS

    def nanos(self, name: str) -> int | None:
        """Return an exact number above zero in nanos, None where it was not sent.

        Raises:
            DialectError: it is none, or finer than a nano.
        """
        value = self.optional(name)
        if not value:
            return None
        if _NUMBER.fullmatch(value) is None:
            raise illegal(name, NUMBER)
        try:
            nanos = parse_nanos(value)
        except InvalidNumberError as error:
            raise (too_precise(name) if "finer" in error.why else not_valid(name)) from None
        if nanos == 0:
            raise not_valid(name)
        return nanos

    def word(self, name: str, kind: type[E], error: DialectError, default: E | None = None) -> E:
        """Return the member of *kind* that the parameter names; *default* where it was not sent.

        Raises:
            DialectError: *error*, where it names none; or it must be there and is not.
        """
        value = self.optional(name) if default is not None else self.text(name)
        if not value and default is not None:
            return default
        if value not in frozenset(kind):
            raise error
        return kind(value)

    def is_true(self, name: str) -> bool:
        """Return whether the parameter says `true`, in any case."""
        return self.optional(name).lower() == "true"
