"""One WebSocket of the dialect: what waits to be sent, and how much may be asked.

A reader that cannot keep up is let go instead of being waited for; so is one that asks more
often than is allowed.

Source: Binance Spot API, "WebSocket Streams": general information, limits.
"""

import asyncio
from collections import deque
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S

WAITING_MAX: Final = 4_000
"""Messages for one reader; some seconds of everything there is."""
WAITING_BYTES_MAX: Final = 4 * 2**20
"""And in bytes: an answer may be as long as a thousand candles."""
ASKS_MAX: Final = 10
"""Of one connection in a second."""
SLOW: Final = 1008
NORMAL: Final = 1000


class Connection:
    """What a stream or an answer is offered to, and what its socket sends."""

    def __init__(self, *, is_combined: bool) -> None:
        """Describe it.

        Args:
            is_combined: Whether messages of streams say which stream they are of.
        """
        self.streams: set[str] = set()
        self.is_combined = is_combined
        self.subscription_count = 0
        """How many user streams were ever opened on it."""
        self.close_code = 0
        """Not 0 once it is to be closed."""
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._asked: deque[int] = deque(maxlen=ASKS_MAX)

    def offer(self, stream: str, data: bytes) -> None:
        """Have a message of *stream* sent, *data* in JSON."""
        if self.is_combined:
            data = b'{"stream":"%b","data":%b}' % (stream.encode(), data)
        self._put(data)

    def offer_plain(self, message: object) -> None:
        """Have an answer, or anything else that is of no stream, sent."""
        self._put(msgspec.json.encode(message))

    def end(self, code: int = NORMAL) -> None:
        """Close it once what waits is sent."""
        self.close_code = self.close_code or code
        self._wake.set()

    def may_ask(self, now_ns: int) -> bool:
        """Count what the other side asks; return whether it may."""
        if len(self._asked) == ASKS_MAX and now_ns - self._asked[0] < NS_PER_S:
            return False
        self._asked.append(now_ns)
        return True

    async def next_message(self) -> str | None:
        """Return what is to be sent next, None once it is to be closed."""
        while not self._waiting:
            if self.close_code:
                return None
            self._wake.clear()
            await self._wake.wait()
        message = self._waiting.popleft()
        self._waiting_bytes -= len(message)
        return message.decode()

    def _put(self, message: bytes) -> None:
        if self.close_code:
            return
        is_long = self._waiting_bytes + len(message) > WAITING_BYTES_MAX
        if len(self._waiting) >= WAITING_MAX or (self._waiting and is_long):
            self._waiting.clear()
            self._waiting_bytes = 0
            self.end(SLOW)
            return
        self._waiting.append(message)
        self._waiting_bytes += len(message)
        self._wake.set()
