"""The routes of the kill switch: pull it, see what comes of it, and allow trading again."""

import msgspec
from litestar import get, post
from litestar.handlers import BaseRouteHandler
from litestar.status_codes import HTTP_202_ACCEPTED

from trade2026.core.errors import InvalidInputError
from trade2026.desk.breakers import BreakerDesk
from trade2026.desk.kill import KillDesk
from trade2026.desk.risk import RiskDesk
from trade2026.edge.risk import (
    AnyRequest,
    ControlReply,
    Why,
    control_reply,
    is_scope_visible,
    read_scope,
    require_scope,
)
from trade2026.model.kill import KillReport
from trade2026.model.risk import GLOBAL_SCOPE, TradingMode, symbol_scope
from trade2026.shell.access import needs, principal_of

UNDER_WAY = "UNDER_WAY"


class KillRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /risk/kill`."""

    scope: str = GLOBAL_SCOPE
    """`global`, `account:<id>`, `strategy:<id>` or `symbol:<s>`."""
    flatten: bool = False
    """Close the positions of the scope as well, by reduce-only market orders."""
    reason: Why = "kill switch"


class ResumeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /risk/resume`."""

    scope: str = GLOBAL_SCOPE
    rearm: bool = False
    """Measure the losses of the scope from here on: what tripped its breakers is forgiven."""
    reason: Why = "resumed"


class KillReply(msgspec.Struct, frozen=True, kw_only=True):
    """How a kill stands."""

    control_id: str
    scope: str
    flatten: bool
    status: str
    """UNDER_WAY, CANCELLED, FLAT, NOT_FLAT or ABANDONED."""
    asked_ns: int
    time_to_cancelled_ns: int | None
    """Until nothing of the scope was open."""
    time_to_flat_ns: int | None
    """Until nothing of it was held."""
    close_orders: int
    left: tuple[str, ...]
    """What is still held, and why."""


def _reply(report: KillReport, status: str) -> KillReply:
    def took(at_ns: int | None) -> int | None:
        return None if at_ns is None else at_ns - report.asked_ns

    return KillReply(
        control_id=report.control_id,
        scope=report.scope,
        flatten=report.is_flattening,
        status=status,
        asked_ns=report.asked_ns,
        time_to_cancelled_ns=took(report.cancelled_ns),
        time_to_flat_ns=took(report.flat_ns),
        close_orders=report.close_count,
        left=report.left,
    )


def kill_routes(desk: RiskDesk, breakers: BreakerDesk, kills: KillDesk) -> list[BaseRouteHandler]:
    """Return the kill switch, what came of it, and the way back."""

    @post("/risk/kill", opt=needs("risk:control"), status_code=HTTP_202_ACCEPTED)
    async def kill(request: AnyRequest, data: KillRequest) -> ControlReply:
        """Refuse new orders of the scope from this moment, and cancel its open ones.

        With `flatten` its positions are closed. `GET /risk/kills` tells what comes of it.
        """
        scope = read_scope(data.scope)
        require_scope(request, scope)
        control = await desk.switch(
            scope=scope,
            mode=TradingMode.HALTED,
            cancel_open=True,
            flatten=data.flatten,
            reason=data.reason,
            asked_by=principal_of(request).subject,
        )
        return control_reply(control)

    @get("/risk/kills", opt=needs("risk:read"))
    async def list_kills(request: AnyRequest) -> list[KillReply]:
        """Return the kills under way, and how the newest ended, newest first."""
        shown = [_reply(one, UNDER_WAY) for one in kills.under_way()]
        shown += [_reply(one, one.status) for one in kills.reports()]
        return [one for one in shown if is_scope_visible(request, one.scope)]

    @post("/risk/resume", opt=needs("risk:control"), status_code=HTTP_202_ACCEPTED)
    async def resume(request: AnyRequest, data: ResumeRequest) -> ControlReply:
        """Allow trading in the scope again; others stay as they are.

        Where a breaker of the scope would trip again at once it is refused, unless it is armed
        anew or its limit was widened.
        """
        scope = read_scope(data.scope)
        require_scope(request, scope)
        if data.rearm and scope.startswith(symbol_scope("")):
            raise InvalidInputError("rearm", "a symbol has no breakers")
        control = await breakers.resume(
            scope,
            rearm=data.rearm,
            reason=data.reason,
            asked_by=principal_of(request).subject,
        )
        return control_reply(control)

    return [kill, list_kills, resume]
