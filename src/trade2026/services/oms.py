"""OMS: the system of record for orders."""

from trade2026.adapters.calendars.exchange import ExchangeCalendar
from trade2026.adapters.stores.order_archive import SqliteOrderArchive
from trade2026.desk.bookkeeping import Bookkeeper
from trade2026.desk.closing import Closer
from trade2026.desk.orders import OmsSettings, OrderDesk
from trade2026.desk.poison import AccountHalter
from trade2026.desk.recent import from_newest
from trade2026.edge.order_groups import group_routes
from trade2026.edge.order_routes import change_routes, list_routes, order_routes, write_routes
from trade2026.model.subjects import (
    EXEC_REPORT,
    LEDGER_BOOK,
    MARKET_TRADE,
    ORDERS_CLEAR,
    ORDERS_CLOSE,
    ORDERS_EVENT,
    RISK_CONTROL,
    Stream,
)
from trade2026.shell.service import Consume, Context, Fold, Serve, Service


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
    bookkeeper = Bookkeeper(desk.journal, settings.accounts, context.log)
    closer = Closer(desk)
    halter = AccountHalter(context.bus, context.log, context.name)
    return Service(
        name=context.name,
        routes=[
            *write_routes(desk),
            *change_routes(desk),
            *group_routes(desk, context.ids),
            *order_routes(desk),
            *list_routes(desk),
        ],
        intakes=[
            Fold(
                subject=ORDERS_EVENT,
                handler=desk.journal.on_event,
                from_seq=desk.journal.begin,
                on_poison=desk.journal.pinning(halter.on_poison),
            ),
            Consume(
                subject=EXEC_REPORT,
                handler=desk.on_report,
                durable="oms-reports",
                on_poison=halter.on_poison,
            ),
            Serve(subject=ORDERS_CLOSE, handler=closer.on_close),
            Serve(subject=ORDERS_CLEAR, handler=closer.on_clear),
            Serve(subject=LEDGER_BOOK, handler=bookkeeper.on_book),
            Fold(
                subject=MARKET_TRADE,
                handler=desk.resting.on_trades,
                from_seq=from_newest(context.bus, Stream.MARKET),
            ),
            Consume(subject=RISK_CONTROL, handler=desk.on_control, durable="oms-control"),
        ],
        caught_up=desk.open_accounts,
        loops=[desk.run, desk.journal.keep],
        stop=desk.journal.close,
    )
