"""The limits orders are checked against, with the platform's defaults.

Every symbol has limits of its own or the default ones. An account or a strategy may have
limits besides: of all that cover an order, the tightest binds. Amounts are whole nanos,
shares are basis points. Limits only ever come from here or from whoever constructs others:
no check has a number of its own.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.core.numbers import Bps, Money, Qty, parse_nanos
from trade2026.domain.risk.losses import NO_LOSS_LIMITS, LossLimits
from trade2026.model.risk import (
    DEFAULT_SCOPE,
    LimitValues,
    account_scope,
    strategy_scope,
    symbol_scope,
)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one order of one symbol may ask for, and what position and account may become."""

    max_order_qty: Qty
    max_order_value: Money
    max_position_qty: Qty
    """Of the position in either direction, with all that open orders may still add."""
    max_position_value: Money
    """Of the same position, at the reference price."""
    margin_bps: Bps = Bps(1_000)
    """Share of the value of a position that equity must cover."""
    reference_max_age_ns: int = 5 * NS_PER_S
    """How long after its arrival a quote may still be judged by."""
    collar_bps: Bps = Bps(500)
    """How far through the reference price a limit may be."""
    max_orders_per_s: int = 2_000
    """Orders of an account that may be approved within any second."""
    max_repeats_per_s: int = 1_000
    """Of those, how many may be the same: symbol, side, type, price and quantity."""
    max_open_orders: int = 100
    """Orders of an account that may rest at the same time."""
    max_positions: int = 100
    """Symbols that an account may hold or have orders in."""
    max_gross_exposure: Money = Money(parse_nanos("1000000"))
    """Of all positions of an account, shorts counting like longs, with its open orders."""
    max_net_exposure: Money = Money(parse_nanos("1000000"))
    """Of longs less shorts, in either direction, with the open orders of that direction."""
    max_concentration_bps: Bps = Bps(3_000)
    """Share of the account's equity that the position of one symbol may be worth."""
    max_leverage_bps: Bps = Bps(100_000)
    """Gross exposure as a multiple of equity: 10,000 is once."""
    max_position_loss: Money = Money(parse_nanos("10000"))
    """Unrealised loss of a position from which on it may not grow."""
    max_daily_loss: Money = Money(parse_nanos("50000"))
    """What an account may lose within a UTC day before it may only reduce."""
    max_drawdown_bps: Bps = Bps(2_000)
    """How far an account may fall from its peak before it may only reduce."""
    max_fast_drawdown_bps: Bps = Bps(500)
    """How far an account may fall within 300 seconds before it is halted."""
    max_var_95: Money = Money(parse_nanos("50000"))
    """What an account may lose within a day, in all but five of a hundred days."""
    max_var_99: Money = Money(parse_nanos("75000"))
    """The same, in all but one of a hundred."""


_LEAST_IS_WIDEST: Final = frozenset({"margin_bps"})
_OF_ITSELF: Final = ("max_daily_loss", "max_drawdown_bps", "max_fast_drawdown_bps")
"""What is set of these for a strategy limits its own losses, not those of its account."""


def tighter(one: Limits, values: LimitValues) -> Limits:
    """Return *one* where it is at least as tight as *values*, and *values* elsewhere."""
    changes: dict[str, int] = {}
    for name, value in _given(values).items():
        known: int = getattr(one, name)
        changes[name] = max(known, value) if name in _LEAST_IS_WIDEST else min(known, value)
    return msgspec.structs.replace(one, **changes)


def changed(one: Limits, values: LimitValues) -> Limits:
    """Return *one* with *values* in the place of its own, wider or tighter."""
    return msgspec.structs.replace(one, **_given(values))


def _given(values: LimitValues) -> dict[str, int]:
    return {name: v for name, v in msgspec.structs.asdict(values).items() if v is not None}


_NO_VALUES: Final = LimitValues()


class LimitTable(msgspec.Struct, frozen=True, kw_only=True):
    """Limits by symbol, those of every other symbol, and those of accounts and strategies."""

    default: Limits
    symbols: Mapping[str, Limits] = {}
    scopes: Mapping[str, LimitValues] = {}
    """What was set besides, by scope: `default`, `symbol:`, `account:` or `strategy:`."""

    def of(self, symbol: str, account: str = "", strategy: str = "") -> Limits:
        """Return the limits that bind an order: the tightest of all that cover it."""
        limits = self.symbols.get(symbol)
        if limits is None:
            limits = changed(self.default, self.scopes.get(DEFAULT_SCOPE, _NO_VALUES))
        limits = changed(limits, self.scopes.get(symbol_scope(symbol), _NO_VALUES))
        limits = tighter(limits, self.scopes.get(account_scope(account), _NO_VALUES))
        own = self.scopes.get(strategy_scope(strategy), _NO_VALUES)
        return tighter(limits, msgspec.structs.replace(own, **dict.fromkeys(_OF_ITSELF)))

    def losses_of(self, account: str) -> LossLimits:
        """Return what an account may lose: no symbol has a say in that."""
        limits = self.of("", account)
        return LossLimits(
            daily=limits.max_daily_loss,
            drawdown_bps=limits.max_drawdown_bps,
            fast_drawdown_bps=limits.max_fast_drawdown_bps,
        )

    def own_losses_of(self, strategy: str) -> LossLimits:
        """Return what a strategy may lose by itself: nothing is limited unless it was set."""
        own = self.scopes.get(strategy_scope(strategy))
        if own is None:
            return NO_LOSS_LIMITS
        return LossLimits(
            daily=None if own.max_daily_loss is None else Money(own.max_daily_loss),
            drawdown_bps=own.max_drawdown_bps,
            fast_drawdown_bps=own.max_fast_drawdown_bps,
        )

    def named(self) -> list[str]:
        """Return the symbols that have limits of their own, sorted."""
        prefix = symbol_scope("")
        own = {s.removeprefix(prefix) for s in self.scopes if s.startswith(prefix)}
        return sorted(own | set(self.symbols))

    def with_scope(self, scope: str, values: LimitValues) -> "LimitTable":
        """Return the table with *values* in the place of all that was set for *scope*."""
        return msgspec.structs.replace(self, scopes={**self.scopes, scope: values})


MAX_ORDER_VALUE: Final = Money(parse_nanos("1000000"))


def _limits(quantity: str, notional: str) -> Limits:
    return Limits(
        # No order may be larger than the position it is allowed to lead to.
        max_order_qty=Qty(parse_nanos(quantity)),
        max_order_value=MAX_ORDER_VALUE,
        max_position_qty=Qty(parse_nanos(quantity)),
        max_position_value=Money(parse_nanos(notional)),
    )


DEFAULT_LIMITS: Final = LimitTable(
    default=_limits("1000", "50000"),
    symbols={
        "BTCUSDT": _limits("10", "500000"),
        "ETHUSDT": _limits("100", "200000"),
    },
)
"""What holds on a fresh platform."""
