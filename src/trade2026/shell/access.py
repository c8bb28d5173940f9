"""Who asks, and may they? The helpers a route uses; the verifying itself is the Doorkeeper's.

A route says in its `opt` what it needs: ``@get("/orders", opt=needs("orders:read"))``. A
route that says nothing is refused for everybody, so forgetting is safe. A route about one
account also calls `require_account`.
"""

from typing import Any, Final, Protocol, cast

import msgspec
from litestar.connection import ASGIConnection

ACTION_KEY: Final = "action"
PUBLIC: Final = "public"
EVERY_ACCOUNT: Final = "*"
DOORKEEPER_KEY: Final = "doorkeeper"
"""Where the application's state keeps its doorkeeper."""
STREAM_PROTOCOL: Final = "trade2026"
"""The subprotocol that a WebSocket with a token is accepted under."""
BEARER_PROTOCOL_PREFIX: Final = "bearer."

Connection = ASGIConnection[Any, Any, Any, Any]


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The verified sender of a request."""

    subject: str
    roles: tuple[str, ...]
    accounts: tuple[str, ...]
    """Accounts it may see and trade; `*` means every account."""
    expires_ns: int | None = None
    """When its token ends; for what outlives a request. None: never."""


class AccountGuard(Protocol):
    """Decides about a principal, an action and an account."""

    def require(self, principal: Principal, action: str, account: str | None = None) -> None:
        """Return if the policy allows it.

        Raises:
            ProblemError: 403 with the rule that refused.
        """
        ...

    async def identify(self, connection: Connection) -> Principal | None:
        """Return whose token came along, None where none did: for routes open to all.

        Raises:
            ProblemError: 401, the token is not valid; 503, no token can be verified now.
        """
        ...


def public() -> dict[str, Any]:
    """Return the `opt` of a route that needs no token."""
    return {ACTION_KEY: PUBLIC}


def needs(action: str) -> dict[str, Any]:
    """Return the `opt` of a route that needs a token and the policy's consent to *action*."""
    return {ACTION_KEY: action}


def principal_of(connection: Connection) -> Principal:
    """Return the verified principal of a request that is not public."""
    principal: Principal = connection.scope["user"]
    return principal


def is_visible(connection: Connection, account: str) -> bool:
    """Return whether the principal may see *account*; to filter lists."""
    accounts = principal_of(connection).accounts
    return EVERY_ACCOUNT in accounts or account in accounts


def visible_accounts(connection: Connection) -> frozenset[str] | None:
    """Return the accounts the principal may see; None means every account."""
    accounts = principal_of(connection).accounts
    return None if EVERY_ACCOUNT in accounts else frozenset(accounts)


def require_account(connection: Connection, account: str) -> None:
    """Return if the principal may do the route's action on *account*.

    Raises:
        ProblemError: 403 with the rule that refused.
    """
    action: str = connection.route_handler.opt[ACTION_KEY]
    guard_of(connection).require(principal_of(connection), action, account)


def guard_of(connection: Connection) -> AccountGuard:
    """Return who decides in this application, for a route that asks more than one question."""
    guard: AccountGuard = connection.app.state[DOORKEEPER_KEY]
    return guard


def stream_protocol(connection: Connection) -> str | None:
    """Return the subprotocol to accept a WebSocket with, None if the sender offered ours not.

    A browser cannot send headers with a WebSocket: it offers ``trade2026`` and
    ``bearer.<token>``, and hangs up unless one of them is accepted. The token is not echoed.
    """
    return STREAM_PROTOCOL if STREAM_PROTOCOL in offered_protocols(connection) else None


def offered_protocols(connection: Connection) -> list[str]:
    """Return the subprotocols that the sender of a WebSocket offers; none for a request."""
    scope = cast("dict[str, Any]", connection.scope)
    return scope.get("subprotocols", [])
