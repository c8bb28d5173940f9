"""Orders of one owner do not trade with each other: four ways to prevent it.

Source: FIX tag 2964 (SelfMatchPreventionInstruction); Binance's spot API, "Self Trade
Prevention (STP) FAQ": EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH, DECREMENT.
"""

from tests.book.play import Play


def test_the_newest_gives_way_unless_told_otherwise(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101 owner 8
        #2 sell 5 @ 102 owner 9
        #3 sell 5 @ 103 owner 8
    """)
    play("""
        #4 buy 20 @ 103 owner 9
            trade buy 5 @ 101: #1 has 0, #4 has 15, level 0
            killed #4 buy 15 @ 103, self trade
    """)
    assert play.book.resting()[:, 0].tolist() == [2, 3]


def test_the_oldest_gives_way_and_the_new_order_goes_on(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101 owner 9
        #2 sell 7 @ 101 owner 8
        #3 sell 5 @ 102 owner 9
    """)
    play("""
        #4 buy 20 @ 102 owner 9 stp oldest
            removed #1 sell 5 @ 101, level 7, self trade
            trade buy 7 @ 101: #2 has 0, #4 has 13, level 0
            removed #3 sell 5 @ 102, level 0, self trade
            added #4 buy 13 @ 102, level 13
    """)


def test_the_oldest_gives_way_with_its_hidden_part(play: Play) -> None:
    play.given("#1 sell 20 @ 101 show 5 owner 9")
    play("""
        #4 buy 1 @ 101 owner 9 stp oldest
            removed #1 sell 20 @ 101, level 0, self trade
            added #4 buy 1 @ 101, level 1
    """)


def test_an_order_that_is_filled_before_does_not_remove_what_lies_behind(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101 owner 8
        #2 sell 5 @ 101 owner 9
    """)
    play("""
        #3 buy 5 @ 101 owner 9 stp oldest
            trade buy 5 @ 101: #1 has 0, #3 has 0, level 5
    """)


def test_both_give_way(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101 owner 8
        #2 sell 5 @ 101 owner 9
        #3 sell 5 @ 101 owner 8
    """)
    play("""
        #4 buy 20 @ 101 owner 9 stp both
            trade buy 5 @ 101: #1 has 0, #4 has 15, level 10
            removed #2 sell 5 @ 101, level 5, self trade
            killed #4 buy 15 @ 101, self trade
    """)


def test_both_lose_what_they_would_have_traded(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101 owner 9
        #2 sell 5 @ 101 owner 8
    """)
    play("""
        #3 buy 7 @ 101 owner 9 stp decrement
            decremented buy 5 @ 101: #1 has 0, #3 has 2, level 5
            trade buy 2 @ 101: #2 has 3, #3 has 0, level 3
    """)


def test_a_larger_resting_order_keeps_its_place_when_it_is_decremented(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101 owner 9
        #2 sell 5 @ 101 owner 8
    """)
    play("""
        #3 buy 3 @ 101 owner 9 stp decrement
            decremented buy 3 @ 101: #1 has 2, #3 has 0, level 7
        #4 buy 3 @ 101 owner 7
            trade buy 2 @ 101: #1 has 0, #4 has 1, level 5
            trade buy 1 @ 101: #2 has 4, #4 has 0, level 4
    """)


def test_an_iceberg_loses_the_shown_part_at_a_time(play: Play) -> None:
    play.given("""
        #1 sell 9 @ 101 show 4 owner 9
        #2 sell 1 @ 101 owner 8
    """)
    play("""
        #3 buy 8 @ 101 owner 9 stp decrement
            decremented buy 4 @ 101: #1 has 5, #3 has 4, level 1
            refreshed #1 sell 4 of 5 @ 101, level 5
            trade buy 1 @ 101: #2 has 0, #3 has 3, level 4
            decremented buy 3 @ 101: #1 has 2, #3 has 0, level 1
    """)


def test_lots_that_were_decremented_do_not_move_the_last_price(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101 owner 9
        #2 buy 1 stop 101
    """)
    play("""
        #3 buy 5 @ 101 owner 9 stp decrement
            decremented buy 5 @ 101: #1 has 0, #3 has 0, level 0
    """)
    assert len(play.book.waiting()) == 1


def test_the_word_of_the_incoming_order_counts(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101 owner 9 stp oldest
    """)
    play("""
        #2 buy 5 @ 101 owner 9 stp newest
            killed #2 buy 5 @ 101, self trade
    """)


def test_a_fok_order_does_not_count_what_lies_behind_its_owners_order(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101 owner 8
        #2 sell 5 @ 101 owner 9
        #3 sell 5 @ 101 owner 8
    """)
    play("""
        #4 buy 6 @ 101 owner 9 fok
            killed #4 buy 6 @ 101, not fillable
        #5 buy 6 @ 101 owner 9 fok stp both
            killed #5 buy 6 @ 101, not fillable
        #6 buy 6 @ 101 owner 9 fok stp decrement
            killed #6 buy 6 @ 101, not fillable
        #7 buy 5 @ 101 owner 9 fok
            trade buy 5 @ 101: #1 has 0, #7 has 0, level 10
    """)


def test_a_fok_order_passes_over_own_orders_that_give_way(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101 owner 8
        #2 sell 5 @ 101 owner 9
        #3 sell 5 @ 101 owner 8
    """)
    play("""
        #4 buy 11 @ 101 owner 9 fok stp oldest
            killed #4 buy 11 @ 101, not fillable
        #5 buy 10 @ 101 owner 9 fok stp oldest
            trade buy 5 @ 101: #1 has 0, #5 has 5, level 10
            removed #2 sell 5 @ 101, level 5, self trade
            trade buy 5 @ 101: #3 has 0, #5 has 0, level 0
    """)


def test_a_fok_order_does_not_count_parts_that_come_behind_an_own_order(play: Play) -> None:
    play.given("""
        #1 sell 20 @ 101 show 5 owner 8
        #2 sell 1 @ 101 owner 9
    """)
    play("""
        #3 buy 6 @ 101 owner 9 fok
            killed #3 buy 6 @ 101, not fillable
        #4 buy 5 @ 101 owner 9 fok
            trade buy 5 @ 101: #1 has 15, #4 has 0, level 1
            refreshed #1 sell 5 of 15 @ 101, level 6
    """)


def test_hidden_lots_of_a_better_price_count_though_an_own_order_lies_behind(play: Play) -> None:
    play.given("""
        #1 sell 20 @ 100 show 10 owner 8
        #2 sell 5 @ 101 owner 7
        #3 sell 1 @ 101 owner 9
    """)
    play("""
        #4 buy 26 @ 101 owner 9 fok
            killed #4 buy 26 @ 101, not fillable
        #5 buy 25 @ 101 owner 9 fok
            trade buy 10 @ 100: #1 has 10, #5 has 15, level 0
            refreshed #1 sell 10 of 10 @ 100, level 10
            trade buy 10 @ 100: #1 has 0, #5 has 5, level 0
            trade buy 5 @ 101: #2 has 0, #5 has 0, level 1
    """)
