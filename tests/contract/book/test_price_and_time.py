"""Price before time: the better price first, at one price the older order.

Source: price-time priority as exchanges state it, for instance Nasdaq Equity 4, Rule 4757(a).
"""

import numpy as np
from tests.book.play import Play

from trade2026.prism.engine.message import BUY, MAX_TICKS, SELL


def test_the_better_price_trades_first_and_at_its_own_price(play: Play) -> None:
    play("""
        #1 sell 5 @ 102
            added #1 sell 5 @ 102, level 5
        #2 sell 5 @ 101
            added #2 sell 5 @ 101, level 5
        #3 buy 8 @ 102
            trade buy 5 @ 101: #2 has 0, #3 has 3, level 0
            trade buy 3 @ 102: #1 has 2, #3 has 0, level 2
    """)


def test_at_one_price_the_older_order_trades_first(play: Play) -> None:
    play.given("""
        #1 buy 4 @ 100
        #2 buy 4 @ 100
        #3 buy 4 @ 100
    """)
    play("""
        cancel #2
            removed #2 buy 4 @ 100, level 8
        #9 sell 6 @ 100
            trade sell 4 @ 100: #1 has 0, #9 has 2, level 4
            trade sell 2 @ 100: #3 has 2, #9 has 0, level 2
    """)


def test_limits_that_do_not_meet_both_rest(play: Play) -> None:
    play("""
        #1 sell 5 @ 101
            added #1 sell 5 @ 101, level 5
        #2 buy 5 @ 100
            added #2 buy 5 @ 100, level 5
    """)
    assert play.book.depth(BUY, 5).tolist() == [[100, 5]]
    assert play.book.depth(SELL, 5).tolist() == [[101, 5]]


def test_the_rest_of_a_limit_order_rests_at_its_price(play: Play) -> None:
    play("""
        #1 sell 5 @ 101
            added #1 sell 5 @ 101, level 5
        #2 buy 8 @ 103
            trade buy 5 @ 101: #1 has 0, #2 has 3, level 0
            added #2 buy 3 @ 103, level 3
    """)
    assert play.book.resting().tolist() == [[2, 2, BUY, 103, 3, 3]]
    assert play.book.depth(SELL, 5).tolist() == []


def test_an_order_trades_at_better_prices_than_its_limit_and_at_no_worse_one(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101
        #2 sell 5 @ 102
        #3 sell 5 @ 103
    """)
    play("""
        #4 buy 20 @ 102
            trade buy 5 @ 101: #1 has 0, #4 has 15, level 0
            trade buy 5 @ 102: #2 has 0, #4 has 10, level 0
            added #4 buy 10 @ 102, level 10
    """)


def test_depth_is_the_best_levels_first(play: Play) -> None:
    play.given("""
        #1 buy 5 @ 98
        #2 buy 6 @ 100
        #3 buy 7 @ 99
        #4 buy 8 @ 100
    """)

    assert play.book.depth(BUY, 2).tolist() == [[100, 14], [99, 7]]
    assert play.book.depth(BUY, 9).tolist() == [[100, 14], [99, 7], [98, 5]]
    assert play.book.depth(SELL, 9).shape == (0, 2)


def test_resting_orders_are_told_as_they_would_trade(play: Play) -> None:
    play.given("""
        #1 sell 1 @ 102
        #2 buy 2 @ 99 owner 8
        #3 sell 3 @ 101
        #4 buy 4 @ 100
        #5 buy 5 @ 99
    """)

    assert play.book.resting()[:, 0].tolist() == [4, 2, 5, 3, 1]
    assert play.book.resting()[1].tolist() == [2, 8, BUY, 99, 2, 2]


def test_prices_may_lie_anywhere(play: Play) -> None:
    play.one_way().given(f"""
        #1 buy 5 @ 1
        #2 sell 5 @ {MAX_TICKS}
        #3 buy 5 @ 1000000000
        #4 sell 5 @ {MAX_TICKS - 1}
    """)

    assert play.book.depth(BUY, 5).tolist() == [[10**9, 5], [1, 5]]
    assert play.book.depth(SELL, 5).tolist() == [[MAX_TICKS - 1, 5], [MAX_TICKS, 5]]


def test_the_price_may_run_away_and_come_back(play: Play) -> None:
    play.one_way().given("#1 buy 5 @ 500000")
    for step in range(1, 60):
        number = 10 * step
        play.given(f"""
            #{number} sell 1 @ {500_000 + 7_001 * step}
            #{number + 1} buy 2 @ {500_000 + 7_001 * step}
            #{number + 2} sell 1 @ {500_000 + 7_001 * step}
        """)
    play("""
        #5000 sell 7 @ 400000
            trade sell 5 @ 500000: #1 has 0, #5000 has 2, level 0
            added #5000 sell 2 @ 400000, level 2
    """)


def test_a_book_grows_as_long_as_orders_rest(play: Play) -> None:
    play.one_way()
    for number in range(1, 400):
        play.given(f"#{number} buy {number} @ {100 + number % 7}")

    assert len(play.book.resting()) == 399
    play("""
        #1000 sell 20 @ 106
            trade sell 6 @ 106: #6 has 0, #1000 has 14, level 11508
            trade sell 13 @ 106: #13 has 0, #1000 has 1, level 11495
            trade sell 1 @ 106: #20 has 19, #1000 has 0, level 11494
    """)


def test_events_carry_time_owners_and_a_number_without_gaps(play: Play) -> None:
    play.given("""
        clock 70
        #1 sell 5 @ 101 owner 8
    """)
    play("""
        clock 75
        #2 buy 5 @ 101 owner 9
            trade buy 5 @ 101: #1 has 0, #2 has 0, level 0
    """)
    events = play.events

    assert events["seq"].tolist() == [1, 2]
    assert events["time_ns"].tolist() == [70, 75]
    assert events["maker_owner"].tolist() == [8, 8]
    assert events["taker_owner"].tolist() == [0, 9]
    assert not np.any(events["symbol"])
