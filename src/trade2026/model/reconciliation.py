"""What a venue says that accounts hold with it."""

import msgspec

from trade2026.core.ids import AccountId
from trade2026.core.numbers import SignedQty, Value


class StatementRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The question to a venue for its statement."""

    venue: str


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one account holds of one symbol, and all the cash that its trades moved."""

    account: AccountId
    symbol: str
    quantity: SignedQty
    cash: Value
    """Received less paid, fees taken off."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """All that the platform's accounts hold at a venue, at one of its reports."""

    venue: str
    report_seq: int
    """The last report that is in it; later ones are not."""
    lines: tuple[StatementLine, ...]
