"""Everything that happens in a market, in a Parquet file: one column for each of an event's.

What a column means and in which unit it counts is beside its type in the file's schema; what
a tick and a lot are of each symbol, and when the market opened, is in the file's own facts.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import Px, Qty
from trade2026.model.instrument import Instrument
from trade2026.prism.engine.event import MARKET_EVENT, EventKind, EventReason
from trade2026.prism.exchange import FIRST_OUTSIDER

_GROUP: Final = 500_000
"""Events are gathered to groups of so many rows at least."""
_NAMES: Final = MARKET_EVENT.names or ()
_FACTS: Final = b"trade2026"
_ARROW: Final[Any] = pa
_PARQUET: Final[Any] = pq
# Neither comes with types for what is called here.


class Column(NamedTuple):
    """What a column of the file is."""

    unit: str
    text: str


def _words(kinds: type[EventKind] | type[EventReason]) -> str:
    return ", ".join(f"{kind.value} {kind.name}" for kind in kinds)


_OWNER: Final = f"place in agent_names; from {FIRST_OUTSIDER} on, outsiders"

COLUMNS: Final[dict[str, Column]] = {
    "seq": Column("count", "place among the events of the symbol's book, from 1"),
    "time_ns": Column("ns", "simulated time"),
    "ticks": Column("ticks", "price; 0 for an order without a limit"),
    "lots": Column("lots", "what the event is about: traded, rested, removed"),
    "maker_number": Column("number", "the resting order; 0 for none"),
    "taker_number": Column("number", "the incoming order; 0 for none"),
    "maker_lots_left": Column("lots", "of the resting order after the event, hidden ones included"),
    "taker_lots_left": Column("lots", "of the incoming order after the event"),
    "level_lots": Column("lots", "shown at the price after the event; 0 where no level changed"),
    "maker_owner": Column("owner", _OWNER),
    "taker_owner": Column("owner", _OWNER),
    "symbol": Column("place", "in the symbols of the file's facts"),
    "kind": Column("code", _words(EventKind)),
    "side": Column("sign", "1 buy, -1 sell; of a trade the taker's"),
    "reason": Column("code", _words(EventReason)),
}
"""By name, in the order of `MARKET_EVENT`."""


class Traded(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol of a file."""

    symbol: str
    tick_size: Px
    """In nanos of the quote currency."""
    lot_size: Qty
    """In nanos of the symbol."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the events of a file are of."""

    symbols: tuple[Traded, ...]
    """In the order of the column `symbol`."""
    start_ns: int
    """When the market opened, in the time of `time_ns`."""


class EventFile:
    """Writes events as they come; the file is whole when the context ends.

    Half a million rows wait in memory at most, and what was added last.

    Args:
        path: replaced where it exists; its folder is made.
        instruments: of the symbols, in the order of the market's.
        start_ns: when the market opened.

    Raises:
        InvalidInputError: nothing can be written there.
    """

    def __init__(
        self, path: Path, instruments: Sequence[Instrument] = (), start_ns: int = 0
    ) -> None:
        self._path = path
        columns = [
            _ARROW.field(
                name,
                _ARROW.from_numpy_dtype(MARKET_EVENT[name].newbyteorder("=")),
                nullable=False,
                metadata=column._asdict(),
            )
            for name, column in COLUMNS.items()
        ]
        symbols = tuple(
            Traded(symbol=one.symbol, tick_size=one.tick_size, lot_size=one.lot_size)
            for one in instruments
        )
        facts = msgspec.json.encode(Facts(symbols=symbols, start_ns=start_ns))
        self._schema: Any = _ARROW.schema(columns, metadata={_FACTS: facts})
        with self._writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: Any = _PARQUET.ParquetWriter(path, self._schema, compression="zstd")
        self._waiting: list[NDArray[np.void]] = []
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._write()
        finally:
            with self._writing():
                self._file.close()

    def add(self, events: NDArray[np.void]) -> None:
        """Take the next events, `MARKET_EVENT` records.

        Raises:
            InvalidInputError: they cannot be written; the file is not whole then.
        """
        self._waiting.append(events)
        self._count += len(events)
        if self._count >= _GROUP:
            self._write()

    def _write(self) -> None:
        if not self._count:
            return
        events = np.concatenate(self._waiting)
        self._waiting, self._count = [], 0
        columns = [np.ascontiguousarray(events[name]) for name in _NAMES]
        with self._writing():
            self._file.write_table(_ARROW.table(columns, schema=self._schema))

    @contextmanager
    def _writing(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            raise InvalidInputError(str(self._path), f"cannot be written: {error}") from error


def facts_of(path: Path) -> Facts:
    """Return what the events of a file are of.

    Raises:
        InvalidInputError: it is none that an `EventFile` wrote.
    """
    with _opened(path) as file:
        return _facts(path, file)


def each_group(path: Path) -> Iterator[NDArray[np.void]]:
    """Yield the events of a file in order, `MARKET_EVENT` records, about half a million at once.

    Raises:
        InvalidInputError: it is none that an `EventFile` wrote.
    """
    with _opened(path) as file:
        _facts(path, file)
        for group in range(file.num_row_groups):
            yield _events_of(file.read_row_group(group))


def read_events(path: Path | str) -> NDArray[np.void]:
    """Return all events of a file as they happened, `MARKET_EVENT` records.

    Raises:
        InvalidInputError: it is none that an `EventFile` wrote.
    """
    groups = list(each_group(Path(path)))
    return np.concatenate(groups) if groups else np.zeros(0, MARKET_EVENT)


def _opened(path: Path) -> Any:  # noqa: ANN401 - Arrow comes without types.
    try:
        return _PARQUET.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise InvalidInputError(str(path), f"is not a Parquet file: {error}") from error


def _facts(path: Path, file: Any) -> Facts:  # noqa: ANN401 - as above.
    schema = file.schema_arrow
    if tuple(schema.names) != _NAMES or _FACTS not in (schema.metadata or {}):
        raise InvalidInputError(str(path), "does not hold the events of a market")
    return msgspec.json.decode(schema.metadata[_FACTS], type=Facts)


def _events_of(table: Any) -> NDArray[np.void]:  # noqa: ANN401 - as above.
    events = np.zeros(table.num_rows, MARKET_EVENT)
    for name in _NAMES:
        events[name] = table[name].to_numpy()
    return events
