"""Ticks as columns: one row for a trade or a quote, exact numbers, in the order of arrival.

A trade fills `trade_id`, `px`, `qty` and `side`; a quote fills `seq` and the four columns of
the best bid and offer. (`stream_seq`, `batch_pos`) names a row: the event of the log it came
in, and its place in that event.
"""

from typing import Any, Final, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trade2026.adapters.lake.spec import TableSpec
from trade2026.core.clock import NS_PER_S
from trade2026.model.market import QuoteBatch, TradeBatch

# The library comes without types.
_arrow = cast("Any", pa)

TRADE: Final = "trade"
QUOTE: Final = "quote"
NS_PER_DAY: Final = 86_400 * NS_PER_S

NUMBER: Final = _arrow.decimal128(38, 9)
_TEXT: Final = _arrow.string()
_WHOLE: Final = _arrow.int64()
_FIELDS: Final[tuple[tuple[str, Any], ...]] = (
    ("symbol", _TEXT),
    ("dt", _arrow.date32()),
    ("ts_event_ns", _WHOLE),
    ("ts_recv_ns", _WHOLE),
    ("stream_seq", _WHOLE),
    ("batch_pos", _arrow.int32()),
    ("venue", _TEXT),
    ("kind", _TEXT),
    ("trade_id", _TEXT),
    ("px", NUMBER),
    ("qty", NUMBER),
    ("side", _TEXT),
    ("seq", _WHOLE),
    ("best_bid_px", NUMBER),
    ("best_bid_qty", NUMBER),
    ("best_ask_px", NUMBER),
    ("best_ask_qty", NUMBER),
)
SCHEMA: Final = _arrow.schema(_FIELDS)


def rows_of(batch: TradeBatch | QuoteBatch, stream_seq: int, _: int = 0) -> Any:  # noqa: ANN401 - Arrow.
    """Return the batch as an Arrow record batch of `SCHEMA`; `dt` is the event's day in UTC.

    Raises:
        OverflowError: a number does not fit into 64 bits.
    """
    match batch:
        case TradeBatch():
            kind, filled = TRADE, _trade_columns(batch)
        case QuoteBatch():
            kind, filled = QUOTE, _quote_columns(batch)
    count = len(batch.records)
    event_ns = whole([record.ts_event_ns for record in batch.records])
    columns: dict[str, Any] = {
        "symbol": _arrow.repeat(batch.symbol, count),
        "dt": _arrow.array((event_ns // NS_PER_DAY).astype(np.int32)).view(_arrow.date32()),
        "ts_event_ns": event_ns,
        "ts_recv_ns": whole([record.ts_recv_ns for record in batch.records]),
        "stream_seq": np.full(count, stream_seq, np.int64),
        "batch_pos": np.arange(count, dtype=np.int32),
        "venue": _arrow.repeat(batch.venue, count),
        "kind": _arrow.repeat(kind, count),
        **filled,
    }
    return _arrow.record_batch(
        [
            columns[name] if name in columns else _arrow.nulls(count, of_type)
            for name, of_type in _FIELDS
        ],
        schema=SCHEMA,
    )


def _trade_columns(batch: TradeBatch) -> dict[str, Any]:
    records = batch.records
    return {
        "trade_id": _arrow.array([trade.trade_id for trade in records], _TEXT),
        "px": numbers([trade.px for trade in records]),
        "qty": numbers([trade.qty for trade in records]),
        "side": _arrow.array([trade.aggressor_side.value for trade in records], _TEXT),
    }


def _quote_columns(batch: QuoteBatch) -> dict[str, Any]:
    records = batch.records
    return {
        "seq": whole([quote.seq for quote in records]),
        "best_bid_px": numbers([quote.best_bid_px for quote in records]),
        "best_bid_qty": numbers([quote.best_bid_qty for quote in records]),
        "best_ask_px": numbers([quote.best_ask_px for quote in records]),
        "best_ask_qty": numbers([quote.best_ask_qty for quote in records]),
    }


def whole(values: list[Any]) -> NDArray[np.int64]:
    """Return whole numbers of 64 bits.

    Raises:
        OverflowError: one is wider.
    """
    return np.array(values, dtype=np.int64)


def numbers(nanos: list[Any]) -> Any:  # noqa: ANN401 - an Arrow array.
    """Return nanos as decimals with nine places: the same integer, sixteen bytes wide."""
    low = whole(nanos)
    wide = np.empty((len(low), 2), dtype="<i8")
    wide[:, 0] = low
    # The upper half is the sign, all ones or all zeros.
    wide[:, 1] = low >> 63
    return _arrow.Array.from_buffers(NUMBER, len(low), [None, _arrow.py_buffer(wide)])


TICKS: Final = TableSpec(
    name="market_ticks",
    schema=SCHEMA,
    kinds={TradeBatch: TRADE, QuoteBatch: QUOTE},
    rows_of=rows_of,
)
