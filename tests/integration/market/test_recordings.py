"""On recorded sessions our book's top is the venue's own, before, between and after gaps."""

from bisect import bisect_right

import msgspec
import pytest
from tests.feeds import SPOT_RECORDING, USDM_RECORDING, recorded, snapshot
from tests.integration.market.follower import (
    Follower,
    Top,
    batches_of,
    payloads_of,
    quoted_tops,
)

from trade2026.core.numbers import format_nanos
from trade2026.domain.market.bars import INTERVALS_NS
from trade2026.domain.market.feed import FeedState, open_feed
from trade2026.domain.market.normalizer import Normalized, step
from trade2026.domain.market.numeral import Numerals
from trade2026.model.market import RawBatch

pytestmark = pytest.mark.data

LONG_AFTER_NS = 2 * INTERVALS_NS[-1]
SESSIONS = pytest.mark.parametrize(
    ("name", "updates"), [(SPOT_RECORDING, 3_449), (USDM_RECORDING, 6_547)]
)


def normalized(batches: list[RawBatch]) -> tuple[FeedState, list[Normalized]]:
    state = open_feed(batches[0].venue, batches[0].symbol)
    assert state is not None
    numerals = Numerals()
    return state, [step(state, batch, numerals) for batch in batches]


class Venue:
    """What the venue says of its top."""

    def __init__(self, payloads: list[bytes]) -> None:
        self._tops = quoted_tops(payloads)
        self._seqs = [seq for seq, _ in self._tops]

    def top_at(self, seq: int) -> Top:
        """Return the newest top at or before update *seq*."""
        return self._tops[bisect_right(self._seqs, seq) - 1][1]


@SESSIONS
def test_the_top_after_each_update_is_the_venues_own(name: str, updates: int) -> None:
    path = recorded(name)
    payloads = payloads_of(path)
    venue = Venue(payloads)
    follower = Follower()

    state, outs = normalized(batches_of(path, payloads))

    tops = [found for out in outs for part in out.parts for found in follower.follow(part)]
    assert [seq for seq, top in tops if top != venue.top_at(seq)] == []
    assert len(tops) == updates == state.counts.book_updates
    assert (state.sync.gap_count, state.sync.sync_count, state.counts.malformed) == (0, 1, 0)


@SESSIONS
def test_after_a_lost_update_nothing_is_told_until_a_snapshot_joins_again(
    name: str, updates: int
) -> None:
    path = recorded(name)
    payloads = payloads_of(path)
    venue = Venue(payloads)
    depths = [place for place, frame in enumerate(payloads) if b"depthUpdate" in frame]
    lost, joined = depths[1_000], depths[1_040]
    reference, _ = normalized(batches_of(path, payloads[: joined + 1]))
    doctored = [
        *payloads[:lost],
        *payloads[lost + 1 : joined + 1],
        _snapshot_of(reference),
        *payloads[joined + 1 :],
    ]
    follower = Follower()

    state, outs = normalized(batches_of(path, doctored))

    parts = [part for out in outs for part in out.parts]
    empty = [place for place, part in enumerate(parts) if part.snapshot and not part.snapshot.bids]
    tops = [found for part in parts for found in follower.follow(part)]
    assert [seq for seq, top in tops if top != venue.top_at(seq)] == []
    assert (state.sync.gap_count, state.sync.sync_count) == (1, 2)
    assert state.sync.is_synced
    # Said to be lost once, and told again from the snapshot on: forty-odd updates fewer.
    assert len(empty) == 1
    rejoined = parts[empty[0] + 1].snapshot
    assert rejoined is not None
    assert rejoined.seq == reference.sync.book.seq
    assert updates - 50 < len(tops) < updates - 30


@SESSIONS
def test_every_trade_is_told_once_and_is_in_one_bar_of_each_interval(
    name: str, updates: int
) -> None:
    del updates
    path = recorded(name)
    payloads = payloads_of(path)

    state, outs = normalized(batches_of(path, payloads))
    state.bars.advance(LONG_AFTER_NS)

    trades = [trade for out in outs for trade in out.trades]
    bars = [*(bar for out in outs for bar in out.bars), *state.bars.take()]
    assert len(trades) == sum(b"@trade" in frame for frame in payloads)
    assert len({trade.trade_id for trade in trades}) == len(trades)
    for interval_ns in INTERVALS_NS:
        of_interval = [bar for bar in bars if bar.interval_ns == interval_ns]
        assert sum(bar.trade_count for bar in of_interval) == len(trades)
        assert sum(bar.volume_qty for bar in of_interval) == sum(trade.qty for trade in trades)


def _snapshot_of(state: FeedState) -> bytes:
    book = state.sync.book

    def texts(prices: list[tuple[int, int]]) -> list[tuple[str, str]]:
        return [(format_nanos(px), format_nanos(qty)) for px, qty in prices]

    bids = sorted(book.bids.qty_by_px.items(), reverse=True)
    asks = sorted(book.asks.qty_by_px.items())
    frame = snapshot(book.seq, texts([*bids]), texts([*asks]))
    assert msgspec.json.decode(frame)["lastUpdateId"] == book.seq
    return frame
