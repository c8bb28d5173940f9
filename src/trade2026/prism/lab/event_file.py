"""Everything that happens in a market, in a Parquet file: one column for each of an event's."""

from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from trade2026.prism.engine.event import MARKET_EVENT

_GROUP: Final = 500_000
"""Events are gathered to groups of so many rows at least."""
_NAMES: Final = MARKET_EVENT.names or ()
_ARROW: Final[Any] = pa
_PARQUET: Final[Any] = pq
# Neither comes with types for what is called here.


class EventFile:
    """Writes events as they come; the file is whole when the context ends.

    Args:
        path: replaced where it exists; its folder is made.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = [
            (name, _ARROW.from_numpy_dtype(MARKET_EVENT[name].newbyteorder("="))) for name in _NAMES
        ]
        self._schema: Any = _ARROW.schema(columns)
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
        self._write()
        self._file.close()

    def add(self, events: NDArray[np.void]) -> None:
        """Take the next events, `MARKET_EVENT` records."""
        self._waiting.append(events)
        self._count += len(events)
        if self._count >= _GROUP:
            self._write()

    def _write(self) -> None:
        if not self._count:
            return
        events = np.concatenate(self._waiting)
        columns = [np.ascontiguousarray(events[name]) for name in _NAMES]
        self._file.write_table(_ARROW.table(columns, schema=self._schema))
        self._waiting, self._count = [], 0
