"""Words at the boundary: enum members in either case, keys that subjects can carry, moments."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar

from trade2026.core.clock import TimeNs
from trade2026.core.errors import InvalidInputError

E = TypeVar("E", bound=StrEnum)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def read_word(kind: type[E], text: str, field: str, *, among: Iterable[E] | None = None) -> E:
    """Return the member of *kind* that *text* names, in either case; of *among* where given.

    Raises:
        InvalidInputError: there is none; the text lists those there are.
    """
    allowed = tuple(kind if among is None else among)
    word = text.upper()
    if word not in allowed:
        raise InvalidInputError(field, f"must be one of {', '.join(allowed)}")
    return kind(word)


def read_key(text: str, field: str) -> str:
    """Return *text* if it is a name made of letters, digits, `_` and `-`, up to 64 of them.

    Raises:
        InvalidInputError: it is not.
    """
    if _KEY.fullmatch(text) is None:
        raise InvalidInputError(field, "must be 1 to 64 letters, digits, _ or -")
    return text


def read_time(text: str, field: str) -> TimeNs:
    """Return the moment that *text* names in RFC 3339.

    Raises:
        InvalidInputError: it names none, or not its offset from UTC.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(field, "is not RFC 3339") from None
    if moment.tzinfo is None:
        raise InvalidInputError(field, "needs its offset from UTC, such as Z")
    # In whole microseconds, which is what the text can say here, and without floats.
    return TimeNs((moment - _EPOCH) // _MICROSECOND * 1_000)
