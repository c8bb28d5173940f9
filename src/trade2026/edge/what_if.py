"""The route that tries an order out: what every rule says, and what the account would become."""

import msgspec
from litestar import post
from litestar.handlers import BaseRouteHandler
from litestar.status_codes import HTTP_200_OK

from trade2026.core.errors import InvalidInputError
from trade2026.desk.risk import RiskDesk
from trade2026.domain.risk.what_if import RuleVerdict, Standing
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.order_request import OrderRequest, read_request
from trade2026.edge.orders import Reason, reason_reply
from trade2026.edge.risk import AnyRequest, ValueAtRiskReply, value_at_risk_reply
from trade2026.shell.access import needs, principal_of, require_account


class CheckRequest(OrderRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /check`: an order as `POST /orders` takes it."""

    dry_run: bool = True
    """Only true: an order is sent through the OMS, never here."""


class StandingReply(msgspec.Struct, frozen=True, kw_only=True):
    """How the account stands, in the base currency."""

    gross_exposure: Exact
    net_exposure: Exact
    margin: Exact
    """Bound by holdings and held for orders."""
    value_at_risk: ValueAtRiskReply


class RuleReply(msgspec.Struct, frozen=True, kw_only=True):
    """What one check says."""

    rule: str
    passed: bool
    reason: Reason | None


class CheckReply(msgspec.Struct, frozen=True, kw_only=True):
    """What risk would say of an order at this moment."""

    approved: bool
    reserved: Exact
    """Buying power it would hold, in the base currency; null where it is refused."""
    reference_price: Exact
    """What the checks were made against; null where it is refused."""
    reasons: tuple[Reason, ...]
    before: StandingReply
    after: StandingReply
    """If the order, and all that is open, were filled."""
    rules: tuple[RuleReply, ...]
    """What every check says, in the order they run."""


def _standing(one: Standing) -> StandingReply:
    return StandingReply(
        gross_exposure=exact.write(one.gross_exposure),
        net_exposure=exact.write(one.net_exposure),
        margin=exact.write(one.margin),
        value_at_risk=value_at_risk_reply(one.value_at_risk),
    )


def _rule(one: RuleVerdict) -> RuleReply:
    reason = None if one.refusal is None else reason_reply(one.refusal)
    return RuleReply(rule=one.rule, passed=reason is None, reason=reason)


def check_routes(desk: RiskDesk) -> list[BaseRouteHandler]:
    """Return the route that tries an order out."""

    @post("/check", opt=needs("risk:read"), status_code=HTTP_200_OK)
    async def check(request: AnyRequest, data: CheckRequest) -> CheckReply:
        """Judge an order without sending it: nothing is journalled, nothing is reserved."""
        if not data.dry_run:
            raise InvalidInputError("dry_run", "must be true: orders are sent through the OMS")
        ask = read_request(data, principal_of(request).subject)
        require_account(request, ask.account)
        verdict, found = await desk.try_out(ask)
        approved = verdict.approved
        return CheckReply(
            approved=approved is not None,
            reserved=exact.write_optional(approved.reserved if approved else None),
            reference_price=exact.write_optional(approved.reference_px_nanos if approved else None),
            reasons=tuple(reason_reply(refusal) for refusal in verdict.refusals),
            before=_standing(found.before),
            after=_standing(found.after),
            rules=tuple(_rule(one) for one in found.rules),
        )

    return [check]
