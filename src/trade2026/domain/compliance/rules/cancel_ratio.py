"""Layering: an account takes back most of the orders it places, before anything trades.

Source: Regulation (EU) No 596/2014, article 12(2)(c); MiFID II RTS 9 on the order-to-trade ratio.
"""

import msgspec

from trade2026.domain.compliance.sheet import EVIDENCE_MAX, Breach, Placed, Sheet


class CancelRatio(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="cancel_ratio",
    tag_field="kind",
):
    """The rule, as data."""

    name: str
    max_bps: int = 9_500
    """Of the day's orders of an account in a symbol."""
    min_orders: int = 100
    """Fewer are not judged."""

    def judge(self, sheet: Sheet) -> list[Breach]:
        """Return a breach for each account and symbol above the ratio."""
        places: dict[tuple[str, str], list[Placed]] = {}
        for order in sheet.orders:
            places.setdefault((order.account, order.symbol), []).append(order)
        found: list[Breach] = []
        for (account, symbol), orders in sorted(places.items()):
            taken_back = [one.order_id for one in orders if one.is_cancelled_unfilled]
            too_many = len(taken_back) * 10_000 > self.max_bps * len(orders)
            if len(orders) >= self.min_orders and too_many:
                found.append(
                    Breach(
                        rule=self.name,
                        kind="cancel_ratio",
                        account=account,
                        symbol=symbol,
                        measured=f"{len(taken_back)} of {len(orders)} orders",
                        limit=f"{self.max_bps} bps",
                        evidence=tuple(taken_back[:EVIDENCE_MAX]),
                    )
                )
        return found
