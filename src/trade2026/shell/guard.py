"""The lock on every door: who are you, and does the policy let you do what this route does?

Installed once for a whole application, it runs before the body of a request is read. A route
that declares no action is refused for everybody. A token is taken from the `Authorization`
header, or, for a WebSocket, from the subprotocol ``bearer.<token>``; never from the URL,
which ends up in logs.

Source: RFC 6750, sections 2.1 and 3.
"""

from typing import Final

from litestar.enums import ScopeType
from litestar.exceptions import WebSocketException
from litestar.handlers import BaseRouteHandler

from trade2026.ports.policy import Policy, PolicyQuestion
from trade2026.shell.access import (
    ACTION_KEY,
    BEARER_PROTOCOL_PREFIX,
    PUBLIC,
    Connection,
    Principal,
    offered_protocols,
)
from trade2026.shell.problem import ProblemError
from trade2026.shell.tokens import TokenVerifier

NO_ACTION: Final = "no action declared"
"""The rule that refuses a route without an action."""

_BEARER: Final = "bearer"
_WEBSOCKET_CODES: Final = 4000
"""A WebSocket is closed with this plus the HTTP status, in the range left to applications."""


class Doorkeeper:
    """Verifies the sender of every request and asks the policy about it."""

    def __init__(self, verifier: TokenVerifier, policy: Policy) -> None:
        self._verifier = verifier
        self._policy = policy

    async def guard(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """Let the request pass and put its `Principal` into ``scope["user"]``, or refuse it.

        Raises:
            ProblemError: 401 without a valid token, 403 by the policy, 503 if no token can be
                verified at the moment.
            WebSocketException: the same, as closing codes 4401, 4403 and 4503.
        """
        if handler.opt.get(ACTION_KEY) == PUBLIC:
            return
        try:
            connection.scope["user"] = await self._admitted(connection, handler)
        except ProblemError as problem:
            if connection.scope["type"] == ScopeType.WEBSOCKET:
                raise WebSocketException(
                    detail=problem.rule or problem.detail, code=_WEBSOCKET_CODES + problem.status
                ) from problem
            raise

    def require(self, principal: Principal, action: str, account: str | None = None) -> None:
        """Return if the policy allows *principal* to do *action*, on *account* if given.

        Raises:
            ProblemError: 403 with the rule that refused.
        """
        decision = self._policy.decide(
            PolicyQuestion(
                principal=principal.subject,
                roles=principal.roles,
                accounts=principal.accounts,
                action=action,
                account=account,
            )
        )
        if not decision.is_allowed:
            on_account = "" if account is None else f" on account {account[:64]}"
            detail = f"{principal.subject} may not {action}{on_account}"
            raise ProblemError(403, "Forbidden", detail, rule=decision.rule)

    async def identify(self, connection: Connection) -> Principal | None:
        """Return whose token came along, None where none did.

        Raises:
            ProblemError: 401, the token is not valid; 503, no token can be verified now.
        """
        token = _token_of(connection)
        return None if token is None else await self._verifier.verify(token)

    async def _admitted(self, connection: Connection, handler: BaseRouteHandler) -> Principal:
        action = handler.opt.get(ACTION_KEY)
        if not isinstance(action, str) or not action:
            raise ProblemError(403, "Forbidden", "this route is closed", rule=NO_ACTION)
        principal = await self.identify(connection)
        if principal is None:
            raise ProblemError(401, "Unauthorized", "a bearer token is needed")
        self.require(principal, action)
        return principal


def _token_of(connection: Connection) -> str | None:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == _BEARER and token.strip():
        return token.strip()
    for offered in offered_protocols(connection):
        if offered.startswith(BEARER_PROTOCOL_PREFIX):
            return offered.removeprefix(BEARER_PROTOCOL_PREFIX)
    return None
