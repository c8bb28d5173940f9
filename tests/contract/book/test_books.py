"""Both books keep the contract."""

from tests.contract.book.contract import BookContract
from tests.contract.book.messages import OrderBook

from trade2026.prism.engine.book import Book
from trade2026.prism.engine.reference import ReferenceBook


class TestReferenceBook(BookContract):
    """The plain book that defines the rules."""

    def new_book(self) -> OrderBook:
        return ReferenceBook()


class TestCompiledBook(BookContract):
    """The compiled book, small at first so that it must grow."""

    def new_book(self) -> OrderBook:
        return Book(capacity=64)
