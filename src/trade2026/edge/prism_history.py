"""The history of PRISM's measures: from the analytics store, joined with what is not stored yet."""

import re
from typing import Annotated, Final

import msgspec
from litestar import get
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter

from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import INT64_MAX
from trade2026.edge.prism_analytics import (
    INTERVALS,
    Interval,
    MeasuresReply,
    measures_reply,
    require_interval,
    require_symbol,
)
from trade2026.ports.measures import Mark, MeasureRange
from trade2026.prism.all_measures import AllMeasures
from trade2026.prism.venue import Venue
from trade2026.shell.access import needs

PAGE_MAX: Final = 1_000
TIME_MAX: Final = INT64_MAX
"""The last nanosecond that the store can tell: in the year 2262."""

_CURSOR: Final = re.compile(r"(\d{1,19})-(\d{1,18})-(\d{1,9})", re.ASCII)

Limit = Annotated[int, Parameter(ge=1, le=PAGE_MAX)]
From = Annotated[int, Parameter(ge=0, le=TIME_MAX, description="The earliest begin.")]
To = Annotated[int, Parameter(ge=0, le=TIME_MAX, description="Begins are before this.")]
Cursor = Annotated[str | None, Parameter(description="`next_cursor` of the page before.")]


class HistoryReply(msgspec.Struct, frozen=True, kw_only=True):
    """Complete intervals that begin within the range, the last told first."""

    symbol: str
    interval: str
    from_ns: int
    to_ns: int
    measures: list[MeasuresReply]
    is_current: bool
    """False while intervals are left out that are not lost: the newest, because the store is far
    behind or the log is still being read, or those of a damaged part that is stored again."""
    next_cursor: str | None


def history_routes(venue: Venue, history: AllMeasures) -> list[BaseRouteHandler]:
    """Return the route of stored measures."""

    @get("/analytics/{symbol:str}/history", opt=needs("prism:read"))
    async def of_symbol(
        *,
        symbol: str,
        interval: Interval = "1m",
        from_ns: From = 0,
        to_ns: To = TIME_MAX,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> HistoryReply:
        """List a symbol's measures of all time; 503 while the analytics store is away."""
        require_symbol(venue, symbol)
        require_interval(interval)
        if from_ns >= to_ns:
            raise InvalidInputError("to_ns", "must be behind from_ns")
        wanted = MeasureRange(symbol, INTERVALS[interval], from_ns, to_ns)
        page = await history.page(wanted, before=_read_cursor(cursor), limit=limit + 1)
        shown = page.found[:limit]
        return HistoryReply(
            symbol=symbol,
            interval=interval,
            from_ns=from_ns,
            to_ns=to_ns,
            measures=[measures_reply(marked.measures) for marked in shown],
            is_current=page.is_current,
            next_cursor="{}-{}-{}".format(*shown[-1].mark) if len(page.found) > limit else None,
        )

    return [of_symbol]


def _read_cursor(cursor: str | None) -> Mark | None:
    if cursor is None:
        return None
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidInputError("cursor", "is not one of ours")
    return Mark(match[1], int(match[2]), int(match[3]))
