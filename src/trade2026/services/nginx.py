"""nginx: the edge. In the local profile this process is the one door on port 2026."""

from functools import partial

from trade2026.desk.recent import from_newest
from trade2026.edge.front_page import ALERTS_KEPT, FrontDoor, front_routes
from trade2026.model.subjects import RISK_ALERT, Stream
from trade2026.shell.service import Context, Fold, Service
from trade2026.shell.survey import survey


def build(context: Context) -> Service:
    """Return the edge."""
    door = FrontDoor(partial(survey, context.data_dir, context.addresses), context.clock)
    return Service(
        name=context.name,
        routes=front_routes(door),
        intakes=[
            Fold(
                subject=RISK_ALERT,
                handler=door.on_alert,
                from_seq=from_newest(context.bus, Stream.RISK, back=ALERTS_KEPT),
            )
        ],
    )
