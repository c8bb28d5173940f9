"""Look into the lake as it is at this moment: the tables, and the newest rows of one.

Only the log of a table is read to count, and only the files that can hold the newest rows
to show them. Every table of the lake has the column `ORDER`, by which newest is meant.
"""

from typing import Any, Final, NamedTuple, cast
from urllib.parse import unquote

import msgspec
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from pyarrow import dataset

from trade2026.adapters.lake.place import LAKE, table_place
from trade2026.adapters.objects.client import ObjectClient, plain_reason
from trade2026.adapters.objects.place import Place
from trade2026.core.errors import InvalidInputError, UnavailableError

_arrow = cast("Any", pa)
_field = cast("Any", dataset).field

ORDER: Final = "ts_recv_ns"
_KEYS: Final = (ORDER, "stream_seq", "batch_pos")


class TableSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a table holds."""

    table: str
    rows: int
    files: int
    bytes: int
    version: int
    symbols: int
    first_day: str
    """As ``2026-11-22``, UTC; empty when there are no rows."""
    last_day: str


class _File(NamedTuple):
    path: str
    newest: int
    rows: int
    symbol: str
    day: str
    size: int


async def table_names(place: Place) -> list[str]:
    """Return the names of the tables, sorted.

    Raises:
        UnavailableError: the storage did not answer as it should.
    """
    return await ObjectClient(place).folders(LAKE)


def summary_of(place: Place, name: str) -> TableSummary:
    """Return what the table called *name* holds.

    Raises:
        InvalidInputError: there is no such table.
        UnavailableError: the storage did not answer as it should.
    """
    table = _opened(place, name)
    files = _files(table)
    days = sorted(file.day for file in files)
    return TableSummary(
        table=name,
        rows=sum(file.rows for file in files),
        files=len(files),
        bytes=sum(file.size for file in files),
        version=table.version(),
        symbols=len({file.symbol for file in files}),
        first_day=days[0] if days else "",
        last_day=days[-1] if days else "",
    )


def newest_rows(
    place: Place, name: str, *, limit: int, symbol: str | None = None, kind: str | None = None
) -> list[dict[str, Any]]:
    """Return the newest *limit* rows, the newest last, columns without a value left out.

    Raises:
        InvalidInputError: there is no such table.
        UnavailableError: the storage did not answer as it should.
    """
    table = _opened(place, name)
    files = [file for file in _files(table) if symbol in {None, file.symbol}]
    files.sort(key=lambda file: file.newest, reverse=True)
    fragments = _fragments(table)
    kept: list[dict[str, Any]] = []
    for file in files:
        if len(kept) == limit and file.newest < kept[0][ORDER]:
            break
        kept += _rows(fragments[file.path], limit, kind)
        kept.sort(key=lambda row: tuple(row[key] for key in _KEYS))
        del kept[:-limit]
    return [{name: value for name, value in row.items() if value is not None} for row in kept]


def _fragments(table: DeltaTable) -> dict[str, tuple[Any, Any]]:
    """Return a reader of each file, by its path, with the schema of the table."""
    files: Any = cast("Any", table).to_pyarrow_dataset()
    return {fragment.path: (fragment, files.schema) for fragment in files.get_fragments()}


def _rows(reader: tuple[Any, Any], limit: int, kind: str | None) -> list[dict[str, Any]]:
    fragment, schema = reader
    is_wanted = None if kind is None else _field("kind") == kind
    try:
        found = fragment.to_table(schema=schema, filter=is_wanted)
    except (DeltaError, OSError) as error:
        raise UnavailableError(plain_reason(error)) from None
    found = found.sort_by([(key, "ascending") for key in _KEYS])
    newest: list[dict[str, Any]] = found.slice(max(len(found) - limit, 0)).to_pylist()
    return newest


def _opened(place: Place, name: str) -> DeltaTable:
    uri, options = table_place(place, name)
    try:
        return DeltaTable(uri, storage_options=options)
    except TableNotFoundError:
        raise InvalidInputError("table", f"there is no table {name!r} in the lake") from None
    except (DeltaError, OSError) as error:
        raise UnavailableError(plain_reason(error)) from None


def _files(table: DeltaTable) -> list[_File]:
    try:
        actions: list[dict[str, Any]] = _arrow.table(
            table.get_add_actions(flatten=True)
        ).to_pylist()
    except (DeltaError, OSError) as error:
        raise UnavailableError(plain_reason(error)) from None
    return [
        _File(
            # The log spells paths as URLs, the files' readers do not.
            path=unquote(action["path"]),
            newest=action[f"max.{ORDER}"],
            rows=action["num_records"],
            symbol=action["partition.symbol"],
            day=str(action["partition.dt"]),
            size=action["size_bytes"],
        )
        for action in actions
    ]
