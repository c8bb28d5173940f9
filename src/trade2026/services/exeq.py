"""exeq: execution, from approved orders to venues."""

from trade2026.adapters.venues import VENUES
from trade2026.desk.execution import ExecutionDesk
from trade2026.edge.execution import execution_routes
from trade2026.model.subjects import EXEC_CANCEL, EXEC_REPLACE, EXEC_STATUS, EXEC_SUBMIT
from trade2026.shell.service import Context, Serve, Service


def build(context: Context) -> Service:
    """Return execution."""
    venues = [venue(context.bus) for venue in VENUES]
    desk = ExecutionDesk({venue.name: venue for venue in venues})
    return Service(
        name=context.name,
        routes=execution_routes(desk),
        intakes=[
            Serve(subject=EXEC_SUBMIT, handler=desk.on_submit),
            Serve(subject=EXEC_CANCEL, handler=desk.on_cancel),
            Serve(subject=EXEC_REPLACE, handler=desk.on_replace),
            Serve(subject=EXEC_STATUS, handler=desk.on_status),
        ],
    )
