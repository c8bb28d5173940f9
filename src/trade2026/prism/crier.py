"""Tells the public what the market did, several times a second."""

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import TimeNs
from trade2026.model.subjects import LIVE_PRISM_FEED
from trade2026.ports.bus import Bus
from trade2026.prism.audience import Audience
from trade2026.prism.drive import PACE_NS
from trade2026.prism.feed import Feed
from trade2026.prism.floor import Floor
from trade2026.prism.recorder import Recorder
from trade2026.prism.settlement import Step


class Crier:
    """Says the public feed on the bus."""

    def __init__(self, bus: Bus, log: FilteringBoundLogger) -> None:
        self.recorder = Recorder(bus, log)
        """What it takes is kept, not only said."""
        self._bus = bus
        self._next_ns = 0

    async def cry(
        self, floor: Floor, feed: Feed, step: Step, audience: Audience, now_ns: int
    ) -> None:
        """Take what a step gave, and say what is new when it is time."""
        await self.recorder.take(floor, step.events)
        exchange = floor.exchange
        if exchange.mode == "paper":
            # The recording is the public feed; paper fills are nobody else's business.
            return
        for event in step.events:
            feed.add(event)
        was_set_back = now_ns < self._next_ns - PACE_NS
        if now_ns >= self._next_ns or was_set_back:
            self._next_ns = now_ns + PACE_NS
            batches = feed.batches(exchange, TimeNs(now_ns))
            for batch in batches:
                self._bus.show(LIVE_PRISM_FEED, batch, symbol=batch.symbol)
            audience.on_feed(batches, now_ns)
