"""The book keeps absolute quantities, knows its top, and is bounded."""

from trade2026.core.numbers import Px, Qty
from trade2026.domain.market.book import LEVEL_LIMIT, OrderBook
from trade2026.model.market import Level


def test_a_quantity_replaces_and_zero_removes() -> None:
    book = OrderBook()
    book.replace(1, [Level(Px(10), Qty(1)), Level(Px(9), Qty(2))], [Level(Px(12), Qty(3))])

    book.apply(2, [Level(Px(10), Qty(0)), Level(Px(9), Qty(5))], [Level(Px(11), Qty(1))])

    assert book.seq == 2
    assert book.top() == (9, 5, 11, 1)
    assert book.best_asks(5) == (Level(Px(11), Qty(1)), Level(Px(12), Qty(3)))


def test_removing_an_unknown_level_changes_nothing() -> None:
    book = OrderBook()

    book.apply(1, [Level(Px(10), Qty(0))], [])

    assert book.top() == (0, 0, 0, 0)
    assert not book.is_crossed


def test_a_bid_at_the_offer_crosses() -> None:
    book = OrderBook()

    book.replace(1, [Level(Px(10), Qty(1))], [Level(Px(10), Qty(1))])

    assert book.is_crossed


def test_the_farthest_levels_go_when_there_are_too_many() -> None:
    book = OrderBook()
    middle = 2 * LEVEL_LIMIT

    book.replace(
        1,
        [Level(Px(middle - away), Qty(1)) for away in range(1, LEVEL_LIMIT + 3)],
        [Level(Px(middle + away), Qty(1)) for away in range(1, LEVEL_LIMIT + 4)],
    )

    assert book.top() == (middle - 1, 1, middle + 1, 1)
    for side in (book.bids, book.asks):
        assert len(side.prices) == LEVEL_LIMIT
        assert set(side.prices) == set(side.qty_by_px)
    assert book.best_bids(LEVEL_LIMIT)[-1].px == middle - LEVEL_LIMIT
    assert book.best_asks(LEVEL_LIMIT)[-1].px == middle + LEVEL_LIMIT
