"""Versions have the order of Semantic Versioning, and ranges hold what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trade2026.core.errors import InvalidInputError
from trade2026.library.semver import SemVer, parse_range, parse_version

# Section 11 of the standard, with a few of our own.
ASCENDING = (
    "0.0.1",
    "0.9.0",
    "1.0.0-0",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0",
)

numbers = st.integers(0, 999_999_999)
words = st.from_regex(r"[A-Za-z-][0-9A-Za-z-]{0,5}", fullmatch=True)
versions = st.builds(
    SemVer, numbers, numbers, numbers, st.lists(numbers | words, max_size=3).map(tuple)
)


def test_versions_are_ordered_by_the_standard() -> None:
    parsed = [parse_version(text) for text in reversed(ASCENDING)]

    ordered = sorted(parsed, key=lambda version: version.precedence)

    assert [str(version) for version in ordered] == list(ASCENDING)


@given(version=versions)
def test_a_version_is_read_as_it_is_written(version: SemVer) -> None:
    assert parse_version(str(version)) == version


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "1.2", "1.2.3.4", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b"),
        *("1.2.3+build", "1.2.-3", " 1.2.3", "1.2.3\n", "\u0661.2.3", "1.2.9999999999"),
        "1.2.3-" + "a" * 100,
    ],
)
def test_what_is_no_version_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_version(text, "here")

    assert refused.value.field == "here"


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("*", "0.0.0 9.9.9", "1.0.0-rc.1"),
        ("1.2.3", "1.2.3", "1.2.2 1.2.4 1.2.3-rc.1 1.2.4-rc.1"),
        ("=1.2.3", "1.2.3", "1.2.4"),
        ("1.2", "1.2.0 1.2.9", "1.1.9 1.3.0 1.3.0-rc.1"),
        ("1", "1.0.0 1.99.0", "0.9.9 2.0.0"),
        ("^1.2.3", "1.2.3 1.9.0", "1.2.2 2.0.0 2.0.0-rc.1 1.3.0-rc.1"),
        ("^1.2", "1.2.0 1.9.9", "1.1.0 2.0.0"),
        ("^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0"),
        ("^0.0.3", "0.0.3", "0.0.2 0.0.4"),
        ("^0.0", "0.0.0 0.0.9", "0.1.0"),
        ("^0", "0.0.0 0.9.9", "1.0.0"),
        ("^1.2.3-rc.1", "1.2.3-rc.1 1.2.3-rc.2 1.2.3 1.3.0", "1.2.3-beta 1.3.0-rc.1 2.0.0"),
        ("~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0"),
        ("~1.2", "1.2.0 1.2.9", "1.3.0"),
        ("~1", "1.0.0 1.9.9", "2.0.0"),
        (">1.2.3", "1.2.4 2.0.0", "1.2.3 1.2.4-rc.1"),
        (">1.2", "1.3.0", "1.2.9"),
        (">1.2.3-rc.1", "1.2.3-rc.1.0 1.2.3-rc.2 1.2.3", "1.2.3-rc.1"),
        (">=1.2.3", "1.2.3 9.0.0", "1.2.2"),
        ("<1.2.3", "1.2.2 0.0.0", "1.2.3 1.2.3-rc.1"),
        ("<1.2.3-rc.2", "1.2.3-rc.1 1.2.2", "1.2.3-rc.2 1.2.3 1.2.2-rc.1"),
        ("<=1.2.3", "1.2.3", "1.2.4 1.2.3-rc.1"),
        ("<=1.2", "1.2.9", "1.3.0"),
        (">=1.0.0 <2.0.0", "1.0.0 1.9.9", "0.9.9 2.0.0"),
        (">=1.0.0, <2, <1.5", "1.4.9", "1.5.0"),
        (">=2.0.0 <1.0.0", "", "1.0.0 1.5.0 2.0.0"),
    ],
)
def test_a_range_holds_what_it_says(text: str, inside: str, outside: str) -> None:
    wanted = parse_range(text)

    assert [v for v in inside.split() if not wanted.has(parse_version(v))] == []
    assert [v for v in outside.split() if wanted.has(parse_version(v))] == []


@pytest.mark.parametrize(
    "text", ["", " ", ",", "^", "^ 1.2", "1.x", ">>1", "1.2-rc", "a", "1" * 101]
)
def test_what_is_no_range_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_range(text, "there")

    assert refused.value.field == "there"


@given(version=versions)
def test_a_version_is_in_every_range_that_begins_with_it(version: SemVer) -> None:
    for sign in ("", "=", "^", "~", ">=", "<="):
        assert parse_range(f"{sign}{version}").has(version), sign
    for sign in ("<", ">"):
        assert not parse_range(f"{sign}{version}").has(version), sign
