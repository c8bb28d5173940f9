"""Which events of the other logs are deeds: of risk, of the algorithms, of PRISM's control."""

from typing import Final

import msgspec

from trade2026.core.numbers import format_nanos
from trade2026.model.algo import (
    AlgoEnded,
    AlgoEnding,
    AlgoEvent,
    AlgoPaused,
    AlgoReplaced,
    AlgoResumed,
    AlgoStarted,
)
from trade2026.model.audit import Deed, DeedDone
from trade2026.model.compliance import BreachFound, RulesBound
from trade2026.model.instrument import LIVE
from trade2026.model.kill import KillReport
from trade2026.model.live import (
    BalancesOpened,
    BreakerMoved,
    FundingSeen,
    LiveEvent,
    ModeSet,
    PanicEnded,
    Panicked,
    TransferSeen,
)
from trade2026.model.prism import PrismInput
from trade2026.model.reconciliation import Cause, Reconciliation
from trade2026.model.risk import AlertAcknowledged, LimitsSet, RiskControl
from trade2026.model.route import RoutesSet

PTRC: Final = "ptrc"
"""Who compares every minute: what comes out as it should is no deed."""
_ACCOUNT: Final = "account:"


def deed_told(event: DeedDone) -> Deed:
    """Return the deed that a component told of itself."""
    return event.deed


def deed_of_mode(event: RiskControl) -> Deed:
    """Return the change of a mode: the kill switch, its release, a halt."""
    extras = (" cancel all", event.cancel_open), (" flatten", event.flatten)
    told = "".join(text for text, is_so in extras if is_so)
    return Deed(
        ts_ns=event.ts_ns,
        who=event.asked_by,
        action="risk.kill" if event.cancel_open else "risk.mode",
        target=event.scope,
        account=_account_of(event.scope),
        text=f"{event.mode}{told}: {event.reason}",
    )


def deed_of_limits(event: LimitsSet) -> Deed:
    """Return the change of limits, with every value that binds from here on."""
    values = msgspec.json.encode(event.values).decode()
    return Deed(
        ts_ns=event.ts_ns,
        who=event.asked_by,
        action="risk.limits",
        target=event.scope,
        account=_account_of(event.scope),
        text=f"{values} {event.reason}".strip(),
    )


def deed_of_routes(event: RoutesSet) -> Deed:
    """Return the change of the rules of routing, with every rule that binds from here on."""
    rules = msgspec.json.encode(event.rules).decode()
    return Deed(
        ts_ns=event.ts_ns,
        who=event.asked_by,
        action="exec.routes",
        target="all",
        text=f"{event.reason} {rules}".strip(),
    )


def deed_of_acknowledgement(event: AlertAcknowledged) -> Deed:
    """Return that a person has seen an alert."""
    return Deed(
        ts_ns=event.ts_ns,
        who=event.acknowledged_by,
        action="alert.acknowledge",
        target=event.alert_id,
        text=event.text,
    )


def deed_of_kill(event: KillReport) -> Deed:
    """Return what came of a pull of the kill switch."""
    return Deed(
        ts_ns=event.ts_ns,
        who="risk",
        action="risk.kill_end",
        target=event.scope,
        account=_account_of(event.scope),
        result=str(event.status),
        text=" ".join((f"{event.close_count} closing orders", *event.left)),
    )


def deed_of_algo(event: AlgoEvent) -> Deed | None:
    """Return what was asked of a parent order, and its end; its slices are orders themselves."""
    who, result = "oms", "OK"
    match event:
        case AlgoStarted():
            asked = event.request
            who, action = asked.sent_by or who, "algo.start"
            sum_ = f"{asked.side} {format_nanos(asked.order_qty)} {asked.symbol}"
            text = f"{asked.name} {sum_}"
        case AlgoPaused():
            who, action, text = event.asked_by, "algo.pause", ""
        case AlgoResumed():
            who, action, text = event.asked_by, "algo.resume", ""
        case AlgoReplaced():
            who, action = event.asked_by, "algo.replace"
            px = "" if event.price is None else f" price {format_nanos(event.price)}"
            text = f"quantity {format_nanos(event.order_qty)}{px} end {event.end_ns}"
        case AlgoEnding():
            who, action, text = event.asked_by or who, "algo.stop", event.text
            result = str(event.status)
        case AlgoEnded():
            action, result = "algo.end", str(event.report.status)
            text = f"filled {format_nanos(event.report.filled_qty)} {event.report.text}".strip()
        case _:
            return None
    return Deed(
        ts_ns=event.ts_ns,
        who=who,
        action=action,
        target=event.algo_id,
        account=event.account,
        result=result,
        text=text,
    )


def deed_of_prism(event: PrismInput) -> Deed | None:
    """Return what somebody did to PRISM's market as a whole."""
    asked = event.control
    if asked is None:
        return None
    return Deed(
        ts_ns=asked.asked_ns,
        who=asked.asked_by,
        action=f"prism.{asked.kind.lower()}",
        target=event.input_id,
        text=msgspec.json.encode(asked).decode(),
    )


def deed_of_reconciliation(event: Reconciliation) -> Deed | None:
    """Return a comparison that somebody asked for, that found something, or that healed it."""
    found, assets = (*event.differences, *event.orders), event.unexplained_assets
    if event.asked_by == PTRC and not (found or assets or event.healed):
        return None
    told = [f"{one.account} {one.symbol} {one.cause}" for one in found]
    told += [f"{asset} {Cause.UNEXPLAINED}" for asset in assets]
    told += [f"booked {one.exec_id} of {one.order_id}" for one in event.healed]
    return Deed(
        ts_ns=event.ts_ns,
        who=event.asked_by,
        action="ledger.reconcile",
        target=event.run_id,
        result="DIFFERENT" if event.unexplained or assets else "OK",
        text=f"{event.venue} at report {event.report_seq}: {'; '.join(told)}",
    )


def deed_of_breach(event: BreachFound) -> Deed:
    """Return that a breach was found."""
    return Deed(
        ts_ns=event.ts_ns,
        who=PTRC,
        action="compliance.breach",
        target=event.rule,
        account=event.account,
        result="BREACH",
        text=f"{event.day} {event.symbol} {event.measured}, limit {event.limit}",
    )


def deed_of_rules(event: RulesBound) -> Deed:
    """Return that other rules bind."""
    return Deed(
        ts_ns=event.ts_ns,
        who=event.asked_by,
        action="compliance.rules",
        target=event.digest,
        text=event.text,
    )


def deed_of_live(event: LiveEvent) -> Deed | None:
    """Return what changed the live gateway, or what there is at its exchange, but for trades."""
    who, text = "live-gateway", ""
    match event:
        case ModeSet():
            who, action, text = event.asked_by, "live.mode", f"{event.mode}: {event.reason}"
        case Panicked():
            who, action, text = event.asked_by, "live.panic", event.reason
        case PanicEnded():
            who, action, text = event.asked_by, "live.resume", event.reason
        case BalancesOpened():
            who, action = event.asked_by, "live.opening"
            told = (f"{one.asset} {format_nanos(one.free + one.held)}" for one in event.balances)
            text = f"{event.exchange}: {event.reason}; {', '.join(told)}"
        case TransferSeen():
            one = event.transfer
            who, action = "exchange", "live.transfer"
            text = f"{one.transfer_id} {one.asset} {format_nanos(one.amount)}"
        case FundingSeen():
            who, action = "exchange", "live.funding"
            whole = sum(one.amount for one in event.shares)
            text = f"{event.funding_id} {format_nanos(whole)}"
        case BreakerMoved():
            action, text = "live.breaker", f"open: {event.why}" if event.is_open else "closed"
        case _:
            return None
    return Deed(ts_ns=event.ts_ns, who=who, action=action, target=LIVE, text=text)


def _account_of(scope: str) -> str:
    return scope.removeprefix(_ACCOUNT) if scope.startswith(_ACCOUNT) else ""
