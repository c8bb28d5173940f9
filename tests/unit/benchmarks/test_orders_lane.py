"""The benchmark's sender tells what came of every order, and hides no delay."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from benchmarks.orders.http import is_clean
from benchmarks.orders.lane import Lane, Offer, Told

from trade2026.model import codec


def answer(number: int, status: int = 201) -> bytes:
    body = b'{"order_id":"id-%d","client_order_id":"run-%d"}' % (number, number)
    head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def offered(say: Callable[[int], bytes | None], *, count: int = 6, rate: float = 0) -> Told:
    """Return what is told of orders that a server answers by *say*; None hangs up."""
    numbers = iter(range(count))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b'"}'):
                said = say(next(numbers))
                if said is None:
                    break
                # In two pieces, as it may come.
                writer.write(said[:20])
                await writer.drain()
                await asyncio.sleep(0.001)
                writer.write(said[20:])
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    def begin(reader: Any, writer: Any) -> None:
        serving.append(asyncio.ensure_future(serve(reader, writer)))

    serving: list[asyncio.Future[None]] = []
    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    offer = Offer(
        port=server.sockets[0].getsockname()[1],
        token="t",
        rate=rate,
        count=count,
        connections=2,
        symbol="X",
        run="run",
    )
    told = await asyncio.wait_for(Lane(offer).run(), 10)
    await asyncio.wait(serving, timeout=10)
    server.close()
    await server.wait_closed()
    return codec.decode(Told, codec.encode(told))


async def test_every_order_is_answered_for() -> None:
    told = await offered(answer)

    assert told.acknowledged == {f"run-{n}": f"id-{n}" for n in range(6)}
    assert (told.statuses, len(told.times_s), is_clean(told)) == ({201: 6}, 6, True)


async def test_a_refusal_makes_a_run_unclean() -> None:
    told = await offered(lambda number: answer(number, 503 if number == 3 else 201))

    assert told.statuses == {201: 5, 503: 1}
    assert "503" in told.errors[0]
    assert not is_clean(told)


async def test_a_server_that_hangs_up_ends_the_run_and_the_rest_counts_as_unanswered() -> None:
    told = await offered(lambda number: None if number == 3 else answer(number))

    assert told.statuses[0] >= 1
    assert sum(told.statuses.values()) == 6
    assert not is_clean(told)


@pytest.mark.parametrize(("worst_s", "is_fine"), [(0.9, True), (1.1, False)])
def test_an_answer_long_after_it_was_due_makes_a_run_unclean(worst_s: float, is_fine: bool) -> None:
    told = Told(times_s=[0.01, worst_s], seconds=1, statuses={201: 2}, acknowledged={}, errors=[])

    assert is_clean(told) is is_fine
