"""What the market was at the moments that compliance asks about, found in one pass of its quotes.

A moment is judged by the newest quote that had come before it: what an order itself did to the
market comes after. The own venue's quotes count; where it never quoted, those of any other do,
as they did before the trade.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Px
from trade2026.domain.compliance.sheet import Placed, Reference, Sheet, Trade

T = TypeVar("T", Trade, Placed)


class _Seen(NamedTuple):
    px: Px
    ts_ns: TimeNs


class _Moment(NamedTuple):
    ts_ns: TimeNs
    key: str
    venue: str


class Prices:
    """Gives each order and each fill of a day its reference; mutable.

    Args:
        sheet: the day, without references.
    """

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._waiting: dict[str, list[_Moment]] = {}
        self._newest: dict[str, dict[str, _Seen]] = {}
        self._found: dict[str, Reference] = {}
        for one in (*sheet.trades, *sheet.orders):
            self._waiting.setdefault(one.symbol, []).append(
                _Moment(one.ts_ns, _key(one), one.venue)
            )
        for moments in self._waiting.values():
            moments.sort(reverse=True)

    def quote(self, venue: str, symbol: str, mid_px: Px | None, ts_ns: TimeNs) -> None:
        """Take the next quote as it came.

        Args:
            venue: whose.
            symbol: of what.
            mid_px: None where a side was empty: then there is no price.
            ts_ns: when it reached us.
        """
        self._settle(symbol, ts_ns)
        seen = self._newest.setdefault(symbol, {})
        if mid_px is None or mid_px <= 0:
            seen.pop(venue, None)
        else:
            seen[venue] = _Seen(mid_px, ts_ns)

    def sheet(self) -> Sheet:
        """Return the day with its references, once all quotes have been taken."""
        for symbol, moments in self._waiting.items():
            if moments:
                self._settle(symbol, TimeNs(moments[0].ts_ns + 1))
        return msgspec.structs.replace(
            self._sheet,
            trades=tuple(self._with_reference(self._sheet.trades)),
            orders=tuple(self._with_reference(self._sheet.orders)),
        )

    def _settle(self, symbol: str, before_ns: TimeNs) -> None:
        moments = self._waiting.get(symbol, [])
        while moments and moments[-1].ts_ns < before_ns:
            moment = moments.pop()
            seen = self._newest.get(symbol, {})
            if seen:
                newest = seen.get(moment.venue) or max(seen.values(), key=lambda one: one.ts_ns)
                age_ns = moment.ts_ns - newest.ts_ns
                self._found[moment.key] = Reference(px=newest.px, age_ns=age_ns)

    def _with_reference(self, ones: Iterable[T]) -> Iterable[T]:
        return (msgspec.structs.replace(one, reference=self._found.get(_key(one))) for one in ones)


def _key(one: Trade | Placed) -> str:
    if isinstance(one, Trade):
        return f"fill/{one.venue}/{one.exec_id}"
    return f"order/{one.order_id}"
