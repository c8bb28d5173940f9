"""Every book of the engine plays the whole suite."""

from collections.abc import Callable

import pytest
from tests.book.follower import OrderBook
from tests.book.play import Play

from trade2026.prism.engine.reference import ReferenceBook


@pytest.fixture(params=[ReferenceBook], ids=["plain"])
def play(request: pytest.FixtureRequest) -> Play:
    """Return a scenario on an empty book; after each message it checks all that must hold."""
    new_book: Callable[[], OrderBook] = request.param
    return Play(new_book)
