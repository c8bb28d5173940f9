"""A service's HTTP application: its own routes, and those that every service has.

`/health`, `/ready`, `/metrics`, `/docs` and `/openapi.json` are public; every other route
passes the doorkeeper. Bodies are decoded straight into the handler's struct, so that no
number becomes a float on the way. The door in front of it all is `shell/front.py`.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol
from warnings import catch_warnings, simplefilter

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.exceptions import LitestarException
from litestar.exceptions.base_exceptions import LitestarDeprecationWarning
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from trade2026 import VERSION
from trade2026.core.errors import InvalidInputError
from trade2026.shell.access import DOORKEEPER_KEY, public
from trade2026.shell.health import Readiness, Status
from trade2026.shell.lifecycle import ServiceLife
from trade2026.shell.logs import rfc3339
from trade2026.shell.metrics import CONTENT_TYPE
from trade2026.shell.openapi import DOCS_PATH, ExactSchema, document, openapi_config
from trade2026.shell.replies import exception_handlers, problem_of

BODY_BYTES_MAX: Final = 1_000_000
WEBSOCKET_PROBLEM: Final = "trade2026_problem"
"""Where the scope of a WebSocket keeps the problem it is closed for."""

HEALTH_PATH: Final = "/health"
READY_PATH: Final = "/ready"
METRICS_PATH: Final = "/metrics"
OPENAPI_PATH: Final = "/openapi.json"
SHELL_PATHS: Final = (HEALTH_PATH, READY_PATH, METRICS_PATH, DOCS_PATH, OPENAPI_PATH)
"""Answered from the first moment, whether or not the service is ready."""


class Doorkeeper(Protocol):
    """Verifies who sends a request, and asks the policy."""

    async def guard(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler, /
    ) -> None:
        """Return if the request may pass, with its principal in ``scope["user"]``.

        Raises:
            ProblemError: it may not.
        """
        ...


class ExactRequest(Request[Any, Any, Any]):
    """A request whose body is decoded into the type that the handler declares."""

    async def json(self) -> Any:  # noqa: ANN401 - the library's signature
        """Return the body as the handler's type.

        Raises:
            msgspec.DecodeError: the body is not JSON, or not of that type.
            InvalidInputError: it is nested too deeply to be read.
        """
        declared = self.route_handler.parsed_data_field
        body = await self.body() or b"null"
        # The library would decode into plain objects first, and numbers into floats.
        try:
            return msgspec.json.decode(body, type=Any if declared is None else declared.annotation)
        except RecursionError:
            raise InvalidInputError("", "the body is nested too deeply") from None


def build_app(
    life: ServiceLife, doorkeeper: Doorkeeper, *, purpose: str, has_metrics: bool
) -> Litestar:
    """Return the application of one service.

    Args:
        life: The service, whether or not it has started.
        doorkeeper: Asked about every request that is not public.
        purpose: What the service is for, shown in its documentation.
        has_metrics: Whether `/metrics` is here; else it has a port of its own.
    """

    def on_unknown(error: Exception) -> None:
        life.log.error("request failed", exc_info=error)
        if isinstance(error, AssertionError):
            life.crash(error)

    async def after_exception(error: Exception, scope: Scope) -> None:
        if scope["type"] != ScopeType.WEBSOCKET or isinstance(error, LitestarException):
            return
        found = problem_of(error)
        if found is None:
            on_unknown(error)
        else:
            scope["state"][WEBSOCKET_PROBLEM] = found

    with catch_warnings():
        # Handlers may name their body by its type alone; the marker is for a later major version.
        simplefilter("ignore", LitestarDeprecationWarning)
        return Litestar(
            [*life.service.routes, *_shell_routes(life, has_metrics=has_metrics)],
            guards=[doorkeeper.guard],
            state=State({DOORKEEPER_KEY: doorkeeper}),
            exception_handlers={**exception_handlers(on_unknown)},
            after_exception=[after_exception],
            request_class=ExactRequest,
            request_max_body_size=BODY_BYTES_MAX,
            openapi_config=openapi_config(life.service.name, purpose, life.service.describe),
            plugins=[ExactSchema()],
            logging_config=None,
            debug=False,
            pdb_on_exception=False,
        )


def _shell_routes(life: ServiceLife, *, has_metrics: bool) -> Sequence[BaseRouteHandler]:
    name = life.service.name

    @get([HEALTH_PATH, *life.service.health_paths], opt=public())
    async def health(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        """Tell whether every check passes at this moment; 503 if one does not."""
        health_page = life.service.health_page
        page = None if health_page is None else await health_page(request)
        if page is not None:
            return page
        found = await life.health()
        body: dict[str, Any] = {
            "status": found.status,
            "service": name,
            "version": VERSION,
            "uptime_s": round(life.uptime_s, 3),
            "checks": found.checks,
            "lag": sum(stats.pending_count for stats in life.intake_stats().values()),
            "timestamp": rfc3339(life.clock.now_ns()),
            **life.service.about(),
        }
        is_ill = found.status is Status.UNHEALTHY
        code = HTTPStatus.SERVICE_UNAVAILABLE if is_ill else HTTPStatus.OK
        return Response(body, status_code=code)

    @get(READY_PATH, opt=public())
    async def ready() -> Response[Readiness]:
        """Tell whether the service has caught up and takes requests; 503 if not yet."""
        found = life.readiness()
        code = HTTPStatus.OK if found.ready else HTTPStatus.SERVICE_UNAVAILABLE
        return Response(found, status_code=code)

    @get(METRICS_PATH, opt=public(), media_type=CONTENT_TYPE)
    async def metrics() -> Response[bytes]:
        """Return the metrics as Prometheus text."""
        return Response(life.metrics.text(), media_type=CONTENT_TYPE)

    @get(OPENAPI_PATH, opt=public(), include_in_schema=False)
    async def openapi(request: Request[Any, Any, Any]) -> dict[str, Any]:
        """Return the description of this API."""
        own = document(request.app)
        describe = life.service.describe
        return own if describe is None else describe(own)

    return [health, ready, openapi, *([metrics] if has_metrics else [])]
