"""The door in front of a service's application: what happens to every request.

It gives a request its id, lets it in only while the service is open, counts and times it,
bounds how many run at once and how long the sender waits. A handler that takes too long is
answered for, but not broken off: it may stand between the journal and what follows from it.
"""

import asyncio
import contextlib
import re
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog

from trade2026.core.clock import NS_PER_S
from trade2026.core.ids import Ids
from trade2026.shell.asgi import App, Message, Receive, Scope, Send
from trade2026.shell.http import METRICS_PATH, SHELL_PATHS, WEBSOCKET_PROBLEM
from trade2026.shell.lifecycle import ServiceLife
from trade2026.shell.logs import REQUEST_ID
from trade2026.shell.metrics import CONTENT_TYPE, UNMATCHED, ServiceMetrics
from trade2026.shell.openapi import DOCS_PATH
from trade2026.shell.problem import MEDIA_TYPE, ProblemDetails
from trade2026.shell.replies import headers_of, problem

RUNNING_MAX: Final = 1_000
REQUEST_ID_HEADER: Final = "X-Request-Id"
WEBSOCKET_CODES: Final = 4000
"""A WebSocket is closed with this plus the HTTP status, in the range left to applications."""

_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NO_STATUS: Final = 499
"""Counted for a request whose sender left before there was an answer."""

Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Front:
    """An ASGI application around another one."""

    def __init__(
        self, app: App, life: ServiceLife, ids: Ids, *, spawn: Spawn, limit_s: float
    ) -> None:
        """Stand in front of *app*.

        Args:
            app: The service's application.
            life: The service.
            ids: Makes the ids of requests that bring none.
            spawn: Runs a short task that somebody else owns.
            limit_s: How long the sender of a request waits at most.
        """
        self._app = app
        self._life = life
        self._ids = ids
        self._spawn = spawn
        self._limit_s = limit_s
        self._running_count = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def running_count(self) -> int:
        """Return how many requests are being answered."""
        return self._running_count

    async def drained(self, limit_s: float) -> None:
        """Return when no request is being answered, or after *limit_s*."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._idle.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope) or self._ids.new()
        with structlog.contextvars.bound_contextvars(
            **{REQUEST_ID: request_id, "service": self._life.service.name}
        ):
            if scope["type"] == "http":
                await self._request(scope, receive, _Answer(send, request_id))
            else:
                await self._websocket(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        clock = self._life.clock
        began_ns = clock.monotonic_ns()
        self._count(1)
        timer = asyncio.get_running_loop().call_later(self._limit_s, self._expire, answer)
        try:
            refusal = self._refusal(scope["path"])
            if refusal is None:
                await self._app(scope, receive, answer.send)
            else:
                await answer.refuse(refusal)
        finally:
            timer.cancel()
            self._count(-1)
            seconds = (clock.monotonic_ns() - began_ns) / NS_PER_S
            route = scope.get("path_template", UNMATCHED)
            status = answer.status or _NO_STATUS
            self._life.metrics.count_request(scope["method"], route, status, seconds)
            self._life.log.debug(
                "request", method=scope["method"], route=route, status=status, seconds=seconds
            )

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def closing(message: Message) -> None:
            found: ProblemDetails | None = scope.get("state", {}).get(WEBSOCKET_PROBLEM)
            if message["type"] == "websocket.close" and found is not None:
                message["code"] = WEBSOCKET_CODES + found.status
                message["reason"] = found.rule or found.detail
            await send(message)

        refusal = self._refusal(scope["path"])
        if refusal is not None:
            code = WEBSOCKET_CODES + refusal.status
            await send({"type": "websocket.close", "code": code, "reason": refusal.detail})
            return
        scope.setdefault("state", {})
        await self._app(scope, receive, closing)

    def _refusal(self, path: str) -> ProblemDetails | None:
        own = (*SHELL_PATHS, *self._life.service.health_paths)
        if path in own or path.startswith(f"{DOCS_PATH}/"):
            return None
        if not self._life.is_open:
            detail = f"{self._life.service.name} is {self._life.phase}"
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "", detail)
        if self._running_count > RUNNING_MAX:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "", "too many requests at once")
        return None

    def _expire(self, answer: "_Answer") -> None:
        self._life.log.warning("request takes too long", limit_s=self._limit_s)
        detail = "the request takes too long; whether it took effect is unknown"
        self._spawn(answer.refuse(problem(HTTPStatus.GATEWAY_TIMEOUT, "", detail)))

    def _count(self, step: int) -> None:
        self._running_count += step
        if self._running_count:
            self._idle.clear()
        else:
            self._idle.set()
        self._life.metrics.show_running(self._running_count)


class MetricsFront:
    """The ASGI application of a metrics port: `/metrics` and nothing else."""

    def __init__(self, metrics: ServiceMetrics) -> None:
        """Show *metrics*."""
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        del receive
        answer = _Answer(send, "")
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": WEBSOCKET_CODES + HTTPStatus.NOT_FOUND})
        elif scope["path"] != METRICS_PATH:
            await answer.refuse(problem(HTTPStatus.NOT_FOUND))
        elif scope["method"] != "GET":
            await answer.refuse(problem(HTTPStatus.METHOD_NOT_ALLOWED))
        else:
            await answer.body(HTTPStatus.OK, CONTENT_TYPE, self._metrics.text(), {})


class _Answer:
    """The one answer of a request: whoever begins it first, gives it."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self._is_replaced = False
        self.status = 0

    async def send(self, message: Message) -> None:
        """Pass on the application's *message*, unless the request was answered for it."""
        if self._is_replaced:
            return
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
            headers = [(name.lower(), value) for name, value in self._own_headers()]
            message["headers"] = [*message.get("headers", ()), *headers]
        await self._send(message)

    async def refuse(self, found: ProblemDetails) -> None:
        """Answer with a problem, unless an answer has begun."""
        if not self.status:
            self._is_replaced = True
            await self.body(
                found.status, MEDIA_TYPE, msgspec.json.encode(found), headers_of(found.status)
            )

    async def body(self, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
        """Answer with *body*."""
        self.status = int(status)
        given = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        size = (b"content-length", str(len(body)).encode())
        start = [(b"content-type", kind.encode()), size, *given, *self._own_headers()]
        await self._send({"type": "http.response.start", "status": self.status, "headers": start})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    def _own_headers(self) -> list[tuple[bytes, bytes]]:
        own = [(b"x-content-type-options", b"nosniff")]
        if self._request_id:
            own.append((REQUEST_ID_HEADER.lower().encode(), self._request_id.encode()))
        return own


def _request_id(scope: Scope) -> str:
    wanted = REQUEST_ID_HEADER.lower().encode()
    for name, value in scope["headers"]:
        if name.lower() == wanted:
            text = value.decode("latin-1")
            return text if _SANE_ID.fullmatch(text) else ""
    return ""
