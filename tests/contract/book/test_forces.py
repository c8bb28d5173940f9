"""How long orders stay: market, IOC, FOK, post-only, DAY and GTD orders.

Source: the FIX definitions of TimeInForce (tag 59) and of ExecInst "participate don't
initiate" (tag 18 = 6), as exchanges apply them.
"""

from tests.book.play import Play

from trade2026.prism.engine.message import MAX_TICKS


def test_a_market_order_takes_any_price_and_never_rests(play: Play) -> None:
    play.one_way().given(f"""
        #1 sell 5 @ 101
        #2 sell 5 @ {MAX_TICKS}
    """)
    play(f"""
        #3 buy 12 market
            trade buy 5 @ 101: #1 has 0, #3 has 7, level 0
            trade buy 5 @ {MAX_TICKS}: #2 has 0, #3 has 2, level 0
            killed #3 buy 2, unfilled
    """)


def test_a_market_order_on_an_empty_side_ends_whole(play: Play) -> None:
    play.given("#1 sell 5 @ 101")
    play("""
        #2 sell 3 market day
            killed #2 sell 3, unfilled
    """)


def test_an_ioc_order_gives_up_its_rest(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101
        #2 sell 5 @ 103
    """)
    play("""
        #3 buy 8 @ 102 ioc
            trade buy 5 @ 101: #1 has 0, #3 has 3, level 0
            killed #3 buy 3 @ 102, unfilled
        #4 buy 8 @ 102 ioc
            killed #4 buy 8 @ 102, unfilled
    """)


def test_a_fok_order_that_can_be_filled_at_its_limit_is_filled_whole(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101
        #2 sell 5 @ 102
        #3 sell 5 @ 103
    """)
    play("""
        #4 buy 10 @ 102 fok
            trade buy 5 @ 101: #1 has 0, #4 has 5, level 0
            trade buy 5 @ 102: #2 has 0, #4 has 0, level 0
    """)


def test_a_fok_order_that_cannot_be_filled_whole_does_not_trade_at_all(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 101
        #2 sell 5 @ 102
        #3 sell 5 @ 103
    """)
    play("""
        #4 buy 11 @ 102 fok
            killed #4 buy 11 @ 102, not fillable
        #5 buy 16 market fok
            killed #5 buy 16, not fillable
    """)
    assert len(play.book.resting()) == 3


def test_hidden_lots_count_for_a_fok_order(play: Play) -> None:
    play.given("#1 sell 10 @ 101 show 4")
    play("""
        #2 buy 10 @ 101 fok
            trade buy 4 @ 101: #1 has 6, #2 has 6, level 0
            refreshed #1 sell 4 of 6 @ 101, level 4
            trade buy 4 @ 101: #1 has 2, #2 has 2, level 0
            refreshed #1 sell 2 of 2 @ 101, level 2
            trade buy 2 @ 101: #1 has 0, #2 has 0, level 0
    """)


def test_a_post_only_order_rests_or_ends(play: Play) -> None:
    play.given("#1 sell 5 @ 101")
    play("""
        #2 buy 5 @ 100 post
            added #2 buy 5 @ 100, level 5
        #3 buy 5 @ 101 post
            killed #3 buy 5 @ 101, would trade
    """)


def test_an_own_order_stops_a_post_only_order_as_any_other(play: Play) -> None:
    play.given("#1 sell 5 @ 101 owner 8")
    play("""
        #2 buy 5 @ 102 post owner 8
            killed #2 buy 5 @ 102, would trade
    """)


def test_a_gtd_order_ends_when_its_time_has_come(play: Play) -> None:
    play.given("""
        clock 10
        #1 buy 5 @ 100 gtd 20
        #2 buy 6 @ 100
    """)
    play("""
        clock 19
        clock 20
            removed #1 buy 5 @ 100, level 6, expired
        clock 21
    """)


def test_gtd_orders_and_stops_end_in_the_order_of_their_times_then_numbers(play: Play) -> None:
    play.given("""
        #5 buy 1 @ 100 gtd 30
        #4 sell 1 @ 101 gtd 30
        #3 sell 1 @ 102 gtd 20
        #2 buy 1 stop 110 gtd 30
        #1 buy 1 @ 99 gtd 31
    """)
    play("""
        clock 30
            removed #3 sell 1 @ 102, level 0, expired
            removed #2 buy 1, level 0, expired
            removed #4 sell 1 @ 101, level 0, expired
            removed #5 buy 1 @ 100, level 0, expired
    """)


def test_what_a_gtd_order_traded_does_not_come_back(play: Play) -> None:
    play.given("""
        #1 buy 5 @ 100 gtd 30
        #2 sell 3 @ 100
    """)
    play("""
        clock 30
            removed #1 buy 2 @ 100, level 0, expired
    """)


def test_the_number_of_an_ended_gtd_order_may_be_used_for_one_that_stays(play: Play) -> None:
    play.given("""
        #1 buy 5 @ 100 gtd 30
        cancel #1
        #1 buy 5 @ 100
    """)
    play("""
        clock 30
    """)
    assert len(play.book.resting()) == 1


def test_the_clock_never_goes_back(play: Play) -> None:
    play.given("clock 50")
    play("""
        clock 40
        #1 buy 5 @ 100 gtd 50
            killed #1 buy 5 @ 100, invalid
        #2 buy 5 @ 100 gtd 51
            added #2 buy 5 @ 100, level 5
    """)
    assert play.events["time_ns"].tolist() == [50, 50]


def test_a_day_order_ends_when_the_book_closes(play: Play) -> None:
    play.one_way().given("""
        #1 sell 1 @ 105 day
        #2 sell 2 @ 104 day
        #3 buy 3 @ 100 day
        #4 buy 4 @ 100
        #5 buy 5 @ 101 day
        #6 buy 6 stop 110 day
        #7 sell 7 stop 90 day
        #8 sell 8 stop 90
    """)
    play("""
        close
            phase closed
            removed #5 buy 5 @ 101, level 0, expired
            removed #3 buy 3 @ 100, level 4, expired
            removed #2 sell 2 @ 104, level 0, expired
            removed #1 sell 1 @ 105, level 0, expired
            removed #6 buy 6, level 0, expired
            removed #7 sell 7, level 0, expired
    """)


def test_a_day_order_survives_auctions_and_halts(play: Play) -> None:
    play.given("#1 sell 1 @ 105 day")
    play("""
        halt
            phase halted
        auction
            phase auction
        continuous
            phase continuous
    """)
    assert len(play.book.resting()) == 1
