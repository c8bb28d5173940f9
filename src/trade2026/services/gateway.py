"""gateway: market data in, simulated or recorded; tickers, books, trades and bars out."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec

from trade2026.adapters.recording import open_recording, read_frames
from trade2026.core.errors import SettingsError
from trade2026.desk.market_feed import FeedStatus, PrismFeed, ReplayFeed
from trade2026.desk.market_view import BARS_BACK, MarketView
from trade2026.desk.recent import from_newest
from trade2026.edge.feed import feed_route
from trade2026.edge.market import market_routes
from trade2026.edge.market_stream import market_stream
from trade2026.model.subjects import (
    LIVE_BOOK,
    LIVE_PRISM_FEED,
    LIVE_TICKER,
    LIVE_TRADE,
    MARKET_BAR,
    Stream,
)
from trade2026.shell.service import Context, Fold, Intake, Ping, Service, Watch


class Source(StrEnum):
    """Where market data come from."""

    PRISM = "prism"
    REPLAY = "replay"


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of section `gateway`."""

    source: Source = Source.PRISM
    file: str = ""
    """The recording; for `replay`."""
    speed: Annotated[float, msgspec.Meta(ge=0, le=1e6)] = 1.0
    """1 is the recorded pace, 0 no pause at all; for `replay`."""


def build(context: Context) -> Service:
    """Return the gateway.

    Raises:
        SettingsError: a replay without a file.
        StartError: the file is not a recording.
    """
    settings = context.settings(GatewaySettings, "gateway")
    view = MarketView()
    watched: list[Intake] = [
        Watch(subject=LIVE_TICKER, handler=view.on_ticker),
        Watch(subject=LIVE_BOOK, handler=view.on_book),
        Watch(subject=LIVE_TRADE, handler=view.on_trades),
        Fold(
            subject=MARKET_BAR,
            handler=view.on_bars,
            from_seq=from_newest(context.bus, Stream.MARKET, back=BARS_BACK),
        ),
    ]
    feed: PrismFeed | ReplayFeed
    if settings.source is Source.PRISM:
        feed = PrismFeed(context.bus, context.clock, context.log)
        watched.append(Watch(subject=LIVE_PRISM_FEED, handler=feed.on_batch))
    else:
        feed = _replay(context, settings)
    status = feed.status
    return Service(
        name=context.name,
        routes=[
            *market_routes(view, context.clock),
            market_stream(view, context.clock),
            feed_route(status),
        ],
        intakes=watched,
        pings={"feed": _ping(status)},
        about=lambda: _about(status),
        loops=[feed.run],
    )


def _replay(context: Context, settings: GatewaySettings) -> ReplayFeed:
    if not settings.file:
        raise SettingsError("gateway: source=replay needs file, the recording to replay")
    recording = open_recording(Path(settings.file))
    return ReplayFeed(
        context.bus,
        context.clock,
        context.log,
        venue=recording.venue,
        symbol=recording.symbol,
        session=context.ids.new(),
        frames=lambda: read_frames(recording.path),
        speed=settings.speed,
    )


def _ping(status: FeedStatus) -> Ping:
    async def ping() -> str:
        return status.problem

    return ping


def _about(status: FeedStatus) -> Mapping[str, Any]:
    return {"source": status.source, "feed": status.state}
