"""Which orders somebody asks for: a filter that a fold and an archive understand alike."""

from typing import Final

import msgspec

from trade2026.domain.oms.order import Order
from trade2026.model.order import OrdStatus, Side


class OrderQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What an order must be to be wanted; None wants any."""

    accounts: frozenset[str] | None = None
    symbol: str | None = None
    strategy: str | None = None
    side: Side | None = None
    status: OrdStatus | None = None
    active_only: bool = False
    """Open orders only."""

    def wants(self, order: Order) -> bool:
        """Return whether *order* is one of those asked for."""
        request = order.request
        return (
            (self.accounts is None or request.account in self.accounts)
            and self.symbol in {None, request.symbol}
            and self.strategy in {None, request.strategy}
            and self.side in {None, request.side}
            and self.status in {None, order.status}
            and not (self.active_only and order.is_done)
        )


EVERY_ORDER: Final = OrderQuery()
