"""What is kept of PRISM's market as columns: fills, its state, its books, its measures.

Times are the market's, except `ts_recv_ns`: when the log stored the event. (`stream_seq`,
`batch_pos`) names a row, as with ticks. Exact numbers are decimals; averages are floats.
"""

from collections.abc import Sequence
from typing import Any, Final, cast

import msgspec
import numpy as np
import pyarrow as pa

from trade2026.adapters.lake.spec import TableSpec
from trade2026.adapters.lake.tick_rows import NS_PER_DAY, NUMBER, numbers, whole
from trade2026.core.clock import NS_PER_S
from trade2026.core.numbers import money_half_even
from trade2026.model.measure import (
    FillBatch,
    Measures,
    MeasuresBatch,
    MomentBatch,
    PriceLevel,
)

# The library comes without types.
_arrow = cast("Any", pa)

_TEXT: Final = _arrow.string()
_WHOLE: Final = _arrow.int64()
_REAL: Final = _arrow.float64()
_COMMON: Final[tuple[tuple[str, Any], ...]] = (
    ("symbol", _TEXT),
    ("dt", _arrow.date32()),
    ("ts_event_ns", _WHOLE),
    ("ts_recv_ns", _WHOLE),
    ("stream_seq", _WHOLE),
    ("batch_pos", _arrow.int32()),
    ("kind", _TEXT),
    ("life", _WHOLE),
)
_REALS: Final = tuple(
    field.name for field in msgspec.structs.fields(Measures) if field.type in {float, float | None}
)
"""The averages among the fields of `Measures`, each a column of its own."""


def _schema(*columns: tuple[str, Any]) -> Any:  # noqa: ANN401 - Arrow.
    return _arrow.schema([*_COMMON, *columns])


def _made(schema: Any, columns: dict[str, Any]) -> Any:  # noqa: ANN401 - Arrow.
    return _arrow.record_batch([columns[name] for name in schema.names], schema=schema)


def _common(
    symbol: str,
    times: Sequence[int],
    kinds: Sequence[str],
    stream_seq: int,
    appended_ns: int,
) -> dict[str, Any]:
    count = len(times)
    event_ns = whole(list(times))
    return {
        "symbol": _arrow.repeat(symbol, count),
        "dt": _arrow.array((event_ns // NS_PER_DAY).astype(np.int32)).view(_arrow.date32()),
        "ts_event_ns": event_ns,
        "ts_recv_ns": np.full(count, appended_ns, np.int64),
        "stream_seq": np.full(count, stream_seq, np.int64),
        "batch_pos": np.arange(count, dtype=np.int32),
        "kind": _arrow.array(list(kinds), _TEXT),
    }


def _numbers_or_null(nanos: Sequence[int | None]) -> Any:  # noqa: ANN401 - an Arrow array.
    known = numbers([n or 0 for n in nanos])
    # The bits of a column of truths are what Arrow takes for "is there a value".
    is_known = _arrow.array([n is not None for n in nanos], _arrow.bool_())
    buffers = [is_known.buffers()[1], known.buffers()[1]]
    return _arrow.Array.from_buffers(NUMBER, len(known), buffers)


_FILLS: Final = _schema(
    ("seq", _WHOLE),
    ("px", NUMBER),
    ("qty", NUMBER),
    ("side", _TEXT),
    ("maker", _TEXT),
    ("taker", _TEXT),
)


def fill_rows(batch: FillBatch, stream_seq: int, appended_ns: int) -> Any:  # noqa: ANN401 - Arrow.
    """Return fills as rows; `kind` is `trade` or `auction`, `side` the taker's."""
    fills = batch.records
    times = [fill.ts_event_ns for fill in fills]
    kinds = ["auction" if fill.is_auction else "trade" for fill in fills]
    columns = _common(batch.symbol, times, kinds, stream_seq, appended_ns)
    columns |= {
        "life": whole([batch.life] * len(fills)),
        "seq": whole([fill.seq for fill in fills]),
        "px": numbers([fill.px for fill in fills]),
        "qty": numbers([fill.qty for fill in fills]),
        "side": _arrow.array([fill.side.value for fill in fills], _TEXT),
        "maker": _arrow.array([fill.maker for fill in fills], _TEXT),
        "taker": _arrow.array([fill.taker for fill in fills], _TEXT),
    }
    return _made(_FILLS, columns)


_STATES: Final = _schema(
    ("best_bid_px", NUMBER),
    ("best_bid_qty", NUMBER),
    ("best_ask_px", NUMBER),
    ("best_ask_qty", NUMBER),
    ("mid_px", NUMBER),
    ("last_px", NUMBER),
    ("value_px", _REAL),
)


def state_rows(batch: MomentBatch, stream_seq: int, appended_ns: int) -> Any:  # noqa: ANN401 - Arrow.
    """Return moments as rows without their books; `kind` is the phase."""
    moments = batch.records
    best = [(m.bids[0] if m.bids else None, m.asks[0] if m.asks else None) for m in moments]
    columns = _of_moments(batch, [m.phase.value for m in moments], stream_seq, appended_ns) | {
        "best_bid_px": _numbers_or_null([bid and bid.px for bid, _ in best]),
        "best_bid_qty": _numbers_or_null([bid and bid.qty for bid, _ in best]),
        "best_ask_px": _numbers_or_null([ask and ask.px for _, ask in best]),
        "best_ask_qty": _numbers_or_null([ask and ask.qty for _, ask in best]),
        "mid_px": _numbers_or_null([m.mid_px for m in moments]),
        "last_px": _numbers_or_null([m.last_px for m in moments]),
        "value_px": _arrow.array([m.value_px for m in moments], _REAL),
    }
    return _made(_STATES, columns)


_BOOKS: Final = _schema(
    ("bid_px", _arrow.list_(NUMBER)),
    ("bid_qty", _arrow.list_(NUMBER)),
    ("ask_px", _arrow.list_(NUMBER)),
    ("ask_qty", _arrow.list_(NUMBER)),
)


def book_rows(batch: MomentBatch, stream_seq: int, appended_ns: int) -> Any:  # noqa: ANN401 - Arrow.
    """Return the books of moments as rows, best levels first; `kind` is `book`."""
    moments = batch.records
    bids, asks = [m.bids for m in moments], [m.asks for m in moments]
    columns = _of_moments(batch, ["book"] * len(moments), stream_seq, appended_ns) | {
        "bid_px": _lists(bids, "px"),
        "bid_qty": _lists(bids, "qty"),
        "ask_px": _lists(asks, "px"),
        "ask_qty": _lists(asks, "qty"),
    }
    return _made(_BOOKS, columns)


def _of_moments(
    batch: MomentBatch, kinds: Sequence[str], stream_seq: int, appended_ns: int
) -> dict[str, Any]:
    times = [moment.ts_event_ns for moment in batch.records]
    columns = _common(batch.symbol, times, kinds, stream_seq, appended_ns)
    return columns | {"life": whole([batch.life] * len(times))}


def _lists(sides: Sequence[Sequence[PriceLevel]], field: str) -> Any:  # noqa: ANN401 - Arrow.
    ends = np.cumsum([0, *map(len, sides)]).astype(np.int32)
    flat = numbers([getattr(level, field) for side in sides for level in side])
    return _arrow.ListArray.from_arrays(ends, flat)


_MEASURES: Final = _schema(
    ("interval_ns", _WHOLE),
    ("spans", _WHOLE),
    ("trades", _WHOLE),
    ("volume_qty", NUMBER),
    ("value", NUMBER),
    ("vwap_px", NUMBER),
    *((name, _REAL) for name in _REALS),
    ("order_flow_imbalance", NUMBER),
)


def measure_rows(batch: MeasuresBatch, stream_seq: int, appended_ns: int) -> Any:  # noqa: ANN401 - Arrow.
    """Return measures as rows; the event is the interval's begin, `kind` its length: `60s`."""
    measures = batch.records
    times = [m.begin_ns for m in measures]
    kinds = [f"{m.interval_ns // NS_PER_S}s" for m in measures]
    columns = _common(batch.symbol, times, kinds, stream_seq, appended_ns) | {
        "life": whole([m.life for m in measures]),
        "interval_ns": whole([m.interval_ns for m in measures]),
        "spans": whole([m.spans for m in measures]),
        "trades": whole([m.trades for m in measures]),
        "volume_qty": numbers([m.volume_qty for m in measures]),
        "value": numbers([money_half_even(m.value) for m in measures]),
        "vwap_px": _numbers_or_null([m.vwap_px for m in measures]),
        **{name: _arrow.array([getattr(m, name) for m in measures], _REAL) for name in _REALS},
        "order_flow_imbalance": numbers([m.order_flow_imbalance for m in measures]),
    }
    return _made(_MEASURES, columns)


PRISM_FILLS: Final = TableSpec(
    name="prism_fills", schema=_FILLS, kinds={FillBatch: "fill"}, rows_of=fill_rows
)
PRISM_MARKET_STATE: Final = TableSpec(
    name="prism_market_state", schema=_STATES, kinds={MomentBatch: "state"}, rows_of=state_rows
)
PRISM_ORDERBOOK_SNAPSHOTS: Final = TableSpec(
    name="prism_orderbook_snapshots",
    schema=_BOOKS,
    kinds={MomentBatch: "book"},
    rows_of=book_rows,
)
PRISM_ANALYTICS: Final = TableSpec(
    name="prism_analytics",
    schema=_MEASURES,
    kinds={MeasuresBatch: "measures"},
    rows_of=measure_rows,
)
