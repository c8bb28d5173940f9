"""How the live gateway looks to whoever routes orders: well or not, and at what price.

Read from memory: nothing is asked of the exchange for it.
"""

from trade2026.core.numbers import Bps
from trade2026.desk.live import LiveDesk
from trade2026.model.live import LiveMode
from trade2026.model.route import LookRequest, VenueSight


class LiveLook:
    """Answers looks at the gateway's exchange.

    Args:
        desk: the gateway.
        maker_bps: what the exchange charges for adding liquidity, by the configuration.
        taker_bps: and for removing it.
    """

    def __init__(self, desk: LiveDesk, maker_bps: int, taker_bps: int) -> None:
        self._desk = desk
        self._maker_bps = Bps(maker_bps)
        self._taker_bps = Bps(taker_bps)

    async def on_look(self, request: LookRequest) -> VenueSight:
        """Return how it is at this moment, as far as one symbol goes."""
        problem = await self._desk.breaker_ping()
        if problem or self._desk.state.mode is LiveMode.MOCK:
            # A mock trades on PRISM, which has a price of its own.
            return VenueSight(problem=problem)
        return await self._of_exchange(request.symbol)

    async def _of_exchange(self, symbol: str) -> VenueSight:
        desk = self._desk
        problem = await desk.ping()
        if problem:
            return VenueSight(problem=f"NOT_CONNECTED {problem}")
        if symbol not in desk.exchange.instruments:
            return VenueSight(problem=f"does not list {symbol}")
        touch = desk.market.touches.get(symbol)
        if touch is None or desk.market.age_ns(symbol) > desk.rules.stale_ns:
            return VenueSight(problem="STALE_PRICE the exchange has not quoted lately")
        return VenueSight(
            bid_px=touch[0], ask_px=touch[1], maker_bps=self._maker_bps, taker_bps=self._taker_bps
        )
