"""The routes of the order API, on top of a desk that the OMS is.

201 for a new order, 200 for the same `client_order_id` again and for a refusal by risk,
202 for a cancel, which the venue then confirms. 404 unknown, 409 illegal at this status,
422 malformed, with the field.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Final

from litestar import Request, Response, delete, get, patch, post
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_202_ACCEPTED

from trade2026.core.errors import InvalidInputError, RefusedError, UnavailableError
from trade2026.core.ids import OrderId
from trade2026.desk.orders import OrderDesk
from trade2026.domain.oms.kept import Fill
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.query import OrderQuery
from trade2026.edge.order_request import (
    OrderRequest,
    ReplaceRequest,
    read_change,
    read_request,
)
from trade2026.edge.orders import (
    BatchEntry,
    BatchReply,
    BatchRequest,
    CancelAllReply,
    FillPage,
    HopReply,
    OrderPage,
    OrderReply,
    fill_reply,
    hop_reply,
    order_reply,
)
from trade2026.edge.words import read_word
from trade2026.model.order import OrdStatus, Side
from trade2026.shell.access import needs, principal_of, require_account, visible_accounts
from trade2026.shell.problem import ProblemError

AnyRequest = Request[Any, Any, Any]

PAGE_LIMIT: Final = 500
CURSOR_DIGITS_MAX: Final = 18
Limit = Annotated[int, Parameter(ge=1, le=PAGE_LIMIT, description="Most to return.")]
Cursor = Annotated[str | None, Parameter(description="`next_cursor` of the page before.")]


def _accounts(request: AnyRequest, account: str | None) -> frozenset[str] | None:
    if account is not None:
        require_account(request, account)
        return frozenset({account})
    return visible_accounts(request)


def _owned(desk: OrderDesk, request: AnyRequest, order_id: str) -> Order:
    order = desk.journal.orders.get(OrderId(order_id))
    if order is None:
        raise ProblemError(404, "Unknown order", f"no order {order_id[:40]}")
    require_account(request, order.request.account)
    return order


def _after(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= CURSOR_DIGITS_MAX):
        raise InvalidInputError("cursor", "is not one of ours")
    return int(cursor)


def _fill_page(found: Sequence[Fill], limit: int) -> FillPage:
    """Return a page of *found*, of which there is one more than *limit* where more follow."""
    more = len(found) > limit
    shown = found[:limit]
    return FillPage(
        fills=[fill_reply(fill) for fill in shown],
        next_cursor=str(shown[-1].number) if more else None,
    )


async def _try_to_place(desk: OrderDesk, body: OrderRequest, sent_by: str) -> BatchEntry:
    try:
        order, _ = await desk.submit(read_request(body, sent_by))
    except InvalidInputError as error:
        return BatchEntry(order=None, error=str(error), field=error.field)
    except (RefusedError, UnavailableError) as error:
        return BatchEntry(order=None, error=str(error), field="")
    return BatchEntry(order=order_reply(order), error="", field="")


def write_routes(desk: OrderDesk) -> list[BaseRouteHandler]:
    """Return the routes that place and cancel orders."""

    @post("/orders", opt=needs("orders:write"), status_code=HTTP_201_CREATED)
    async def submit(request: AnyRequest, data: OrderRequest) -> Response[OrderReply]:
        """Place an order. Answers when it was handed to the venue, or refused."""
        ask = read_request(data, principal_of(request).subject)
        require_account(request, ask.account)
        order, is_new = await desk.submit(ask)
        is_created = is_new and order.status is not OrdStatus.RISK_REJECTED
        return Response(
            order_reply(order), status_code=HTTP_201_CREATED if is_created else HTTP_200_OK
        )

    @post("/orders/batch", opt=needs("orders:write"), status_code=HTTP_200_OK)
    async def submit_batch(request: AnyRequest, data: BatchRequest) -> BatchReply:
        """Place several orders at once, each for itself: one that fails stops no other."""
        sent_by = principal_of(request).subject
        for body in data.orders:
            require_account(request, body.account)
        placing = [_try_to_place(desk, body, sent_by) for body in data.orders]
        return BatchReply(results=list(await asyncio.gather(*placing)))

    @delete("/orders", opt=needs("orders:write"), status_code=HTTP_202_ACCEPTED)
    async def cancel_all(
        request: AnyRequest,
        account: str | None = None,
        symbol: str | None = None,
        strategy: str | None = None,
        side: str | None = None,
    ) -> CancelAllReply:
        """Ask to cancel every open order of the sender's accounts that fits what is named."""
        query = OrderQuery(
            accounts=_accounts(request, account),
            symbol=symbol,
            strategy=strategy,
            side=None if side is None else read_word(Side, side, "side"),
            active_only=True,
        )
        cancelled = await desk.cancel_all(query, principal_of(request).subject)
        return CancelAllReply(order_ids=[str(order_id) for order_id in cancelled])

    @delete("/orders/{order_id:str}", opt=needs("orders:write"), status_code=HTTP_202_ACCEPTED)
    async def cancel(request: AnyRequest, order_id: str) -> OrderReply:
        """Ask to cancel what is left of an order; the venue's word makes it CANCELLED."""
        order = _owned(desk, request, order_id)
        cancelled = await desk.cancel(order.request.order_id, principal_of(request).subject)
        return order_reply(cancelled)

    return [submit, submit_batch, cancel_all, cancel]


def change_routes(desk: OrderDesk) -> list[BaseRouteHandler]:
    """Return the route that changes an order."""

    @patch("/orders/{order_id:str}", opt=needs("orders:write"), status_code=HTTP_202_ACCEPTED)
    async def replace(
        request: AnyRequest, order_id: str, data: ReplaceRequest
    ) -> Response[OrderReply]:
        """Change an open order: 202 while the venue's word is awaited, 200 where it is changed."""
        order = _owned(desk, request, order_id)
        asked_by = principal_of(request).subject
        order = await desk.replace(order.request.order_id, read_change(data), asked_by)
        is_waiting = order.change is not None
        return Response(
            order_reply(order), status_code=HTTP_202_ACCEPTED if is_waiting else HTTP_200_OK
        )

    return [replace]


def order_routes(desk: OrderDesk) -> list[BaseRouteHandler]:
    """Return the routes that show one order."""
    orders = desk.journal.orders

    @get("/orders/{order_id:str}", opt=needs("orders:read"))
    async def show(request: AnyRequest, order_id: str) -> OrderReply:
        """Return one order."""
        return order_reply(_owned(desk, request, order_id))

    @get("/orders/{order_id:str}/events", opt=needs("orders:read"))
    async def life(request: AnyRequest, order_id: str) -> list[HopReply]:
        """Return the order's life, with the time of each step."""
        order = _owned(desk, request, order_id)
        return [hop_reply(event) for event in orders.events_of(order.request.order_id)]

    @get("/orders/{order_id:str}/fills", opt=needs("orders:read"))
    async def fills_of(
        request: AnyRequest, order_id: str, cursor: Cursor = None, limit: Limit = 100
    ) -> FillPage:
        """List the fills of one order, in the order of booking."""
        order = _owned(desk, request, order_id)
        after = _after(cursor)
        found = orders.fills_of(order.request.order_id, after=after, limit=limit + 1)
        return _fill_page(found, limit)

    return [show, life, fills_of]


def list_routes(desk: OrderDesk) -> list[BaseRouteHandler]:
    """Return the routes that list orders and fills."""
    orders = desk.journal.orders

    @get("/orders", opt=needs("orders:read"))
    async def list_orders(
        request: AnyRequest,
        account: str | None = None,
        symbol: str | None = None,
        status: str | None = None,
        *,
        active_only: bool = False,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> OrderPage:
        """List orders, newest first, page by page."""
        query = OrderQuery(
            accounts=_accounts(request, account),
            symbol=symbol,
            status=None if status is None else read_word(OrdStatus, status, "status"),
            active_only=active_only,
        )
        page = await orders.page(
            query,
            after=None if cursor is None else OrderId(cursor),
            limit=limit + 1,
        )
        more = len(page) > limit
        shown = page[:limit]
        return OrderPage(
            orders=[order_reply(order) for order in shown],
            next_cursor=shown[-1].request.order_id if more else None,
        )

    @get("/fills", opt=needs("orders:read"))
    async def list_fills(
        request: AnyRequest,
        account: str | None = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> FillPage:
        """List fills in the order of booking, page by page."""
        accounts = _accounts(request, account)
        found = await orders.fills(accounts=accounts, after=_after(cursor), limit=limit + 1)
        return _fill_page(found, limit)

    @get("/stats", opt=needs("orders:admin"))
    async def stats() -> dict[str, int]:
        """Return counts of orders by status, and of surprises, over all accounts."""
        return {
            **orders.counts(),
            "unknown_reports": len(orders.unknown),
            "surprises": desk.steps.surprise_count,
        }

    return [list_orders, list_fills, stats]
