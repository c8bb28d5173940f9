"""Orders over HTTP at a rate that nobody's answer slows down, from a process of its own.

``python -m benchmarks.orders.lane`` reads one JSON object from its input (`Offer`) and
prints one (`Told`). An order that is due while every connection waits for an answer is sent
as soon as one is free, and its time counts from when it was due: a platform that stalls
cannot hide behind a client that waits for it.
"""

import asyncio
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import msgspec
import uvloop


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent."""

    port: int
    token: str
    rate: float
    """Orders a second; 0 sends the next one when the last is answered."""
    count: int
    connections: int
    symbol: str
    run: str
    """Names the orders, so that no two runs use the same keys."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    times_s: list[float]
    """From when each was due to its answer."""
    seconds: float
    statuses: dict[int, int]
    """How many answers of each kind; 0 stands for those that never came."""
    acknowledged: dict[str, str]
    """Keys of the orders that were taken in, with their ids."""
    errors: list[str]
    """The first few answers that were none of 201."""


class _Order(msgspec.Struct, frozen=True):
    order_id: str
    client_order_id: str


class _Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(
        self,
        on_answer: Callable[["_Connection", int, bytes], None],
        on_loss: Callable[[str], None],
    ) -> None:
        self._on_answer = on_answer
        self._on_loss = on_loss
        self._transport: Any = None
        self._read = b""
        self.due_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def ask(self, request: bytes, due_s: float) -> None:
        self.due_s = due_s
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, gap, body = self._read.partition(b"\r\n\r\n")
        if not gap:
            return
        at = head.lower().index(b"content-length:") + 15
        if len(body) < int(head[at:].split(b"\r\n", 1)[0]):
            return
        self._read = b""
        self._on_answer(self, int(head[9:12]), body)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._on_loss(f"connection lost: {exc}")

    def close(self) -> None:
        self._transport, transport = None, self._transport
        transport.close()


class Lane:
    """Sends an offer's orders, and notes what is answered."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer
        self._free: deque[_Connection] = deque()
        self._waiting: deque[tuple[bytes, float]] = deque()
        self._times: list[float] = []
        self._statuses = Counter[int]()
        self._ids: dict[str, str] = {}
        self._errors: list[str] = []
        self._answered = 0
        self._done = asyncio.Event()

    async def run(self) -> Told:
        """Send them all, and return when the last is answered."""
        offer = self._offer
        loop = asyncio.get_running_loop()
        for _ in range(offer.connections):
            _, one = await loop.create_connection(
                lambda: _Connection(self._on_answer, self._on_loss), "127.0.0.1", offer.port
            )
            self._free.append(one)
        every = list(self._free)
        begun_s = time.perf_counter()
        for number in range(offer.count):
            due_s = begun_s + number / offer.rate if offer.rate else begun_s
            wait_s = due_s - time.perf_counter()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            if self._done.is_set():
                break
            self._send(self._request(number), due_s)
        await self._done.wait()
        seconds = time.perf_counter() - begun_s
        for one in every:
            one.close()
        self._statuses[0] = self._offer.count - self._answered
        return Told(
            times_s=self._times,
            seconds=seconds,
            statuses=dict(+self._statuses),
            acknowledged=self._ids,
            errors=self._errors,
        )

    def _request(self, number: int) -> bytes:
        side = "BUY" if number % 2 else "SELL"
        body = (
            f'{{"symbol":"{self._offer.symbol}","side":"{side}","type":"MARKET",'
            f'"quantity":"0.01","client_order_id":"{self._offer.run}-{number}"}}'
        )
        return (
            f"POST /orders HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer "
            f"{self._offer.token}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def _send(self, request: bytes, due_s: float) -> None:
        if not self._free:
            self._waiting.append((request, due_s))
            return
        # With no rate to keep an order is due when it is sent.
        self._free.popleft().ask(request, due_s if self._offer.rate else time.perf_counter())

    def _on_loss(self, why: str) -> None:
        # What was under way is not known: the run is over, and not clean.
        self._errors.append(why)
        self._done.set()

    def _on_answer(self, one: _Connection, status: int, body: bytes) -> None:
        self._times.append(time.perf_counter() - one.due_s)
        self._statuses[status] += 1
        if status in {200, 201}:
            told = msgspec.json.decode(body, type=_Order)
            self._ids[told.client_order_id] = told.order_id
        if status != 201 and len(self._errors) < 5:
            self._errors.append(f"{status} {body[:300].decode(errors='replace')}")
        self._answered += 1
        if self._answered == self._offer.count:
            self._done.set()
        self._free.append(one)
        if self._waiting:
            self._send(*self._waiting.popleft())


def main() -> None:
    """Read the offer, send it, and print what came of it."""
    offer = msgspec.json.decode(sys.stdin.buffer.read(), type=Offer)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        told = runner.run(Lane(offer).run())
    sys.stdout.buffer.write(msgspec.json.encode(told))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
