"""Words at the boundary: enum members in either case, and keys that subjects can carry."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final, TypeVar

from trade2026.core.errors import InvalidInputError

E = TypeVar("E", bound=StrEnum)

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
