"""Both books do what the page on PRISM's engine shows, and it names all that there is."""

import re
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Final

import pytest
from tests.book.follower import OrderBook
from tests.book.play import Play

from trade2026.prism.engine.book import Book
from trade2026.prism.engine.event import EventKind, EventReason
from trade2026.prism.engine.message import Force, Kind, Phase, Stp
from trade2026.prism.engine.reference import ReferenceBook

PAGE: Final = (Path(__file__).parents[3] / "docs" / "prism-engine.md").read_text("utf-8")
EXAMPLES: Final = re.findall(r"^```book( one way)?\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("new_book", [ReferenceBook, Book], ids=["plain", "compiled"])
@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_happens(number: int, new_book: Callable[[], OrderBook]) -> None:
    one_way, text = EXAMPLES[number]
    play = Play(new_book)

    (play.one_way() if one_way else play)(text)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == PAGE.count("```book") >= 12


@pytest.mark.parametrize("names", [EventKind, EventReason, Kind, Force, Stp, Phase])
def test_the_tables_name_all_that_there_is(names: type[IntEnum]) -> None:
    rows = {line.split("|")[1].strip() for line in PAGE.splitlines() if line.startswith("| ")}

    assert {name.name for name in names} <= rows
