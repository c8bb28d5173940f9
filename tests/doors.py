"""Doorkeepers for tests that are about something else than the lock on the door."""

from litestar.handlers import BaseRouteHandler

from trade2026.shell.access import ACTION_KEY, PUBLIC, Connection, Principal
from trade2026.shell.problem import ProblemError

ADMIN = Principal(subject="admin", roles=("admin",), accounts=("*",))
NAME_HEADER = "x-test-name"


class OpenDoor:
    """Lets everybody in, as one principal, to every action and account."""

    def __init__(self, principal: Principal = ADMIN) -> None:
        self._principal = principal

    async def guard(self, connection: Connection, handler: BaseRouteHandler) -> None:
        del handler
        connection.scope["user"] = self._principal

    def require(self, principal: Principal, action: str, account: str | None = None) -> None:
        """Allow it."""

    async def identify(self, connection: Connection) -> Principal | None:
        del connection
        return self._principal


class HeaderDoor(OpenDoor):
    """Lets in who gives a name in a header; refuses routes that declare no action."""

    async def guard(self, connection: Connection, handler: BaseRouteHandler) -> None:
        action = handler.opt.get(ACTION_KEY)
        if action == PUBLIC:
            return
        if action is None:
            raise ProblemError(403, "Forbidden", rule="no action declared")
        name = connection.headers.get(NAME_HEADER)
        if name is None:
            raise ProblemError(401, "Unauthorized", "who are you?")
        connection.scope["user"] = Principal(subject=name, roles=(), accounts=())
