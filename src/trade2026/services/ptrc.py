"""ptrc: positions, the ledger folded from the log of orders, its reconciliation, the audit."""

from trade2026.adapters.calendars.exchange import ExchangeCalendar
from trade2026.core.ids import AccountId
from trade2026.desk.audit import SOURCES, AuditDesk
from trade2026.desk.compliance import ComplianceDesk
from trade2026.desk.day_reader import DAY_FOLD
from trade2026.desk.ledger import LedgerDesk
from trade2026.desk.live_funding import FundingBooks
from trade2026.desk.orders import OmsSettings
from trade2026.desk.poison import AccountHalter
from trade2026.desk.recent import from_newest
from trade2026.desk.reconciling import ReconcilingDesk
from trade2026.desk.runs import Runs
from trade2026.edge.audit import audit_routes
from trade2026.edge.bookings import booking_routes
from trade2026.edge.ledger import ledger_routes
from trade2026.edge.positions import position_routes
from trade2026.edge.post_trade import post_trade_routes
from trade2026.edge.reconciliation import reconciliation_routes
from trade2026.model.live_subjects import LIVE_EVENT, LIVE_QUOTE
from trade2026.model.post_trade import (
    AUDIT_RECORD,
    COMPLIANCE_BREACH,
    COMPLIANCE_RULES,
    RECONCILIATION,
)
from trade2026.model.subjects import MARKET_QUOTE, ORDERS_EVENT, POSITION_EVENT, Stream
from trade2026.shell.service import Context, Fold, Intake, Service
from trade2026.shell.snapshots import fold_behind, snapshot_files, snapshots_of


def build(context: Context) -> Service:
    """Return the ledger."""
    desk = LedgerDesk(context.bus, context.clock, context.ids, context.log)
    runs = Runs(context.bus, context.log)
    reconciling = _reconciling(context, desk, runs)
    funding = FundingBooks(desk, context.log)
    audit = AuditDesk(context.bus, context.log)
    compliance = ComplianceDesk(
        bus=context.bus,
        clock=context.clock,
        log=context.log,
        data_dir=context.data_dir,
        settles_at=ExchangeCalendar().settles_ns,
        store=snapshot_files(context, DAY_FOLD),
    )
    halter = AccountHalter(context.bus, context.log, context.name)
    snapshots = snapshots_of(context, desk.keeper())
    newest = from_newest(context.bus, Stream.MARKET)

    async def stop() -> None:
        await snapshots.close()
        await desk.close()
        await compliance.close()

    return Service(
        name=context.name,
        routes=[
            *position_routes(desk),
            *ledger_routes(desk),
            *booking_routes(desk),
            *reconciliation_routes(reconciling, runs),
            *audit_routes(audit),
            *post_trade_routes(compliance, audit),
        ],
        intakes=[
            # First what was told already, so that folding the log again tells nothing twice.
            fold_behind(snapshots, POSITION_EVENT, desk.on_own_event),
            fold_behind(snapshots, ORDERS_EVENT, desk.on_journal, halter.on_poison),
            *(
                Fold(subject=subject, handler=desk.on_quotes, from_seq=newest)
                for subject in (MARKET_QUOTE, LIVE_QUOTE)
            ),
            Fold(subject=RECONCILIATION, handler=runs.on_run, from_seq=runs.first_seq),
            Fold(subject=COMPLIANCE_RULES, handler=compliance.on_rules),
            Fold(
                subject=COMPLIANCE_BREACH,
                handler=compliance.on_breach,
                from_seq=compliance.first_seq,
            ),
            Fold(subject=LIVE_EVENT, handler=funding.on_live, reader="funding"),
            *_intakes_of_the_audit(audit),
        ],
        soft_pings={"reconciliation": reconciling.ping},
        loops=[funding.run, reconciling.run, audit.run, compliance.run, snapshots.run],
        stop=stop,
    )


def _reconciling(context: Context, books: LedgerDesk, runs: Runs) -> ReconcilingDesk:
    trading = context.settings(OmsSettings, "oms")
    return ReconcilingDesk(
        bus=context.bus,
        clock=context.clock,
        log=context.log,
        books=books,
        runs=runs,
        live_accounts=tuple(map(AccountId, (*trading.live_accounts, *trading.routed_accounts))),
    )


def _intakes_of_the_audit(audit: AuditDesk) -> list[Intake]:
    sources = [
        Fold(
            subject=source,
            handler=audit.reader(source, deed_of),
            from_seq=audit.seq_after(source),
            on_poison=audit.on_poison,
            reader="audit",
        )
        for source, deed_of in SOURCES
    ]
    # The chain first: it says from where on each log is read.
    return [
        Fold(subject=AUDIT_RECORD, handler=audit.on_batch, from_seq=audit.first_seq),
        *sources,
    ]
