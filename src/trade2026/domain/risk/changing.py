"""What is held for an order whose terms the venue has changed."""

import msgspec

from trade2026.core.numbers import Qty
from trade2026.domain.risk.account import Reservation
from trade2026.model.execution import ExecutionReport


def after_change(held: Reservation, report: ExecutionReport) -> Reservation:
    """Return *held* after a REPLACED: the order is what the *report* says.

    What has traded stays traded: of the new quantity only the rest is held.
    """
    approved, request = held.approved, held.approved.request
    traded = request.order_qty - held.leaves_qty
    terms = {"order_qty": report.order_qty, "price": report.price, "stop_px": report.stop_px}
    said = {name: value for name, value in terms.items() if value is not None}
    changed = msgspec.structs.replace(request, **said)
    return msgspec.structs.replace(
        held,
        approved=msgspec.structs.replace(approved, request=changed),
        leaves_qty=Qty(max(0, changed.order_qty - traded)),
        whole_qty=held.whole,
    )
