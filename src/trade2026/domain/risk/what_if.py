"""What an order would do to an account, if it were sent and filled: before, after, every rule."""

import msgspec

from trade2026.core.numbers import Money
from trade2026.domain.risk.check import RiskView, sized
from trade2026.domain.risk.checks import RISK_CHECKS
from trade2026.domain.risk.value_at_risk import ValueAtRisk
from trade2026.model.order import NewOrderSingle
from trade2026.model.risk import Refusal


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an account stands, with what its open orders may add."""

    gross_exposure: Money
    net_exposure: Money
    """Of what is held, without open orders."""
    margin: Money
    """Bound by holdings and held for orders."""
    value_at_risk: ValueAtRisk


class RuleVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one check says."""

    rule: str
    refusal: Refusal | None


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a dry run."""

    before: Standing
    after: Standing
    rules: tuple[RuleVerdict, ...]


def what_if(order: NewOrderSingle, view: RiskView) -> WhatIf:
    """Return what *order* would do, and what every check says of it."""
    asked = sized(order, view)
    sign = order.side.sign
    now_qty = max(asked.worst_qty * sign, view.position_qty, key=abs)
    bound = view.bound_margin + view.reserved
    return WhatIf(
        before=Standing(
            gross_exposure=view.gross_exposure,
            net_exposure=view.net_exposure,
            margin=Money(bound),
            value_at_risk=view.value_at_risk(now_qty),
        ),
        after=Standing(
            gross_exposure=Money(view.gross_exposure + asked.opening_value),
            net_exposure=Money(view.net_exposure + sign * asked.value),
            margin=Money(bound + asked.needed),
            value_at_risk=view.value_at_risk((asked.worst_qty + order.order_qty) * sign),
        ),
        rules=tuple(
            RuleVerdict(
                rule=check.__module__.rpartition(".")[2],
                refusal=check(asked, view),
            )
            for check in RISK_CHECKS
        ),
    )
