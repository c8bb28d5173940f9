"""Every error of the HTTP API becomes a problem document here, and says no more than it should.

What the caller did wrong is told with the field's name; what we did wrong is a 500 with the
request's id, under which the log has the rest.

Source: RFC 9457; RFC 9110, sections 10.2.3 (Retry-After) and 11.6.1 (WWW-Authenticate).
"""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, cast

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from trade2026.core.errors import (
    IllegalTransitionError,
    InvalidInputError,
    RefusedError,
    UnavailableError,
)
from trade2026.shell.logs import REQUEST_ID
from trade2026.shell.problem import MEDIA_TYPE, ProblemDetails, ProblemError

RETRY_AFTER_S: Final = 1

_PATH: Final = re.compile(r" - at `(?:key in )?\$\.?(?P<path>[^`]*)`$")
_HEADERS: Final[Mapping[int, Mapping[str, str]]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": str(RETRY_AFTER_S)},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": str(RETRY_AFTER_S)},
}
_BODY: Final = "data"
"""What handlers call the body; its sender does not."""
_INTERNAL_FROM: Final = HTTPStatus.INTERNAL_SERVER_ERROR

Refuse = Callable[[Request[Any, Any, Any], Exception], Response[bytes]]


def problem(
    status: int, title: str = "", detail: str = "", *, field: str = "", rule: str = ""
) -> ProblemDetails:
    """Return a problem that bears the id of the current request."""
    bound = structlog.contextvars.get_contextvars()
    return ProblemDetails(
        title=title or HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        field=field,
        rule=rule,
        request_id=bound.get(REQUEST_ID, ""),
    )


def headers_of(status: int) -> dict[str, str]:
    """Return the headers that an answer of this status must have."""
    return dict(_HEADERS.get(status, {}))


def problem_of(error: Exception) -> ProblemDetails | None:
    """Return what *error* tells the caller, or None for an error of our own."""
    match error:
        case ProblemError():
            found = problem(
                error.status, error.title, error.detail, field=error.field, rule=error.rule
            )
        case InvalidInputError():
            found = _invalid(error.why, error.field)
        case msgspec.DecodeError():
            found = _invalid(*_located(str(error)))
        case IllegalTransitionError() | RefusedError():
            found = problem(HTTPStatus.CONFLICT, "Refused", str(error))
        case UnavailableError():
            found = problem(HTTPStatus.SERVICE_UNAVAILABLE, "", str(error))
        case ValidationException():
            found = _invalid(*_first(error))
        case HTTPException(status_code=status) if status < _INTERNAL_FROM:
            found = problem(status, "", error.detail)
        case _:
            found = None
    return found


def exception_handlers(on_unknown: Callable[[Exception], None]) -> dict[type[Exception], Refuse]:
    """Return the handlers to install for a whole application.

    Args:
        on_unknown: Told of every error of our own, to log it.
    """

    def refuse(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        found = problem_of(error)
        if found is None:
            on_unknown(error)
            found = problem(HTTPStatus.INTERNAL_SERVER_ERROR)
        given = getattr(error, "headers", None)
        headers = {**headers_of(found.status), **(cast("dict[str, str]", given) or {})}
        return Response(
            msgspec.json.encode(found),
            status_code=found.status,
            media_type=MEDIA_TYPE,
            headers=headers,
        )

    return {Exception: refuse}


def _invalid(why: str, field: str) -> ProblemDetails:
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid request", why, field=field)


def _located(text: str) -> tuple[str, str]:
    """Return msgspec's message and the path in it, as the sender spells it."""
    found = _PATH.search(text)
    if found:
        return text[: found.start()], found["path"]
    missing = re.search(r"(?:required|unknown) field `([^`]+)`", text)
    return text, missing[1] if missing else ""


def _first(error: ValidationException) -> tuple[str, str]:
    extra = error.extra if isinstance(error.extra, list) else []
    for one in cast("list[dict[str, str]]", extra):
        field = one.get("key", "")
        return one.get("message", "malformed"), "" if field == _BODY else field
    return error.detail, ""
