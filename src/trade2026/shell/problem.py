"""Errors of the HTTP API as `application/problem+json`. Source: RFC 9457."""

from typing import Final

import msgspec

MEDIA_TYPE: Final = "application/problem+json"


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of an error."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    field: str = ""
    """Which part of the request is wrong, as the sender spells it."""
    rule: str = ""
    """Which policy rule refused."""
    request_id: str = ""


class ProblemError(Exception):
    """Raised by a route to answer with a problem."""

    def __init__(
        self, status: int, title: str, detail: str = "", *, field: str = "", rule: str = ""
    ) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail
        self.field = field
        self.rule = rule
