"""The subjects of routing; a part of the table in `subjects.py`."""

from typing import Any, Final

from trade2026.model.order import NewOrderSingle
from trade2026.model.route import LookRequest, RouteAnswer, RoutesSet, VenueSight
from trade2026.model.subject import Command, Event, Stream, memory_of

EXEC_ROUTE: Final = Command[NewOrderSingle, RouteAnswer](
    pattern="exec.route",
    request=NewOrderSingle,
    reply=RouteAnswer,
    giver="oms",
    takers=("exeq",),
)
"""Where an order goes that names no venue; asked once, before the order is journalled."""
VENUE_LOOK: Final = Command[LookRequest, VenueSight](
    pattern="venue.look.PRISM",
    request=LookRequest,
    reply=VenueSight,
    giver="exeq",
    takers=("PRISM",),
)
LIVE_LOOK: Final = Command[LookRequest, VenueSight](
    pattern="venue.look.LIVE",
    request=LookRequest,
    reply=VenueSight,
    giver="exeq",
    takers=("live-gateway",),
)
EXEC_ROUTES: Final = memory_of("exeq", Stream.RISK, "exec.routes.{part}", RoutesSet, "ptrc")
"""The rules of routing: the newest bind; `{part}` is `rules`."""

ROUTE_SUBJECTS: Final[tuple[Command[Any, Any] | Event[Any], ...]] = (
    EXEC_ROUTE,
    VENUE_LOOK,
    LIVE_LOOK,
    EXEC_ROUTES,
)
