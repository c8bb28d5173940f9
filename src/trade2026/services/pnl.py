"""pnl: realised, unrealised, fees, equity, and how well it did."""

from trade2026.desk.equity import HISTORY_KEPT, EquityDesk
from trade2026.desk.poison import AccountHalter
from trade2026.desk.recent import from_newest
from trade2026.edge.performance import performance_routes
from trade2026.edge.positions import pnl_routes
from trade2026.model.live_subjects import LIVE_QUOTE
from trade2026.model.subjects import MARKET_QUOTE, PNL_HOUR, PNL_SNAPSHOT, POSITION_EVENT, Stream
from trade2026.shell.service import Context, Fold, Service
from trade2026.shell.snapshots import fold_behind, snapshots_of


def build(context: Context) -> Service:
    """Return P&L."""
    desk = EquityDesk(bus=context.bus, clock=context.clock, log=context.log)
    halter = AccountHalter(context.bus, context.log, context.name)
    snapshots = snapshots_of(context, desk.keeper())
    return Service(
        name=context.name,
        routes=[*pnl_routes(desk), *performance_routes(desk)],
        intakes=[
            fold_behind(snapshots, POSITION_EVENT, desk.on_position, halter.on_poison),
            Fold(
                subject=PNL_SNAPSHOT,
                handler=desk.on_own_snapshot,
                from_seq=from_newest(context.bus, Stream.PNL, back=HISTORY_KEPT),
            ),
            Fold(subject=PNL_HOUR, handler=desk.on_own_hour),
            Fold(
                subject=MARKET_QUOTE,
                handler=desk.on_quotes,
                from_seq=from_newest(context.bus, Stream.MARKET),
            ),
            Fold(
                subject=LIVE_QUOTE,
                handler=desk.on_quotes,
                from_seq=from_newest(context.bus, Stream.MARKET),
            ),
        ],
        loops=[desk.run, snapshots.run],
        stop=snapshots.close,
    )
