"""Prices far from the market: fills, or limits of orders, away from the price of their time.

The price is the middle of the newest quote that the market's log has from before. Where it has
none, or an old one, that is said and nobody passes silently.

Source: Regulation (EU) No 596/2014, article 12(1)(a)(ii), an abnormal price; Delegated
Regulation (EU) 2017/589 (RTS 6), article 13, on surveillance after the trade.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.core.numbers import Px, format_nanos
from trade2026.domain.compliance.sheet import EVIDENCE_MAX, Breach, Reference, Sheet

BPS_ONE = 10_000


class _Priced(msgspec.Struct, frozen=True):
    """A fill or an order."""

    name: str
    account: str
    symbol: str
    px: Px
    reference: Reference | None


class PriceFar(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="price_far",
    tag_field="kind",
):
    """The rule, as data."""

    name: str
    max_bps: int
    """Of the market's price, to both sides."""
    of: Literal["fills", "orders"] = "fills"
    """What is judged; orders by their limit, those without one not."""
    stale_s: int = 60
    """An older price judges nothing."""

    def judge(self, sheet: Sheet) -> list[Breach]:
        """Return what was too far, and, by account and symbol, what could not be judged."""
        found: list[Breach] = []
        unjudged: dict[tuple[str, str], list[str]] = {}
        for one in self._priced(sheet):
            reference = one.reference
            if reference is None or reference.age_ns > self.stale_s * NS_PER_S:
                unjudged.setdefault((one.account, one.symbol), []).append(one.name)
                continue
            away = abs(one.px - reference.px) * BPS_ONE
            if away > self.max_bps * reference.px:
                prices = f"{format_nanos(one.px)} at a market of {format_nanos(reference.px)}"
                measured = f"{away // reference.px} bps: {prices}"
                found.append(self._breach(one.account, one.symbol, measured, [one.name]))
        for (account, symbol), names in sorted(unjudged.items()):
            measured = f"{len(names)} {self.of} not judged: the log has no price of their time"
            found.append(self._breach(account, symbol, measured, names))
        return found

    def _priced(self, sheet: Sheet) -> list[_Priced]:
        if self.of == "fills":
            return [
                _Priced(one.exec_id, one.account, one.symbol, one.px, one.reference)
                for one in sheet.trades
            ]
        return [
            _Priced(one.order_id, one.account, one.symbol, one.price, one.reference)
            for one in sheet.orders
            if one.price is not None
        ]

    def _breach(self, account: str, symbol: str, measured: str, names: Sequence[str]) -> Breach:
        return Breach(
            rule=self.name,
            kind="price_far",
            account=account,
            symbol=symbol,
            measured=measured,
            limit=f"{self.max_bps} bps",
            evidence=tuple(names[:EVIDENCE_MAX]),
        )
