"""What happened at the best prices is read off a book's events, and what lay behind is not."""

import numpy as np

from trade2026.domain.realism.response import Happening
from trade2026.prism.engine.book import Book
from trade2026.prism.engine.message import BUY, SELL, Action, Force, Kind, new_message
from trade2026.prism.lab.happenings import happenings_of


def place(book: Book, number: int, side: int, ticks: int, lots: int) -> None:
    book.process(
        new_message(
            Action.PLACE,
            number=number,
            owner=number,
            side=side,
            kind=Kind.LIMIT if ticks else Kind.MARKET,
            force=Force.GTC if ticks else Force.IOC,
            ticks=ticks,
            lots=lots,
        ),
        now=number,
    )


def cancel(book: Book, number: int) -> None:
    book.process(new_message(Action.CANCEL, number=number), now=100 + number)


def test_what_happens_at_the_best_prices_is_told_with_the_mid_after_it() -> None:
    book = Book()
    place(book, 1, BUY, 100, 5)
    place(book, 2, SELL, 104, 5)
    place(book, 3, SELL, 104, 5)
    place(book, 4, SELL, 106, 5)  # Behind the best: passed over.
    place(book, 5, BUY, 102, 1)
    cancel(book, 4)
    cancel(book, 5)
    place(book, 6, SELL, 108, 5)
    place(book, 7, BUY, 0, 10)  # Two trades, one order.
    place(book, 8, BUY, 0, 2)
    cancel(book, 6)

    found = happenings_of(book.take_events())

    limit, market, gone = Happening.LIMIT, Happening.MARKET, Happening.CANCEL
    # Before there were two sides there was no mid.
    assert list(zip(found.kind.tolist(), found.side.tolist(), found.mid.tolist(), strict=True)) == [
        (limit, -1, 102.0),
        (limit, -1, 102.0),
        (limit, 1, 103.0),
        (gone, 1, 102.0),
        (market, 1, 104.0),
        (market, 1, 104.0),
        # Nobody sells any more: the last mid holds.
        (gone, -1, 104.0),
    ]


def test_a_book_of_nothing_has_none() -> None:
    found = happenings_of(Book().take_events())

    assert found.kind.dtype == found.side.dtype == np.int64
    assert len(found.mid) == 0
