"""The dialect over HTTP: one route a family of paths, one table behind them.

The routes are open to everybody because the dialect has locks of its own: keys and
signatures, looked at in `gate.py`. What is refused is answered as the dialect answers.
"""

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, route
from litestar.handlers import BaseRouteHandler

from trade2026.core.errors import VenueUnavailableError
from trade2026.edge.dialect.desk import Desk
from trade2026.edge.dialect.endpoint import Security
from trade2026.edge.dialect.errors import DialectError, unknown_status
from trade2026.edge.dialect.gate import BY_PATH, admit
from trade2026.edge.dialect.params import Params, read_form
from trade2026.edge.dialect.signing import form_payload
from trade2026.shell.access import public

AnyRequest = Request[Any, Any, Any]
FAMILIES = ("/api/v3", "/sapi/v1", "/fapi/v1", "/dapi/v1")
KEY_HEADER = "x-mbx-apikey"


def rest_routes(desk: Desk) -> list[BaseRouteHandler]:
    """Return the routes of the dialect's REST API."""
    return [_family(desk, family) for family in FAMILIES]


def _family(desk: Desk, family: str) -> BaseRouteHandler:
    @route(
        f"{family}/{{path:path}}",
        http_method=["GET", "POST", "PUT", "DELETE"],
        opt=public(),
        include_in_schema=False,
        status_code=HTTPStatus.OK,
    )
    async def dialect(request: AnyRequest, path: str) -> Response[bytes]:
        query = request.scope["query_string"].decode("utf-8", "replace")
        body = (await request.body()).decode("utf-8", "replace")
        address = request.client.host if request.client else ""
        retry_s = 0
        try:
            status, found, account = await _answer(desk, request, family + path, query, body)
        except VenueUnavailableError:
            error = unknown_status()
            status, found, account = error.status, error.body(), ""
        except DialectError as error:
            status, found, account, retry_s = error.status, error.body(), "", error.retry_s
        headers = desk.rates.headers(address, account, desk.clock.now_ns())
        if retry_s:
            headers["Retry-After"] = str(retry_s)
        return Response(
            msgspec.json.encode(found),
            status_code=status,
            headers=headers,
            media_type="application/json;charset=UTF-8",
        )

    return dialect


async def _answer(
    desk: Desk, request: AnyRequest, path: str, query: str, body: str
) -> tuple[int, object, str]:
    endpoint = BY_PATH.get((str(request.method), path))
    address = request.client.host if request.client else ""
    now_ns = desk.clock.now_ns()
    if endpoint is None:
        desk.rates.weigh(address, 1, now_ns)
        raise DialectError(-1000, f"No {request.method} {path[:80]} here.", HTTPStatus.NOT_FOUND)
    try:
        in_query, in_body = read_form(query), read_form(body)
        # Where a parameter is in both, the one in the query counts.
        values = {**in_body, **in_query}
        weight = endpoint.weight_of(Params(values))
    except DialectError:
        desk.rates.weigh(address, 1, now_ns)
        raise
    desk.rates.weigh(address, weight, now_ns)
    api_key = request.headers.get(KEY_HEADER, "")
    payload = form_payload(query, body) if endpoint.security is Security.SIGNED else ""
    call = admit(desk, endpoint.security, values, api_key=api_key, payload=payload)
    return HTTPStatus.OK, await endpoint.answer(desk, call), call.account
