"""Who asks, and may they? The helpers a route uses; the verifying itself is the shell's.

A route says in its `opt` what it needs: ``@get("/orders", opt=needs("orders:read"))``. A
route that says nothing is refused for everybody, so forgetting is safe. A route about one
account also calls `require_account`.
"""

from typing import Any, Final

import msgspec
from litestar.connection import ASGIConnection

ACTION_KEY: Final = "action"
PUBLIC: Final = "public"
EVERY_ACCOUNT: Final = "*"


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The verified sender of a request."""

    subject: str
    roles: tuple[str, ...]
    accounts: tuple[str, ...]
    """Accounts it may see and trade; `*` means every account."""


def public() -> dict[str, Any]:
    """Return the `opt` of a route that needs no token."""
    return {ACTION_KEY: PUBLIC}


def needs(action: str) -> dict[str, Any]:
    """Return the `opt` of a route that needs a token and the policy's consent to *action*."""
    return {ACTION_KEY: action}


def principal_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Principal:
    """Return the verified principal of a request that is not public."""
    principal: Principal = connection.scope["user"]
    return principal


def is_visible(connection: ASGIConnection[Any, Any, Any, Any], account: str) -> bool:
    """Return whether the principal may see *account*; to filter lists."""
    accounts = principal_of(connection).accounts
    return EVERY_ACCOUNT in accounts or account in accounts
