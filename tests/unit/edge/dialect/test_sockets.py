"""What a WebSocket of the dialect takes from others, and gives back."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.bots import Bot
from tests.unit.edge.dialect.callers import Caller

from trade2026.edge.dialect.rates import HELD_OF_SENDER_MAX
from trade2026.edge.dialect.sockets import TRY_LATER
from trade2026.shell.runtime import Runtime

Call = Callable[..., Caller]
LIST: dict[str, Any] = {"method": "LIST_SUBSCRIPTIONS", "id": 1}
NOTHING: dict[str, Any] = {"result": [], "id": 1}


@pytest.fixture
def call(runtime: Runtime) -> Call:
    def calling(path: str = "/ws", *, address: str = "10.0.0.1") -> Caller:
        return Caller(runtime.members["PRISM"].app, path, address=address)

    return calling


async def served(caller: Caller) -> bool:
    """Open a WebSocket, and return whether it is served."""
    async with caller:
        answer = await caller.asked(**LIST)
    assert answer in (NOTHING, TRY_LATER)
    return answer == NOTHING


async def test_an_address_holds_so_many_sockets_and_one_more_once_it_closes_one(
    call: Call,
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(HELD_OF_SENDER_MAX - 1):
            await stack.enter_async_context(call("/ws-api/v3"))
        async with call():
            is_one_more = await served(call())
            is_another = await served(call(address="10.0.0.2"))
        is_next = await served(call())

    assert (is_one_more, is_another, is_next) == (False, True, True)


async def test_who_gives_up_a_listen_key_hears_of_orders_no_more(call: Call, bot: Bot) -> None:
    key = (await bot.send("POST", "/api/v3/userDataStream", "")).json()["listenKey"]
    async with call() as deaf, call() as other:
        for caller in (deaf, other):
            await caller.asked(method="SUBSCRIBE", params=[key], id=1)
        await bot.order()
        before = [(await deaf.heard())["e"] for _ in range(2)]
        given_up = await deaf.asked(method="UNSUBSCRIBE", params=[key], id=2)
        await bot.order()
        # Whatever it is told of the second order comes before the answer.
        await deaf.say(**LIST)
        async with asyncio.timeout(60):
            after = await deaf.heard()
            told = [(await other.heard())["e"] for _ in range(4)]

    assert before == ["executionReport", "outboundAccountPosition"]
    assert told == before * 2
    assert given_up == {"result": None, "id": 2}
    assert after == NOTHING
