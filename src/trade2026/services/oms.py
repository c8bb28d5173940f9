"""OMS: the system of record for orders."""

from trade2026.adapters.calendars.exchange import ExchangeCalendar
from trade2026.adapters.stores.order_archive import SqliteOrderArchive
from trade2026.desk.algo_market import BARS_BACK
from trade2026.desk.algos import Algos
from trade2026.desk.bookkeeping import Bookkeeper
from trade2026.desk.closing import Closer
from trade2026.desk.orders import OmsSettings, OrderDesk
from trade2026.desk.poison import AccountHalter
from trade2026.desk.recent import from_newest
from trade2026.desk.rechecking import Rechecker
from trade2026.desk.snapshots import Snapshots
from trade2026.desk.trades import Trades
from trade2026.edge.algos import algo_routes, algo_write_routes
from trade2026.edge.order_groups import group_routes
from trade2026.edge.order_routes import change_routes, list_routes, order_routes, write_routes
from trade2026.model.execution import lanes_of
from trade2026.model.live_subjects import LIVE_REPORT
from trade2026.model.post_trade import ORDERS_RECHECK
from trade2026.model.subjects import (
    ALGO_EVENT,
    EXEC_REPORT,
    LEDGER_BOOK,
    MARKET_BAR,
    MARKET_QUOTE,
    MARKET_TRADE,
    ORDERS_CLEAR,
    ORDERS_CLOSE,
    ORDERS_EVENT,
    RISK_CONTROL,
    Stream,
)
from trade2026.shell.service import Consume, Context, Fold, Intake, Serve, Service
from trade2026.shell.snapshots import fold_behind, snapshots_of


def build(context: Context) -> Service:
    """Return the OMS."""
    settings = context.settings(OmsSettings, "oms")
    desk = OrderDesk(
        bus=context.bus,
        clock=context.clock,
        ids=context.ids,
        log=context.log,
        settings=settings,
        calendar=ExchangeCalendar(),
        archive=SqliteOrderArchive(context.data_dir / "oms" / "orders.db"),
    )
    algos = Algos(bus=context.bus, clock=context.clock, log=context.log, orders=desk)
    snapshots = snapshots_of(context, algos.keeper())

    async def stop() -> None:
        await snapshots.close()
        await desk.journal.close()

    return Service(
        name=context.name,
        routes=[
            *write_routes(desk),
            *change_routes(desk),
            *group_routes(desk, context.ids),
            *algo_write_routes(algos, context.ids, context.clock),
            *algo_routes(algos, desk),
            *order_routes(desk),
            *list_routes(desk),
        ],
        intakes=[
            *_intakes_of_orders(context, desk, algos, snapshots),
            *_intakes_of_the_market(context, desk, algos),
            # Last: whoever is told to stop knows what there is to stop.
            Consume(subject=RISK_CONTROL, handler=algos.on_control, durable="oms-control"),
        ],
        caught_up=desk.open_accounts,
        loops=[desk.run, desk.journal.keep, algos.run, snapshots.run],
        stop=stop,
    )


def _intakes_of_orders(
    context: Context, desk: OrderDesk, algos: Algos, snapshots: Snapshots
) -> list[Intake]:
    halter = AccountHalter(context.bus, context.log, context.name)
    closer = Closer(desk)
    accounts = context.settings(OmsSettings, "oms").accounts
    bookkeeper = Bookkeeper(desk.journal, accounts, context.log)
    return [
        Fold(
            subject=ORDERS_EVENT,
            handler=desk.journal.on_event,
            from_seq=desk.journal.begin,
            on_poison=desk.journal.pinning(halter.on_poison),
        ),
        fold_behind(snapshots, ALGO_EVENT, algos.on_event, halter.on_poison),
        Consume(
            subject=EXEC_REPORT,
            handler=algos.on_report,
            durable="oms-reports",
            lanes=lanes_of,
            on_poison=halter.on_poison,
        ),
        Consume(
            subject=LIVE_REPORT,
            handler=algos.on_report,
            durable="oms-live-reports",
            lanes=lanes_of,
            on_poison=halter.on_poison,
        ),
        Serve(subject=ORDERS_CLOSE, handler=closer.on_close),
        Serve(subject=ORDERS_CLEAR, handler=closer.on_clear),
        Serve(subject=LEDGER_BOOK, handler=bookkeeper.on_book),
        Serve(subject=ORDERS_RECHECK, handler=Rechecker(desk, context.log).on_recheck),
    ]


def _intakes_of_the_market(context: Context, desk: OrderDesk, algos: Algos) -> list[Intake]:
    trades = Trades(context.bus, desk.resting.on_trades, algos.market)
    return [
        Fold(subject=MARKET_TRADE, handler=trades.on_trades, from_seq=trades.begin),
        Fold(
            subject=MARKET_QUOTE,
            handler=algos.market.on_quotes,
            from_seq=algos.market.first_quote_seq,
        ),
        Fold(
            subject=MARKET_BAR,
            handler=algos.market.on_bars,
            from_seq=from_newest(context.bus, Stream.MARKET, back=BARS_BACK),
        ),
    ]
