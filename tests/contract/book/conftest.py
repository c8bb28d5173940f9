"""Every book of the engine plays the whole suite."""

from collections.abc import Callable

import pytest
from tests.book.follower import OrderBook
from tests.book.play import Play

from trade2026.prism.engine.book import Book
from trade2026.prism.engine.reference import ReferenceBook


def new_compiled_book() -> Book:
    """Return a compiled book that is small at first, so that it must grow."""
    return Book(capacity=128)


@pytest.fixture(params=[ReferenceBook, new_compiled_book], ids=["plain", "compiled"])
def play(request: pytest.FixtureRequest) -> Play:
    """Return a scenario on an empty book; after each message it checks all that must hold."""
    new_book: Callable[[], OrderBook] = request.param
    return Play(new_book)
