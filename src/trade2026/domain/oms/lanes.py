"""What the reports of venues have to be booked in order with; all others go side by side."""

from collections.abc import Hashable
from typing import Final

from trade2026.model.execution import UNDOES, ExecType, ExecutionReport

_MOVES: Final = UNDOES | {ExecType.TRADE}


def lanes_of(report: ExecutionReport) -> tuple[Hashable, ...]:
    """Return the lanes of a report: what was said of its order, and of the position it moves.

    Lots, realised profit and the surprise that two legs of a group filled depend on the order in
    which the fills of an account in a symbol are booked: it is the venue's.
    """
    if report.exec_type in _MOVES:
        return report.order_id, (report.account, report.symbol)
    return (report.order_id,)
