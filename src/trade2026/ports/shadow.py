"""A book that hypothetical orders fill against, by PRISM's own rules, queue position included.

In ticks and lots, as the fill model has it.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from trade2026.model.order import OrdType, Side, TimeInForce

Levels = Sequence[tuple[int, int]]
"""Price and quantity, best first."""


class ShadowTrade(Protocol):
    """What would have traded."""

    @property
    def number(self) -> int:
        """Return the order's number."""
        ...

    @property
    def ticks(self) -> int:
        """Return the price."""
        ...

    @property
    def lots(self) -> int:
        """Return how much."""
        ...

    @property
    def is_maker(self) -> bool:
        """Return whether the order was resting."""
        ...


class ShadowAnswer(Protocol):
    """What would have come of an incoming order."""

    @property
    def fills(self) -> Sequence[ShadowTrade]:
        """Return what would have traded at once."""
        ...

    @property
    def resting_lots(self) -> int:
        """Return what would rest."""
        ...


class ShadowBook(Protocol):
    """The book of one symbol with the hypothetical orders that rest against it."""

    def depth(self, levels: int) -> tuple[Levels, Levels]:
        """Return the best bids and asks that are not taken yet."""
        ...

    def replace(
        self, bids: Iterable[tuple[int, int]], asks: Iterable[tuple[int, int]]
    ) -> Sequence[ShadowTrade]:
        """Set the book as it stands, and return the fills of orders that it crosses."""
        ...

    def printed(self, ticks: int, lots: int, aggressor: Side) -> Sequence[ShadowTrade]:
        """Return the fills that somebody's trade would have given."""
        ...

    def submit(
        self,
        *,
        number: int,
        side: Side,
        ord_type: OrdType,
        time_in_force: TimeInForce,
        ticks: int,
        lots: int,
    ) -> ShadowAnswer:
        """Fill what can be; rest or kill what is left."""
        ...

    def cancel(self, number: int) -> object:
        """Take an order out."""
        ...
