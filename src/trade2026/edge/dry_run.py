"""The routes of the dry run: which orders of a past day would other limits have refused?"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.handlers import BaseRouteHandler
from litestar.status_codes import HTTP_202_ACCEPTED

from trade2026.core.clock import TimeNs
from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import format_nanos
from trade2026.desk.day import read_day
from trade2026.desk.policy import FILE_BYTES_MOST
from trade2026.desk.trials import Trial, TrialDesk, TrialState
from trade2026.domain.risk.dry_run import Findings, PastOrder
from trade2026.edge.risk import AnyRequest
from trade2026.edge.risk_limits import LimitsRequest, limit_values, limits_scope
from trade2026.model.risk import LimitValues, Refusal, account_scope
from trade2026.model.trial import TrialAsk
from trade2026.shell.access import needs, principal_of, require_account, visible_accounts
from trade2026.shell.problem import ProblemError

SCOPES_MOST: Final = 100
HOW: Final = (
    "Each order is judged on the real course of events: one that would have been refused has "
    "traded all the same for those after it."
)


class TrialLimits(LimitsRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits on trial: a body of `PUT /risk/limits`, which needs no reason here."""

    reason: str = "on trial"


class DryRunRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /risk/dry-run`."""

    day: date
    """In UTC, such as `2026-11-26`."""
    limits: Annotated[tuple[TrialLimits, ...], msgspec.Meta(max_length=SCOPES_MOST)] = ()
    """For the whole day; scopes that are not named keep what they had."""
    policy: Annotated[str, msgspec.Meta(max_length=FILE_BYTES_MOST)] = ""
    """In Rego; empty leaves what the policy of then said."""


class PastOrderReply(msgspec.Struct, frozen=True, kw_only=True):
    """An order of the past, with what was said of it and what would be."""

    order_id: str
    account: str
    strategy: str
    symbol: str
    side: str
    type: str
    quantity: str
    price: str | None
    at_ns: TimeNs
    said: tuple[Refusal, ...]
    found: tuple[Refusal, ...]


class DryRunFindings(msgspec.Struct, frozen=True, kw_only=True):
    """What a dry run found. The lists name the first orders; the counts are of all."""

    how: str
    orders: int
    """Verdicts of the day."""
    reproduced: int
    """Of those, how many the limits then in force come to again."""
    unjudged: int
    refused: int
    """How many passed then and would be refused."""
    passed: int
    """How many were refused then and would pass."""
    by_code: dict[str, int]
    would_refuse: tuple[PastOrderReply, ...]
    would_pass: tuple[PastOrderReply, ...]
    not_reproduced: tuple[PastOrderReply, ...]


class DryRunReply(msgspec.Struct, frozen=True, kw_only=True):
    """A dry run: how far it is, and what it found."""

    run_id: str
    state: TrialState
    asked_ns: TimeNs
    ended_ns: TimeNs | None
    error: str
    """Why it failed; empty where it did not."""
    findings: DryRunFindings | None
    """Once it is DONE."""


def limits_on_trial(bodies: Iterable[TrialLimits]) -> dict[str, LimitValues]:
    """Return the limits by scope.

    Raises:
        InvalidInputError: a scope is none, or may not have such limits.
    """
    return {limits_scope(body): limit_values(body) for body in bodies}


def told(found: Findings) -> DryRunFindings:
    """Return the findings as they are shown, with exact numbers as texts."""
    return DryRunFindings(
        how=HOW,
        orders=found.orders,
        reproduced=found.reproduced,
        unjudged=found.unjudged,
        refused=found.refused,
        passed=found.passed,
        by_code=found.by_code,
        would_refuse=tuple(map(_past, found.would_refuse)),
        would_pass=tuple(map(_past, found.would_pass)),
        not_reproduced=tuple(map(_past, found.not_reproduced)),
    )


def dry_run_routes(desk: TrialDesk) -> list[BaseRouteHandler]:
    """Return the routes of the dry run."""

    @post("/risk/dry-run", opt=needs("risk:write"), status_code=HTTP_202_ACCEPTED)
    async def begin(request: AnyRequest, data: DryRunRequest) -> DryRunReply:
        """Judge the orders of a day by other limits, or another policy; nothing changes.

        Orders of the accounts that the sender may see are judged. It takes its time: look with
        GET until it is DONE. One goes on at a time (409).
        """
        limits = limits_on_trial(data.limits)
        if not limits and not data.policy:
            raise InvalidInputError("limits", "neither limits nor a policy are on trial")
        for scope in limits:
            if scope.startswith(account_scope("")):
                require_account(request, scope.removeprefix(account_scope("")))
        day = read_day(data.day.isoformat())
        ask = TrialAsk(
            begin_ns=day.begin_ns,
            end_ns=day.end_ns,
            limits=limits,
            policy=data.policy,
            accounts=visible_accounts(request),
        )
        return _reply(desk.begin(ask, principal_of(request).subject))

    @get("/risk/dry-run/{run_id:str}", opt=needs("risk:read"))
    async def look(request: AnyRequest, run_id: str) -> DryRunReply:
        """Return how a dry run of the sender's stands; the last few are kept until a restart."""
        trial = desk.get(run_id)
        # Whoever has lost an account since may not read of its orders any more.
        if trial is None or not (
            trial.asked_by == principal_of(request).subject
            and trial.ask.accounts == visible_accounts(request)
        ):
            raise ProblemError(404, "Unknown dry run", f"no dry run {run_id[:80]} of yours")
        return _reply(trial)

    return [begin, look]


def _reply(trial: Trial) -> DryRunReply:
    is_done = trial.state is TrialState.DONE
    found = msgspec.json.decode(trial.answer.found, type=DryRunFindings) if is_done else None
    return DryRunReply(
        run_id=trial.run_id,
        state=trial.state,
        asked_ns=trial.asked_ns,
        ended_ns=trial.ended_ns,
        error=trial.answer.error,
        findings=found,
    )


def _past(past: PastOrder) -> PastOrderReply:
    order = past.order
    return PastOrderReply(
        order_id=order.order_id,
        account=order.account,
        strategy=order.strategy,
        symbol=order.symbol,
        side=order.side,
        type=order.ord_type,
        quantity=format_nanos(order.order_qty),
        price=None if order.price is None else format_nanos(order.price),
        at_ns=past.at_ns,
        said=past.said,
        found=past.found,
    )
