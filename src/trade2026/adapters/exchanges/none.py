"""No exchange: what the live gateway is connected to unless it is configured. Lists nothing."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from trade2026.core.clock import TimeNs
from trade2026.core.errors import VenueRejectedError
from trade2026.model.balance import AssetBalance, AssetTransfer
from trade2026.model.instrument import Instrument
from trade2026.ports.exchange import (
    ExchangeBook,
    ExchangeFunding,
    ExchangeOrder,
    ExchangeState,
    ExchangeTrade,
    Word,
)

WHY = "NOT_CONFIGURED the live gateway has no exchange"


class NoExchange:
    """Refuses everything."""

    name = ""
    instruments: Mapping[str, Instrument] = {}

    async def connect(self) -> None:
        """Find nothing."""

    async def send(self, order: ExchangeOrder) -> ExchangeState:
        """Refuse it.

        Raises:
            VenueRejectedError: always.
        """
        raise VenueRejectedError(f"{WHY} for {order.client_id}")

    async def cancel(self, client_id: str, venue_order_id: str, symbol: str) -> None:
        """Refuse it.

        Raises:
            VenueRejectedError: always.
        """
        raise VenueRejectedError(f"{WHY} for {client_id} {venue_order_id} {symbol}")

    async def find(self, client_id: str, venue_order_id: str, symbol: str) -> ExchangeState | None:
        """Refuse the question: an order of another time stays in doubt.

        Raises:
            VenueRejectedError: always.
        """
        raise VenueRejectedError(f"{WHY} for {client_id} {venue_order_id} {symbol}")

    async def trades(self, venue_order_id: str, symbol: str) -> Sequence[ExchangeTrade]:
        """Refuse the question.

        Raises:
            VenueRejectedError: always.
        """
        raise VenueRejectedError(f"{WHY} for {venue_order_id} {symbol}")

    async def book(self, symbol: str) -> ExchangeBook:
        """Refuse the question.

        Raises:
            VenueRejectedError: always.
        """
        raise VenueRejectedError(f"{WHY} for {symbol}")

    async def balances(self) -> Sequence[AssetBalance]:
        """Refuse the question: that there is nothing would be a word about somebody's money.

        Raises:
            VenueRejectedError: always.
        """
        raise VenueRejectedError(f"{WHY} for balances")

    async def transfers(self, since_ns: TimeNs) -> Sequence[AssetTransfer]:
        """Refuse the question.

        Raises:
            VenueRejectedError: always.
        """
        raise VenueRejectedError(f"{WHY} for transfers since {since_ns}")

    async def fundings(self, symbol: str, since_ns: TimeNs) -> Sequence[ExchangeFunding]:
        """Refuse the question.

        Raises:
            VenueRejectedError: always.
        """
        raise VenueRejectedError(f"{WHY} for fundings of {symbol} since {since_ns}")

    async def listen(self, hear: Callable[[Word], None]) -> None:
        """Hear nothing, for ever."""
        del hear
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Do nothing."""
