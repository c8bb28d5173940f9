"""The routes about feeds: how the source does, what became of its frames."""

from typing import Any

import msgspec
from litestar import get
from litestar.handlers import BaseRouteHandler

from trade2026.desk.market_feed import FeedStatus
from trade2026.desk.normalizing import NormalizerDesk
from trade2026.domain.market.feed import FeedState
from trade2026.shell.access import needs, public


class FeedStats(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one instrument's frames since its state began."""

    venue: str
    symbol: str
    session: str
    is_synced: bool
    frames: int
    trades: int
    quotes: int
    book_updates: int
    syncs: int
    gaps: int
    stale_updates: int
    malformed: int
    late_trades: int
    too_late_trades: int
    incredible_trades: int
    """Left out of the bars because no other trade confirmed their time."""
    repeated_trades: int
    off_book_trades: int
    stale_quotes: int
    repeated_frames: int
    missed_frames: int


class RejectReply(msgspec.Struct, frozen=True, kw_only=True):
    """A frame that was of no use."""

    venue: str
    symbol: str
    session: str
    index: int
    code: str
    text: str
    payload: str
    """The beginning of it."""


PAYLOAD_SHOWN = 200


def feed_route(status: FeedStatus) -> BaseRouteHandler:
    """Return the route that tells how the gateway's source does."""

    @get("/feed", opt=public())
    async def feed() -> FeedStatus:
        """Return the source, its state, and what it has delivered."""
        return status

    handler: Any = feed
    return handler


def feed_stats(state: FeedState) -> FeedStats:
    """Return the statistics of one feed."""
    counts, sync, bars = state.counts, state.sync, state.bars
    return FeedStats(
        venue=state.venue,
        symbol=state.symbol,
        session=state.session,
        is_synced=sync.is_synced,
        frames=counts.frames,
        trades=counts.trades,
        quotes=counts.quotes,
        book_updates=counts.book_updates,
        syncs=sync.sync_count,
        gaps=sync.gap_count,
        stale_updates=sync.stale_count,
        malformed=counts.malformed,
        late_trades=bars.late_count,
        too_late_trades=bars.too_late_count,
        incredible_trades=bars.dropped_count,
        repeated_trades=counts.repeated_trades,
        off_book_trades=counts.off_book_trades,
        stale_quotes=counts.stale_quotes,
        repeated_frames=counts.repeated_frames,
        missed_frames=counts.missed_frames,
    )


def normalizer_routes(desk: NormalizerDesk) -> list[BaseRouteHandler]:
    """Return the routes of the normaliser."""

    @get("/stats", opt=needs("market:read"))
    async def stats() -> list[FeedStats]:
        """Return what came of each instrument's frames."""
        return [feed_stats(one.state) for one in desk.feeds.values()]

    @get("/rejects", opt=needs("market:read"))
    async def rejects() -> list[RejectReply]:
        """Return the newest frames that were of no use, newest first."""
        return [
            RejectReply(
                venue=batch.venue,
                symbol=batch.symbol,
                session=batch.session,
                index=record.index,
                code=record.code,
                text=record.text,
                payload=record.payload[:PAYLOAD_SHOWN].decode("utf-8", "replace"),
            )
            for batch in reversed(desk.rejects)
            for record in reversed(batch.records)
        ]

    handlers: list[Any] = [stats, rejects]
    return handlers
