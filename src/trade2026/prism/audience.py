"""Who else in PRISM's process is told what happens in its market, besides the bus."""

from collections.abc import Sequence
from typing import Protocol

from trade2026.model.market import RawBatch
from trade2026.prism.settlement import Step


class Audience(Protocol):
    """Told by the venue's loop; it must not wait, and what it raises ends the market."""

    def on_step(self, step: Step) -> None:
        """Take what happened on the floor; its outcome is in the log, nobody is answered yet."""
        ...

    def on_life(self) -> None:
        """Take that the market has begun anew; the step before ended what worked."""
        ...

    def on_feed(self, batches: Sequence[RawBatch], now_ns: int) -> None:
        """Take what the public feed says, several times a second, also when it says nothing."""
        ...


class NoAudience:
    """Nobody."""

    def on_step(self, step: Step) -> None:
        """Do nothing."""

    def on_life(self) -> None:
        """Do nothing."""

    def on_feed(self, batches: Sequence[RawBatch], now_ns: int) -> None:
        """Do nothing."""
