"""The routes of execution: which venues there are, and what was passed on."""

import msgspec
from litestar import get
from litestar.handlers import BaseRouteHandler

from trade2026.desk.execution import ExecutionDesk
from trade2026.shell.access import needs


class ExecutionStats(msgspec.Struct, frozen=True, kw_only=True):
    """What execution has done since it started."""

    submitted: int
    cancels: int
    replaces: int


def execution_routes(desk: ExecutionDesk) -> list[BaseRouteHandler]:
    """Return the routes of execution."""

    @get("/venues", opt=needs("exec:read"))
    async def venues() -> list[str]:
        """List the venues that orders can go to."""
        return desk.venue_names

    @get("/stats", opt=needs("exec:read"))
    async def stats() -> ExecutionStats:
        """Return counts since the start."""
        return ExecutionStats(
            submitted=desk.submit_count, cancels=desk.cancel_count, replaces=desk.replace_count
        )

    return [venues, stats]
