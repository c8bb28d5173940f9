"""Concentration: one symbol is too large a share of what an account holds, at the day's end."""

import msgspec

from trade2026.domain.compliance.sheet import Breach, Sheet


class Concentration(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="concentration",
    tag_field="kind",
):
    """The rule, as data."""

    name: str
    max_bps: int
    """Of the account's gross value: shorts count like longs."""
    min_symbols: int = 2
    """Who holds fewer is not judged: one symbol is always all of it."""

    def judge(self, sheet: Sheet) -> list[Breach]:
        """Return a breach for each holding above the share."""
        gross: dict[str, int] = {}
        count: dict[str, int] = {}
        for one in sheet.held:
            gross[one.account] = gross.get(one.account, 0) + abs(one.value)
            count[one.account] = count.get(one.account, 0) + 1
        return [
            Breach(
                rule=self.name,
                kind="concentration",
                account=one.account,
                symbol=one.symbol,
                measured=f"{abs(one.value) * 10_000 // gross[one.account]} bps",
                limit=f"{self.max_bps} bps",
                evidence=(),
            )
            for one in sheet.held
            if count[one.account] >= self.min_symbols
            and abs(one.value) * 10_000 > self.max_bps * gross[one.account]
        ]
