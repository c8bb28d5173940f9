"""Choose the venue of an order: by rule first, then by health, then by the rule's own word.

The first rule that fits the order binds, and an order never leaves its venues: where none of
them is well it is refused, and not sent somewhere else. The same order, rules and sights always
give the same venue. An order goes whole to one venue.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from trade2026.core.numbers import Px, format_nanos
from trade2026.model.instrument import PRISM
from trade2026.model.order import NewOrderSingle, OrdType, Side
from trade2026.model.route import RouteAnswer, RouteBy, RouteRule, VenueSight

DEFAULT_RULE: Final = RouteRule(name="default", venues=(PRISM,))
"""Of an order that no rule fits: nobody trades on a real exchange by having said nothing."""

_WHOLE: Final = 10_000
"""Basis points in one."""
_LIMITED: Final = frozenset({OrdType.LIMIT, OrdType.STOP_LIMIT})


def rule_of(order: NewOrderSingle, rules: Iterable[RouteRule]) -> RouteRule:
    """Return the rule that binds *order*."""
    return next((rule for rule in rules if _fits(rule, order)), DEFAULT_RULE)


def choose(
    order: NewOrderSingle, rules: Iterable[RouteRule], sights: Mapping[str, VenueSight]
) -> RouteAnswer:
    """Return where *order* goes, and what was found of every venue of the rule.

    Args:
        order: its venue is not looked at.
        rules: the first that fits binds.
        sights: of the venues, by name; one that is not there is not well.
    """
    rule = rule_of(order, rules)
    found = {name: _problem(order, rule, sights.get(name)) for name in rule.venues}
    fit = [name for name in rule.venues if not found[name]]
    told = [f"{name} {found[name] or _told(order, rule, sights[name])}" for name in rule.venues]
    venue = ""
    if fit:
        # Of equals `min` takes the first: the rule's order of venues decides.
        is_by_price = rule.by is RouteBy.PRICE
        venue = min(fit, key=lambda name: _cost(order, sights[name])) if is_by_price else fit[0]
    return RouteAnswer(venue=venue, rule=rule.name, why="; ".join(told))


def _fits(rule: RouteRule, order: NewOrderSingle) -> bool:
    asked = (
        (rule.symbols, order.symbol),
        (rule.accounts, order.account),
        (rule.strategies, order.strategy),
        (rule.types, order.ord_type),
    )
    return all(not named or one in named for named, one in asked)


def _problem(order: NewOrderSingle, rule: RouteRule, sight: VenueSight | None) -> str:
    if sight is None:
        return "is not a venue"
    needs_px = rule.by is RouteBy.PRICE and order.ord_type not in _LIMITED
    if not sight.problem and needs_px and _touch(order, sight) is None:
        return "quotes no price"
    return sight.problem


def _touch(order: NewOrderSingle, sight: VenueSight) -> Px | None:
    """Return the best price of the other side."""
    return sight.ask_px if order.side is Side.BUY else sight.bid_px


def _fill(order: NewOrderSingle, sight: VenueSight) -> tuple[bool, Px, int]:
    """Return whether the order would trade at once, at which price, and its fee in bps."""
    touch, limit = _touch(order, sight), order.price
    if order.ord_type not in _LIMITED or limit is None:
        assert touch is not None
        return True, touch, sight.taker_bps
    if touch is not None and (touch - limit) * order.side.sign <= 0:
        return True, touch, sight.taker_bps
    return False, limit, sight.maker_bps


def _cost(order: NewOrderSingle, sight: VenueSight) -> tuple[bool, int]:
    """Return what a unit costs there, the better first; exact, in nanos times basis points.

    What trades at once comes before what would rest, whatever it costs; a post-only order, which
    would be refused where it trades, the other way round.
    """
    trades, px, fee_bps = _fill(order, sight)
    sign = order.side.sign
    return trades is order.is_post_only, sign * px * (_WHOLE + sign * fee_bps)


def _told(order: NewOrderSingle, rule: RouteRule, sight: VenueSight) -> str:
    if rule.by is not RouteBy.PRICE:
        return "is well"
    trades, px, fee_bps = _fill(order, sight)
    return f"{'trades' if trades else 'rests'} at {format_nanos(px)} and {fee_bps} bps"
