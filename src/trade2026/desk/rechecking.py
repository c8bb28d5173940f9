"""Orders that reconciliation has doubts about: the OMS asks their venue, and books what is proved.

What is proved is what the venue gives again under its own execution ids: it is booked as if it
had come in time, once, by the same path. Nothing else is put right.
"""

from typing import Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.errors import UnavailableError
from trade2026.desk.orders import OrderDesk
from trade2026.model.reconciliation import Healed, Rechecked, RecheckRequest

ORDERS_MOST: Final = 100
"""Asked about in one demand."""


class Rechecker:
    """Answers reconciliation."""

    def __init__(self, desk: OrderDesk, log: FilteringBoundLogger) -> None:
        self._desk = desk
        self._log = log

    async def on_recheck(self, request: RecheckRequest) -> Rechecked:
        """Ask about each order; one that cannot be asked about now is asked about next time."""
        healed: list[Healed] = []
        for order_id in request.order_ids[:ORDERS_MOST]:
            try:
                reports = await self._desk.recheck(order_id)
            except UnavailableError as error:
                self._log.warning("not asked about", order_id=order_id, why=str(error))
                continue
            for report in reports:
                self._log.warning("booked late", order_id=order_id, exec_id=report.exec_id)
                account = report.account
                healed.append(Healed(account=account, order_id=order_id, exec_id=report.exec_id))
        return Rechecked(healed=tuple(healed))
