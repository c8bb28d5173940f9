"""The routes of execution algorithms: parent orders worked by child orders.

201 for a new one, 200 for the same `client_algo_id` again, 202 for what is carried out while the
venue answers. 404 unknown, 409 not at this status, 422 malformed, with the field. The children
are orders like others, and are shown under `/orders` too.
"""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_202_ACCEPTED

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.ids import Ids
from trade2026.core.numbers import NANOS
from trade2026.desk.algos import Algos
from trade2026.desk.orders import OrderDesk
from trade2026.domain.execution.parent import Parent
from trade2026.edge import exact
from trade2026.edge.algo_request import (
    AlgoChangeRequest,
    AlgoOrderRequest,
    read_algo,
    read_terms,
)
from trade2026.edge.exact import Exact
from trade2026.edge.orders import OrderReply, order_reply
from trade2026.model.algo import AlgoName, AlgoReport, AlgoStatus, Benchmark
from trade2026.model.order import Side
from trade2026.shell.access import needs, principal_of, require_account, visible_accounts
from trade2026.shell.problem import ProblemError

AnyRequest = Request[Any, Any, Any]
Limit = Annotated[int, Parameter(ge=1, le=500, description="Most to return.")]


class AlgoReply(msgspec.Struct, frozen=True, kw_only=True):
    """A parent order as it stands."""

    algo_id: str
    client_algo_id: str
    name: AlgoName
    account: str
    strategy: str
    venue: str
    symbol: str
    side: Side
    quantity: Exact
    price: Exact
    start_ns: int
    end_ns: int
    slice_s: Exact
    participation: Exact
    display_quantity: Exact
    urgency: Exact
    status: AlgoStatus
    text: str
    """Why it ends, or ended."""
    filled_quantity: Exact
    working_quantity: Exact
    """What its children may still trade."""
    left_quantity: Exact
    """What no child has; these three add up to the quantity."""
    children: int
    created_ns: int
    updated_ns: int


class AlgoReportReply(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a parent; while it runs, so far. Slippages in basis points: positive costs."""

    algo_id: str
    status: AlgoStatus
    text: str
    quantity: Exact
    filled_quantity: Exact
    left_quantity: Exact
    """Never traded; negative where late fills brought more than was asked for."""
    average_price: Exact
    benchmark: Benchmark
    """What the algorithm aims at: the slippage to look at first."""
    arrival_price: Exact
    """The mid price when it was taken in."""
    twap: Exact
    """The mid price averaged over its time."""
    vwap: Exact
    """The average price of all that traded in its time, its own trades among it."""
    arrival_slippage_bps: Exact
    twap_slippage_bps: Exact
    vwap_slippage_bps: Exact
    implementation_shortfall_bps: Exact
    """Against the arrival price, what was not traded valued at the last mid price."""
    market_quantity: Exact
    participation_rate: Exact
    fees: Exact
    start_ns: int
    end_ns: int
    """When it ended; now while it runs."""
    duration_s: Exact
    children: int
    refused_children: int
    """By risk or the venue, or never sent."""


def algo_reply(parent: Parent) -> AlgoReply:
    """Return *parent* as the API shows it."""
    request, report = parent.request, parent.report
    filled = parent.filled_qty if report is None else report.filled_qty
    working = parent.working_qty if report is None else 0
    return AlgoReply(
        algo_id=request.algo_id,
        client_algo_id=request.cl_algo_id,
        name=request.name,
        account=request.account,
        strategy=request.strategy,
        venue=request.venue,
        symbol=request.symbol,
        side=request.side,
        quantity=exact.write(request.order_qty),
        price=exact.write_optional(request.price),
        start_ns=request.start_ns,
        end_ns=request.end_ns,
        slice_s=exact.write(request.slice_ns * NANOS // NS_PER_S),
        participation=exact.write_optional(request.rate_bps * NANOS // 10_000 or None),
        display_quantity=exact.write_optional(request.display_qty or None),
        urgency=exact.write_optional(
            request.urgency if request.name is AlgoName.IMPLEMENTATION_SHORTFALL else None
        ),
        status=parent.status,
        text=parent.text,
        filled_quantity=exact.write(filled),
        working_quantity=exact.write(working),
        left_quantity=exact.write(request.order_qty - filled - working),
        children=len(parent.children),
        created_ns=parent.created_ns,
        updated_ns=parent.updated_ns,
    )


def report_reply(algo_id: str, report: AlgoReport) -> AlgoReportReply:
    """Return *report* as the API shows it."""
    return AlgoReportReply(
        algo_id=algo_id,
        status=report.status,
        text=report.text,
        quantity=exact.write(report.order_qty),
        filled_quantity=exact.write(report.filled_qty),
        left_quantity=exact.write(report.left_qty),
        average_price=exact.write_optional(report.average_px),
        benchmark=report.benchmark,
        arrival_price=exact.write_optional(report.arrival_px),
        twap=exact.write_optional(report.twap_px),
        vwap=exact.write_optional(report.vwap_px),
        arrival_slippage_bps=exact.write_optional(report.arrival_slippage),
        twap_slippage_bps=exact.write_optional(report.twap_slippage),
        vwap_slippage_bps=exact.write_optional(report.vwap_slippage),
        implementation_shortfall_bps=exact.write_optional(report.shortfall),
        market_quantity=exact.write(report.market_qty),
        participation_rate=exact.write_optional(report.participation),
        fees=exact.write(report.fees),
        start_ns=report.start_ns,
        end_ns=report.end_ns,
        duration_s=exact.write(max(0, report.end_ns - report.start_ns) * NANOS // NS_PER_S),
        children=report.child_count,
        refused_children=report.refused_count,
    )


def algo_write_routes(algos: Algos, ids: Ids, clock: Clock) -> list[BaseRouteHandler]:
    """Return the routes that start and steer algorithms."""

    @post("/algos", opt=needs("orders:write"), status_code=HTTP_201_CREATED)
    async def start(request: AnyRequest, data: AlgoOrderRequest) -> Response[AlgoReply]:
        """Work a parent order by an algorithm."""
        asked = read_algo(data, principal_of(request).subject, ids.new(), clock.now_ns())
        require_account(request, asked.account)
        parent, is_new = await algos.start(asked)
        status = HTTP_201_CREATED if is_new else HTTP_200_OK
        return Response(algo_reply(parent), status_code=status)

    @post("/algos/{algo_id:str}/pause", opt=needs("orders:write"), status_code=HTTP_202_ACCEPTED)
    async def pause(request: AnyRequest, algo_id: str) -> AlgoReply:
        """Send nothing until it is resumed, and cancel what works."""
        asked_by = principal_of(request).subject
        _owned(algos, request, algo_id)
        return algo_reply(await algos.pause(algo_id, asked_by))

    @post("/algos/{algo_id:str}/resume", opt=needs("orders:write"), status_code=HTTP_202_ACCEPTED)
    async def resume(request: AnyRequest, algo_id: str) -> AlgoReply:
        """Spread what is left over the time that is left."""
        asked_by = principal_of(request).subject
        _owned(algos, request, algo_id)
        return algo_reply(await algos.resume(algo_id, asked_by))

    @patch("/algos/{algo_id:str}", opt=needs("orders:write"), status_code=HTTP_202_ACCEPTED)
    async def replace(request: AnyRequest, algo_id: str, data: AlgoChangeRequest) -> AlgoReply:
        """Change quantity, limit price or end; what is left is spread anew."""
        asked_by = principal_of(request).subject
        _owned(algos, request, algo_id)
        return algo_reply(await algos.replace(algo_id, read_terms(data), asked_by))

    @delete("/algos/{algo_id:str}", opt=needs("orders:write"), status_code=HTTP_202_ACCEPTED)
    async def cancel(request: AnyRequest, algo_id: str) -> AlgoReply:
        """Send nothing more, and cancel what works."""
        asked_by = principal_of(request).subject
        _owned(algos, request, algo_id)
        return algo_reply(await algos.cancel(algo_id, asked_by))

    return [start, pause, resume, replace, cancel]


def algo_routes(algos: Algos, desk: OrderDesk) -> list[BaseRouteHandler]:
    """Return the routes that show algorithms."""

    @get("/algos", opt=needs("orders:read"))
    async def list_algos(
        request: AnyRequest,
        account: str | None = None,
        symbol: str | None = None,
        active_only: bool = False,  # noqa: FBT001, FBT002 - a query parameter.
        limit: Limit = 100,
    ) -> list[AlgoReply]:
        """List algorithms, newest first."""
        if account is not None:
            require_account(request, account)
        visible = visible_accounts(request) if account is None else {account}
        found = [
            parent
            for parent in algos.newest()
            if (visible is None or parent.request.account in visible)
            and symbol in {None, parent.request.symbol}
            and not (active_only and parent.is_done)
        ]
        return [algo_reply(parent) for parent in found[:limit]]

    @get("/algos/{algo_id:str}", opt=needs("orders:read"))
    async def show(request: AnyRequest, algo_id: str) -> AlgoReply:
        """Return one algorithm."""
        return algo_reply(_owned(algos, request, algo_id))

    @get("/algos/{algo_id:str}/report", opt=needs("orders:read"))
    async def report(request: AnyRequest, algo_id: str) -> AlgoReportReply:
        """Return what came of it against its benchmarks; while it runs, so far."""
        return report_reply(algo_id, algos.report(_owned(algos, request, algo_id)))

    @get("/algos/{algo_id:str}/children", opt=needs("orders:read"))
    async def children(
        request: AnyRequest, algo_id: str, after: int = -1, limit: Limit = 100
    ) -> list[OrderReply]:
        """List its child orders, oldest first, from the one numbered behind *after*."""
        parent = _owned(algos, request, algo_id)
        account = parent.request.account
        first = max(0, after + 1)
        numbers = range(first, min(len(parent.children), first + limit))
        found = [desk.journal.orders.by_key(account, parent.request.key_of(n)) for n in numbers]
        return [order_reply(order) for order in found if order is not None]

    return [list_algos, show, report, children]


def _owned(algos: Algos, request: AnyRequest, algo_id: str) -> Parent:
    parent = algos.get(algo_id)
    if parent is None:
        raise ProblemError(404, "Unknown algorithm", f"no algorithm {algo_id[:40]}")
    require_account(request, parent.request.account)
    return parent
