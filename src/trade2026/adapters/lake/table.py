"""A table of the lake, written so that every event is in it once, whatever dies when.

A commit holds rows and, in the same atomic step, the sequence of the last event of each kind
(a Delta application transaction). Before rows are written, those that the table has already
are left out. A commit is never tried again blindly: whatever went wrong, the table is read
anew, and it says itself what it has.

Source: Delta Transaction Log Protocol, "Transaction Identifiers"; deltalake 1.6.
"""

import asyncio
import threading
from typing import Any, Final, cast

import msgspec
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from trade2026.adapters.lake.holding import Held, Holding
from trade2026.adapters.lake.place import table_place
from trade2026.adapters.lake.spec import TableSpec
from trade2026.adapters.objects.client import plain_reason
from trade2026.adapters.objects.place import Place
from trade2026.core.errors import UnavailableError

_arrow = cast("Any", pa)

COMMIT_TRIES: Final = 5
KEEP_HOURS: Final = 1
"""How long files that nothing refers to any more stay: for readers of an older version."""
MERGED_BYTES: Final = 32_000_000
"""Files of this size are not merged any further, so that merging costs little in a long day."""

PARTITIONS: Final = ("symbol", "dt")
_ONCE: Final = 0
"""Retries by the library: it would write the same rows behind somebody else's."""
_CONFIGURATION: Final[dict[str, str | None]] = {
    "delta.logRetentionDuration": f"interval {KEEP_HOURS} hours",
    "delta.deletedFileRetentionDuration": f"interval {KEEP_HOURS} hours",
}


class DeltaEvents:
    """A table of `lake/`; implements `ports.lake.EventTable`."""

    def __init__(self, place: Place, spec: TableSpec) -> None:
        """Describe the table at *place*; nothing is opened."""
        self.spec = spec
        self._uri, self._options = table_place(place, spec.name)
        self._log_id = ""
        self._holding = Holding(spec)
        # Held by whoever uses the two below, always off the loop: a commit that nobody waits
        # for any more may still be under way when the next one begins.
        self._lock = threading.Lock()
        self._table: DeltaTable | None = None
        self._positions: dict[str, int] = {}
        self._needs: dict[str, int] = {}
        """First event that rows to come depend on, by kind; 0 is the one behind the last."""

    async def open(self, log_id: str) -> None:
        """Make the table if need be, and read how far it has come; see `EventTable.open`."""
        self._log_id = log_id
        await asyncio.to_thread(self._open)

    @property
    def reached(self) -> int:
        """The sequence of the last committed event of any kind."""
        return max(self._positions.values())

    def position(self, kind: type[msgspec.Struct]) -> int:
        """Return the sequence of the last committed event; see `EventTable.position`."""
        return self._positions[self.spec.kinds[kind]]

    def begins(self, kind: type[msgspec.Struct]) -> int:
        """Return the first event to read; see `EventTable.begins`."""
        return self._needs[self.spec.kinds[kind]] or self.position(kind) + 1

    @property
    def damage(self) -> str:
        """Nothing: what cannot be read of a Delta table is an error; see `EventTable.damage`."""
        return ""

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
        """Store what is held, each event once; see `EventTable.commit`."""
        held = self._holding.waiting()
        stored = await asyncio.to_thread(self._commit, held)
        self._holding.let_go(held)
        return stored

    async def tidy(self) -> None:
        """Merge small files and remove unused ones; see `EventTable.tidy`."""
        await asyncio.to_thread(self._tidy)

    def _open(self) -> None:
        with self._lock:
            try:
                self._table = DeltaTable.create(
                    self._uri,
                    self.spec.schema,
                    mode="ignore",
                    partition_by=list(PARTITIONS),
                    name=self.spec.name,
                    configuration=_CONFIGURATION,
                    storage_options=self._options,
                )
                self._load()
            except (DeltaError, OSError) as error:
                raise UnavailableError(plain_reason(error)) from None

    def _load(self) -> DeltaTable:
        table = self._table = DeltaTable(self._uri, storage_options=self._options)
        kinds = self.spec.kinds.values()
        self._positions = {k: table.transaction_version(self._app_id(k)) or 0 for k in kinds}
        self._needs = {k: table.transaction_version(self._needs_id(k)) or 0 for k in kinds}
        return table

    def _app_id(self, kind: str) -> str:
        return f"sink-ticks/{self._log_id}/{kind}"

    def _needs_id(self, kind: str) -> str:
        return f"{self._app_id(kind)}/needs"

    def _commit(self, held: tuple[Held, ...]) -> int:
        with self._lock:
            try:
                for _ in range(COMMIT_TRIES):
                    table = self._table or self._load()
                    fresh = [one for one in held if one.stream_seq > self._positions[one.kind]]
                    if not fresh:
                        return 0
                    try:
                        return self._write(table, fresh)
                    except CommitFailedError:
                        # The next version is there already: another writer's, or our own
                        # whose answer was lost. The table says which.
                        self._table = None
            except (DeltaError, OSError) as error:
                self._table = None
                raise UnavailableError(plain_reason(error)) from None
        raise UnavailableError("the table is changed by others all the time")

    def _write(self, table: DeltaTable, fresh: list[Held]) -> int:
        reached = {one.kind: one.stream_seq for one in fresh}
        needs = {one.kind: self._needs_behind(one) for one in fresh}
        rows = _arrow.Table.from_batches([one.rows for one in fresh])
        write_deltalake(
            table,
            rows,
            mode="append",
            writer_properties=WriterProperties(compression="SNAPPY"),
            commit_properties=CommitProperties(
                max_commit_retries=_ONCE,
                app_transactions=[
                    *(Transaction(self._app_id(kind), seq) for kind, seq in reached.items()),
                    *(Transaction(self._needs_id(kind), seq) for kind, seq in needs.items() if seq),
                ],
            ),
        )
        self._positions.update(reached)
        self._needs.update(needs)
        return rows.num_rows

    def _needs_behind(self, held: Held) -> int:
        # What was said once must be said anew for as long as the table lives.
        return held.needs_seq or (held.stream_seq + 1 if self._needs[held.kind] else 0)

    def _tidy(self) -> None:
        with self._lock:
            try:
                table = self._load()
                table.optimize.compact(
                    target_size=MERGED_BYTES,
                    writer_properties=WriterProperties(compression="ZSTD"),
                    commit_properties=CommitProperties(max_commit_retries=_ONCE),
                )
                # In full: also the files of writers that died before they committed them.
                table.vacuum(KEEP_HOURS, dry_run=False, enforce_retention_duration=False, full=True)
                table.create_checkpoint()
                table.cleanup_metadata()
            except (DeltaError, OSError) as error:
                self._table = None
                raise UnavailableError(plain_reason(error)) from None
