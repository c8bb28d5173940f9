"""The call auction of the plain book: one price at which as much as possible trades."""

from collections import Counter

from trade2026.prism.engine.event import EventKind
from trade2026.prism.engine.message import BUY, SELL
from trade2026.prism.engine.reference_side import Order
from trade2026.prism.engine.reference_tape import Tape
from trade2026.prism.engine.reference_trading import Trading


def auction_price(buys: list[Order], sells: list[Order], last: int) -> int:
    """Return the price of an auction between two sides that cross.

    Of the prices of all orders the one at which most lots trade, hidden ones included; among
    these the one that leaves least over; then the one nearest to the last price, or, before
    the first trade, to the middle of best bid and best ask; then the lower.

    Args:
        buys: the resting buy orders.
        sells: the resting sell orders.
        last: the last price, 0 if there was none.
    """
    bid_lots, ask_lots = _lots_by_price(buys), _lots_by_price(sells)
    doubled_anchor = 2 * last if last else max(bid_lots) + min(ask_lots)
    bought, sold = bid_lots.total(), 0
    ranks: list[tuple[int, int, int, int]] = []
    for price in sorted(bid_lots | ask_lots):
        sold += ask_lots[price]
        distance = abs(2 * price - doubled_anchor)
        ranks.append((-min(bought, sold), abs(bought - sold), distance, price))
        bought -= bid_lots[price]
    return min(ranks)[-1]


def _lots_by_price(orders: list[Order]) -> Counter[int]:
    lots = Counter[int]()
    for order in orders:
        lots[order.ticks] += order.lots
    return lots


def uncross(trading: Trading, tape: Tape) -> None:
    """Trade what crosses at one price, in the order of price and time on both sides.

    Orders of one owner trade with each other as any others.
    """
    bids, asks = trading.sides[BUY], trading.sides[SELL]
    if not _is_crossed(trading):
        return
    price = auction_price(bids.orders(), asks.orders(), trading.last)
    trading.last = price
    while trading.is_crossing(BUY, price) and trading.is_crossing(SELL, price):
        buy, sell = bids.first(), asks.first()
        lots = min(buy.shown, sell.shown)
        bid_lots, ask_lots = bids.trade(buy, lots), asks.trade(sell, lots)
        tape.write(EventKind.TRADE, ticks=price, lots=lots, maker=sell, taker=buy)
        tape.write(EventKind.LEVEL, side=BUY, ticks=buy.ticks, level_lots=bid_lots)
        tape.write(EventKind.LEVEL, side=SELL, ticks=sell.ticks, level_lots=ask_lots)
        trading.settle(buy)
        trading.settle(sell)


def _is_crossed(trading: Trading) -> bool:
    bid = trading.sides[BUY].best()
    return bid is not None and trading.is_crossing(BUY, bid)
