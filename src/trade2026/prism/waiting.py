"""The questions that wait for the next round of the market, in the order they came."""

import asyncio
from collections import deque
from typing import Final

from trade2026.core.errors import VenueUnavailableError
from trade2026.core.ids import OrderId
from trade2026.prism.ask import Ask, ControlAsk, StatusAsk, SubmitAsk

MOST_IN_ROUND: Final = 256
MOST_WAITING: Final = 10_000
"""More than are answered before whoever asks has given up."""


class Waiting:
    """A line of questions, and a bell."""

    def __init__(self) -> None:
        self._asks: deque[Ask] = deque()
        self.postponed: list[SubmitAsk | StatusAsk] = []
        """Whom the last round did not take because another of it is about the same order."""
        self._bell = asyncio.Event()

    def __len__(self) -> int:
        return len(self._asks)

    def add(self, ask: Ask) -> None:
        """Put a question at the end, and ring.

        Raises:
            VenueUnavailableError: too many wait already.
        """
        if len(self._asks) >= MOST_WAITING:
            raise VenueUnavailableError(f"{MOST_WAITING} questions wait for PRISM already")
        self._asks.append(ask)
        self._bell.set()

    def ring(self) -> None:
        """End a rest: something may have happened."""
        self._bell.set()

    async def rest(self, most_s: float) -> None:
        """Wait until it rings, but no longer than *most_s*."""
        try:
            async with asyncio.timeout(most_s):
                await self._bell.wait()
        except TimeoutError:
            pass
        self._bell.clear()

    def take(self) -> list[Ask]:
        """Return those of the next round.

        One order at most once: what a second question finds depends on the first. The others
        of that order wait, in their order, and hold up nobody else. What is done to the market
        as a whole has a round to itself, after all that came before it.
        """
        asks: list[Ask] = []
        later: list[Ask] = []
        self.postponed = []
        orders: set[OrderId] = set()
        while self._asks and len(asks) < MOST_IN_ROUND:
            is_control = isinstance(self._asks[0], ControlAsk)
            if is_control and asks:
                break
            ask = self._asks.popleft()
            if ask.order_id in orders:
                later.append(ask)
                if isinstance(ask, SubmitAsk | StatusAsk):
                    self.postponed.append(ask)
                continue
            orders.add(ask.order_id)
            asks.append(ask)
            if is_control:
                break
        self._asks.extendleft(reversed(later))
        return asks

    def give_up(self) -> None:
        """Tell all who wait that there will be no answer."""
        while self._asks:
            self._asks.popleft().give_up()
