"""Events of the compiled books, as the venue hears of them.

Compiled rows end here. A stop that waits is in no level of the book, so its events have no
price.
"""

from typing import Any, Final

from trade2026.model.order import Side
from trade2026.prism.engine.event import EventReason
from trade2026.prism.exchange import EventKind, KillReason, MarketEvent

_REASONS: Final = {
    EventReason.NONE: KillReason.NONE,
    EventReason.UNFILLED: KillReason.UNFILLED,
    EventReason.NOT_FILLABLE: KillReason.UNFILLED,
    EventReason.SELF_TRADE: KillReason.SELF_TRADE,
    EventReason.DUPLICATE: KillReason.INVALID,
    EventReason.UNKNOWN_ORDER: KillReason.UNKNOWN,
    EventReason.INVALID: KillReason.INVALID,
    EventReason.WOULD_TRADE: KillReason.WOULD_TRADE,
    EventReason.WRONG_PHASE: KillReason.WRONG_PHASE,
    EventReason.OUT_OF_BAND: KillReason.OUT_OF_BAND,
    EventReason.EXPIRED: KillReason.EXPIRED,
    EventReason.REPLACED: KillReason.REPLACED,
}


def told_of(row: tuple[Any, ...], symbols: tuple[str, ...], waiting: set[int]) -> MarketEvent:
    """Return the event in *row*, a `MARKET_EVENT` record.

    Args:
        row: its columns.
        symbols: in the order of the books.
        waiting: numbers of the stops that wait; kept up to date here.
    """
    (seq, time_ns, ticks, lots, maker_number, taker_number, maker_left, taker_left) = row[:8]
    (level_lots, maker_owner, taker_owner, symbol, kind, side, reason) = row[8:]
    ticks = _shown_ticks(kind, maker_number or taker_number, ticks, waiting)
    is_auction = kind == EventKind.TRADE and side == 0
    return MarketEvent(
        seq=seq,
        symbol=symbols[symbol],
        kind=EventKind(kind),
        time_ns=time_ns,
        # In an auction nobody took: the buyer stands in the taker's place.
        side=Side.BUY if side > 0 or is_auction else Side.SELL,
        ticks=ticks,
        lots=lots,
        maker_number=maker_number,
        taker_number=taker_number,
        maker_owner=maker_owner,
        taker_owner=taker_owner,
        maker_lots_left=maker_left,
        taker_lots_left=taker_left,
        reason=_REASONS[EventReason(reason)],
        level_lots=level_lots,
        is_auction=is_auction,
    )


def _shown_ticks(kind: int, number: int, ticks: int, waiting: set[int]) -> int:
    match kind:
        case EventKind.WAITING:
            waiting.add(number)
        case EventKind.TRIGGERED:
            waiting.discard(number)
        case EventKind.CHANGED | EventKind.REMOVED if number in waiting:
            if kind == EventKind.REMOVED:
                waiting.discard(number)
            return 0
        case _:
            pass
    return ticks
