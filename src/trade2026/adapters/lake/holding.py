"""Events that wait for the next commit of a table: made into rows at once, each held once."""

from typing import Any, NamedTuple

import msgspec

from trade2026.adapters.lake.spec import TableSpec


class Held(NamedTuple):
    """One event's rows."""

    kind: str
    """The name of its position."""
    stream_seq: int
    needs_seq: int
    """From which event on a later process must read; 0 is behind this one."""
    rows: Any
    """An Arrow record batch."""


class Holding:
    """What a table holds and has not committed."""

    def __init__(self, spec: TableSpec) -> None:
        """Hold nothing yet."""
        self._spec = spec
        self._held: list[Held] = []
        self._added: dict[str, int] = {}
        """Sequence of the last event taken, by kind."""
        self.waiting_rows = 0

    def add(
        self, batch: msgspec.Struct, stream_seq: int, appended_ns: int, needs_seq: int | None
    ) -> None:
        """Hold the batch; see `ports.lake.EventTable.add`."""
        kind = self._spec.kinds[type(batch)]
        if stream_seq <= self._added.get(kind, 0):
            # Given again because something failed after it was taken: held already.
            return
        rows = self._spec.rows_of(batch, stream_seq, appended_ns)
        self._added[kind] = stream_seq
        self._held.append(Held(kind, stream_seq, needs_seq or 0, rows))
        self.waiting_rows += rows.num_rows

    def waiting(self) -> tuple[Held, ...]:
        """Return what is held, the oldest first."""
        return tuple(self._held)

    def let_go(self, held: tuple[Held, ...]) -> None:
        """Hold *held*, the oldest, no longer."""
        del self._held[: len(held)]
        self.waiting_rows -= sum(one.rows.num_rows for one in held)
