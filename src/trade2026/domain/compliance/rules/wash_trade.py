"""Wash trades: the platform's accounts buy and sell the same amount at the same price.

Two fills on opposite sides of a symbol and a venue, of one quantity and one price, within a time:
nobody's risk has changed, and a price was made. Whose accounts they are is not asked: all accounts
here have one owner.

Source: Regulation (EU) No 596/2014, article 12(1)(a); Delegated Regulation (EU) 2016/522, annex II.
"""

from collections import deque

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.core.numbers import format_nanos
from trade2026.domain.compliance.sheet import Breach, Sheet, Trade


class WashTrade(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="wash_trade",
    tag_field="kind",
):
    """The rule, as data."""

    name: str
    within_s: int = 5

    def judge(self, sheet: Sheet) -> list[Breach]:
        """Return every pair, each fill in one pair at most."""
        found: list[Breach] = []
        waiting: dict[tuple[str, str, int, int], deque[Trade]] = {}
        for trade in sheet.trades:
            place = (trade.venue, trade.symbol, trade.px, trade.qty)
            others = waiting.setdefault(place, deque())
            while others and trade.ts_ns - others[0].ts_ns > self.within_s * NS_PER_S:
                others.popleft()
            match = next((one for one in others if one.side is not trade.side), None)
            if match is None:
                others.append(trade)
                continue
            others.remove(match)
            size = f"{format_nanos(trade.qty)} at {format_nanos(trade.px)}"
            apart_ns = trade.ts_ns - match.ts_ns
            found.append(
                Breach(
                    rule=self.name,
                    kind="wash_trade",
                    account=trade.account,
                    symbol=trade.symbol,
                    measured=f"{size} with {match.account}, {format_nanos(apart_ns)} s apart",
                    limit=f"{self.within_s} s",
                    evidence=(match.exec_id, trade.exec_id),
                )
            )
        return found
