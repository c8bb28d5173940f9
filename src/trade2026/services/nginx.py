"""nginx: the edge. In the local profile this process is the one door on port 2026."""

from functools import partial

from trade2026.desk.recent import from_newest
from trade2026.desk.streams_hub import Hub
from trade2026.edge.aggregate import ApiBook
from trade2026.edge.assets import Bundle
from trade2026.edge.front_page import ALERTS_KEPT, FrontDoor, front_routes
from trade2026.edge.proxy import Proxy, proxy_route
from trade2026.edge.sender import EDGE_SECRET
from trade2026.edge.spa import Application
from trade2026.edge.streams import HealthTeller, stream_route
from trade2026.model.subjects import (
    LIVE_BOOK,
    LIVE_TICKER,
    MARKET_TRADE,
    ORDERS_EVENT,
    PNL_SNAPSHOT,
    POSITION_EVENT,
    RISK_ALERT,
    Stream,
)
from trade2026.shell.secrets import Secrets
from trade2026.shell.service import Context, Fold, Service, Watch
from trade2026.shell.snapshots import fold_behind, snapshots_of
from trade2026.shell.survey import survey

TRADES_BACK = 10_000
"""Market events read again at the start for the trades among them, so that screens resume."""
PNL_BACK = 1_000
"""Points of curves read again at the start: an account that rests has an old one."""


def build(context: Context) -> Service:
    """Return the edge."""
    bus, hub = context.bus, Hub()
    edge_secret = Secrets(context.data_dir).get(EDGE_SECRET)
    proxy = Proxy(context.addresses, edge_secret=edge_secret)
    apis = ApiBook(proxy)
    door = FrontDoor(
        partial(survey, context.data_dir, context.addresses), context.clock, apis.document
    )
    application = Application(Bundle(), door.page)
    health = HealthTeller(hub, door.findings, context.clock)

    snapshots = snapshots_of(context, hub.keeper())

    async def stop() -> None:
        await snapshots.close()
        await proxy.close()

    async def trades_begin() -> int:
        begin = await from_newest(bus, Stream.MARKET, back=TRADES_BACK)()
        hub.begin_trades(begin)
        return begin

    return Service(
        name=context.name,
        routes=[
            *front_routes(door),
            proxy_route(proxy),
            stream_route(hub, context.clock),
            *application.routes(),
        ],
        intakes=[
            Fold(
                subject=RISK_ALERT,
                handler=door.on_alert,
                from_seq=from_newest(bus, Stream.RISK, back=ALERTS_KEPT),
            ),
            Watch(subject=LIVE_TICKER, handler=hub.on_ticker),
            Watch(subject=LIVE_BOOK, handler=hub.on_book),
            Fold(subject=MARKET_TRADE, handler=hub.on_trades, from_seq=trades_begin),
            fold_behind(snapshots, ORDERS_EVENT, hub.on_journal),
            fold_behind(snapshots, POSITION_EVENT, hub.on_position),
            Fold(
                subject=PNL_SNAPSHOT,
                handler=hub.on_pnl,
                from_seq=from_newest(bus, Stream.PNL, back=PNL_BACK),
            ),
        ],
        describe=apis.document,
        health_page=application.page_for_browser,
        loops=[apis.keep, health.keep, snapshots.run],
        stop=stop,
    )
