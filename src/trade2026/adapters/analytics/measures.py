"""PRISM's stored measures out of ClickHouse; implements `ports.measures.MeasureStore`."""

from collections.abc import Mapping
from typing import Final

import msgspec

from trade2026.adapters.analytics.client import AnalyticsClient, AnalyticsPlace, escaped
from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import InvalidNumberError, QueryRefusedError, UnavailableError
from trade2026.core.numbers import NANOS, Px, Qty, SignedQty, Value, parse_nanos
from trade2026.model.measure import Measures
from trade2026.ports.measures import Mark, Marked, MeasureRange

TABLE: Final = "prism_analytics"
SOURCE: Final = "measures"
_NOT_THERE: Final = frozenset({60, 81})
"""UNKNOWN_TABLE and UNKNOWN_DATABASE: nothing was stored yet."""
_EXACT: Final = {"output_format_json_quote_decimals": "1"}


class _Row(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A row as it is asked for; decimals are text."""

    log_id: str
    stream_seq: int
    batch_pos: int
    begin_ns: int
    life: int
    interval_ns: int
    spans: int
    trades: int
    volume_qty: str
    value: str
    vwap_px: str | None
    order_flow_imbalance: str
    quoted_s: float
    mid_px: float | None
    microprice: float | None
    spread: float | None
    spread_bps: float | None
    bid_depth: float | None
    ask_depth: float | None
    imbalance: float | None
    deep_bid: float | None
    deep_ask: float | None
    effective_spread_bps: float | None
    realized_spread_bps: float | None
    price_impact_bps: float | None
    realized_volatility: float | None
    kyle_lambda: float | None
    kyle_r2: float | None


_DECODER: Final = msgspec.json.Decoder(_Row)
_SAME: Final = (
    *("quoted_s", "mid_px", "microprice", "spread", "spread_bps", "bid_depth", "ask_depth"),
    *("imbalance", "deep_bid", "deep_ask", "effective_spread_bps", "realized_spread_bps"),
    *("price_impact_bps", "realized_volatility", "kyle_lambda", "kyle_r2"),
    *("life", "interval_ns", "spans", "trades"),
)
"""Fields that are in a row as they are in `Measures`."""
_COLUMNS: Final = ", ".join(
    "toUnixTimestamp64Nano(ts_event_ns)" if name == "begin_ns" else name
    for name in _Row.__struct_fields__
)


class ClickHouseMeasures:
    """Reads the table of measures. What it returns has `value` to a nano of money."""

    def __init__(self, place: AnalyticsPlace) -> None:
        """Describe the table at *place*; nothing is opened."""
        self._client = AnalyticsClient(place)

    async def reached(self, log_id: str) -> int:
        """Return the last event whose measures are stored; see `MeasureStore.reached`."""
        found = await self._ask(
            f"SELECT reached_seq FROM {TABLE}"  # noqa: S608 - our own name
            " WHERE log_id = {log:String} AND source = {source:String}"
            " ORDER BY stream_seq DESC LIMIT 1",
            {"log": escaped(log_id)},
        )
        return int(found or 0)

    async def newest(self, wanted: MeasureRange, *, before: Mark, limit: int) -> list[Marked]:
        """Return measures, the last place first; see `MeasureStore.newest`."""
        found = await self._ask(
            f"SELECT {_COLUMNS} FROM {TABLE}"  # noqa: S608 - our own names
            " WHERE source = {source:String} AND symbol = {symbol:String} AND kind = {kind:String}"
            " AND ts_event_ns >= fromUnixTimestamp64Nano({from:Int64})"
            " AND ts_event_ns < fromUnixTimestamp64Nano({to:Int64})"
            " AND (log_id, stream_seq, batch_pos) < ({log:String}, {seq:Int64}, {pos:Int64})"
            " ORDER BY log_id DESC, stream_seq DESC, batch_pos DESC LIMIT {limit:UInt32}",
            {
                "symbol": escaped(wanted.symbol),
                "kind": f"{wanted.interval_ns // NS_PER_S}s",
                "from": str(wanted.from_ns),
                "to": str(wanted.to_ns),
                "log": escaped(before.log_id),
                "seq": str(before.stream_seq),
                "pos": str(before.batch_pos),
                "limit": str(limit),
            },
            answer_format="JSONCompactEachRow",
        )
        try:
            return [_marked(wanted.symbol, _DECODER.decode(line)) for line in found.splitlines()]
        except (msgspec.MsgspecError, InvalidNumberError) as error:
            raise UnavailableError(f"ClickHouse: a row of {TABLE} is not one: {error}") from None

    async def _ask(
        self, query: str, parameters: Mapping[str, str], *, answer_format: str = "TabSeparated"
    ) -> bytes:
        try:
            return await self._client.ask(
                query,
                parameters={"source": SOURCE, **parameters},
                settings=_EXACT,
                answer_format=answer_format,
            )
        except QueryRefusedError as error:
            if error.code in _NOT_THERE:
                return b""
            raise UnavailableError(f"ClickHouse: {error.why}") from None


def _marked(symbol: str, row: _Row) -> Marked:
    measures = Measures(
        symbol=symbol,
        begin_ns=TimeNs(row.begin_ns),
        volume_qty=Qty(parse_nanos(row.volume_qty)),
        value=Value(parse_nanos(row.value) * NANOS),
        vwap_px=None if row.vwap_px is None else Px(parse_nanos(row.vwap_px)),
        order_flow_imbalance=SignedQty(parse_nanos(row.order_flow_imbalance)),
        **{name: getattr(row, name) for name in _SAME},
    )
    return Marked(Mark(row.log_id, row.stream_seq, row.batch_pos), measures)
