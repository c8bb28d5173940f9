"""What the events of the log of orders say to the ledger."""

from trade2026.core.ids import ExecId
from trade2026.core.numbers import SignedQty
from trade2026.domain.position.change import Origin
from trade2026.domain.position.holding import DividendOp, FillOp, Op, SplitOp
from trade2026.model.booking import AnyBooking, DividendBooked, SplitBooked
from trade2026.model.execution import ExecutionReport
from trade2026.model.journal import CashDeposited, OrderReported, UnknownReported, moves_of


def fill_op(report: ExecutionReport, exec_id: ExecId, sign: int) -> FillOp:
    """Return what *report* says of the fill *exec_id*."""
    return FillOp(
        exec_id, SignedQty(report.last_qty * sign), report.last_px, report.fee, report.fee_asset
    )


def ops_of(event: OrderReported | UnknownReported) -> list[FillOp]:
    """Return what undoes a fill that is remembered by the log's writer alone."""
    report = event.report
    return [
        FillOp(
            ExecId(f"{report.exec_id}/{number}"),
            move.qty,
            move.px,
            move.fee,
            move.fee_asset,
        )
        for number, move in enumerate(moves_of(event))
    ]


def op_of(event: DividendBooked | SplitBooked) -> Op:
    """Return what *event* does to each holding."""
    if isinstance(event, DividendBooked):
        return DividendOp(event.per_unit)
    return SplitOp(event.numerator, event.denominator)


def origin_of(event: CashDeposited | AnyBooking, seq: int) -> Origin:
    """Return which event of the log a booking is."""
    return Origin(
        seq=seq,
        ts_ns=event.ts_ns,
        kind=type(event).__name__,
        reference=event.event_id,
        exec_id=ExecId(""),
    )
