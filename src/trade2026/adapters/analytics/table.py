"""A table of ClickHouse, written so that every event is in it once, whatever dies when.

The table itself says how far it has come: each row bears the log, the kind and the sequence of
its event, and the last event of the commit it came with. A commit is three steps:

1. The rows go into an inbox, a table in memory, under a name of their own.
2. One statement moves them, if all of them are there, into the table, leaving out what is not
   behind the table's own position *at that moment*.
3. The position is read; only what it covers is held no longer.

Why an event is there once: step 2 is one block into a table without partitions, hence one part,
which appears by one rename or not at all; rows and position cannot come apart. Whatever became
of a step whose answer was lost, and however late it is carried out, step 2 looks at the table
before it adds to it. The server carries out one writing statement at a time. Parts are synced
before they appear, so no later part survives a power cut that an earlier one did not.

Where a part was damaged and set aside, the log is read again from its beginning, and what the
table has not of what it once had is added; the rows of an event are in one part, all or none.

Source: ClickHouse documentation, "INSERT: transactional, if one partition and one block";
"MergeTree settings", `fsync_after_insert`.
"""

import asyncio
import secrets
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, cast

import msgspec
import pyarrow as pa

from trade2026.adapters.analytics.aside import AsideParts
from trade2026.adapters.analytics.client import AnalyticsClient, AnalyticsPlace, escaped
from trade2026.adapters.lake.holding import Held, Holding
from trade2026.adapters.lake.spec import TableSpec
from trade2026.core.errors import QueryRefusedError, UnavailableError

# The library comes without types.
_arrow = cast("Any", pa)

COMMIT_TRIES: Final = 5
MOVE_ROWS_MAX: Final = 200_000
"""So many rows are moved at once at most: far below what one block may be."""

_TIMES: Final = frozenset({"ts_event_ns", "ts_recv_ns"})
_ALWAYS_THERE: Final = frozenset({
    *("symbol", "dt", "ts_event_ns", "ts_recv_ns", "stream_seq", "batch_pos", "kind"),
})  # fmt: skip
_TIME: Final = _arrow.timestamp("ns", tz="UTC")
_OUR_COLUMNS: Final = {
    "log_id": "LowCardinality(String)",
    "source": "LowCardinality(String)",
    "reached_seq": "Int64",
    "needs_seq": "Int64",
}
_BETWEEN: Final = (
    "WHERE log_id = {log:String} AND source = {source:String}"
    " AND stream_seq BETWEEN {first:Int64} AND {until:Int64}"
)
_ONE_BLOCK: Final = {
    "max_threads": "1",
    "max_insert_threads": "1",
    "max_block_size": "1000000",
    "max_insert_block_size": "1000000",
    "min_insert_block_size_rows": "1000000",
    "min_insert_block_size_bytes": "0",
}


class ClickHouseEvents:
    """A table of the analytics store; implements `ports.lake.EventTable`."""

    def __init__(self, place: AnalyticsPlace, spec: TableSpec) -> None:
        """Describe the table at *place*; nothing is opened."""
        self.spec = spec
        self._client = AnalyticsClient(place)
        self._inbox = f"{spec.name}_inbox"
        self._last = (
            f"FROM {spec.name} WHERE log_id = {{log:String}} AND source = {{source:String}}"
            " ORDER BY stream_seq DESC LIMIT 1"
        )
        """Where the row of the last event of a kind is."""
        self._log_id = ""
        self._holding = Holding(spec)
        self._positions: dict[str, int] = {}
        self._needs: dict[str, int] = {}
        """First event that rows to come depend on, by kind."""
        self._is_sure = False
        """Whether the two above are what the table says."""
        self._parts_aside = AsideParts(self._client, spec.name)
        self._aside: list[str] = []
        """The damaged parts whose rows are looked for in the log."""
        self._again_until: dict[str, int] = {}
        """The last event to look for, by kind; its rows and those before it may be missing."""

    async def open(self, log_id: str) -> None:
        """Make the table if need be, and read how far it has come; see `EventTable.open`."""
        self._log_id = log_id
        name = self.spec.name
        columns = ", ".join(f"`{column}` {kind}" for column, kind in self._columns().items())
        await self._ask(
            f"CREATE TABLE IF NOT EXISTS {name} ({columns},"
            " INDEX by_time ts_event_ns TYPE minmax GRANULARITY 1) ENGINE = MergeTree"
            " ORDER BY (log_id, source, stream_seq, batch_pos)"
            " SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
        )
        await self._ask(
            f"CREATE TABLE IF NOT EXISTS {self._inbox} (attempt String, {columns}) ENGINE = Memory"
        )
        # What an older version of the platform made has fewer columns.
        added = ", ".join(
            f"ADD COLUMN IF NOT EXISTS `{column}` {kind}"
            for column, kind in self._columns().items()
        )
        for table in (name, self._inbox):
            await self._ask(f"ALTER TABLE {table} {added}")
        # What attempts left there that nobody waits for any more.
        await self._ask(f"TRUNCATE TABLE {self._inbox}")
        await self._load()
        try:
            self._aside = await self._parts_aside.open()
        except QueryRefusedError as error:
            raise UnavailableError(f"ClickHouse: {error.why}") from None
        # Of what has no position any more everything is read in any case.
        reached = {kind: seq for kind, seq in self._positions.items() if seq}
        self._again_until = reached if self._aside else {}

    @property
    def reached(self) -> int:
        """The sequence of the last committed event of any kind."""
        return max(self._positions.values())

    def position(self, kind: type[msgspec.Struct]) -> int:
        """Return the sequence of the last committed event; see `EventTable.position`."""
        return self._positions[self.spec.kinds[kind]]

    def begins(self, kind: type[msgspec.Struct]) -> int:
        """Return the first event to read; see `EventTable.begins`."""
        name = self.spec.kinds[kind]
        return 1 if name in self._again_until else self._needs[name]

    @property
    def damage(self) -> str:
        """What was lost of the table and is looked for again; see `EventTable.damage`."""
        return ", ".join(self._aside)

    def add(
        self,
        batch: msgspec.Struct,
        stream_seq: int,
        *,
        appended_ns: int = 0,
        needs_seq: int | None = None,
    ) -> None:
        """Hold the batch for the next commit; see `EventTable.add`."""
        self._holding.add(batch, stream_seq, appended_ns, needs_seq)

    @property
    def waiting_rows(self) -> int:
        """How many rows are held and not committed."""
        return self._holding.waiting_rows

    async def commit(self) -> int:
        """Store what is held, each event once; see `EventTable.commit`.

        Events without rows are done with when this returns, and are read again by the next
        process: only rows carry a position.
        """
        held = self._holding.waiting()
        stored = 0
        for kind, events in groupby(sorted(held, key=attrgetter("kind")), attrgetter("kind")):
            for part in _parts(events):
                until = self._again_until.get(kind, 0)
                again = [one for one in part if one.stream_seq <= until]
                stored += await self._store_again(kind, again)
                stored += await self._store(kind, part[len(again) :])
                if part[-1].stream_seq >= until:
                    await self._end_again(kind)
        self._holding.let_go(held)
        return stored

    async def tidy(self) -> None:
        """Do nothing: ClickHouse merges by itself; see `EventTable.tidy`."""

    async def _store_again(self, kind: str, part: list[Held]) -> int:
        """Store what is missing of events that were stored once; return how many rows it was."""
        stored = 0
        for _ in range(COMMIT_TRIES):
            if not part:
                return stored
            found = await self._ask(
                f"SELECT DISTINCT stream_seq FROM {self.spec.name} {_BETWEEN}",  # noqa: S608
                parameters=self._parameters(kind) | _ends(part),
            )
            there = set(map(int, found.split()))
            part = [one for one in part if one.rows.num_rows and one.stream_seq not in there]
            if part:
                stored = sum(one.rows.num_rows for one in part)
                inner = f"SELECT stream_seq FROM {self.spec.name} {_BETWEEN}"  # noqa: S608
                await self._move(kind, part, stored, unless=f"stream_seq IN ({inner})")
        raise UnavailableError("the table is changed by others all the time")

    async def _end_again(self, kind: str) -> None:
        """Note that all that was stored of a kind is there again, as far as the log has it."""
        self._again_until.pop(kind, None)
        if self._again_until or not self._aside:
            return
        try:
            await self._parts_aside.note(self._aside)
        except QueryRefusedError as error:
            raise UnavailableError(f"ClickHouse: {error.why}") from None
        self._aside = []

    async def _store(self, kind: str, part: list[Held]) -> int:
        """Store events of one kind and return how many of their rows the table had not."""
        for _ in range(COMMIT_TRIES):
            if not self._is_sure:
                await self._load()
            fresh = [one for one in part if one.stream_seq > self._positions[kind]]
            rows = sum(one.rows.num_rows for one in fresh)
            reached = max((one.stream_seq for one in fresh), default=0)
            if rows:
                self._is_sure = False
                behind = f"stream_seq <= ifNull((SELECT reached_seq {self._last}), 0)"
                await self._move(kind, fresh, rows, unless=behind)
                await self._load()
            if not rows or self._positions[kind] >= reached:
                self._note_without_rows(kind, fresh)
                return rows
        raise UnavailableError("the table is changed by others all the time")

    async def _move(self, kind: str, fresh: list[Held], rows: int, *, unless: str) -> None:
        attempt = secrets.token_hex(16)
        data = await asyncio.to_thread(self._stream_of, attempt, kind, fresh)
        names = ", ".join(f"`{name}`" for name in self._columns())
        parameters = {"attempt": attempt, "rows": str(rows), **_ends(fresh)}
        parameters |= self._parameters(kind)
        await self._ask(
            f"INSERT INTO {self._inbox} (attempt, {names}) FORMAT ArrowStream", data=data
        )
        # The names are those of our own tables; what comes from elsewhere is a parameter.
        move = (
            f"INSERT INTO {self.spec.name} ({names}) SELECT {names} FROM {self._inbox}"  # noqa: S608
            " WHERE attempt = {attempt:String} AND {rows:UInt64} ="
            f" (SELECT count() FROM {self._inbox} WHERE attempt = {{attempt:String}})"
            f" AND NOT ({unless})"
        )
        await self._ask(
            move,
            parameters=parameters,
            settings=_ONE_BLOCK,
        )
        await self._ask(
            f"ALTER TABLE {self._inbox} DELETE WHERE attempt = {{attempt:String}}",
            parameters=parameters,
        )

    async def _load(self) -> None:
        for kind in self.spec.kinds.values():
            found = await self._ask(
                f"SELECT reached_seq, needs_seq {self._last}",
                parameters=self._parameters(kind),
            )
            reached, needs = map(int, found.split() or (0, 1))
            self._positions[kind], self._needs[kind] = reached, needs
        self._is_sure = True

    def _note_without_rows(self, kind: str, fresh: list[Held]) -> None:
        # What had no rows behind the last that had.
        for one in fresh:
            if one.stream_seq > self._positions[kind]:
                self._positions[kind] = one.stream_seq
                self._needs[kind] = _needs_behind(one)

    async def _ask(
        self,
        query: str,
        *,
        parameters: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
        data: bytes = b"",
    ) -> bytes:
        try:
            return await self._client.ask(
                query, parameters=parameters, settings=settings, data=data
            )
        except QueryRefusedError as error:
            raise UnavailableError(f"ClickHouse: {error.why}") from None

    def _parameters(self, kind: str) -> dict[str, str]:
        return {"log": escaped(self._log_id), "source": escaped(kind)}

    def _columns(self) -> dict[str, str]:
        ours = {field.name: _kind_of(field) for field in self.spec.schema}
        return {**ours, **_OUR_COLUMNS}

    def _stream_of(self, attempt: str, kind: str, fresh: list[Held]) -> bytes:
        """Return the rows as an Arrow stream of one batch."""
        table = _arrow.Table.from_batches([one.rows for one in fresh]).combine_chunks()
        columns = {
            field.name: _timed(field.name, table.column(field.name)) for field in table.schema
        }
        count, last = table.num_rows, fresh[-1]
        columns |= {
            "log_id": _arrow.repeat(self._log_id, count),
            "source": _arrow.repeat(kind, count),
            "reached_seq": _arrow.repeat(_arrow.scalar(last.stream_seq, _arrow.int64()), count),
            "needs_seq": _arrow.repeat(_arrow.scalar(_needs_behind(last), _arrow.int64()), count),
            "attempt": _arrow.repeat(attempt, count),
        }
        made = _arrow.table(columns)
        sink = _arrow.BufferOutputStream()
        with _arrow.ipc.new_stream(sink, made.schema) as stream:
            stream.write_table(made)
        data: bytes = sink.getvalue().to_pybytes()
        return data


def _ends(part: list[Held]) -> dict[str, str]:
    return {"first": str(part[0].stream_seq), "until": str(part[-1].stream_seq)}


def _parts(events: Iterable[Held]) -> Iterator[list[Held]]:
    part: list[Held] = []
    rows = 0
    for one in events:
        part.append(one)
        rows += one.rows.num_rows
        if rows >= MOVE_ROWS_MAX:
            yield part
            part, rows = [], 0
    if part:
        yield part


def _needs_behind(held: Held) -> int:
    return held.needs_seq or held.stream_seq + 1


def _timed(name: str, column: Any) -> Any:  # noqa: ANN401 - Arrow.
    return column.cast(_TIME) if name in _TIMES else column


def _kind_of(field: Any) -> str:  # noqa: ANN401 - Arrow.
    """Return ClickHouse's type for a column: exact numbers as decimals, times to the ns."""
    if field.name in _TIMES:
        return "DateTime64(9, 'UTC')"
    kind = _plain_kind_of(field.type)
    is_there = field.name in _ALWAYS_THERE or _arrow.types.is_list(field.type)
    return kind if is_there else f"Nullable({kind})"


def _plain_kind_of(kind: Any) -> str:  # noqa: ANN401 - Arrow.
    types = _arrow.types
    if types.is_list(kind):
        return f"Array({_plain_kind_of(kind.value_type)})"
    if types.is_decimal(kind):
        return f"Decimal({kind.precision}, {kind.scale})"
    known = {
        _arrow.string(): "String",
        _arrow.int64(): "Int64",
        _arrow.int32(): "Int32",
        _arrow.float64(): "Float64",
        _arrow.date32(): "Date32",
    }
    return known[kind]
