"""Which fill a bust or a correction is about, and what it is booked at by now.

A venue may correct the same trade several times. Each correction names either the fill as it
was first told or the correction before it, so both names lead to the same trade.

One that comes before its fill moves nothing: no fold knows what to take back. It is booked once
more, under a name of its own, right after the fill: so everybody who adds up what moves has the
same, and nobody has to remember it.

Source: FIX 4.4, ExecRefID (tag 19) with ExecType G and H.
"""

from collections.abc import Iterable, Iterator

import msgspec

from trade2026.core.ids import ExecId
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.journal import FillTerms


def booked_terms(booked: Iterable[ExecutionReport], exec_ref_id: str) -> FillTerms | None:
    """Return what the trade *exec_ref_id* is booked at, or None where no such fill stands.

    Args:
        booked: the fills, busts and corrections of one order, in the order of booking.
        exec_ref_id: the fill, or a correction of it.
    """
    first_of: dict[str, str] = {}
    terms: dict[str, FillTerms] = {}
    for report in booked:
        # Only what moved something is booked, so a bust here is about a fill that is here.
        first = first_of.get(report.exec_ref_id, report.exec_id)
        terms.pop(first, None)
        first_of[report.exec_id] = first
        if report.exec_type is not ExecType.TRADE_CANCEL:
            terms[first] = FillTerms(
                last_qty=report.last_qty,
                last_px=report.last_px,
                fee=report.fee,
                fee_asset=report.fee_asset,
                exec_id=ExecId(first),
            )
    return terms.get(first_of.get(exec_ref_id, ""))


def undoings_due(
    undone_early: Iterable[ExecutionReport], fill: ExecutionReport
) -> Iterator[ExecutionReport]:
    """Yield what is to be booked after *fill*, because it came before it.

    Args:
        undone_early: of the fill's order, in the order in which they came.
        fill: which is booked now.
    """
    names = {str(fill.exec_id)}
    for early in undone_early:
        if early.venue == fill.venue and early.exec_ref_id in names:
            names.add(early.exec_id)
            exec_id = ExecId(f"{early.exec_id}/{fill.exec_id}")
            yield msgspec.structs.replace(early, exec_id=exec_id, exec_ref_id=fill.exec_id)
