"""PRISM as its process serves it, with a bot that has a key."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from tests.bots import Bot
from tests.doors import OpenDoor

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.services import prism
from trade2026.shell.runtime import Runtime, Surroundings, running


async def opened(client: httpx.AsyncClient) -> None:
    """Wait for the first trade: the agents open with some seconds of quoting."""
    while not (await client.get("/trades/BTCUSDT")).json():  # noqa: ASYNC110 - the market has no event.
        await asyncio.sleep(0.05)


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncGenerator[Runtime]:
    bus = LocalBus(MemoryLog(), SystemClock(), with_codec=True)
    around = Surroundings(bus=bus, doorkeeper=OpenDoor(), data_dir=tmp_path)
    async with running({"PRISM": prism.build}, around) as runtime:
        await opened(runtime.client("PRISM"))
        yield runtime
    await bus.close()


@pytest.fixture
def client(runtime: Runtime) -> httpx.AsyncClient:
    return runtime.client("PRISM")


@pytest.fixture
async def bot(client: httpx.AsyncClient) -> Bot:
    reply = await client.post("/keys", json={"account": "bot"})
    return Bot(client, reply.json(), SystemClock())
