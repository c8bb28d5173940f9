"""The kinds of rules. A new kind is one file and one line here."""

from typing import Final, TypeAlias

from trade2026.domain.compliance.rules.cancel_ratio import CancelRatio
from trade2026.domain.compliance.rules.concentration import Concentration
from trade2026.domain.compliance.rules.large_trade import LargeTrade
from trade2026.domain.compliance.rules.position_limit import PositionLimit
from trade2026.domain.compliance.rules.price_far import PriceFar
from trade2026.domain.compliance.rules.restricted import Restricted
from trade2026.domain.compliance.rules.wash_trade import WashTrade

AnyRule: TypeAlias = (
    WashTrade | CancelRatio | PositionLimit | Concentration | LargeTrade | Restricted | PriceFar
)

RULE_KINDS: Final = (
    WashTrade,
    CancelRatio,
    PositionLimit,
    Concentration,
    LargeTrade,
    Restricted,
    PriceFar,
)
