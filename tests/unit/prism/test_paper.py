"""Paper orders fill as the recording allows: hand-worked books in ticks and lots."""

import pytest

from trade2026.model.order import OrdType, Side, TimeInForce
from trade2026.prism.paper import PaperAnswer, PaperBook, PaperFill

BUY, SELL = Side.BUY, Side.SELL
GTC, IOC, FOK = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK


@pytest.fixture
def book() -> PaperBook:
    """Return bids 99x5, 98x5 against asks 101x2, 102x3, 105x10."""
    book = PaperBook()
    book.replace([(99, 5), (98, 5)], [(101, 2), (102, 3), (105, 10)])
    return book


def buy(
    book: PaperBook,
    lots: int,
    ticks: int | None = None,
    *,
    number: int = 1,
    force: TimeInForce = GTC,
    side: Side = BUY,
) -> PaperAnswer:
    return book.submit(
        number=number,
        side=side,
        ord_type=OrdType.MARKET if ticks is None else OrdType.LIMIT,
        time_in_force=force,
        ticks=ticks or 0,
        lots=lots,
    )


def parts(fills: list[PaperFill]) -> list[tuple[int, int, int]]:
    return [(fill.number, fill.ticks, fill.lots) for fill in fills]


def test_a_market_order_walks_the_displayed_levels(book: PaperBook) -> None:
    answer = buy(book, 6)

    assert parts(answer.fills) == [(1, 101, 2), (1, 102, 3), (1, 105, 1)]
    assert [fill.lots_left for fill in answer.fills] == [4, 1, 0]


def test_what_a_market_order_does_not_find_is_killed(book: PaperBook) -> None:
    answer = buy(book, 20)

    assert sum(fill.lots for fill in answer.fills) == 15
    assert answer.killed_lots == 5
    assert answer.resting_lots == 0


def test_consumed_liquidity_stays_consumed_until_the_level_changes(book: PaperBook) -> None:
    buy(book, 2)

    again = buy(book, 2, 101, force=IOC)
    book.update([], [(102, 3), (101, 2)])
    unchanged = buy(book, 2, 101, force=IOC)
    book.replace([(99, 5)], [(101, 2), (102, 3)])
    repeated = buy(book, 2, 101, force=IOC)
    book.update([], [(101, 3)])
    changed = buy(book, 2, 101, force=IOC)

    assert again.fills == unchanged.fills == repeated.fills == []
    assert parts(changed.fills) == [(1, 101, 2)]


def test_a_level_that_went_and_came_back_is_new(book: PaperBook) -> None:
    buy(book, 2)
    book.update([], [(101, 0)])
    book.update([], [(101, 2)])

    assert parts(buy(book, 2, 101).fills) == [(1, 101, 2)]


def test_a_limit_order_takes_what_is_in_reach_and_rests_with_the_remainder(book: PaperBook) -> None:
    answer = buy(book, 7, 102)

    assert parts(answer.fills) == [(1, 101, 2), (1, 102, 3)]
    assert answer.resting_lots == 2


def test_fok_fills_whole_or_not_at_all(book: PaperBook) -> None:
    too_much = buy(book, 6, 102, force=FOK)
    enough = buy(book, 5, 102, force=FOK)

    assert too_much == PaperAnswer([], 0, 6)
    assert sum(fill.lots for fill in enough.fills) == 5


def test_a_resting_order_waits_for_the_queue_that_stood_before_it(book: PaperBook) -> None:
    buy(book, 3, 99)

    first = book.printed(99, 4, SELL)
    second = book.printed(99, 2, SELL)
    third = book.printed(99, 9, SELL)

    assert first == []
    assert parts(second) == [(1, 99, 1)]
    assert parts(third) == [(1, 99, 2)]


def test_our_own_orders_at_a_price_fill_in_the_order_they_joined(book: PaperBook) -> None:
    buy(book, 2, 99, number=1)
    buy(book, 2, 99, number=2)

    assert parts(book.printed(99, 8, SELL)) == [(1, 99, 2), (2, 99, 1)]
    assert parts(book.printed(99, 8, SELL)) == [(2, 99, 1)]


def test_a_print_beyond_the_price_fills_at_the_limit_and_no_more_than_it_traded(
    book: PaperBook,
) -> None:
    buy(book, 3, 99, number=1)
    buy(book, 3, 100, number=2)

    fills = book.printed(98, 4, SELL)

    assert parts(fills) == [(2, 100, 3), (1, 99, 1)]


def test_prints_on_the_other_side_or_outside_the_price_fill_nothing(book: PaperBook) -> None:
    buy(book, 3, 99)

    assert book.printed(101, 50, BUY) == []
    assert book.printed(100, 50, SELL) == []


def test_a_book_that_crosses_fills_at_the_limit_out_of_what_is_displayed(book: PaperBook) -> None:
    buy(book, 5, 100)

    fills = book.update([], [(99, 3), (101, 0)])

    # The ask came down to 99; the order fills at its own 100, never better.
    assert parts(fills) == [(1, 100, 3)]
    assert book.update([], [(99, 3)]) == []


def test_a_cancelled_order_fills_no_more(book: PaperBook) -> None:
    buy(book, 3, 99)

    assert book.cancel(1) == (BUY, 99, 3)
    assert book.cancel(1) is None
    assert book.printed(90, 50, SELL) == []


def test_the_depth_shows_what_is_left_to_take(book: PaperBook) -> None:
    buy(book, 3)

    bids, asks = book.depth(2)

    assert bids == [(99, 5), (98, 5)]
    assert asks == [(102, 2), (105, 10)]
