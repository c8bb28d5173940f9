"""The reverse proxy: ``/api/<service>/…`` to every built service, and to nothing else.

A service is named by its component's id or its module (`execution-quality` or
`execution_quality`). Where it is comes from the catalogue alone: nothing that a sender writes
becomes a host, a port or a path outside of the service's own. Bodies stream both ways, what
concerns only one connection stays behind (RFC 9110, section 7.6.1), and the sender's address
is appended to `X-Forwarded-For`. Sign-in is the service's own affair: the token passes as it is.
WebSockets are not passed on: `/api/stream` is the way.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import unquote_to_bytes

import httpx
import structlog
from litestar import asgi
from litestar.handlers import BaseRouteHandler

from trade2026.catalogue.component import Engine
from trade2026.catalogue.table import TABLE
from trade2026.edge.sender import EDGE_HEADER
from trade2026.shell.access import public
from trade2026.shell.addresses import Addresses
from trade2026.shell.asgi import Message, Receive, Scope, Send
from trade2026.shell.front import REQUEST_ID_HEADER, WEBSOCKET_CODES
from trade2026.shell.http import BODY_BYTES_MAX
from trade2026.shell.logs import REQUEST_ID
from trade2026.shell.problem import ProblemError

Headers = list[tuple[bytes, bytes]]

PREFIX: Final = "/api"
OWN_NAME: Final = "nginx"
POOL_SIZE: Final = 256
IDLE_S: Final = 20.0
"""Shorter than the 30 s after which the services hang up an idle connection."""
CONNECT_S: Final = 1.0
URL_BYTES_MAX: Final = 16_384
SILENCE_S: Final = 30.0
"""How long a service may keep silent; the edge's own limit answers its sender before that."""

SERVICES: Final[dict[str, str]] = {
    spelling: component.name
    for component in TABLE
    if component.engine is Engine.SERVICE and component.name != OWN_NAME
    for spelling in (component.module, component.name)
}
"""Component ids by what they may be called in a path."""

_PLANNED: Final = {
    spelling
    for component in TABLE
    if component.is_planned
    for spelling in (component.module, component.name)
}
_HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_FORWARDED_FOR: Final = b"x-forwarded-for"
_REQUEST_ID: Final = REQUEST_ID_HEADER.lower().encode()
# Told by the edge itself, or believed by nobody and therefore not passed on.
_NOT_ASKED: Final = _HOP_BY_HOP | {
    b"host",
    b"expect",
    b"forwarded",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"x-forwarded-proto",
    b"x-real-ip",
    EDGE_HEADER.encode(),
    _FORWARDED_FOR,
    _REQUEST_ID,
}
# The edge's own server and front write these.
_NOT_ANSWERED: Final = _HOP_BY_HOP | {b"date", b"server", b"x-content-type-options", _REQUEST_ID}
SIGN_IN: Final = "authn"
"""The only service that counts attempts by address, and so the only one that is told ours."""
_REPEATABLE: Final = frozenset({"GET", "HEAD"})


class _GoneError(Exception):
    """The sender hung up in the middle of its request."""


class _Body(httpx.AsyncByteStream):
    """A request's body on its way through."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size, has_more = 0, True
        while has_more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise _GoneError
            chunk: bytes = message.get("body", b"")
            has_more = message.get("more_body", False)
            size += len(chunk)
            if size > BODY_BYTES_MAX:
                raise _too_large()
            if chunk:
                yield chunk


class Proxy:
    """Passes requests on to the services, over connections that it keeps."""

    def __init__(
        self,
        addresses: Addresses,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        edge_secret: str = "",
    ) -> None:
        """Prepare to pass requests on.

        Args:
            addresses: where the services are.
            transport: takes the place of the network, in tests.
            edge_secret: tells sign-in that what we say of a sender's address is true.
        """
        self._addresses = addresses
        self._edge_secret = edge_secret.encode()
        limits = httpx.Limits(
            max_connections=POOL_SIZE,
            max_keepalive_connections=POOL_SIZE,
            keepalive_expiry=IDLE_S,
        )
        self._transport = transport or httpx.AsyncHTTPTransport(limits=limits, trust_env=False)
        self._limits = {
            "connect": CONNECT_S,
            "read": SILENCE_S,
            "write": SILENCE_S,
            "pool": CONNECT_S,
        }

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request with what the service answers.

        Raises:
            ProblemError: 400, 404 or 413, the request cannot be passed on; 502 or 504, the
                service did not answer.
        """
        name, path = target_of(scope["raw_path"])
        # Counted by service: what stands behind it is the service's to count.
        scope["path_template"] = f"{PREFIX}/{name}"
        try:
            async with self._answer(name, self._request(name, path, scope, receive)) as answer:
                await _hand_back(answer, name, send)
        except _GoneError:
            return

    async def get(self, name: str, path: str) -> bytes:
        """Return what the component *name* answers to a plain GET with success.

        Raises:
            ProblemError: it does not answer, or not with success.
        """
        request = httpx.Request("GET", self._addresses.url(name) + path, extensions=self._options())
        async with self._answer(name, request) as answer:
            if answer.status_code != HTTPStatus.OK:
                raise _bad_gateway(f"{name} answers {answer.status_code}")
            return b"".join([chunk async for chunk in _chunks(answer)])

    def _options(self) -> dict[str, Any]:
        return {"timeout": self._limits}

    def _request(self, name: str, path: bytes, scope: Scope, receive: Receive) -> httpx.Request:
        query: bytes = scope["query_string"]
        if len(path) + len(query) > URL_BYTES_MAX or not _is_graphic(query):
            raise _bad_request("the address is too long, or not a plain one")
        url = httpx.URL(self._addresses.url(name)).copy_with(
            raw_path=path + b"?" + query if query else path
        )
        headers, has_body = _asked(scope, url)
        if name == SIGN_IN and self._edge_secret:
            headers.append((EDGE_HEADER.encode(), self._edge_secret))
        return httpx.Request(
            scope["method"],
            url,
            headers=headers,
            stream=_Body(receive) if has_body else httpx.ByteStream(b""),
            extensions=self._options(),
        )

    @contextlib.asynccontextmanager
    async def _answer(self, name: str, request: httpx.Request) -> AsyncGenerator[httpx.Response]:
        try:
            try:
                answer = await self._transport.handle_async_request(request)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                # A kept connection may have been closed at the very moment of its use.
                has_body = not isinstance(request.stream, httpx.ByteStream)
                if request.method not in _REPEATABLE or has_body:
                    raise
                answer = await self._transport.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _bad_gateway(f"{name} is away; nothing was sent to it") from error
        except httpx.PoolTimeout as error:
            raise _late(f"{name} has too many requests; nothing was sent to it") from error
        except httpx.TimeoutException as error:
            raise _late(f"{name} keeps silent; whether the request took effect is unknown") from (
                error
            )
        except httpx.TransportError as error:
            detail = f"{name} hung up; whether the request took effect is unknown"
            raise _bad_gateway(detail) from error
        try:
            yield answer
        finally:
            await answer.aclose()


def proxy_route(proxy: Proxy) -> BaseRouteHandler:
    """Return the route of everything behind `/api` that is not the edge's own."""

    @asgi(PREFIX, is_mount=True, copy_scope=False, opt=public())
    async def pass_on(scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on to the service that its path names."""
        if scope["type"] == "websocket":
            code = WEBSOCKET_CODES + HTTPStatus.NOT_FOUND
            reason = "WebSockets are not passed on: use /api/stream"
            await send({"type": "websocket.close", "code": code, "reason": reason})
        else:
            await proxy.pass_on(scope, receive, send)

    handler: Any = pass_on
    return handler


def target_of(raw_path: bytes) -> tuple[str, bytes]:
    """Return the component that a path is about, and the path there.

    Args:
        raw_path: As sent, with its percent escapes and without the query.

    Raises:
        ProblemError: 404, there is no such service; 400, the path is not a plain one.
    """
    prefix, _, rest = raw_path.removeprefix(b"/").partition(b"/")
    spelling, slash, path = rest.partition(b"/")
    word = spelling.decode("ascii", "replace")
    if prefix != PREFIX.removeprefix("/").encode() or word not in SERVICES:
        why = "comes with later work" if word in _PLANNED else "is no service behind this door"
        raise ProblemError(HTTPStatus.NOT_FOUND, "Not Found", f"{word[:40]!r} {why}")
    if not _is_graphic(path) or b"#" in path:
        raise _bad_request("the path is not a plain one")
    for segment in path.split(b"/"):
        plain = unquote_to_bytes(segment)
        # An escaped slash or backslash, too, may become a step upwards at somebody's door.
        steps = plain.replace(b"\\", b"/").split(b"/")
        if b".." in steps or b"." in steps or any(byte < ord(" ") for byte in plain):
            raise _bad_request("the path is not a plain one")
    return SERVICES[word], slash + path if slash else b"/"


def _asked(scope: Scope, url: httpx.URL) -> tuple[Headers, bool]:
    """Return the headers to ask with, and whether a body follows.

    Raises:
        ProblemError: 413, the body is too large by its own account.
    """
    given: Headers = scope["headers"]
    dropped = _NOT_ASKED | _named_by_connection(given)
    headers: Headers = [(b"host", url.netloc)]
    headers += [(name, value) for name, value in given if name not in dropped]
    has_body = False
    for name, value in given:
        if name == b"content-length":
            has_body = value != b"0"
            if len(value) > len(str(BODY_BYTES_MAX)) or int(value) > BODY_BYTES_MAX:
                raise _too_large()
        elif name == b"transfer-encoding":
            has_body = True
            headers.append((name, b"chunked"))
    client = scope.get("client")
    hops = [value for name, value in given if name == _FORWARDED_FOR]
    if client is not None:
        hops.append(client[0].encode())
    headers.append((_FORWARDED_FOR, b", ".join(hops)))
    request_id = structlog.contextvars.get_contextvars().get(REQUEST_ID)
    if request_id is not None:
        headers.append((_REQUEST_ID, request_id.encode()))
    return headers, has_body


async def _hand_back(answer: httpx.Response, name: str, send: Send) -> None:
    raw = [(key.lower(), value) for key, value in answer.headers.raw]
    dropped = _NOT_ANSWERED | _named_by_connection(raw)
    headers = [_answered(key, value, name) for key, value in raw if key not in dropped]
    start = {"type": "http.response.start", "status": answer.status_code}
    await send({**start, "headers": [pair for pair in headers if pair is not None]})
    size = int(answer.headers.get("content-length", -1))
    sent = 0
    # Broken off in the middle, the answer stays unfinished: the server hangs up on its sender.
    with contextlib.suppress(httpx.TransportError):
        async for chunk in _chunks(answer):
            sent += len(chunk)
            await send(_body(chunk, has_more=sent != size))
        if sent != size:
            await send(_body(b"", has_more=False))


def _answered(key: bytes, value: bytes, name: str) -> tuple[bytes, bytes] | None:
    """Return the header as it leaves; a place is told only where it lies behind this door."""
    if key != b"location":
        return key, value
    is_own = value.startswith(b"/") and not value.startswith((b"//", b"/\\"))
    return (key, f"{PREFIX}/{name}".encode() + value) if is_own else None


def _body(chunk: bytes, *, has_more: bool) -> Message:
    return {"type": "http.response.body", "body": chunk, "more_body": has_more}


def _chunks(answer: httpx.Response) -> AsyncIterator[bytes]:
    # The bytes as they came: what is compressed stays so.
    return aiter(cast("httpx.AsyncByteStream", answer.stream))


def _named_by_connection(headers: Headers) -> frozenset[bytes]:
    return frozenset(
        word.strip().lower()
        for name, value in headers
        if name == b"connection"
        for word in value.split(b",")
    )


def _is_graphic(part: bytes) -> bool:
    """Return whether the part of an address has nothing that must be escaped in one."""
    return all(0x20 < byte < 0x7F for byte in part)  # noqa: PLR2004 - ASCII's graphic range.


def _bad_request(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.BAD_REQUEST, HTTPStatus.BAD_REQUEST.phrase, detail)


def _too_large() -> ProblemError:
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return ProblemError(status, status.phrase, f"at most {BODY_BYTES_MAX} bytes")


def _bad_gateway(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.BAD_GATEWAY, HTTPStatus.BAD_GATEWAY.phrase, detail)


def _late(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.GATEWAY_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT.phrase, detail)
