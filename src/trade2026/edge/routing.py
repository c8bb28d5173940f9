"""The routes of routing: the rules that bind, how they are set, and what they would choose."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get, post, put
from litestar.handlers import BaseRouteHandler
from litestar.status_codes import HTTP_200_OK

from trade2026.core.ids import OrderId
from trade2026.desk.routing import RoutingDesk
from trade2026.edge.order_request import OrderRequest, read_request
from trade2026.model.order import OrdType
from trade2026.model.route import RouteBy, RouteRule, RoutesSet
from trade2026.shell.access import EVERY_ACCOUNT, needs, principal_of, require_account

RULES_MOST: Final = 100

AnyRequest = Request[Any, Any, Any]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Words = Annotated[tuple[Word, ...], msgspec.Meta(max_length=100)]


class RouteRuleBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule: which orders, and where they go. What is left out is any."""

    name: Word
    venues: Words
    """In the order of preference."""
    by: RouteBy = RouteBy.PREFERENCE
    symbols: Words = ()
    accounts: Words = ()
    strategies: Words = ()
    types: Annotated[tuple[OrdType, ...], msgspec.Meta(max_length=10)] = ()


class RoutesRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `PUT /routes`: all rules, in their order; those before are gone."""

    rules: Annotated[tuple[RouteRuleBody, ...], msgspec.Meta(max_length=RULES_MOST)]
    reason: Annotated[str, msgspec.Meta(max_length=256)]


class RoutesReply(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that bind."""

    rules: tuple[RouteRuleBody, ...]
    reason: str
    asked_by: str
    """Empty before any were set."""
    set_ns: int | None


class RouteReply(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order would go at this moment."""

    venue: str | None
    """Null where no venue is fit for it: it would be refused."""
    rule: str
    why: str


def _reply(standing: RoutesSet | None) -> RoutesReply:
    if standing is None:
        return RoutesReply(rules=(), reason="", asked_by="", set_ns=None)
    return RoutesReply(
        rules=tuple(RouteRuleBody(**msgspec.structs.asdict(rule)) for rule in standing.rules),
        reason=standing.reason,
        asked_by=standing.asked_by,
        set_ns=standing.ts_ns,
    )


def routing_routes(desk: RoutingDesk) -> list[BaseRouteHandler]:
    """Return the routes of routing."""

    @get("/routes", opt=needs("exec:control"))
    async def routes() -> RoutesReply:
        """Return the rules that bind, in their order."""
        return _reply(desk.standing)

    @put("/routes", opt=needs("exec:control"))
    async def set_routes(request: AnyRequest, data: RoutesRequest) -> RoutesReply:
        """Set all rules, durably and audited. Orders that have a venue keep it."""
        require_account(request, EVERY_ACCOUNT)
        change = await desk.set_rules(
            [RouteRule(**msgspec.structs.asdict(body)) for body in data.rules],
            reason=data.reason,
            asked_by=principal_of(request).subject,
        )
        return _reply(change)

    @post("/routes/explain", opt=needs("exec:read"), status_code=HTTP_200_OK)
    async def explain(request: AnyRequest, data: OrderRequest) -> RouteReply:
        """Tell where an order of a routed account would go now, and why; nothing is sent."""
        ask = read_request(data, principal_of(request).subject)
        require_account(request, ask.account)
        answer = await desk.on_ask(ask.as_request(OrderId(""), desk.now_ns()))
        return RouteReply(venue=answer.venue or None, rule=answer.rule, why=answer.why)

    return [routes, set_routes, explain]
