"""exeq: execution, from approved orders to venues."""

from typing import Annotated

import msgspec

from trade2026.adapters.venues import LOOKS, VENUES
from trade2026.core.clock import NS_PER_S
from trade2026.desk.execution import ExecutionDesk
from trade2026.desk.routing import RoutingDesk
from trade2026.edge.execution import execution_routes
from trade2026.edge.routing import routing_routes
from trade2026.model.route_subjects import EXEC_ROUTE, EXEC_ROUTES
from trade2026.model.subjects import EXEC_CANCEL, EXEC_REPLACE, EXEC_STATUS, EXEC_SUBMIT
from trade2026.shell.service import Context, Fold, Serve, Service


class ExecutionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How orders are routed."""

    look_kept_s: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.5
    """How long what was seen of a venue counts for the next order; with 0 every order looks."""


def build(context: Context) -> Service:
    """Return execution."""
    venues = [venue(context.bus) for venue in VENUES]
    desk = ExecutionDesk({venue.name: venue for venue in venues})
    routing = RoutingDesk(
        bus=context.bus,
        clock=context.clock,
        ids=context.ids,
        log=context.log,
        looks=LOOKS,
        kept_ns=int(context.settings(ExecutionSettings, context.name).look_kept_s * NS_PER_S),
    )
    return Service(
        name=context.name,
        routes=[*execution_routes(desk), *routing_routes(routing)],
        intakes=[
            # The rules before the first order: none goes by those of yesterday.
            Fold(subject=EXEC_ROUTES, handler=routing.on_rules),
            Serve(subject=EXEC_ROUTE, handler=routing.on_ask),
            Serve(subject=EXEC_SUBMIT, handler=desk.on_submit),
            Serve(subject=EXEC_CANCEL, handler=desk.on_cancel),
            Serve(subject=EXEC_REPLACE, handler=desk.on_replace),
            Serve(subject=EXEC_STATUS, handler=desk.on_status),
        ],
        loops=[routing.run],
    )
