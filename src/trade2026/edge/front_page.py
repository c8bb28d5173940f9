"""What the edge itself knows: how everything is, the alerts, and the description of all APIs.

Where the web application was never built there is a plain page that says so and how to build
it. It is made from what the components answer at this moment; nothing on it is invented, and
nothing is loaded from elsewhere.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from html import escape
from typing import Any, Final

import msgspec
from litestar import Request, get
from litestar.handlers import BaseRouteHandler

from trade2026 import VERSION
from trade2026.core.clock import NS_PER_S, Clock
from trade2026.model.risk import GLOBAL_SCOPE, Alert, account_scope
from trade2026.ports.bus import Delivery
from trade2026.shell.access import is_visible, needs, public
from trade2026.shell.openapi import Describe, document
from trade2026.shell.survey import ComponentState, Finding, is_well

AnyRequest = Request[Any, Any, Any]
Survey = Callable[[], Awaitable[tuple[Finding, ...]]]

ALERTS_KEPT: Final = 500
FRESH_NS: Final = 1 * NS_PER_S
"""However many ask, the components are asked once a second."""

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Trade2026</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<style>
body{{font:14px/1.5 system-ui,sans-serif;background:#0d1117;color:#e6edf3;margin:2rem}}
table{{border-collapse:collapse}}td,th{{padding:2px 14px 2px 0;text-align:left}}
th,.planned{{color:#8b949e;font-weight:400}}.healthy{{color:#4aa8ff}}
.down,.unhealthy{{color:#ff6b6b}}a{{color:#4aa8ff}}
</style></head><body><h1>Trade2026 {version}</h1>
<p>The web application is not built here. Build it with <code>trade2026 ui build</code>, or with
<code>make setup</code>, and load this page again; nothing needs to be restarted.</p>
<p>{summary} Everything it can do is described at <a href="/docs">/docs</a>.</p>
<table><thead><tr><th>component</th><th>state</th><th>address</th><th></th></tr></thead><tbody>
{rows}
</tbody></table></body></html>
"""


class HealthMap(msgspec.Struct, frozen=True, kw_only=True):
    """How every component is at this moment."""

    status: str
    """`healthy` when all that are built are, else `degraded`."""
    version: str
    components: tuple[Finding, ...]


class FrontDoor:
    """What the edge knows of the components."""

    def __init__(self, survey: Survey, clock: Clock, describe: Describe) -> None:
        self.describe = describe
        self._survey = survey
        self._clock = clock
        self._findings: tuple[Finding, ...] = ()
        self._asked_ns = -FRESH_NS
        self._asking = asyncio.Lock()
        self.alerts: deque[Alert] = deque(maxlen=ALERTS_KEPT)

    async def on_alert(self, alert: Alert, _: Delivery) -> None:
        """Keep an alert for those who look."""
        self.alerts.append(alert)

    async def findings(self) -> tuple[Finding, ...]:
        """Return how the components are, not older than a second."""
        async with self._asking:
            if self._clock.monotonic_ns() - self._asked_ns >= FRESH_NS:
                self._findings = await self._survey()
                self._asked_ns = self._clock.monotonic_ns()
            return self._findings

    async def page(self) -> str:
        """Return the page that stands in for the application."""
        findings = await self.findings()
        planned = sum(finding.state is ComponentState.PLANNED for finding in findings)
        summary = (
            f"{len(findings) - planned} components are built, "
            f"{'all are healthy' if is_well(findings) else 'not all are healthy'}; "
            f"{planned} are planned."
        )
        rows = "\n".join(_row(finding) for finding in findings)
        return _PAGE.format(version=VERSION, summary=summary, rows=rows)


def _row(finding: Finding) -> str:
    state = escape(finding.state)
    address = escape(finding.address) if finding.state is not ComponentState.PLANNED else ""
    return (
        f'<tr class="{state}"><td>{escape(finding.component)}</td><td>{state}</td>'
        f"<td>{address}</td><td>{escape(finding.detail)}</td></tr>"
    )


def front_routes(door: FrontDoor) -> list[BaseRouteHandler]:
    """Return the routes of what the edge itself knows."""

    @get("/api/health", opt=public())
    async def health() -> HealthMap:
        """Return how every component is."""
        findings = await door.findings()
        status = "healthy" if is_well(findings) else "degraded"
        return HealthMap(status=status, version=VERSION, components=findings)

    @get("/api/openapi.json", opt=public(), include_in_schema=False)
    async def openapi(request: AnyRequest) -> dict[str, Any]:
        """Return the description of everything behind this door."""
        return door.describe(document(request.app))

    @get("/api/alerts", opt=needs("risk:read"))
    async def alerts(request: AnyRequest) -> list[Alert]:
        """Return the newest alerts that the sender may see, newest first."""
        prefix = account_scope("")
        return [
            alert
            for alert in reversed(door.alerts)
            if alert.scope == GLOBAL_SCOPE or is_visible(request, alert.scope.removeprefix(prefix))
        ]

    return [health, alerts, openapi]
