"""The runs of reconciliation, in the log: what came out of each, newest kept in memory."""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from structlog.typing import FilteringBoundLogger

from trade2026.desk.persistence import append_until_stored
from trade2026.desk.recent import from_newest
from trade2026.model.post_trade import RECONCILIATION
from trade2026.model.reconciliation import Reconciliation
from trade2026.ports.bus import Bus, Delivery

KEPT: Final = 1_440
"""A day of one a minute."""


class Runs:
    """Writes runs, and shows the newest."""

    def __init__(self, bus: Bus, log: FilteringBoundLogger) -> None:
        self._bus = bus
        self._log = log
        self._newest: deque[Reconciliation] = deque(maxlen=KEPT)

    @property
    def first_seq(self) -> Callable[[], Awaitable[int]]:
        """Return a question for the first of the newest runs."""
        return from_newest(self._bus, RECONCILIATION.stream, back=KEPT)

    async def on_run(self, run: Reconciliation, _: Delivery) -> None:
        """Take what is in the log."""
        self._newest.append(run)

    def newest(self) -> tuple[Reconciliation, ...]:
        """Return the newest runs, newest first."""
        return tuple(reversed(self._newest))

    async def write(self, run: Reconciliation) -> None:
        """Return when the run is in the log."""
        await append_until_stored(
            self._bus, self._log, RECONCILIATION, run, event_id=run.run_id, venue=run.venue
        )
