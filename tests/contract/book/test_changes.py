"""Cancel, reduce and replace: a smaller quantity keeps its place, anything else loses it.

Source: FIX OrderCancelReplaceRequest as exchanges apply it, for instance CME Globex: an
order keeps its priority when only its quantity falls.
"""

import pytest
from tests.book.play import Play

from trade2026.prism.engine.message import BUY, MAX_LOTS, MAX_PARTS, MAX_TICKS


def test_a_cancelled_order_is_gone(play: Play) -> None:
    play.given("""
        #1 buy 5 @ 100
        #2 buy 6 @ 100
    """)
    play("""
        cancel #1
            removed #1 buy 5 @ 100, level 6
        cancel #1
            refused #1, unknown order
        cancel #77
            refused #77, unknown order
    """)
    assert play.book.resting()[:, 0].tolist() == [2]


def test_the_number_of_a_gone_order_may_be_used_again(play: Play) -> None:
    play("""
        #1 buy 5 @ 100
            added #1 buy 5 @ 100, level 5
        #1 buy 6 @ 99
            killed #1 buy 6 @ 99, duplicate
        cancel #1
            removed #1 buy 5 @ 100, level 0
        #1 buy 6 @ 99
            added #1 buy 6 @ 99, level 6
    """)


def test_numbers_of_either_sign_in_any_order_are_known_while_they_rest(play: Play) -> None:
    play("""
        #-7 buy 5 @ 100
            added #-7 buy 5 @ 100, level 5
        #7 buy 5 @ 99
            added #7 buy 5 @ 99, level 5
        #-3 sell 5 @ 110
            added #-3 sell 5 @ 110, level 5
        #-7 buy 6 @ 98
            killed #-7 buy 6 @ 98, duplicate
        #7 buy 6 @ 98
            killed #7 buy 6 @ 98, duplicate
        #-3 buy 6 @ 98
            killed #-3 buy 6 @ 98, duplicate
        #-9 buy 6 @ 97 stop 130
            waiting #-9 buy 6 at 130
        #-9 buy 6 @ 98
            killed #-9 buy 6 @ 98, duplicate
    """)


def test_a_reduced_order_keeps_its_place(play: Play) -> None:
    play.given("""
        #1 buy 5 @ 100
        #2 buy 5 @ 100
    """)
    play("""
        reduce #1 by 3
            changed #1 buy 2 @ 100, level 7
        #3 sell 3 @ 100
            trade sell 2 @ 100: #1 has 0, #3 has 1, level 5
            trade sell 1 @ 100: #2 has 4, #3 has 0, level 4
    """)


def test_a_reduce_by_all_or_more_cancels(play: Play) -> None:
    play.given("""
        #1 buy 5 @ 100
        #2 buy 5 @ 100
        #3 buy 5 stop 120
    """)
    play("""
        reduce #1 by 5
            removed #1 buy 5 @ 100, level 5
        reduce #2 by 99
            removed #2 buy 5 @ 100, level 0
        reduce #3 by 5
            removed #3 buy 5, level 0
    """)


def test_a_reduce_takes_the_hidden_part_first(play: Play) -> None:
    play.given("#1 buy 20 @ 100 show 6")
    play("""
        reduce #1 by 13
            changed #1 buy 7 @ 100, level 6
        reduce #1 by 3
            changed #1 buy 4 @ 100, level 4
    """)


def test_a_reduce_by_nothing_or_of_nothing_is_refused(play: Play) -> None:
    play.given("#1 buy 5 @ 100")
    play("""
        reduce #1 by 0
            refused #1, invalid
        reduce #1 by -3
            refused #1, invalid
        reduce #2 by 3
            refused #2, unknown order
        reduce #2 by 0
            refused #2, unknown order
    """)


def test_a_waiting_stop_may_be_reduced(play: Play) -> None:
    play.given("#1 buy 5 stop 120 @ 125")
    play("""
        reduce #1 by 3
            changed #1 buy 2 @ 125, level 0
    """)
    assert play.book.waiting()[0, 5] == 2


def test_a_smaller_quantity_keeps_the_place(play: Play) -> None:
    play.given("""
        #1 buy 5 @ 100
        #2 buy 5 @ 100
    """)
    play("""
        replace #1 to 3
            changed #1 buy 3 @ 100, level 8, replaced
        replace #1 @ 100 to 2
            changed #1 buy 2 @ 100, level 7, replaced
    """)
    assert play.book.resting()[:, 0].tolist() == [1, 2]


def test_a_replace_that_changes_nothing_keeps_the_place(play: Play) -> None:
    play.given("""
        #1 buy 5 @ 100
        #2 buy 5 @ 100
    """)
    play("""
        replace #1
            changed #1 buy 5 @ 100, level 10, replaced
        replace #1 @ 100 to 5
            changed #1 buy 5 @ 100, level 10, replaced
    """)
    assert play.book.resting()[:, 0].tolist() == [1, 2]


def test_a_larger_quantity_loses_the_place(play: Play) -> None:
    play.given("""
        #1 buy 5 @ 100 owner 7
        #2 buy 5 @ 100
    """)
    play("""
        replace #1 to 6
            removed #1 buy 5 @ 100, level 5, replaced
            added #1 buy 6 @ 100, level 11
    """)
    assert play.book.resting()[:, :2].tolist() == [[2, 2], [1, 7]]


def test_another_price_loses_the_place_even_with_a_smaller_quantity(play: Play) -> None:
    play.given("""
        #1 buy 5 @ 100
        #2 buy 5 @ 101
    """)
    play("""
        replace #1 @ 101 to 2
            removed #1 buy 5 @ 100, level 0, replaced
            added #1 buy 2 @ 101, level 7
    """)


def test_a_replaced_order_may_trade(play: Play) -> None:
    play.given("""
        #1 buy 5 @ 100
        #2 sell 3 @ 102
    """)
    play("""
        replace #1 @ 102
            removed #1 buy 5 @ 100, level 0, replaced
            trade buy 3 @ 102: #2 has 0, #1 has 2, level 0
            added #1 buy 2 @ 102, level 2
        replace #1 @ 101 to 0
            removed #1 buy 2 @ 102, level 0, replaced
            added #1 buy 2 @ 101, level 2
    """)


def test_a_replaced_order_meets_its_owners_order_by_the_word_of_the_replace(play: Play) -> None:
    play.given("""
        #1 buy 5 @ 100 owner 9
        #2 sell 3 @ 102 owner 9
        #3 buy 1 @ 99 owner 9
    """)
    play("""
        replace #1 @ 102 stp decrement
            removed #1 buy 5 @ 100, level 0, replaced
            decremented buy 3 @ 102: #2 has 0, #1 has 2, level 0
            added #1 buy 2 @ 102, level 2
        #4 sell 9 @ 110 owner 9
            added #4 sell 9 @ 110, level 9
        replace #3 @ 110
            removed #3 buy 1 @ 99, level 0, replaced
            killed #3 buy 1 @ 110, self trade
    """)


def test_a_replaced_iceberg_stays_one(play: Play) -> None:
    play.given("#1 buy 20 @ 100 show 6")
    play("""
        replace #1 to 15
            changed #1 buy 15 @ 100, level 6, replaced
        replace #1 to 4
            changed #1 buy 4 @ 100, level 4, replaced
        replace #1 to 30
            removed #1 buy 4 @ 100, level 0, replaced
            added #1 buy 30 @ 100, level 6
    """)


def test_a_display_that_hid_nothing_does_once_there_is_more(play: Play) -> None:
    play.given("#1 buy 5 @ 100 show 6")
    play("""
        replace #1 to 20
            removed #1 buy 5 @ 100, level 0, replaced
            added #1 buy 20 @ 100, level 6
    """)


def test_a_replaced_order_keeps_its_time(play: Play) -> None:
    play.given("""
        #1 buy 5 @ 100 gtd 50
        replace #1 @ 101
    """)
    play("""
        clock 50
            removed #1 buy 5 @ 101, level 0, expired
    """)


def test_a_replaced_order_for_the_day_stays_one(play: Play) -> None:
    play.given("""
        #1 buy 5 @ 100 day
        replace #1 @ 101
    """)
    play("""
        close
            phase closed
            removed #1 buy 5 @ 101, level 0, expired
    """)


def test_a_replaced_post_only_order_stays_one(play: Play) -> None:
    play.given("""
        #1 buy 5 @ 100 post
        #2 sell 3 @ 103
    """)
    play("""
        replace #1 @ 103
            refused #1, would trade
        replace #1 @ 102
            removed #1 buy 5 @ 100, level 0, replaced
            added #1 buy 5 @ 102, level 5
        replace #1 @ 103
            refused #1, would trade
    """)


def test_a_triggered_stop_limit_order_may_be_replaced_as_any_other(play: Play) -> None:
    play.given("""
        #1 buy 5 stop 101 @ 100
        #2 sell 1 @ 101
        #3 buy 1 @ 101
    """)
    play("""
        replace #1 stop 99
            refused #1, invalid
        replace #1 @ 99
            removed #1 buy 5 @ 100, level 0, replaced
            added #1 buy 5 @ 99, level 5
    """)


@pytest.mark.parametrize(
    "change",
    [
        "@ -1",
        "to -1",
        "stop 105",
        "stop -1",
        f"to {MAX_LOTS + 1}",
        f"@ {MAX_TICKS + 1}",
        f"to {6 * MAX_PARTS + 1}",
    ],
)
def test_values_out_of_bounds_are_refused_and_nothing_changes(play: Play, change: str) -> None:
    play.given("#1 buy 20 @ 100 show 6")
    play.one_way()(f"""
        replace #1 {change}
            refused #1, invalid
    """)
    assert play.book.resting().tolist() == [[1, 1, BUY, 100, 20, 6]]


def test_an_unknown_order_is_not_replaced(play: Play) -> None:
    play("""
        replace #7 @ 100
            refused #7, unknown order
        replace #7 @ -1
            refused #7, unknown order
    """)


def test_a_waiting_stop_is_changed_in_place(play: Play) -> None:
    play.given("""
        #1 buy 5 stop 110 @ 112
        #2 buy 5 stop 110
        #3 sell 1 @ 100
        #4 buy 1 @ 100
    """)
    play("""
        replace #1 @ 115 to 9 stop 111
            changed #1 buy 9 @ 115, level 0, replaced
        replace #2 stop 109
            changed #2 buy 5, level 0, replaced
        replace #2
            changed #2 buy 5, level 0, replaced
    """)
    assert play.book.waiting()[:, 0].tolist() == [1, 2]


def test_a_new_trigger_that_the_price_has_reached_makes_the_stop_active(play: Play) -> None:
    play.given("""
        #1 buy 5 stop 110
        #2 sell 1 @ 100
        #3 buy 1 @ 100
    """)
    play("""
        replace #1 stop 100
            changed #1 buy 5, level 0, replaced
            triggered #1 buy 5 at 100
            killed #1 buy 5, unfilled
    """)


def test_a_new_offset_counts_from_the_last_price(play: Play) -> None:
    play.given("""
        #1 sell 1 @ 100
        #2 buy 1 @ 100
        #3 buy 5 trail 6
        #4 buy 1 @ 98
        #5 sell 1 @ 98
        #6 sell 1 @ 101
        #7 buy 1 @ 101
    """)
    assert play.book.waiting()[0, 4] == 104

    play("""
        replace #3 trail 6
            changed #3 buy 5, level 0, replaced
    """)
    assert play.book.waiting()[0, 4] == 104
    play("""
        replace #3 trail 8 to 4
            changed #3 buy 4, level 0, replaced
    """)
    assert play.book.waiting()[0, 4:].tolist() == [109, 4]


@pytest.mark.parametrize("change", ["@ 105", "stop -1", "to -1", f"to {MAX_LOTS + 1}"])
@pytest.mark.parametrize("kind", ["stop 110", "trail 10"])
def test_a_stop_without_a_limit_takes_none(play: Play, kind: str, change: str) -> None:
    play.given(f"#1 buy 5 {kind}")
    play.one_way()(f"""
        replace #1 {change}
            refused #1, invalid
    """)


def test_a_replaced_stop_meets_its_owners_order_by_the_word_of_the_replace(play: Play) -> None:
    play.given("""
        #1 sell 1 @ 100
        #2 buy 1 @ 100
        #3 buy 5 stop 110 owner 9
        #4 sell 5 @ 105 owner 9
    """)
    play("""
        replace #3 stop 100 stp oldest
            changed #3 buy 5, level 0, replaced
            triggered #3 buy 5 at 100
            removed #4 sell 5 @ 105, level 0, self trade
            killed #3 buy 5, unfilled
    """)
