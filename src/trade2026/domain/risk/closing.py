"""What closes the positions of a scope: orders that only reduce, and what no order can close.

Positions are an account's net holdings of a symbol. They are closed for the strategies that hold
them in the same direction, the largest first, so that each keeps the books of its own; never is
more closed than the account holds, so that nothing is ever opened. What strategies hold against
one another is left: closing one alone would open the account's position.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import AccountId, StrategyId
from trade2026.core.numbers import NANOS, Px, Qty, floor_to_step, format_nanos
from trade2026.domain.risk.account import Reservation, RiskAccount
from trade2026.domain.risk.limit import Limits
from trade2026.model.instrument import Instrument
from trade2026.model.kill import CloseRequest
from trade2026.model.order import NewOrderSingle, Side
from trade2026.model.risk import (
    GLOBAL_SCOPE,
    KILL_SWITCH,
    account_scope,
    is_covered,
    strategy_scope,
    symbol_scope,
)


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """What a position is closed by."""

    instrument: Instrument | None
    """None: nobody lists the symbol."""
    limits: Limits
    mark_px: Px


class Closings(msgspec.Struct, frozen=True, kw_only=True):
    """How a scope is made flat."""

    requests: tuple[CloseRequest, ...]
    left: tuple[str, ...]
    """What no order can close, and why."""


Place = tuple[str, str]
"""Where a position is held: account and symbol."""

MarketOf = Callable[[str, str], Market]
"""By account and symbol."""


def closings(
    scope: str, accounts: Iterable[tuple[str, RiskAccount]], market_of: MarketOf
) -> Closings:
    """Return what closes all that is held in *scope*.

    Args:
        scope: global, or of an account, a strategy or a symbol.
        accounts: each with its id.
        market_of: what is known of a symbol to an account.
    """
    requests: list[CloseRequest] = []
    left: list[str] = []
    for name, account in accounts:
        for symbol, strategy, quantity in _held(scope, name, account):
            side = Side.SELL if quantity > 0 else Side.BUY
            market = market_of(name, symbol)
            qty = _orderly(abs(quantity), market)
            if market.instrument is None or not qty:
                left.append(f"{name} {symbol} {format_nanos(quantity)}: too little for an order")
                continue
            requests.append(
                CloseRequest(
                    account=AccountId(name),
                    strategy=StrategyId(strategy),
                    venue=market.instrument.venue,
                    symbol=symbol,
                    side=side,
                    order_qty=qty,
                )
            )
    return Closings(requests=tuple(requests), left=tuple(left))


def open_places(scope: str, accounts: Iterable[RiskAccount], now_ns: TimeNs) -> frozenset[Place]:
    """Return where orders of *scope* may still be open, the kill switch's own apart.

    An approval that the log does not show a second later belongs to an order that is not sent.
    """
    return frozenset(
        place_of(one.approved.request)
        for one in _reservations(scope, accounts)
        if one.approved.request.sent_by != KILL_SWITCH
        and (one.is_journalled or now_ns - one.approved.approved_ns < NS_PER_S)
    )


def closing_places(scope: str, accounts: Iterable[RiskAccount]) -> frozenset[Place]:
    """Return where an order of the kill switch is under way in *scope*."""
    return frozenset(
        place_of(one.approved.request)
        for one in _reservations(scope, accounts)
        if one.approved.request.sent_by == KILL_SWITCH
    )


def place_of(order: NewOrderSingle | CloseRequest) -> Place:
    """Return where *order* trades."""
    return order.account, order.symbol


def _reservations(scope: str, accounts: Iterable[RiskAccount]) -> Iterator[Reservation]:
    for account in accounts:
        for one in account.reservations.values():
            if is_covered(one.approved.request, scope):
                yield one


def _held(scope: str, name: str, account: RiskAccount) -> Iterator[tuple[str, str, int]]:
    """Yield symbol, strategy and signed quantity of what is to be closed in an account."""
    for symbol, holding in account.holdings.items():
        room = abs(holding.quantity)
        sign = 1 if holding.quantity > 0 else -1
        shares = sorted(
            (
                (share.quantities.get(symbol, 0) * sign, strategy)
                for strategy, share in account.shares.items()
            ),
            reverse=True,
        )
        if not _is_wide(scope, name, symbol):
            shares = [
                (qty, strategy) for qty, strategy in shares if strategy_scope(strategy) == scope
            ]
        for qty, strategy in shares:
            closing = min(qty, room)
            if closing > 0:
                room -= closing
                yield symbol, strategy, closing * sign


def _is_wide(scope: str, name: str, symbol: str) -> bool:
    return scope in {GLOBAL_SCOPE, account_scope(name), symbol_scope(symbol)}


def _orderly(quantity: int, market: Market) -> Qty:
    """Return the most of *quantity* that one order may close; 0 where none can."""
    instrument, limits = market.instrument, market.limits
    if instrument is None:
        return Qty(0)
    most = min(quantity, instrument.max_qty, limits.max_order_qty)
    if market.mark_px > 0:
        # A market order counts at the far side of the book: a tenth is kept for that.
        most = min(most, limits.max_order_value * NANOS * 9 // (market.mark_px * 10))
    qty = floor_to_step(most, instrument.lot_size)
    is_large = qty >= instrument.min_qty and qty * market.mark_px >= instrument.min_notional * NANOS
    return Qty(qty if is_large else 0)
