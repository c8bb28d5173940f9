"""hot_cache: last quote, book, bar, position, risk by key."""

from typing import Final

from trade2026.adapters.stores.valkey import ValkeyCache
from trade2026.desk.hot_cache import HotCache
from trade2026.desk.recent import from_newest
from trade2026.edge.hot_account import account_routes
from trade2026.edge.hot_cache import ReadTimer, bar_route, hot_market_routes, snapshot_route
from trade2026.model.subjects import (
    LIVE_BOOK,
    MARKET_BAR,
    MARKET_QUOTE,
    MARKET_TRADE,
    POSITION_EVENT,
    Stream,
)
from trade2026.shell.secrets import Secrets
from trade2026.shell.service import Context, Fold, Service, Watch
from trade2026.shell.snapshots import fold_behind, snapshots_of

BACK: Final = 2_000
"""Market events read again at the start, for instruments that are quiet now."""
BARS_BACK: Final = 20_000
"""The same, for the bars among them."""


def build(context: Context) -> Service:
    """Return the hot cache."""
    cache = ValkeyCache(
        port=context.addresses.port("Valkey"), password=Secrets(context.data_dir).get("valkey")
    )
    desk = HotCache(cache, context.clock, context.log, context.ids.new())
    timer = ReadTimer(context.metrics, context.clock)
    recent = from_newest(context.bus, Stream.MARKET, back=BACK)

    async def ping() -> str:
        if not await cache.is_reachable():
            return "Valkey does not answer: what is known here is not shared"
        return "" if desk.writer.is_stored else "Valkey is being filled again"

    snapshots = snapshots_of(context, desk.keeper())

    async def stop() -> None:
        await snapshots.close()
        await cache.close()

    return Service(
        name=context.name,
        routes=[
            *hot_market_routes(desk, context.clock, timer),
            bar_route(desk, timer),
            snapshot_route(desk, context.clock, timer),
            *account_routes(desk, timer),
        ],
        intakes=[
            # An event of positions that cannot be handled stops this intake, and health says so;
            # to halt the account for the sake of a cache would be the wrong way round.
            fold_behind(snapshots, POSITION_EVENT, desk.on_position),
            Fold(
                subject=MARKET_BAR,
                handler=desk.on_bars,
                from_seq=from_newest(context.bus, Stream.MARKET, back=BARS_BACK),
            ),
            Fold(subject=MARKET_TRADE, handler=desk.on_trades, from_seq=recent),
            Fold(subject=MARKET_QUOTE, handler=desk.on_quotes, from_seq=recent),
            Watch(subject=LIVE_BOOK, handler=desk.on_book),
        ],
        soft_pings={"Valkey": ping},
        start=desk.load,
        loops=[desk.writer.run, snapshots.run],
        stop=stop,
    )
