"""What a parent sees of the market, event by event; each part of the log counts once."""

from collections.abc import Iterable

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Qty, Value
from trade2026.model.algo import Seen
from trade2026.model.market import Quote, Trade


def after_trades(seen: Seen, trades: Iterable[Trade], seq: int, since_ns: TimeNs) -> Seen:
    """Return *seen* after trades.

    Args:
        seen: before.
        trades: as they stand in one place of the log.
        seq: which place that is; what was counted before changes nothing.
        since_ns: trades that arrived before do not count.
    """
    if seq <= seen.trade_seq:
        return seen
    counted = [trade for trade in trades if trade.ts_recv_ns >= since_ns]
    return msgspec.structs.replace(
        seen,
        trade_seq=seq,
        volume_qty=Qty(seen.volume_qty + sum(trade.qty for trade in counted)),
        value=Value(seen.value + sum(trade.px * trade.qty for trade in counted)),
    )


def after_quotes(seen: Seen, quotes: Iterable[Quote], seq: int, since_ns: TimeNs) -> Seen:
    """Return *seen* after quotes; a mid price holds until the next one. See `after_trades`."""
    if seq <= seen.quote_seq:
        return seen
    seen = msgspec.structs.replace(seen, quote_seq=seq)
    for quote in quotes:
        mid_px = quote.mid_px
        if mid_px is not None:
            now_ns = TimeNs(max(quote.ts_recv_ns, since_ns))
            seen = msgspec.structs.replace(held_until(seen, now_ns), mid_px=mid_px, mid_ns=now_ns)
    return seen


def held_until(seen: Seen, now_ns: TimeNs) -> Seen:
    """Return *seen* with the last mid price counted up to *now_ns*."""
    if not seen.mid_px or now_ns <= seen.mid_ns:
        return seen
    span_ns = now_ns - seen.mid_ns
    return msgspec.structs.replace(
        seen,
        area=Value(seen.area + seen.mid_px * span_ns),
        span_ns=seen.span_ns + span_ns,
        mid_ns=now_ns,
    )
