"""Halts, closes and price bands, and the checks that an order passes before anything else.

Source: trading halts and limit bands of the Limit Up-Limit Down plan (US equities): no
trades outside the band, no trading in a halt, cancels at any time.
"""

import pytest
from tests.book.notation import message
from tests.book.play import Play

from trade2026.prism.engine.message import BUY, MAX_LOTS, MAX_TICKS, Action, Force, Kind

VALID = {
    "number": 1,
    "owner": 8,
    "side": BUY,
    "kind": Kind.LIMIT,
    "force": Force.GTC,
    "ticks": 100,
    "lots": 5,
}


@pytest.mark.parametrize("phase", ["halt", "close"])
def test_a_book_that_does_not_trade_takes_no_orders(play: Play, phase: str) -> None:
    play.given(phase)
    play("""
        #1 buy 5 @ 100
            killed #1 buy 5 @ 100, wrong phase
        #2 buy 5 market
            killed #2 buy 5, wrong phase
        #3 buy 5 stop 110
            killed #3 buy 5, wrong phase
    """)


@pytest.mark.parametrize("phase", ["halt", "close"])
def test_a_book_that_does_not_trade_lets_orders_go_and_shrink(play: Play, phase: str) -> None:
    play.given(f"""
        #1 buy 5 @ 100
        #2 buy 5 @ 100
        #3 buy 5 stop 110 @ 110
        {phase}
    """)
    play("""
        cancel #1
            removed #1 buy 5 @ 100, level 5
        reduce #2 by 1
            changed #2 buy 4 @ 100, level 4
        replace #2 to 3
            changed #2 buy 3 @ 100, level 3, replaced
        replace #2 to 4
            refused #2, wrong phase
        replace #2 @ 101
            refused #2, wrong phase
        replace #3 @ 111
            changed #3 buy 5 @ 111, level 0, replaced
        cancel #3
            removed #3 buy 5 @ 111, level 0
    """)


def test_stops_do_not_trigger_in_a_halt_but_when_trading_begins_again(play: Play) -> None:
    play.given("""
        #1 sell 1 @ 100
        #2 buy 1 @ 100
        #3 buy 5 stop 110
        halt
    """)
    play("""
        replace #3 stop 100
            changed #3 buy 5, level 0, replaced
        continuous
            phase continuous
            triggered #3 buy 5 at 100
            killed #3 buy 5, unfilled
    """)


def test_stops_may_wait_in_an_auction(play: Play) -> None:
    play.given("""
        #1 sell 1 @ 100
        #2 buy 1 @ 100
        auction
    """)
    play("""
        #3 buy 5 stop 99
            waiting #3 buy 5 at 99
        #4 sell 5 trail 2 fok
            waiting #4 sell 5 at 98
        continuous
            phase continuous
            triggered #3 buy 5 at 99
            killed #3 buy 5, unfilled
    """)


def test_gtd_orders_expire_in_a_halt(play: Play) -> None:
    play.given("""
        #1 buy 5 @ 100 gtd 30
        halt
    """)
    play("""
        clock 30
            removed #1 buy 5 @ 100, level 0, expired
    """)


def test_a_phase_begins_once(play: Play) -> None:
    play("""
        continuous
            phase continuous
        halt
            phase halted
        halt
            phase halted
    """)


def test_an_unknown_phase_is_refused(play: Play) -> None:
    for ticks in (-1, 4, 2**40):
        asked = message(action=Action.PHASE, number=9, ticks=ticks)

        assert play.tell(asked) == ["refused #9, invalid"]


def test_an_unknown_action_is_refused(play: Play) -> None:
    for action in (-1, 7, 100):
        assert play.tell(message(action=action, number=9)) == ["refused #9, invalid"]


def test_prices_outside_the_band_are_not_taken(play: Play) -> None:
    play.given("band 95 105")
    play("""
        #1 buy 5 @ 95
            added #1 buy 5 @ 95, level 5
        #2 buy 5 @ 94
            killed #2 buy 5 @ 94, out of band
        #3 sell 5 @ 105
            added #3 sell 5 @ 105, level 5
        #4 sell 5 @ 106
            killed #4 sell 5 @ 106, out of band
        #5 buy 5 stop 105 @ 106
            killed #5 buy 5 @ 106, out of band
        #6 buy 5 stop 110 @ 105
            waiting #6 buy 5 at 110
    """)


def test_a_market_order_trades_to_the_end_of_the_band(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 105
        #2 sell 5 @ 106
        band 95 105
    """)
    play("""
        #3 buy 8 market
            trade buy 5 @ 105: #1 has 0, #3 has 3, level 0
            killed #3 buy 3, unfilled
        #4 buy 5 market fok
            killed #4 buy 5, not fillable
    """)


def test_what_rests_outside_the_band_stays_and_may_only_shrink_there(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 110
        band 95 105
    """)
    play("""
        replace #1 to 4
            changed #1 sell 4 @ 110, level 4, replaced
        replace #1 to 6
            refused #1, out of band
        replace #1 @ 109
            refused #1, out of band
        replace #1 @ 105
            removed #1 sell 4 @ 110, level 0, replaced
            added #1 sell 4 @ 105, level 4
        replace #1 @ 106
            refused #1, out of band
    """)


def test_a_stop_limit_order_is_looked_at_again_when_it_triggers(play: Play) -> None:
    play.given("""
        #1 sell 5 @ 100
        #2 buy 5 stop 100 @ 110
        #3 buy 5 stop 101 @ 109
        band 95 105
    """)
    play("""
        replace #3 stop 102
            changed #3 buy 5 @ 109, level 0, replaced
        replace #3 @ 108
            refused #3, out of band
        #4 buy 1 @ 100
            trade buy 1 @ 100: #1 has 4, #4 has 0, level 4
            triggered #2 buy 5 at 100
            killed #2 buy 5 @ 110, out of band
    """)


def test_a_band_may_be_taken_away(play: Play) -> None:
    play.given("""
        band 95 105
        band off
    """)
    play("""
        #1 buy 5 @ 94
            added #1 buy 5 @ 94, level 5
    """)


@pytest.mark.parametrize("band", ["0 5", "5 0", "-1 5", "6 5", f"1 {MAX_TICKS + 1}"])
def test_a_band_that_is_none_is_refused_and_the_old_one_stays(play: Play, band: str) -> None:
    play.one_way().given("band 95 105")
    play(f"""
        band {band}
            refused #0, invalid
        #1 buy 5 @ 94
            killed #1 buy 5 @ 94, out of band
    """)


@pytest.mark.parametrize("band", ["7 7", f"1 {MAX_TICKS}"])
def test_a_band_may_be_as_narrow_and_as_wide_as_prices(play: Play, band: str) -> None:
    play.one_way()(f"""
        band {band}
        #1 buy 5 @ 7
            added #1 buy 5 @ 7, level 5
    """)


@pytest.mark.parametrize(
    "change",
    [
        {"number": 0},
        {"lots": 0},
        {"lots": -1},
        {"lots": MAX_LOTS + 1},
        {"side": 0},
        {"side": 2},
        {"side": -2},
        {"kind": 0},
        {"kind": 6},
        {"kind": -1},
        {"force": 0},
        {"force": 6},
        {"stp": -1},
        {"stp": 4},
        {"flags": 2},
        {"flags": -1},
        {"ticks": 0},
        {"ticks": -5},
        {"ticks": MAX_TICKS + 1},
        {"display": -1},
        {"force": Force.GTD},
        {"force": Force.GTD, "time_ns": -1},
        {"flags": 1, "force": Force.IOC},
        {"flags": 1, "force": Force.FOK},
        {"flags": 1, "kind": Kind.MARKET},
        {"flags": 1, "kind": Kind.STOP_LIMIT, "trigger": 100},
        {"flags": 1, "kind": Kind.STOP, "trigger": 100},
        {"kind": Kind.STOP},
        {"kind": Kind.STOP, "trigger": MAX_TICKS + 1},
        {"kind": Kind.STOP_LIMIT, "trigger": -1},
        {"kind": Kind.STOP_LIMIT, "trigger": 100, "ticks": 0},
        {"kind": Kind.TRAILING_STOP, "ticks": 0},
        {"kind": Kind.TRAILING_STOP, "ticks": 0, "trigger": MAX_TICKS + 1},
        {"kind": Kind.TRAILING_STOP, "ticks": 100, "trigger": 5},
        {"kind": Kind.MARKET, "display": 1},
        {"kind": Kind.MARKET, "force": Force.GTD},
    ],
    ids=str,
)
def test_orders_with_values_out_of_bounds_are_not_taken(play: Play, change: dict[str, int]) -> None:
    columns = VALID | {"action": Action.PLACE} | change
    play.one_way().tell(message(**columns))

    (event,) = play.events
    assert (event["taker_number"], event["taker_owner"]) == (columns["number"], 8)
    assert (event["side"], event["lots"]) == (columns["side"], columns["lots"])
    is_priced = columns["kind"] in {Kind.LIMIT, Kind.STOP_LIMIT}
    assert event["ticks"] == (columns["ticks"] if is_priced else 0)
    assert play.said[-1].startswith("killed")
    assert play.said[-1].endswith("invalid")
    assert len(play.book.resting()) == len(play.book.waiting()) == 0


def test_the_widest_values_are_taken(play: Play) -> None:
    play.one_way()(f"""
        #-1 buy {MAX_LOTS} @ {MAX_TICKS}
            added #-1 buy {MAX_LOTS} @ {MAX_TICKS}, level {MAX_LOTS}
        #9223372036854775807 buy 1 stop {MAX_TICKS} owner -5
            waiting #9223372036854775807 buy 1 at {MAX_TICKS}
        #3 sell 1 trail {MAX_TICKS}
            waiting #3 sell 1 at 0
    """)


def test_columns_without_meaning_for_a_kind_are_not_looked_at(play: Play) -> None:
    plain = VALID | {"trigger": -5, "time_ns": -5}
    market = plain | {"number": 2, "kind": Kind.MARKET, "ticks": -5}
    stop = plain | {"number": 3, "kind": Kind.STOP, "ticks": -5, "trigger": 110}

    assert play.tell(message(**plain)) == ["added #1 buy 5 @ 100, level 5"]
    assert play.tell(message(**market)) == ["killed #2 buy 5, unfilled"]
    assert play.tell(message(**stop)) == ["waiting #3 buy 5 at 110"]


def test_an_order_is_looked_at_for_its_values_its_number_the_phase_and_the_band(
    play: Play,
) -> None:
    play.one_way().given("""
        #1 buy 5 @ 100
        band 95 105
        halt
    """)
    play("""
        #1 buy 0 @ 200
            killed #1 buy 0 @ 200, invalid
        #1 buy 5 @ 200
            killed #1 buy 5 @ 200, duplicate
        #2 buy 5 @ 200
            killed #2 buy 5 @ 200, wrong phase
        continuous
            phase continuous
        #2 buy 5 @ 200
            killed #2 buy 5 @ 200, out of band
    """)
