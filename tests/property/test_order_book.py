"""The book with its sorted sides is the same as two plain dictionaries."""

from hypothesis import given
from hypothesis import strategies as st

from trade2026.core.numbers import Px, Qty
from trade2026.domain.market.book import OrderBook
from trade2026.model.market import Level

LEVELS = st.lists(
    st.builds(Level, st.integers(1, 40).map(Px), st.integers(0, 3).map(Qty)), max_size=12
)


@given(changes=st.lists(st.tuples(LEVELS, LEVELS), max_size=20))
def test_the_book_equals_two_dictionaries(changes: list[tuple[list[Level], list[Level]]]) -> None:
    book = OrderBook()
    plain: tuple[dict[int, int], dict[int, int]] = ({}, {})

    for seq, sides in enumerate(changes):
        book.apply(seq, *sides)
        for levels, quantities in zip(sides, plain, strict=True):
            for level in levels:
                quantities[level.px] = level.qty
                if not level.qty:
                    del quantities[level.px]

        bids, asks = plain
        assert [(level.px, level.qty) for level in book.best_bids(99)] == sorted(
            bids.items(), reverse=True
        )
        assert [(level.px, level.qty) for level in book.best_asks(99)] == sorted(asks.items())
        best_bid, best_ask = max(bids, default=0), min(asks, default=0)
        assert book.top() == (best_bid, bids.get(best_bid, 0), best_ask, asks.get(best_ask, 0))
        assert book.is_crossed == (bool(bids) and bool(asks) and best_bid >= best_ask)
