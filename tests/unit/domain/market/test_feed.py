"""A feed's state says what there is, and can be put away and taken out again."""

from tests import feeds
from tests.feeds import a_feed, batch

from trade2026.core.numbers import INT64_MAX
from trade2026.domain.market.feed import FeedState, open_feed
from trade2026.domain.market.normalizer import step
from trade2026.domain.market.numeral import Numerals
from trade2026.model import codec

FRAMES = (
    feeds.snapshot(10, [("99", "1")], [("101", "1")]),
    feeds.trade(1, "100", "1", 1_723_161_300_000),
    feeds.trade(2, "100", "1", 1_723_161_301_000),
    feeds.depth(11, 12, [("98", "1")]),
)


def test_an_unknown_venue_has_no_feed() -> None:
    assert open_feed("NOWHERE", "BTCUSDT") is None


def test_a_feed_nothing_has_come_from_shows_nothing() -> None:
    ticker = a_feed().ticker()

    assert (ticker.last_px, ticker.quote, ticker.is_synced) == (None, None, False)
    assert a_feed().book(5).bids == ()


def test_the_volume_of_a_session_stays_within_the_wire() -> None:
    state = a_feed()
    state.session_qty = INT64_MAX + 1

    assert state.ticker().volume_qty == INT64_MAX


def test_a_state_put_away_and_taken_out_goes_on_as_before() -> None:
    numerals = Numerals()
    kept = a_feed()
    step(kept, batch(*FRAMES), numerals)
    kept.bars.held = None
    taken = codec.decode(FeedState, codec.encode(kept))
    more = batch(
        FRAMES[1],
        feeds.trade(3, "105", "2", 1_723_161_300_500),
        feeds.trade(4, "106", "2", 1_723_161_399_000),
        feeds.depth(13, 14, asks=[("100.5", "1")]),
        first=len(FRAMES),
    )

    assert step(taken, more, numerals) == step(kept, more, numerals)
    assert taken == kept
