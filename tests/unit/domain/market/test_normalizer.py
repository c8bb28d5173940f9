"""Batches of frames become trades, quotes, book changes and bars; bad frames stop nothing."""

import pytest
from tests import feeds
from tests.factories import px, qty
from tests.feeds import a_feed, batch

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.domain.market.binance import FaultCode
from trade2026.domain.market.feed import FeedState
from trade2026.domain.market.normalizer import (
    QUIET_NS,
    REFRESH_NS,
    SNAPSHOT_DEPTH,
    Normalized,
    step,
    tick,
)
from trade2026.domain.market.numeral import Numerals
from trade2026.domain.market.sync import STALE_LIMIT
from trade2026.model.instrument import BINANCE_USDM
from trade2026.model.market import Aggressor, RawBatch

SNAPSHOT = feeds.snapshot(10, [("99", "1"), ("98", "2")], [("101", "3")])
MS = 1_723_161_300_000


def take(state: FeedState, raw: RawBatch) -> Normalized:
    return step(state, raw, Numerals())


def codes(out: Normalized) -> list[FaultCode]:
    return [fault.code for fault in out.faults]


def test_a_trade_is_told_exactly_with_its_aggressor() -> None:
    state = a_feed()

    out = take(
        state,
        batch(feeds.trade(7, "100.50", "0.25", MS, m=True), feeds.trade(8, "101", "1", MS + 1)),
    )

    sold, bought = out.trades
    assert (sold.trade_id, sold.px, sold.qty) == ("7", px("100.5"), qty("0.25"))
    assert (sold.aggressor_side, bought.aggressor_side) == (Aggressor.SELL, Aggressor.BUY)
    assert (sold.ts_event_ns, sold.ts_recv_ns) == (MS * 1_000_000, 1_000)
    assert state.ticker().last_px == px("101")
    assert state.ticker().volume_qty == qty("1.25")


def test_a_trade_that_comes_twice_is_told_once() -> None:
    state = a_feed()
    frame = feeds.trade(7, "100", "1", MS)

    out = take(state, batch(frame, frame))

    assert len(out.trades) == 1
    assert (state.counts.repeated_trades, state.session_trade_count) == (1, 1)


def test_a_trade_that_never_met_the_book_is_counted_apart() -> None:
    state = a_feed(BINANCE_USDM)

    out = take(state, batch(feeds.trade(7, "0", "0", MS, X="NA"), venue=BINANCE_USDM))

    assert (out.trades, out.faults, state.counts.off_book_trades) == ([], [], 1)


def test_a_quote_without_a_time_has_the_venues_last_known_one() -> None:
    state = a_feed()
    frame = feeds.quote(5, "99", "1", "101", "2")

    out = take(state, batch(frame, feeds.trade(1, "100", "1", MS), frame.replace(b":5", b":6")))

    before, after = out.quotes
    assert (before.ts_event_ns, after.ts_event_ns) == (1_000, MS * 1_000_000)
    assert (before.best_bid_px, before.best_ask_qty, before.seq) == (px("99"), qty("2"), 5)


def test_a_quote_that_is_not_newer_is_passed_over() -> None:
    state = a_feed()

    out = take(
        state, batch(feeds.quote(5, "99", "1", "101", "2"), feeds.quote(5, "90", "1", "101", "2"))
    )

    assert ([quote.seq for quote in out.quotes], state.counts.stale_quotes) == ([5], 1)


def test_one_quote_of_a_wild_number_does_not_silence_the_rest() -> None:
    state = a_feed()
    wild = feeds.quote(10**15, "99", "1", "101", "2")
    rest = [feeds.quote(seq, "99", "1", "101", "2") for seq in range(1, STALE_LIMIT + 3)]

    out = take(state, batch(wild, *rest))

    assert [quote.seq for quote in out.quotes] == [10**15, *range(STALE_LIMIT, STALE_LIMIT + 3)]


def test_an_empty_side_of_a_quote_has_price_and_quantity_zero() -> None:
    out = take(a_feed(), batch(feeds.quote(5, "0.00", "0.00", "101", "2")))

    assert (out.quotes[0].best_bid_px, out.quotes[0].best_bid_qty) == (0, 0)
    assert out.quotes[0].best_ask_px == px("101")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"{", FaultCode.NOT_JSON),
        (feeds.trade(1, "0", "1", MS), FaultCode.BAD_NUMBER),
        (feeds.trade(1, "1", "0", MS), FaultCode.BAD_NUMBER),
        (feeds.trade(1, "1", "1", MS, s="ETHUSDT"), FaultCode.WRONG_SYMBOL),
        (feeds.quote(1, "x", "1", "2", "1"), FaultCode.BAD_NUMBER),
        (feeds.quote(1, "2", "1", "2", "1"), FaultCode.CROSSED),
        (feeds.quote(1, "1", "1", "2", "1", s="ETHUSDT"), FaultCode.WRONG_SYMBOL),
        (feeds.depth(1, 2, s="ETHUSDT"), FaultCode.WRONG_SYMBOL),
        (feeds.depth(3, 2), FaultCode.BAD_FIELD),
        (feeds.depth(1, 2, [("-1", "1")]), FaultCode.BAD_NUMBER),
        (feeds.snapshot(1, [("1", "1e99")], []), FaultCode.BAD_NUMBER),
    ],
)
def test_a_frame_of_no_use_is_a_fault_and_the_flow_goes_on(frame: bytes, code: FaultCode) -> None:
    state = a_feed()

    out = take(state, batch(frame, feeds.trade(2, "1", "1", MS), first=40))

    assert codes(out) == [code]
    assert (out.faults[0].index, out.faults[0].payload) == (40, frame)
    assert (len(out.trades), state.counts.malformed) == (1, 1)


def test_usdm_updates_must_say_which_one_they_follow() -> None:
    out = take(a_feed(BINANCE_USDM), batch(feeds.depth(1, 2), venue=BINANCE_USDM))

    assert codes(out) == [FaultCode.BAD_FIELD]


def test_usdm_updates_follow_by_the_one_they_name() -> None:
    state = a_feed(BINANCE_USDM)

    out = take(
        state,
        batch(
            SNAPSHOT,
            feeds.depth(8, 12, pu=7),
            feeds.depth(20, 25, pu=12),
            feeds.depth(26, 30, pu=24),
            venue=BINANCE_USDM,
        ),
    )

    told, lost = out.parts
    assert [(delta.prev_seq, delta.seq) for delta in told.deltas] == [(10, 12), (12, 25)]
    assert lost.snapshot is not None
    assert state.sync.gap_count == 1


def test_a_book_is_told_as_a_snapshot_and_deltas_that_follow_it() -> None:
    state = a_feed()

    out = take(
        state,
        batch(
            feeds.depth(9, 12, [("99.5", "4")]), SNAPSHOT, feeds.depth(13, 15, asks=[("101", "0")])
        ),
    )

    (told,) = out.books("BINANCE", "BTCUSDT")
    assert told.snapshot is not None
    assert (told.snapshot.seq, told.snapshot.bids[0].px) == (10, px("99"))
    assert [(delta.prev_seq, delta.seq) for delta in told.deltas] == [(10, 12), (12, 15)]
    assert state.book(1).bids[0].px == px("99.5")
    assert state.book(1).asks == ()


def test_without_a_quote_stream_quotes_are_read_off_the_book() -> None:
    state = a_feed()

    out = take(state, batch(SNAPSHOT, feeds.depth(11, 12, [("99.5", "4")])))

    assert [(quote.seq, quote.best_bid_px) for quote in out.quotes] == [
        (10, px("99")),
        (12, px("99.5")),
    ]


def test_with_a_quote_stream_the_book_makes_no_quotes() -> None:
    out = take(a_feed(), batch(feeds.quote(9, "99", "1", "101", "1"), SNAPSHOT))

    assert [quote.seq for quote in out.quotes] == [9]


def test_a_quiet_quote_stream_is_confirmed_by_the_book() -> None:
    state = a_feed()
    take(state, batch(SNAPSHOT, feeds.quote(10, "99", "1", "101", "3")))
    same = feeds.snapshot(10, [("99", "1")], [("101", "3")])

    early = take(state, batch(same, first=2, recv_ns=QUIET_NS))
    quiet = take(state, batch(same, first=3, recv_ns=QUIET_NS + 2_000))
    moved = take(state, batch(feeds.depth(11, 12, [("99.5", "1")]), first=4, recv_ns=3 * QUIET_NS))

    assert early.quotes == []
    (confirmed,) = quiet.quotes
    assert (confirmed.seq, confirmed.ts_recv_ns) == (10, QUIET_NS + 2_000)
    assert (confirmed.best_bid_px, confirmed.best_ask_px) == (px("99"), px("101"))
    assert [(quote.seq, quote.best_bid_px) for quote in moved.quotes] == [(12, px("99.5"))]


def test_a_book_behind_the_quotes_does_not_speak_for_them() -> None:
    state = a_feed()
    take(state, batch(SNAPSHOT, feeds.quote(15, "99.9", "1", "101", "3")))

    out = take(state, batch(feeds.depth(11, 12), first=2, recv_ns=3 * QUIET_NS))

    assert out.quotes == []


def test_a_gap_empties_the_told_book_until_the_next_snapshot() -> None:
    state = a_feed()

    out = take(
        state,
        batch(
            SNAPSHOT,
            feeds.depth(14, 15),
            feeds.depth(16, 17, [("99.7", "1")]),
            feeds.snapshot(14, [("99.6", "1")], [("101", "3")]),
        ),
    )

    first, lost, again = out.parts
    assert first.snapshot is not None
    assert lost.snapshot is not None
    assert again.snapshot is not None
    assert (lost.snapshot.bids, lost.snapshot.asks, lost.deltas) == ((), (), [])
    assert (again.snapshot.seq, [delta.seq for delta in again.deltas]) == (14, [15, 17])
    assert (state.sync.gap_count, state.ticker().is_synced) == (1, True)


def test_no_quote_is_read_off_a_book_out_of_sync() -> None:
    out = take(a_feed(), batch(SNAPSHOT, feeds.depth(14, 15), feeds.depth(16, 17)))

    assert [quote.seq for quote in out.quotes] == [10]


def test_a_fresh_snapshot_goes_out_for_late_joiners() -> None:
    state = a_feed()
    take(state, batch(SNAPSHOT, recv_ns=1))
    update = feeds.depth(11, 12, [("99.5", "4")])

    early = take(state, batch(update, first=1, recv_ns=REFRESH_NS))
    due = take(state, batch(feeds.depth(13, 13), first=2, recv_ns=REFRESH_NS + 1))

    assert [part.snapshot for part in early.parts] == [None]
    (part,) = due.parts
    assert part.snapshot is not None
    assert (part.snapshot.seq, part.snapshot.bids[0].px) == (12, px("99.5"))
    assert [delta.prev_seq for delta in part.deltas] == [12]


def test_a_told_snapshot_is_cut_and_the_book_is_not() -> None:
    state = a_feed()
    bids = [(str(price), "1") for price in range(1, SNAPSHOT_DEPTH + 11)]

    out = take(state, batch(feeds.snapshot(1, [*reversed(bids)], [("9000", "1")])))

    assert out.parts[0].snapshot is not None
    assert len(out.parts[0].snapshot.bids) == SNAPSHOT_DEPTH
    assert len(state.sync.book.bids.prices) == SNAPSHOT_DEPTH + 10


def test_a_batch_delivered_again_changes_nothing() -> None:
    state = a_feed()
    raw = batch(SNAPSHOT, feeds.trade(1, "100", "1", MS), feeds.quote(11, "99", "1", "101", "1"))
    take(state, raw)

    again = take(state, raw)

    assert again == Normalized()
    assert (state.counts.repeated_frames, state.counts.frames) == (3, 3)


def test_frames_that_never_came_are_counted() -> None:
    state = a_feed()
    take(state, batch(SNAPSHOT))

    take(state, batch(feeds.trade(1, "100", "1", MS), first=5))

    assert state.counts.missed_frames == 4


def test_a_new_session_waits_for_its_own_snapshot_and_keeps_the_bars() -> None:
    state = a_feed()
    take(state, batch(SNAPSHOT, feeds.trade(1, "100", "1", MS)))

    out = take(state, batch(feeds.trade(2, "100", "1", MS + 1_000), session="two"))

    assert out.parts[0].snapshot is not None
    assert out.parts[0].snapshot.bids == ()
    assert (state.sync.is_synced, len(out.bars), state.session_trade_count) == (False, 1, 1)


def test_a_replay_begins_the_history_anew() -> None:
    state = a_feed()
    frame = feeds.trade(1, "100", "1", MS)
    take(state, batch(SNAPSHOT, frame, is_replay=True))

    out = take(state, batch(SNAPSHOT, frame, session="two", is_replay=True))

    assert len(out.trades) == 1
    assert state.bars.buckets[NS_PER_S][MS * 1_000_000].trade_count == 1


def test_the_passing_of_time_closes_bars_without_a_trade() -> None:
    state = a_feed()
    take(state, batch(feeds.trade(1, "100", "1", MS), recv_ns=7))

    early = tick(state, TimeNs(NS_PER_S))
    late = tick(state, TimeNs(2 * NS_PER_S))

    assert (early, [bar.interval_ns for bar in late]) == ((), [NS_PER_S])


def test_an_event_time_in_nanoseconds_reaches_every_record() -> None:
    out = take(
        a_feed(),
        batch(
            feeds.snapshot(10, [("99", "1")], [("101", "1")], N=11),
            feeds.depth(11, 12, N=13),
            feeds.trade(1, "100", "1", 0, N=17),
            feeds.quote(13, "99", "1", "101", "1", N=19),
        ),
    )

    assert out.parts[0].snapshot is not None
    assert out.parts[0].snapshot.ts_event_ns == 11
    assert out.parts[0].deltas[0].ts_event_ns == 13
    assert out.trades[0].ts_event_ns == 17
    assert out.quotes[-1].ts_event_ns == 19
