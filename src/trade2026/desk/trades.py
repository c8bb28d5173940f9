"""The trades of the market, read once for stops and for parent orders.

Parents read on from what they have counted before a restart. Stops see no trade of before it:
the market may have come back meanwhile.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from trade2026.desk.algo_market import AlgoMarket
from trade2026.model.market import TradeBatch
from trade2026.model.subjects import Stream
from trade2026.ports.bus import Bus, Delivery

TradesHandler: TypeAlias = Callable[[TradeBatch, Delivery], Awaitable[None]]


class Trades:
    """Hands trades on."""

    def __init__(self, bus: Bus, to_stops: TradesHandler, parents: AlgoMarket) -> None:
        self._bus = bus
        self._to_stops = to_stops
        self._parents = parents
        self._begun_seq = 0

    async def begin(self) -> int:
        """Return where in the log of the market to read on."""
        self._begun_seq = await self._bus.last_seq(Stream.MARKET)
        return await self._parents.first_trade_seq()

    async def on_trades(self, batch: TradeBatch, delivery: Delivery) -> None:
        """Hand trades on to whom they concern."""
        await self._parents.on_trades(batch, delivery)
        if delivery.stream_seq > self._begun_seq:
            await self._to_stops(batch, delivery)
