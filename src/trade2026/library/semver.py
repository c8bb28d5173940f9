"""Semantic versions, their order, and ranges of them.

A range is comparators that must all hold, apart by spaces or commas: ``1.2.3`` or ``=1.2.3``
exactly that one, ``>``, ``>=``, ``<``, ``<=``, ``^1.2`` the same left-most number that is not
zero, ``~1.2`` the same minor, ``*`` anything. A pre-release is in a range only if one of its
comparators names a pre-release of the same numbers: nobody gets a beta without asking.

Source: Semantic Versioning 2.0.0, sections 2, 9 and 11; node-semver's README for ranges.
"""

import re
from typing import Final

import msgspec

from trade2026.core.errors import InvalidInputError

TEXT_MAX: Final = 100
"""Characters of a version or a range."""

_NUMBER: Final = r"(0|[1-9][0-9]{0,8})"
_PART: Final = r"(?:0|[1-9][0-9]{0,8}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_PRE: Final = rf"(?:-({_PART}(?:\.{_PART})*))?"
_VERSION: Final = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}{_PRE}", re.ASCII)
_COMPARATOR: Final = re.compile(
    rf"(\^|~|>=|<=|>|<|=)?{_NUMBER}(?:\.{_NUMBER}(?:\.{_NUMBER}{_PRE})?)?", re.ASCII
)
_ANY: Final = "*"


class SemVer(msgspec.Struct, frozen=True):
    """A version."""

    major: int
    minor: int
    patch: int
    pre: tuple[int | str, ...] = ()
    """Parts of the pre-release; empty for a release."""

    @property
    def numbers(self) -> tuple[int, int, int]:
        """Return the version without its pre-release."""
        return self.major, self.minor, self.patch

    @property
    def precedence(self) -> tuple[tuple[int, int, int], bool, list[tuple[bool, int, str]]]:
        """Return what versions are ordered by: the higher, the later."""
        # A release comes after its pre-releases, a word after a number, more parts after fewer.
        parts = [
            (False, part, "") if isinstance(part, int) else (True, 0, part) for part in self.pre
        ]
        return self.numbers, not self.pre, parts

    def __str__(self) -> str:
        """Return the version as it is written."""
        pre = "-" + ".".join(map(str, self.pre)) if self.pre else ""
        return f"{self.major}.{self.minor}.{self.patch}{pre}"


class Comparator(msgspec.Struct, frozen=True):
    """Versions from `low` on and before `high`; None is no bound."""

    low: SemVer | None
    high: SemVer | None
    named: SemVer
    """The version it was written with."""

    def holds(self, version: SemVer) -> bool:
        """Return whether *version* lies between the bounds."""
        rank = version.precedence
        is_above = self.low is None or self.low.precedence <= rank
        return is_above and (self.high is None or rank < self.high.precedence)


class Range(msgspec.Struct, frozen=True):
    """Comparators that must all hold; without any, every release is in it."""

    comparators: tuple[Comparator, ...]

    def has(self, version: SemVer) -> bool:
        """Return whether *version* is in the range."""
        if not all(comparator.holds(version) for comparator in self.comparators):
            return False
        return not version.pre or any(
            c.named.pre and c.named.numbers == version.numbers for c in self.comparators
        )


def parse_version(text: str, field: str = "version") -> SemVer:
    """Return the version *text*.

    Raises:
        InvalidInputError: it is none, or has build metadata; names *field*.
    """
    found = _VERSION.fullmatch(text) if len(text) <= TEXT_MAX else None
    if found is None:
        raise InvalidInputError(field, "must be a version such as 1.2.3 or 1.2.3-rc.1")
    return SemVer(int(found[1]), int(found[2]), int(found[3]), _pre(found[4]))


def parse_range(text: str, field: str = "versions") -> Range:
    """Return the range *text*.

    Raises:
        InvalidInputError: it is none; names *field*.
    """
    words = text.replace(",", " ").split() if len(text) <= TEXT_MAX else []
    if not words:
        raise InvalidInputError(field, "must be a range such as ^1.2 or >=1.0.0 <2.0.0")
    return Range(tuple(_comparator(word, field) for word in words if word != _ANY))


def _comparator(word: str, field: str) -> Comparator:
    found = _COMPARATOR.fullmatch(word)
    if found is None:
        raise InvalidInputError(field, f"{word[:40]!r} is not a comparator such as ^1.2 or >=1.0.0")
    given = tuple(int(number) for number in found.groups()[1:4] if number is not None)
    major, minor, patch = (*given, 0, 0)[:3]
    low = SemVer(major, minor, patch, _pre(found[5]))
    # `1.2` stands for all of 1.2.x: what comes next is 1.3, and after `1.2.3` the next patch.
    bounds: tuple[SemVer | None, SemVer | None]
    match found[1]:
        case "^":
            first = next((i for i, number in enumerate(given) if number), len(given) - 1)
            bounds = low, _next(given[: first + 1])
        case "~":
            bounds = low, _next(given[:2])
        case ">=":
            bounds = low, None
        case ">":
            bounds = _after(given, low), None
        case "<":
            bounds = None, _floor(low)
        case "<=":
            bounds = None, _after(given, low)
        case _:
            bounds = low, _after(given, low)
    return Comparator(*bounds, named=low)


def _after(given: tuple[int, ...], low: SemVer) -> SemVer:
    """Return the first version behind what was written: behind all of 1.2.x for ``1.2``."""
    if low.pre:
        # Nothing lies between a pre-release and the same with a part `0` added.
        return SemVer(*low.numbers, (*low.pre, 0))
    return _next(given)


def _next(given: tuple[int, ...]) -> SemVer:
    """Return the first version that does not begin with the numbers *given*."""
    *front, last = given
    major, minor, patch = (*front, last + 1, 0, 0)[:3]
    return _floor(SemVer(major, minor, patch))


def _floor(version: SemVer) -> SemVer:
    """Return the lowest pre-release of a release: below ``2.0.0`` there is no ``2.0.0-rc``."""
    return version if version.pre else SemVer(*version.numbers, (0,))


def _pre(text: str | None) -> tuple[int | str, ...]:
    parts = text.split(".") if text else ()
    return tuple(int(part) if part.isdigit() else part for part in parts)
