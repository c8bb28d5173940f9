"""Records keep their fields apart, misspelt ones do not compile, checked ones keep to bounds."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from numba.core.errors import TypingError

from trade2026.prism.engine.compiled import entry
from trade2026.prism.engine.layout import (
    LINE,
    Layout,
    Table,
    address_of_record,
    choose,
    is_before,
    is_checked,
    leading_zeros,
    new_block,
    prefetch,
)

HEAD: Final = Layout("head", {"count": "i8", "at": "i8"}, size=LINE)
MIXED: Final = Layout(
    "mixed",
    {"whole": "i8", "real": "f8", "half": "i4", "quarter": "i2", "small": "i1", "last": "i1"},
    size=32,
    over={"terms": ("i4", "quarter")},
)
ROWS: Final = Table("rows", MIXED, header=HEAD, at="at", count="count")

head_of, mixed_of, row_at = HEAD.of, MIXED.of, ROWS.getter()


@entry
def write_all(record: int, whole: int, real: float, number: int) -> None:
    mixed = mixed_of(record)
    mixed.whole, mixed.real = whole, real
    mixed.half = mixed.quarter = mixed.small = mixed.last = number


@entry
def total(record: int) -> float:
    mixed = mixed_of(record)
    return mixed.whole + mixed.real + mixed.half + mixed.quarter + mixed.small + mixed.last


@entry
def write_terms(record: int, terms: int) -> None:
    mixed = mixed_of(record)
    mixed.terms = terms


@entry
def number_rows(head: int, count: int) -> int:
    header = head_of(head)
    for i in range(count):
        row = row_at(header, i)
        prefetch(row)
        row.whole = i
    # The processor is asked in vain for what lies outside; nothing is read.
    prefetch(mixed_of(0))
    return address_of_record(row_at(header, 1))


@entry
def zeros_above(word: int) -> int:
    return leading_zeros(word)


@entry
def sooner(time: int, number: int, other: int, others: int) -> int:
    return is_before(time, number, other, others)


@entry
def chosen(is_one: int, one: int, other: int) -> int:
    return choose(is_one, one, other)


def a_record() -> tuple[Any, int]:
    block = new_block(LINE)
    return block, block.ctypes.data


def rows_of(count: int) -> Any:
    block = new_block(2 * LINE + count * MIXED.size)
    head = block[: HEAD.size].view(HEAD.dtype)[0]
    head["count"], head["at"] = count, 2 * LINE
    return block


def test_fields_lie_in_order_and_as_wide_as_they_say() -> None:
    places = {name: (at, width) for name, at, width in MIXED.kind.places}

    assert places == {
        "whole": (0, "i8"),
        "real": (8, "f8"),
        "half": (16, "i4"),
        "quarter": (20, "i2"),
        "small": (22, "i1"),
        "last": (23, "i1"),
        "terms": (20, "i4"),
    }
    assert (MIXED.size, Layout("close", {"a": "i1", "b": "i8"}).size) == (32, 9)


def test_a_kernel_and_python_see_the_same_fields() -> None:
    block, address = a_record()
    record = block[: MIXED.size].view(MIXED.dtype)[0]

    write_all(address, -(2**63), 0.5, -7)
    seen = [record[name] for name in ("whole", "real", "half", "quarter", "small", "last")]
    record["whole"] = 100

    assert seen == [-(2**63), 0.5, -7, -7, -7, -7]
    assert total(address) == 100 + 0.5 - 4 * 7


def test_what_is_too_wide_for_a_field_leaves_its_neighbours_alone() -> None:
    block, address = a_record()
    record = block[: MIXED.size].view(MIXED.dtype)[0]
    record["real"] = 2.5

    write_all(address, 1, 2.5, 2**40 + 5)

    assert [record[n] for n in ("half", "quarter", "small", "last")] == [5, 5, 5, 5]
    assert not block[24:].any()


def test_a_field_over_others_writes_them_at_once() -> None:
    block, address = a_record()
    record = block[: MIXED.size].view(MIXED.dtype)[0]

    write_terms(address, 300 | 4 << 16 | 5 << 24)

    assert [record[n] for n in ("half", "quarter", "small", "last")] == [0, 300, 4, 5]


def test_a_layout_of_a_dtype_has_its_places() -> None:
    copy = Layout.of_dtype("copy", MIXED.dtype)

    assert (copy.kind.places, copy.size) == (MIXED.kind.places, MIXED.size)


def test_a_misspelt_field_does_not_compile() -> None:
    @entry
    def misspell(record: int) -> int:
        mixed = mixed_of(record)
        return mixed.hole

    with pytest.raises(TypingError, match="hole"):
        misspell(a_record()[1])


def test_a_table_is_where_its_header_says() -> None:
    block = rows_of(5)

    second = number_rows(block.ctypes.data, 5)

    assert ROWS.view(block)["whole"].tolist() == [0, 1, 2, 3, 4]
    assert second == block.ctypes.data + 2 * LINE + MIXED.size


def test_a_field_that_a_table_needs_must_exist() -> None:
    with pytest.raises(AssertionError, match="no field many"):
        Table("rows", MIXED, header=HEAD, at=LINE, count="many").getter()


@pytest.mark.parametrize("size", [1, 63, 64, 1_000])
def test_blocks_are_zero_and_begin_on_a_line(size: int) -> None:
    block = new_block(size)

    assert (len(block), int(block.sum()), block.ctypes.data % LINE) == (size, 0, 0)


@pytest.mark.parametrize(("word", "zeros"), [(1, 63), (2**62, 1), (-1, 0), (2**40 + 1, 23)])
def test_leading_zeros_are_counted(word: int, zeros: int) -> None:
    assert zeros_above(word) == zeros


@pytest.mark.parametrize(
    ("one", "other"),
    [((1, 0), (2, 0)), ((1, 5), (2, 0)), ((1, 0), (1, 1)), ((-1, 7), (0, 0)), ((-9, 1), (-1, 0)),
     ((0, 2**62), (2**63 - 1, 0)), ((2**63 - 1, 0), (2**63 - 1, 2**40))],
)  # fmt: skip
def test_a_time_comes_before_another_and_at_the_same_a_number(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    assert (sooner(*one, *other), sooner(*other, *one), sooner(*one, *one)) == (1, 0, 0)


def test_one_of_two_words_is_chosen() -> None:
    assert (chosen(1, -5, 2**62), chosen(0, -5, 2**62)) == (-5, 2**62)


OUTSIDE: Final = """
from trade2026.prism.engine.compiled import entry
from trade2026.prism.engine.layout import is_checked
from trade2026.prism.engine.memory import book_of, new_book, order_at

@entry
def number_at(book: int, slot: int) -> int:
    return order_at(book_of(book), slot).number

book = new_book(0, 128)
print(is_checked(), number_at(book.ctypes.data, 128))
for slot in (129, -1, 2**40):
    try:
        number_at(book.ctypes.data, slot)
    except IndexError as error:
        print(error)
"""


def test_a_checked_kernel_names_the_table_it_would_have_left(tmp_path: Path) -> None:
    script = tmp_path / "outside.py"
    script.write_text(OUTSIDE)
    settings = ["NUMBA_BOUNDSCHECK=1", f"NUMBA_CACHE_DIR={tmp_path}"]

    result = subprocess.run(
        ["env", *settings, sys.executable, str(script)],
        capture_output=True,
        check=True,
        text=True,
    )

    assert result.stdout.splitlines() == ["True 0", *["no such record in orders"] * 3]


# Whether this run demands it is no setting of the platform.
SWITCH: Final = os.environ.get("NUMBA_BOUNDSCHECK") or os.environ.get("CI")  # noqa: TID251


@pytest.mark.skipif(not SWITCH, reason="make test and CI have kernels check their bounds")
def test_kernels_are_checked_where_it_is_demanded() -> None:
    assert is_checked()
    assert out_of_bounds_is_an_error()


def out_of_bounds_is_an_error() -> bool:
    block = rows_of(2)
    try:
        number_rows(block.ctypes.data, 3)
    except IndexError as error:
        return "rows" in str(error)
    return False
