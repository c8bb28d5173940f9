"""The routes of groups of orders: brackets, one-cancels-other, one-triggers-other.

A group is placed as a whole or not at all. Its legs are orders like others: they are shown,
changed in price and cancelled under their own ids too.
"""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.handlers import BaseRouteHandler
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_202_ACCEPTED
from msgspec.structs import replace

from trade2026.core.errors import InvalidInputError
from trade2026.core.ids import ClOrdId, Ids
from trade2026.desk.ask import OrderAsk
from trade2026.desk.orders import OrderDesk
from trade2026.domain.oms.order import Order
from trade2026.edge.order_request import OrderRequest, read_request
from trade2026.edge.orders import OrderReply, order_reply
from trade2026.edge.words import read_key, read_word
from trade2026.model.order import GroupKind, GroupLeg, TimeInForce
from trade2026.shell.access import needs, principal_of, require_account
from trade2026.shell.problem import ProblemError

AnyRequest = Request[Any, Any, Any]

LEGS_MOST: Final = 10
GROUP_ID_LENGTH: Final = 60
"""So that the number of a leg still fits a key."""
_COUNTS: Final = {
    GroupKind.OCO: (2, LEGS_MOST),
    GroupKind.OTO: (2, LEGS_MOST),
    GroupKind.BRACKET: (3, 3),
}
_RESTING: Final = frozenset({TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD})


class GroupRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /orders/groups`."""

    kind: str
    """OCO, OTO or BRACKET."""
    orders: Annotated[list[OrderRequest], msgspec.Meta(min_length=2, max_length=LEGS_MOST)]
    """The legs; the first of an OTO or a BRACKET is the entry."""
    client_group_id: str | None = None
    """The sender's key: the same key again answers with the first group and sends nothing."""


class GroupReply(msgspec.Struct, frozen=True, kw_only=True):
    """A group as it stands."""

    group_id: str
    kind: GroupKind
    orders: list[OrderReply]


def read_group(body: GroupRequest, sent_by: str, new_id: str) -> list[OrderAsk]:
    """Return what the legs of *body* ask for.

    Args:
        body: as it was sent.
        sent_by: the principal.
        new_id: names the group where the sender does not.

    Raises:
        InvalidInputError: a field is wrong, or the legs do not go together; it is named.
    """
    kind = read_word(GroupKind, body.kind, "kind")
    group_id = new_id
    if body.client_group_id is not None:
        group_id = read_key(body.client_group_id, "client_group_id")
        if len(group_id) > GROUP_ID_LENGTH:
            raise InvalidInputError("client_group_id", f"at most {GROUP_ID_LENGTH} characters")
    least, most = _COUNTS[kind]
    if not least <= len(body.orders) <= most:
        raise InvalidInputError("orders", f"a {kind} has {least} to {most} legs")
    asks: list[OrderAsk] = []
    for number, leg in enumerate(body.orders):
        if leg.client_order_id is not None:
            raise InvalidInputError("client_order_id", "a leg's key is made of client_group_id")
        if leg.reduce_only:
            raise InvalidInputError("reduce_only", "the group itself bounds its legs")
        group = GroupLeg(group_id=group_id, kind=kind, number=number, count=len(body.orders))
        key = ClOrdId(group.key_of(number))
        asks.append(replace(read_request(leg, sent_by), group=group, cl_ord_id=key))
    _check_together(kind, asks)
    return asks


def _check_together(kind: GroupKind, asks: list[OrderAsk]) -> None:
    first = asks[0]
    for ask in asks[1:]:
        pairs = (
            ("account", ask.account, first.account),
            ("symbol", ask.symbol, first.symbol),
            ("venue", ask.venue, first.venue),
            ("quantity", ask.order_qty, first.order_qty),
        )
        for field, own, other in pairs:
            if own != other:
                raise InvalidInputError(field, "is the same in all legs of a group")
    if kind is GroupKind.BRACKET and any(ask.side is first.side for ask in asks[1:]):
        raise InvalidInputError("side", "the exits of a bracket are against its entry")
    if kind is not GroupKind.OTO and any(
        ask.time_in_force not in _RESTING for ask in asks[kind is GroupKind.BRACKET :]
    ):
        raise InvalidInputError("time_in_force", "legs that exclude each other must rest")


def group_routes(desk: OrderDesk, ids: Ids) -> list[BaseRouteHandler]:
    """Return the routes of groups."""

    @post("/orders/groups", opt=needs("orders:write"), status_code=HTTP_201_CREATED)
    async def submit_group(request: AnyRequest, data: GroupRequest) -> Response[GroupReply]:
        """Place orders that belong together: all of them, or none."""
        asks = read_group(data, principal_of(request).subject, ids.new())
        require_account(request, asks[0].account)
        orders, is_new = await desk.submit_group(asks)
        return Response(_reply(orders), status_code=HTTP_201_CREATED if is_new else HTTP_200_OK)

    @get("/orders/groups/{group_id:str}", opt=needs("orders:read"))
    async def show_group(
        request: AnyRequest, group_id: str, account: str = "default"
    ) -> GroupReply:
        """Return a group of an account."""
        return _reply(_legs(request, group_id, account))

    @delete(
        "/orders/groups/{group_id:str}", opt=needs("orders:write"), status_code=HTTP_202_ACCEPTED
    )
    async def cancel_group(
        request: AnyRequest, group_id: str, account: str = "default"
    ) -> GroupReply:
        """Ask to cancel whatever is open of a group: those that wait first."""
        asked_by = principal_of(request).subject
        for leg in reversed(_legs(request, group_id, account)):
            if not leg.is_done:
                await desk.cancel(leg.request.order_id, asked_by)
        return _reply(_legs(request, group_id, account))

    def _legs(request: AnyRequest, group_id: str, account: str) -> list[Order]:
        require_account(request, account)
        first = desk.journal.orders.by_key(account, f"{group_id}-0")
        if first is None or first.request.group is None:
            raise ProblemError(404, "Unknown group", f"no group {group_id[:40]} of the account")
        legs = desk.journal.orders.legs_of(first.request.order_id)
        return [leg for leg in legs if leg is not None]

    return [submit_group, show_group, cancel_group]


def _reply(orders: list[Order]) -> GroupReply:
    group = orders[0].request.group
    assert group is not None, "a leg knows its group"
    return GroupReply(
        group_id=group.group_id, kind=group.kind, orders=[order_reply(order) for order in orders]
    )
