"""PRISM's stored measures out of ClickHouse; implements `ports.measures.MeasureStore`."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from trade2026.adapters.analytics.aside import looked_for
from trade2026.adapters.analytics.client import AnalyticsClient, AnalyticsPlace, escaped
from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidNumberError, QueryRefusedError, UnavailableError
from trade2026.core.numbers import NANOS, Px, Qty, SignedQty, Value, parse_nanos
from trade2026.model.measure import Measures
from trade2026.ports.measures import Mark, Marked, MeasureRange, Reached

TABLE: Final = "prism_analytics"
SOURCE: Final = "measures"
_NOT_THERE: Final = frozenset({60, 81})
"""UNKNOWN_TABLE and UNKNOWN_DATABASE: nothing was stored yet."""
_EXACT: Final = {"output_format_json_quote_decimals": "1"}

_AS_TEXT: Final[dict[Any, Any]] = {Qty: str, SignedQty: str, Value: str, Px | None: str | None}
"""Fields of these types lie as decimals, and are asked for as text."""
_FIELDS: Final = {field.name: field.type for field in msgspec.structs.fields(Measures)}
_MARK: Final = Mark.__annotations__
_COLUMNS: Final = ", ".join(
    "toUnixTimestamp64Nano(ts_event_ns)" if name == "begin_ns" else name
    for name in (*_MARK, *_FIELDS)
)
_ROW: Final = msgspec.defstruct(
    "_Row",
    [
        *_MARK.items(),
        *((name, _AS_TEXT.get(kind, kind)) for name, kind in _FIELDS.items()),
    ],
    array_like=True,
    forbid_unknown_fields=True,
)
"""A row as it is asked for: the mark's fields, and then those of `Measures`."""
_DECODER: Final = msgspec.json.Decoder(_ROW)


class ClickHouseMeasures:
    """Reads the table of measures. What it returns has `value` to a nano of money."""

    def __init__(self, place: AnalyticsPlace) -> None:
        """Describe the table at *place*; nothing is opened."""
        self._client = AnalyticsClient(place)

    async def reached(self, log_id: str) -> Reached:
        """Return how far the table has come with that log; see `MeasureStore.reached`."""
        found = await self._ask(
            f"SELECT ({looked_for(TABLE)}),"  # noqa: S608 - our own names
            f" ifNull((SELECT reached_seq FROM {TABLE}"
            " WHERE log_id = {log:String} AND source = {source:String}"
            " ORDER BY stream_seq DESC LIMIT 1), 0)",
            {"log": escaped(log_id)},
        )
        parts, seq = map(int, found.split() or (0, 0))
        return Reached(seq, is_whole=parts == 0)

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
            return [_marked(_DECODER.decode(line)) for line in found.splitlines()]
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


def _marked(row: msgspec.Struct) -> Marked:
    found = msgspec.structs.asdict(row)
    mark = Mark(*(found.pop(name) for name in _MARK))
    return Marked(mark, Measures(**{name: _read(name, value) for name, value in found.items()}))


def _read(name: str, value: Any) -> Any:  # noqa: ANN401 - of the field's own type.
    kind = _FIELDS[name]
    if value is None or kind not in _AS_TEXT:
        return value
    nanos = parse_nanos(value)
    return Value(nanos * NANOS) if kind is Value else nanos
