"""Where a fold begins that needs only the newest of a stream."""

from collections.abc import Awaitable, Callable

from trade2026.model.subjects import Stream
from trade2026.ports.bus import Bus


def from_newest(bus: Bus, stream: Stream, *, back: int = 0) -> Callable[[], Awaitable[int]]:
    """Return a question for the sequence behind the newest event, or *back* events before it."""

    async def begin() -> int:
        return max(1, await bus.last_seq(stream) + 1 - back)

    return begin
