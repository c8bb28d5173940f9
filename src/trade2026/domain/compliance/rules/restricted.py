"""The restricted list: symbols in which nobody here may trade, or even send an order."""

import msgspec

from trade2026.domain.compliance.sheet import EVIDENCE_MAX, Breach, Sheet


class Restricted(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="restricted",
    tag_field="kind",
):
    """The rule, as data."""

    name: str
    symbols: tuple[str, ...]

    def judge(self, sheet: Sheet) -> list[Breach]:
        """Return a breach for each account that placed orders or traded in one of the symbols."""
        evidence: dict[tuple[str, str], list[str]] = {}
        for order in sheet.orders:
            evidence.setdefault((order.account, order.symbol), []).append(order.order_id)
        for trade in sheet.trades:
            evidence.setdefault((trade.account, trade.symbol), []).append(trade.exec_id)
        return [
            Breach(
                rule=self.name,
                kind="restricted",
                account=account,
                symbol=symbol,
                measured=f"{len(ids)} orders and fills",
                limit="none",
                evidence=tuple(ids[:EVIDENCE_MAX]),
            )
            for (account, symbol), ids in sorted(evidence.items())
            if symbol in self.symbols
        ]
