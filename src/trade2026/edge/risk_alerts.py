"""The routes of risk's alerts: what stands, and that a person has seen it."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.handlers import BaseRouteHandler
from litestar.status_codes import HTTP_200_OK

from trade2026.desk.risk import RiskDesk
from trade2026.edge.risk import AnyRequest, is_scope_visible, require_scope
from trade2026.model.risk import Alert, AlertAcknowledged
from trade2026.shell.access import needs, principal_of
from trade2026.shell.problem import ProblemError


class AlertReply(msgspec.Struct, frozen=True, kw_only=True):
    """An alert, and who has seen it."""

    alert_id: str
    level: str
    """WARN, BREACH or HALT."""
    kind: str
    scope: str
    text: str
    ts_ns: int
    acknowledged_by: str | None
    acknowledged_ns: int | None
    acknowledged_text: str | None


class AckRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /risk/alerts/{id}/ack`."""

    text: Annotated[str, msgspec.Meta(max_length=256)] = ""
    """What there is to say about it."""


def _reply(alert: Alert, ack: AlertAcknowledged | None) -> AlertReply:
    return AlertReply(
        alert_id=alert.alert_id,
        level=alert.level,
        kind=alert.kind,
        scope=alert.scope,
        text=alert.text,
        ts_ns=alert.ts_ns,
        acknowledged_by=ack.acknowledged_by if ack else None,
        acknowledged_ns=ack.ts_ns if ack else None,
        acknowledged_text=ack.text if ack else None,
    )


def alert_routes(desk: RiskDesk) -> list[BaseRouteHandler]:
    """Return the routes that show alerts and acknowledge them."""

    @get("/risk/alerts", opt=needs("risk:read"))
    async def alerts(request: AnyRequest, *, pending_only: bool = False) -> list[AlertReply]:
        """Return the newest alerts, newest first; of `pending_only`, those nobody has seen."""
        return [
            _reply(alert, ack)
            for alert, ack in desk.alerts.newest()
            if is_scope_visible(request, alert.scope) and not (pending_only and ack)
        ]

    @post("/risk/alerts/{alert_id:str}/ack", opt=needs("risk:control"), status_code=HTTP_200_OK)
    async def acknowledge(request: AnyRequest, alert_id: str, data: AckRequest) -> AlertReply:
        """Say, durably, that the alert was seen; who was first stays so."""
        alert = desk.alerts.get(alert_id)
        if alert is None or not is_scope_visible(request, alert.scope):
            raise ProblemError(404, "Unknown alert", f"no alert {alert_id[:80]}")
        require_scope(request, alert.scope)
        by = principal_of(request).subject
        return _reply(alert, await desk.alerts.acknowledge(alert, data.text, by))

    return [alerts, acknowledge]
