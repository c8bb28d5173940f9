"""How much outsiders may have on PRISM at once, so that none can shut out another.

Working orders are counted for each account, for all direct participants, and for all, and
so are those who have anything and what they hold, without each account: what direct
participants cannot use stays for the platform's accounts. An order that never rests is not
counted. A direct participant has nobody behind it who checks margin, so what its
position could become is bounded here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from trade2026.core.numbers import NANOS, Money, Px, format_nanos, money_up, parse_nanos
from trade2026.model.order import NewOrderSingle, OrdType, Side
from trade2026.prism.door import RESTING, STOPS
from trade2026.prism.holdings import Holdings, is_direct_party, party_of
from trade2026.prism.outside import OutsideOrders


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds, all included."""

    direct_open_max: int = 500
    """Working orders of one direct participant."""
    account_open_max: int = 2_000
    """Working orders of one account of the platform."""
    all_direct_open_max: int = 1_500
    """Working orders of all direct participants together."""
    all_open_max: int = 4_000
    """Working orders altogether; a snapshot of so many still is one message."""
    parties_max: int = 2_000
    """Accounts that ever had anything on PRISM, or asked for it in this life."""
    direct_parties_max: int = 1_000
    """Direct participants among them."""
    rows_max: int = 2_500
    """Holdings of outsiders, by account and symbol: with all orders above still one message."""
    direct_rows_max: int = 1_500
    """Holdings of direct participants among them; one that is funded has four or more."""
    direct_notional_max: Money = Money(parse_nanos("1000000"))
    """What a direct participant's position may be worth, over all symbols, at the middle."""


def may_rest(order: NewOrderSingle) -> bool:
    """Return whether a part of *order* can stay on PRISM, in the book or as a waiting stop."""
    if order.ord_type in STOPS:
        return True
    return order.ord_type is OrdType.LIMIT and order.time_in_force in RESTING


def open_problem(
    order: NewOrderSingle, *, is_direct: bool, orders: OutsideOrders, limits: Limits
) -> str:
    """Return why *order* may not work besides the others; empty where it may."""
    if not may_rest(order):
        return ""
    own_max = limits.direct_open_max if is_direct else limits.account_open_max
    if len(orders.open_of(party_of(order.account, is_direct=is_direct))) >= own_max:
        return f"TOO_MANY_ORDERS {own_max} orders of the account work on PRISM already"
    if is_direct and orders.direct_open_count >= limits.all_direct_open_max:
        most = limits.all_direct_open_max
        return f"TOO_MANY_ORDERS {most} orders of direct participants work on PRISM already"
    if orders.open_count >= limits.all_open_max:
        return f"TOO_MANY_ORDERS {limits.all_open_max} orders work on PRISM already"
    return ""


def parties_problem(
    party: str, *, owners: Iterable[str], holdings: Holdings, limits: Limits
) -> str:
    """Return why *party*, which has nothing, may not come to PRISM; empty where it may.

    Args:
        party: who comes.
        owners: those who sent an order that came to this life's market.
        holdings: what everybody ever had.
        limits: how many there may be.
    """
    # Who came in this life and has nothing yet, besides all who ever had anything.
    fresh = [owner for owner in owners if not holdings.symbols_of(owner)]
    count = len(fresh) + holdings.outside_party_count
    if count >= limits.parties_max:
        return f"TOO_MANY_ACCOUNTS {count} accounts have traded on PRISM, and no more may"
    direct = sum(map(is_direct_party, fresh)) + holdings.direct_party_count
    if is_direct_party(party) and direct >= limits.direct_parties_max:
        return f"TOO_MANY_ACCOUNTS {direct} direct participants are on PRISM, and no more may be"
    return ""


def rows_problem(
    party: str, symbols: Iterable[str], *, orders: OutsideOrders, holdings: Holdings, limits: Limits
) -> str:
    """Return why *party* may not come to hold *symbols* besides what it holds; empty if it may.

    What works counts as held.
    """
    fresh = {(party, symbol) for symbol in set(symbols) - holdings.symbols_of(party)}
    is_direct = is_direct_party(party)
    left = limits.rows_max - holdings.outside_rows
    direct_left = limits.direct_rows_max - holdings.direct_rows if is_direct else left
    if not fresh or orders.open_count + len(fresh) <= min(left, direct_left):
        return ""
    promised = {
        (one.party, one.facts.symbol)
        for one in orders.open_orders()
        if one.facts.symbol not in holdings.symbols_of(one.party)
    }
    if fresh <= promised:
        return ""
    promised |= fresh
    if len(promised) > left:
        return f"TOO_MANY_ACCOUNTS {limits.rows_max} holdings are kept on PRISM, and no more may be"
    if is_direct and sum(is_direct_party(one) for one, _ in promised) > direct_left:
        most = limits.direct_rows_max
        return f"TOO_MANY_ACCOUNTS {most} holdings of direct participants are kept, and no more"
    return ""


def is_more(stands: NewOrderSingle, changed: NewOrderSingle) -> bool:
    """Return whether *changed* asks for more than the order as it *stands*, or pays more."""
    is_dearer = changed.side is Side.BUY and (changed.price or 0) > (stands.price or 0)
    return is_dearer or changed.order_qty > stands.order_qty


def notional_problem(
    order: NewOrderSingle,
    *,
    orders: OutsideOrders,
    holdings: Holdings,
    mid_px: Mapping[str, Px],
    limits: Limits,
) -> str:
    """Return why a direct participant's *order* could make its position too large.

    Every working order is taken as filled, on each symbol's worse side. An order that makes
    nothing larger passes, so that a position can always be closed.
    """
    party = party_of(order.account, is_direct=True)
    working = Counter[tuple[str, Side]]()
    for one in orders.open_of(party).values():
        assert one.request is not None
        working[one.request.symbol, one.request.side] += one.request.order_qty - one.cum_qty

    def most(symbol: str) -> int:
        held = holdings.inventory(party, symbol)
        return max(abs(held + working[symbol, Side.BUY]), abs(held - working[symbol, Side.SELL]))

    before = most(order.symbol)
    working[order.symbol, order.side] += order.order_qty
    if most(order.symbol) == before:
        return ""
    worth = 0
    for symbol in holdings.symbols_of(party) | {symbol for symbol, _ in working}:
        quantity = most(symbol)
        if quantity and symbol not in mid_px:
            return f"NO_MARKET {symbol} has no middle price to value the position at"
        worth += quantity * mid_px.get(symbol, 0)
    if worth <= limits.direct_notional_max * NANOS:
        return ""
    return (
        f"MAX_DIRECT_NOTIONAL the position could be worth {format_nanos(money_up(worth))},"
        f" at most {format_nanos(limits.direct_notional_max)} is allowed"
    )
