"""Stop orders wait until the last price has reached them, and trailing stops follow it.

Source: FIX OrdType (tag 40) stop and stop limit, triggered by the last trade (tag 1100 and
1107); trailing stops as pegged to the last price (tag 211), moving in one direction only.
"""

from tests.book.play import Play

from trade2026.prism.engine.message import BUY, SELL, Kind


def test_a_buy_stop_becomes_a_market_order_when_the_price_has_risen_to_it(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101
        #2 sell 5 @ 102
        #3 sell 5 @ 105
    """)
    play("""
        #4 buy 7 stop 102
            waiting #4 buy 7 at 102
        #5 buy 5 @ 101
            trade buy 5 @ 101: #1 has 0, #5 has 0, level 0
        #6 buy 1 @ 102
            trade buy 1 @ 102: #2 has 4, #6 has 0, level 4
            triggered #4 buy 7 at 102
            trade buy 4 @ 102: #2 has 0, #4 has 3, level 0
            trade buy 3 @ 105: #3 has 2, #4 has 0, level 2
    """)


def test_what_a_triggered_stop_finds_no_counterpart_for_ends(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101
        #2 buy 9 stop 101
    """)
    play("""
        #3 buy 2 @ 101
            trade buy 2 @ 101: #1 has 3, #3 has 0, level 3
            triggered #2 buy 9 at 101
            trade buy 3 @ 101: #1 has 0, #2 has 6, level 0
            killed #2 buy 6, unfilled
    """)


def test_a_stop_limit_order_rests_at_its_limit(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101
        #2 sell 5 @ 104
        #3 buy 9 stop 101 @ 103 show 4
    """)
    play("""
        #4 buy 2 @ 101
            trade buy 2 @ 101: #1 has 3, #4 has 0, level 3
            triggered #3 buy 9 at 101
            trade buy 3 @ 101: #1 has 0, #3 has 6, level 0
            added #3 buy 6 @ 103, level 4
    """)


def test_a_stop_limit_order_may_be_ioc_or_fok(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101
        #2 sell 5 @ 101
        #3 buy 9 stop 101 @ 101 fok
        #4 buy 9 stop 101 @ 101 ioc
    """)
    play("""
        #5 buy 5 @ 101
            trade buy 5 @ 101: #1 has 0, #5 has 0, level 5
            triggered #3 buy 9 at 101
            killed #3 buy 9 @ 101, not fillable
            triggered #4 buy 9 at 101
            trade buy 5 @ 101: #2 has 0, #4 has 4, level 0
            killed #4 buy 4 @ 101, unfilled
    """)


def test_a_fok_stop_is_filled_whole_or_not_at_all(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101
        #2 buy 5 stop 101 fok
    """)
    play("""
        #3 buy 1 @ 101
            trade buy 1 @ 101: #1 has 4, #3 has 0, level 4
            triggered #2 buy 5 at 101
            killed #2 buy 5, not fillable
    """)


def test_before_the_first_trade_nothing_triggers(play: Play) -> None:
    play("""
        #1 buy 5 stop 1
            waiting #1 buy 5 at 1
        #2 sell 5 stop 999
            waiting #2 sell 5 at 999
    """)


def test_a_stop_beyond_the_last_price_triggers_at_once(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101
        #2 buy 1 @ 101
    """)
    play("""
        #3 buy 2 stop 101
            waiting #3 buy 2 at 101
            triggered #3 buy 2 at 101
            trade buy 2 @ 101: #1 has 2, #3 has 0, level 2
        #4 buy 1 stop 102
            waiting #4 buy 1 at 102
    """)


def test_what_waited_longest_is_triggered_first(play: Play) -> None:
    play.given("""
        #1 sell 9 @ 101
        #2 buy 1 stop 101
        #3 buy 1 stop 99
        #4 buy 1 stop 100
    """)
    play("""
        #5 buy 1 @ 101
            trade buy 1 @ 101: #1 has 8, #5 has 0, level 8
            triggered #2 buy 1 at 101
            trade buy 1 @ 101: #1 has 7, #2 has 0, level 7
            triggered #3 buy 1 at 99
            trade buy 1 @ 101: #1 has 6, #3 has 0, level 6
            triggered #4 buy 1 at 100
            trade buy 1 @ 101: #1 has 5, #4 has 0, level 5
    """)


def test_stops_set_off_each_other(play: Play) -> None:
    play.given("""
        #1 sell 2 @ 101
        #2 sell 2 @ 102
        #3 sell 2 @ 103
        #4 buy 2 stop 103
        #5 buy 2 stop 102
        #6 buy 2 stop 101
    """)
    play("""
        #7 buy 1 @ 101
            trade buy 1 @ 101: #1 has 1, #7 has 0, level 1
            triggered #6 buy 2 at 101
            trade buy 1 @ 101: #1 has 0, #6 has 1, level 0
            trade buy 1 @ 102: #2 has 1, #6 has 0, level 1
            triggered #5 buy 2 at 102
            trade buy 1 @ 102: #2 has 0, #5 has 1, level 0
            trade buy 1 @ 103: #3 has 1, #5 has 0, level 1
            triggered #4 buy 2 at 103
            trade buy 1 @ 103: #3 has 0, #4 has 1, level 0
            killed #4 buy 1, unfilled
    """)


def test_a_sell_stop_may_set_off_a_buy_stop(play: Play) -> None:
    play.given("""
        #1 buy 1 @ 100
        #2 buy 1 @ 95
        #3 sell 1 stop 100
        #4 buy 1 stop 110
        #5 sell 1 @ 112
    """)
    play("""
        #6 sell 1 @ 100
            trade sell 1 @ 100: #1 has 0, #6 has 0, level 0
            triggered #3 sell 1 at 100
            trade sell 1 @ 95: #2 has 0, #3 has 0, level 0
        #7 buy 1 market
            trade buy 1 @ 112: #5 has 0, #7 has 0, level 0
            triggered #4 buy 1 at 110
            killed #4 buy 1, unfilled
    """)


def test_a_triggered_stop_meets_its_owners_order(play: Play) -> None:
    play.given("""
        #1 sell 2 @ 101
        #2 sell 2 @ 102 owner 9
        #3 buy 2 stop 101 owner 9 stp oldest
        #4 buy 2 stop 101 @ 102 owner 9
        #5 sell 2 @ 103 owner 9
    """)
    play("""
        #6 buy 2 @ 101
            trade buy 2 @ 101: #1 has 0, #6 has 0, level 0
            triggered #3 buy 2 at 101
            removed #2 sell 2 @ 102, level 0, self trade
            removed #5 sell 2 @ 103, level 0, self trade
            killed #3 buy 2, unfilled
            triggered #4 buy 2 at 101
            added #4 buy 2 @ 102, level 2
    """)


def test_the_last_price_is_looked_at_when_a_message_is_done(play: Play) -> None:
    play.given("""
        #1 sell 1 @ 100
        #2 buy 1 @ 100
        #3 sell 1 @ 95
        #4 sell 1 @ 98
        #5 sell 1 stop 96
    """)
    play("""
        #6 buy 2 @ 98
            trade buy 1 @ 95: #3 has 0, #6 has 1, level 0
            trade buy 1 @ 98: #4 has 0, #6 has 0, level 0
    """)
    assert len(play.book.waiting()) == 1


def test_waiting_stops_may_be_cancelled_and_keep_their_numbers(play: Play) -> None:
    play("""
        #1 buy 5 stop 101 @ 102
            waiting #1 buy 5 at 101
        #1 buy 5 @ 90
            killed #1 buy 5 @ 90, duplicate
        #1 buy 5 stop 101
            killed #1 buy 5, duplicate
        cancel #1
            removed #1 buy 5 @ 102, level 0
        cancel #1
            refused #1, unknown order
        #1 buy 5 @ 90
            added #1 buy 5 @ 90, level 5
    """)


def test_waiting_stops_are_told_in_the_order_of_their_waiting(play: Play) -> None:
    play.one_way().given("""
        #3 sell 1 @ 100
        #4 buy 1 @ 100
        #9 buy 5 stop 101 @ 102 owner 7
        #2 sell 6 trail 3
        #5 sell 7 stop 90
    """)

    assert play.book.waiting().tolist() == [
        [9, 7, BUY, Kind.STOP_LIMIT, 101, 5],
        [2, 2, SELL, Kind.TRAILING_STOP, 97, 6],
        [5, 5, SELL, Kind.STOP, 90, 7],
    ]


def test_a_trailing_sell_follows_a_rising_price_and_not_a_falling_one(play: Play) -> None:
    play.given("""
        #1 sell 1 @ 100
        #2 buy 1 @ 100
        #3 buy 9 @ 90
    """)
    play("""
        #4 sell 5 trail 4
            waiting #4 sell 5 at 96
        #5 sell 1 @ 110
            added #5 sell 1 @ 110, level 1
        #6 buy 1 @ 110
            trade buy 1 @ 110: #5 has 0, #6 has 0, level 0
        #7 buy 1 @ 107
            added #7 buy 1 @ 107, level 1
        #8 sell 1 @ 107
            trade sell 1 @ 107: #7 has 0, #8 has 0, level 0
        #9 buy 2 @ 106
            added #9 buy 2 @ 106, level 2
        #10 sell 1 @ 106
            trade sell 1 @ 106: #9 has 1, #10 has 0, level 1
            triggered #4 sell 5 at 106
            trade sell 1 @ 106: #9 has 0, #4 has 4, level 0
            trade sell 4 @ 90: #3 has 5, #4 has 0, level 5
    """)


def test_a_trailing_stop_has_no_trigger_before_the_first_trade(play: Play) -> None:
    play("""
        #1 buy 5 trail 4
            waiting #1 buy 5 at 0
        #2 sell 9 @ 100
            added #2 sell 9 @ 100, level 9
        #3 buy 1 @ 100
            trade buy 1 @ 100: #2 has 8, #3 has 0, level 8
    """)
    assert play.book.waiting()[0, 4] == 104


def test_a_trigger_below_the_lowest_price_is_none(play: Play) -> None:
    play.one_way().given("""
        #1 sell 1 @ 3
        #2 buy 1 @ 3
    """)
    play("""
        #3 sell 5 trail 3
            waiting #3 sell 5 at 0
        #4 sell 5 trail 2
            waiting #4 sell 5 at 1
        #5 sell 1 @ 5
            added #5 sell 1 @ 5, level 1
        #6 buy 1 @ 5
            trade buy 1 @ 5: #5 has 0, #6 has 0, level 0
    """)
    assert play.book.waiting()[:, 4].tolist() == [2, 3]


def test_a_trailing_stop_follows_what_other_stops_did(play: Play) -> None:
    play.given("""
        #1 sell 1 @ 100
        #2 buy 1 @ 100
        #3 sell 1 @ 101
        #4 sell 1 @ 120
        #5 buy 1 stop 101
        #6 sell 1 trail 12
    """)
    play("""
        #7 buy 1 @ 101
            trade buy 1 @ 101: #3 has 0, #7 has 0, level 0
            triggered #5 buy 1 at 101
            trade buy 1 @ 120: #4 has 0, #5 has 0, level 0
        #8 buy 1 @ 108
            added #8 buy 1 @ 108, level 1
        #9 sell 1 @ 108
            trade sell 1 @ 108: #8 has 0, #9 has 0, level 0
            triggered #6 sell 1 at 108
            killed #6 sell 1, unfilled
    """)


def test_a_trigger_above_the_highest_price_is_none(play: Play) -> None:
    play.one_way().given("""
        #1 sell 1 @ 137438953472
        #2 buy 1 @ 137438953472
    """)
    play("""
        #3 buy 5 trail 1
            waiting #3 buy 5 at 0
    """)
