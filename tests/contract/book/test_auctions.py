"""Call auctions: orders gather, then one price at which as much as possible trades.

Source: the opening and closing crosses of Nasdaq, Equity 4, Rules 4752(d)(2) and
4754(b)(2): most shares executed, then least imbalance, then nearest to a reference price.
"""

import pytest
from tests.book.play import Play

from trade2026.prism.engine.message import BUY, SELL


@pytest.fixture
def auction(play: Play) -> Play:
    """Return a scenario that begins in an auction; rows of events know buy from sell."""
    play.one_way().given("auction")
    return play


def test_orders_gather_without_trading(auction: Play) -> None:
    auction("""
        #1 sell 5 @ 100
            added #1 sell 5 @ 100, level 5
        #2 buy 5 @ 103
            added #2 buy 5 @ 103, level 5
    """)
    assert auction.book.depth(BUY, 1).tolist() == [[103, 5]]
    assert auction.book.depth(SELL, 1).tolist() == [[100, 5]]


def test_all_trade_at_the_one_price_that_trades_most(auction: Play) -> None:
    auction.given("""
        #1 buy 10 @ 105
        #2 buy 10 @ 103
        #3 buy 10 @ 101
        #4 sell 8 @ 100
        #5 sell 8 @ 102
        #6 sell 8 @ 104
    """)
    # At 102 and 103: 20 are bid, 16 are offered. At 101: 8 are offered; at 104: 10 are bid.
    # Both leave 4 over; the middle of 105 and 100 is as near to both, so the lower one.
    auction("""
        continuous
            phase continuous
            trade 8 @ 102: #4 has 0, #1 has 2
            level buy @ 105: 2
            level sell @ 100: 0
            trade 2 @ 102: #5 has 6, #1 has 0
            level buy @ 105: 0
            level sell @ 102: 6
            trade 6 @ 102: #5 has 0, #2 has 4
            level buy @ 103: 4
            level sell @ 102: 0
    """)


def test_of_prices_that_trade_as_much_the_least_imbalance_counts(auction: Play) -> None:
    auction.given("""
        #1 buy 10 @ 105
        #2 buy 3 @ 102
        #3 sell 10 @ 100
    """)
    # 10 trade at 100 to 105; at 100, 101 and 102 thirteen are bid, above ten.
    auction("""
        continuous
            phase continuous
            trade 10 @ 105: #3 has 0, #1 has 0
            level buy @ 105: 0
            level sell @ 100: 0
    """)


def test_then_the_nearest_to_the_last_price(play: Play) -> None:
    play.one_way().given("""
        #8 sell 1 @ 104
        #9 buy 1 @ 104
        auction
        #1 buy 10 @ 105
        #2 sell 10 @ 100
    """)
    play("""
        continuous
            phase continuous
            trade 10 @ 105: #2 has 0, #1 has 0
            level buy @ 105: 0
            level sell @ 100: 0
    """)


def test_before_the_first_trade_the_middle_counts_and_then_the_lower(auction: Play) -> None:
    auction.given("""
        #1 buy 10 @ 105
        #2 sell 10 @ 100
    """)
    auction("""
        continuous
            phase continuous
            trade 10 @ 100: #2 has 0, #1 has 0
            level buy @ 105: 0
            level sell @ 100: 0
    """)


def test_the_middle_is_not_rounded(auction: Play) -> None:
    auction.given("""
        #1 buy 8 @ 103
        #2 buy 2 @ 102
        #3 sell 10 @ 100
    """)
    # 100 and 102 trade all ten; 102 is nearer to 101.5, and would not be to 101.
    auction("""
        continuous
            phase continuous
            trade 8 @ 102: #3 has 2, #1 has 0
            level buy @ 103: 0
            level sell @ 100: 2
            trade 2 @ 102: #3 has 0, #2 has 0
            level buy @ 102: 0
            level sell @ 100: 0
    """)


def test_orders_at_one_price_trade_in_the_order_of_time(auction: Play) -> None:
    auction.given("""
        #1 buy 5 @ 100
        #2 buy 5 @ 100
        #3 sell 7 @ 100
    """)
    auction("""
        continuous
            phase continuous
            trade 5 @ 100: #3 has 2, #1 has 0
            level buy @ 100: 5
            level sell @ 100: 2
            trade 2 @ 100: #3 has 0, #2 has 3
            level buy @ 100: 3
            level sell @ 100: 0
    """)


def test_hidden_lots_count_and_icebergs_take_turns(auction: Play) -> None:
    auction.given("""
        #1 buy 6 @ 100 show 2
        #2 buy 2 @ 100
        #3 sell 7 @ 100 show 3
    """)
    auction("""
        continuous
            phase continuous
            trade 2 @ 100: #3 has 5, #1 has 4
            level buy @ 100: 2
            level sell @ 100: 1
            refreshed #1 buy 2 of 4 @ 100, level 4
            trade 1 @ 100: #3 has 4, #2 has 1
            level buy @ 100: 3
            level sell @ 100: 0
            refreshed #3 sell 3 of 4 @ 100, level 3
            trade 1 @ 100: #3 has 3, #2 has 0
            level buy @ 100: 2
            level sell @ 100: 2
            trade 2 @ 100: #3 has 1, #1 has 2
            level buy @ 100: 0
            level sell @ 100: 0
            refreshed #1 buy 2 of 2 @ 100, level 2
            refreshed #3 sell 1 of 1 @ 100, level 1
            trade 1 @ 100: #3 has 0, #1 has 1
            level buy @ 100: 1
            level sell @ 100: 0
    """)


def test_orders_of_one_owner_trade_in_an_auction(auction: Play) -> None:
    auction.given("""
        #1 buy 5 @ 100 owner 9 stp both
        #2 sell 5 @ 100 owner 9 stp both
    """)
    auction("""
        continuous
            phase continuous
            trade 5 @ 100: #2 has 0, #1 has 0
            level buy @ 100: 0
            level sell @ 100: 0
    """)


def test_an_auction_that_does_not_cross_trades_nothing(auction: Play) -> None:
    auction.given("""
        #1 buy 5 @ 100
        #2 sell 5 @ 101
    """)
    auction("""
        continuous
            phase continuous
    """)


def test_the_price_of_an_auction_sets_off_stops(auction: Play) -> None:
    auction.given("""
        #1 buy 5 @ 105
        #2 sell 5 @ 105
        #3 buy 2 stop 104
        #4 sell 3 @ 107
    """)
    auction("""
        continuous
            phase continuous
            trade 5 @ 105: #2 has 0, #1 has 0
            level buy @ 105: 0
            level sell @ 105: 0
            triggered #3 buy 2 at 104
            trade buy 2 @ 107: #4 has 1, #3 has 0, level 1
    """)


def test_a_closing_auction_trades_before_orders_for_the_day_end(auction: Play) -> None:
    auction.given("""
        #1 buy 5 @ 105 day
        #2 sell 3 @ 105 day
        #3 buy 2 stop 104
    """)
    auction("""
        close
            phase closed
            trade 3 @ 105: #2 has 0, #1 has 2
            level buy @ 105: 2
            level sell @ 105: 0
            removed #1 buy 2 @ 105, level 0, expired
    """)
    assert len(auction.book.waiting()) == 1


def test_a_halted_auction_keeps_its_orders_and_trades_when_trading_begins(auction: Play) -> None:
    auction.given("""
        #1 buy 5 @ 105
        #2 sell 5 @ 100
    """)
    auction("""
        halt
            phase halted
        close
            phase closed
        continuous
            phase continuous
            trade 5 @ 100: #2 has 0, #1 has 0
            level buy @ 105: 0
            level sell @ 100: 0
    """)


def test_an_auction_that_goes_on_is_not_uncrossed(auction: Play) -> None:
    auction.given("""
        #1 buy 5 @ 105
        #2 sell 5 @ 100
    """)
    auction("""
        auction
            phase auction
    """)
    assert len(auction.book.resting()) == 2


@pytest.mark.parametrize(
    ("order", "told"),
    [("market", ""), ("@ 100 ioc", " @ 100"), ("@ 100 fok", " @ 100"), ("@ 100 post", " @ 100")],
)
def test_what_cannot_gather_is_not_taken(auction: Play, order: str, told: str) -> None:
    auction(f"""
        #1 buy 5 {order}
            killed #1 buy 5{told}, wrong phase
    """)


def test_orders_may_be_changed_while_they_gather(auction: Play) -> None:
    auction.given("""
        #1 buy 5 @ 100 show 2
        #2 sell 5 @ 102
    """)
    auction("""
        replace #1 @ 103
            removed #1 buy 5 @ 100, level 0, replaced
            added #1 buy 5 @ 103, level 2
        reduce #2 by 1
            changed #2 sell 4 @ 102, level 4
        replace #2 to 3
            changed #2 sell 3 @ 102, level 3, replaced
        cancel #2
            removed #2 sell 3 @ 102, level 0
    """)


def test_a_post_only_order_is_not_moved_across_the_other_side(play: Play) -> None:
    play.one_way().given("""
        #1 buy 5 @ 100 post
        #2 sell 5 @ 102
        auction
    """)
    play("""
        replace #1 @ 102
            refused #1, would trade
        replace #1 @ 101
            removed #1 buy 5 @ 100, level 0, replaced
            added #1 buy 5 @ 101, level 5
    """)


def test_a_gathered_order_expires(auction: Play) -> None:
    auction.given("""
        #1 buy 5 @ 105 gtd 30
        #2 sell 5 @ 100
    """)
    auction("""
        clock 30
            removed #1 buy 5 @ 105, level 0, expired
        continuous
            phase continuous
    """)
