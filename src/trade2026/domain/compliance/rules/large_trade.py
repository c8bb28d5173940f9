"""Large trades: each fill above a value is reported."""

import msgspec

from trade2026.core.numbers import format_nanos, money_half_even
from trade2026.domain.compliance.sheet import Breach, Sheet, read_limit


class LargeTrade(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="large_trade",
    tag_field="kind",
):
    """The rule, as data."""

    name: str
    max_value: str | int
    """In the quote asset."""

    def __post_init__(self) -> None:
        """Refuse a limit that is no number."""
        read_limit(self.max_value, "max_value")

    def judge(self, sheet: Sheet) -> list[Breach]:
        """Return every fill above the value."""
        limit = read_limit(self.max_value, "max_value")
        return [
            Breach(
                rule=self.name,
                kind="large_trade",
                account=trade.account,
                symbol=trade.symbol,
                measured=format_nanos(money_half_even(trade.value)),
                limit=format_nanos(limit),
                evidence=(trade.exec_id,),
            )
            for trade in sheet.trades
            if trade.value > limit * 10**9
        ]
