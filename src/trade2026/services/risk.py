"""risk: pre-trade checks, reservations, and the kill switch."""

from typing import Final

from trade2026.adapters.policy.orders import RegoOrderPolicy
from trade2026.adapters.policy.trials import TrialProcess
from trade2026.catalogue.table import BY_NAME
from trade2026.desk.alerts import ALERTS_KEPT
from trade2026.desk.breakers import BreakerDesk
from trade2026.desk.kill import KillDesk
from trade2026.desk.policy import PolicyDesk, RiskSettings
from trade2026.desk.recent import from_newest
from trade2026.desk.risk import RiskDesk
from trade2026.desk.snapshots import Snapshots
from trade2026.desk.trials import TrialDesk
from trade2026.domain.risk.book import RiskBook
from trade2026.edge.dry_run import dry_run_routes
from trade2026.edge.risk import mode_routes, view_routes
from trade2026.edge.risk_alerts import alert_routes
from trade2026.edge.risk_kill import kill_routes
from trade2026.edge.risk_limits import limit_routes
from trade2026.edge.what_if import check_routes
from trade2026.model.instrument import LIVE_INSTRUMENTS, PRISM_INSTRUMENTS
from trade2026.model.live_subjects import LIVE_QUOTE
from trade2026.model.subjects import (
    KILL_REPORT,
    LOSS_MARK,
    MARKET_BAR,
    MARKET_QUOTE,
    ORDERS_EVENT,
    RISK_ACK,
    RISK_ALERT,
    RISK_CHANGE,
    RISK_CHECK,
    RISK_CONTROL,
    RISK_HALT,
    RISK_LIMITS,
    Stream,
)
from trade2026.shell.service import Context, Fold, Intake, Serve, Service, nothing
from trade2026.shell.snapshots import fold_behind, snapshots_of
from trade2026.shell.watchdog import watchdog_ping

BARS_BACK: Final = 60_000
"""Market events read again at the start for the minutes among them."""


def build(context: Context) -> Service:
    """Return risk."""
    desk = RiskDesk(
        bus=context.bus,
        clock=context.clock,
        ids=context.ids,
        log=context.log,
        book=RiskBook(instruments=(*PRISM_INSTRUMENTS, *LIVE_INSTRUMENTS)),
    )
    policy = _policy(context, desk)
    desk.policy = policy
    breakers = BreakerDesk(
        bus=context.bus, clock=context.clock, ids=context.ids, log=context.log, risk=desk
    )
    kills = KillDesk(
        bus=context.bus, clock=context.clock, ids=context.ids, log=context.log, risk=desk
    )
    snapshots = snapshots_of(context, desk.keeper())
    # Beside this process: a day of orders is judged as long as it takes, and no order waits for it.
    port_offset = context.addresses.port("NATS") - BY_NAME["NATS"].port("")
    process = TrialProcess(context.data_dir, port_offset)
    trials = TrialDesk(process.carry, context.clock, context.ids, context.log)
    return Service(
        name=context.name,
        routes=[
            *kill_routes(desk, breakers, kills),
            *mode_routes(desk),
            *check_routes(desk),
            *view_routes(desk),
            *alert_routes(desk),
            *limit_routes(desk),
            *dry_run_routes(trials),
        ],
        intakes=_intakes(context, desk, breakers, kills, snapshots),
        soft_pings={
            "watchdog": lambda: watchdog_ping(context.data_dir),
            **({} if policy is None else {"policy": policy.ping}),
        },
        caught_up=nothing if policy is None else policy.load,
        loops=[
            desk.run,
            breakers.run,
            kills.run,
            snapshots.run,
            trials.run,
            *([] if policy is None else [policy.run]),
        ],
        stop=snapshots.close,
    )


def _intakes(
    context: Context,
    desk: RiskDesk,
    breakers: BreakerDesk,
    kills: KillDesk,
    snapshots: Snapshots,
) -> list[Intake]:
    return [
        # Modes and limits before anything can be approved: a kill outlives a restart.
        Fold(subject=KILL_REPORT, handler=kills.on_report),
        Fold(subject=RISK_CONTROL, handler=kills.on_control),
        Fold(subject=RISK_LIMITS, handler=desk.on_limits),
        Fold(
            subject=RISK_ALERT,
            handler=desk.alerts.on_alert,
            from_seq=from_newest(context.bus, Stream.RISK, back=ALERTS_KEPT),
        ),
        Fold(
            subject=RISK_ACK,
            handler=desk.alerts.on_ack,
            from_seq=from_newest(context.bus, Stream.RISK, back=ALERTS_KEPT),
        ),
        Fold(
            subject=MARKET_BAR,
            handler=desk.on_bars,
            from_seq=from_newest(context.bus, Stream.MARKET, back=BARS_BACK),
        ),
        Fold(subject=LOSS_MARK, handler=breakers.on_mark),
        fold_behind(snapshots, ORDERS_EVENT, desk.on_journal, desk.on_poison),
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
        Serve(subject=RISK_CHECK, handler=desk.on_check),
        Serve(subject=RISK_CHANGE, handler=desk.on_change),
        Serve(subject=RISK_HALT, handler=desk.on_halt),
    ]


def _policy(context: Context, desk: RiskDesk) -> PolicyDesk | None:
    settings = context.settings(RiskSettings, "risk")
    if not settings.policy_file:
        return None
    return PolicyDesk(
        path=context.data_dir / settings.policy_file,
        make=lambda rego: RegoOrderPolicy(rego, settings.policy_limit_s),
        clock=context.clock,
        alerts=desk.alerts,
        log=context.log,
    )
