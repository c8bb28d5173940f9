"""Icebergs show a part of themselves; each next part stands behind the others of its price.

Source: FIX tag 1138 (DisplayQty); exchanges' iceberg rules, for instance Euronext's trading
manual for Optiq: each new disclosed quantity gets a new time priority.
"""

import pytest
from tests.book.play import Play

from trade2026.prism.engine.message import BUY, MAX_PARTS, SELL


def test_only_the_shown_part_is_seen(play: Play) -> None:
    play("""
        #1 buy 20 @ 100 show 6
            added #1 buy 20 @ 100, level 6
        #2 buy 3 @ 100
            added #2 buy 3 @ 100, level 9
    """)
    assert play.book.depth(BUY, 5).tolist() == [[100, 9]]
    assert play.book.resting().tolist() == [[1, 1, BUY, 100, 20, 6], [2, 2, BUY, 100, 3, 3]]


def test_the_next_part_stands_behind_the_others(play: Play) -> None:
    play.given("""
        #1 sell 12 @ 101 show 5
        #2 sell 4 @ 101
    """)
    play("""
        #3 buy 5 @ 101
            trade buy 5 @ 101: #1 has 7, #3 has 0, level 4
            refreshed #1 sell 5 of 7 @ 101, level 9
        #4 buy 20 @ 101
            trade buy 4 @ 101: #2 has 0, #4 has 16, level 5
            trade buy 5 @ 101: #1 has 2, #4 has 11, level 0
            refreshed #1 sell 2 of 2 @ 101, level 2
            trade buy 2 @ 101: #1 has 0, #4 has 9, level 0
            added #4 buy 9 @ 101, level 9
    """)


def test_a_part_that_is_not_used_up_keeps_its_place(play: Play) -> None:
    play.given("""
        #1 sell 12 @ 101 show 5
        #2 sell 4 @ 101
    """)
    play("""
        #3 buy 3 @ 101
            trade buy 3 @ 101: #1 has 9, #3 has 0, level 6
        #4 buy 3 @ 101
            trade buy 2 @ 101: #1 has 7, #4 has 1, level 4
            refreshed #1 sell 5 of 7 @ 101, level 9
            trade buy 1 @ 101: #2 has 3, #4 has 0, level 8
    """)


def test_two_icebergs_take_turns(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101 show 2
        #2 sell 4 @ 101 show 2
    """)
    play("""
        #3 buy 9 @ 101
            trade buy 2 @ 101: #1 has 3, #3 has 7, level 2
            refreshed #1 sell 2 of 3 @ 101, level 4
            trade buy 2 @ 101: #2 has 2, #3 has 5, level 2
            refreshed #2 sell 2 of 2 @ 101, level 4
            trade buy 2 @ 101: #1 has 1, #3 has 3, level 2
            refreshed #1 sell 1 of 1 @ 101, level 3
            trade buy 2 @ 101: #2 has 0, #3 has 1, level 1
            trade buy 1 @ 101: #1 has 0, #3 has 0, level 0
    """)


def test_an_incoming_iceberg_trades_with_all_it_has(play: Play) -> None:
    play.given("#1 sell 9 @ 101")
    play("""
        #2 buy 20 @ 101 show 5
            trade buy 9 @ 101: #1 has 0, #2 has 11, level 0
            added #2 buy 11 @ 101, level 5
    """)


def test_a_cancelled_iceberg_is_gone_with_its_hidden_part(play: Play) -> None:
    play.given("""
        #1 sell 20 @ 101 show 5
        #2 sell 2 @ 101
    """)
    play("""
        cancel #1
            removed #1 sell 20 @ 101, level 2
    """)


def test_a_display_of_all_or_more_hides_nothing(play: Play) -> None:
    play("""
        #1 sell 5 @ 101 show 5
            added #1 sell 5 @ 101, level 5
        #2 sell 5 @ 101 show 9
            added #2 sell 5 @ 101, level 10
    """)
    assert play.book.depth(SELL, 1).tolist() == [[101, 10]]


def test_an_iceberg_has_a_bounded_number_of_parts(play: Play) -> None:
    play(f"""
        #1 sell {3 * MAX_PARTS} @ 101 show 3
            added #1 sell {3 * MAX_PARTS} @ 101, level 3
        #2 sell {3 * MAX_PARTS + 1} @ 101 show 3
            killed #2 sell {3 * MAX_PARTS + 1} @ 101, invalid
    """)


@pytest.mark.parametrize(
    "order",
    ["#1 sell 9 market show 3", "#1 sell 9 stop 90 show 3", "#1 sell 9 trail 5 show 3"],
)
def test_what_never_rests_cannot_be_an_iceberg(play: Play, order: str) -> None:
    play(f"""
        {order}
            killed #1 sell 9, invalid
    """)


@pytest.mark.parametrize("order", ["@ 101 ioc show 3", "@ 101 fok show 3", "@ 101 show -1"])
def test_an_order_that_does_not_stay_cannot_be_an_iceberg(play: Play, order: str) -> None:
    play(f"""
        #1 sell 9 {order}
            killed #1 sell 9 @ 101, invalid
    """)


@pytest.mark.parametrize("force", ["day", "gtd 500"])
def test_an_iceberg_may_stay_for_a_time(play: Play, force: str) -> None:
    play(f"""
        #1 sell 9 @ 101 {force} show 3
            added #1 sell 9 @ 101, level 3
    """)


def test_a_post_only_order_may_be_an_iceberg(play: Play) -> None:
    play("""
        #1 sell 9 @ 101 post show 3
            added #1 sell 9 @ 101, level 3
    """)
