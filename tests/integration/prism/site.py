"""A PRISM that listens on a socket of this process, and unmodified ccxt clients of it."""

import asyncio
from asyncio import selector_events
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.doors import OpenDoor

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.services import prism
from trade2026.shell.runtime import Surroundings, running

ccxt: Any = pytest.importorskip("ccxt.pro")


class Site:
    """A PRISM that listens, and makers of clients that talk to it."""

    def __init__(self, url: str, http: httpx.AsyncClient, log: MemoryLog) -> None:
        self.host = url.removeprefix("http://")
        self.http = http
        self.log = log
        self.clients: list[Any] = []

    async def key(self, account: str = "bot") -> dict[str, Any]:
        reply = await self.http.post("/keys", json={"account": account})
        assert reply.status_code == 201, reply.text
        found: dict[str, Any] = reply.json()
        return found

    def client(self, key: dict[str, Any] | None = None) -> Any:
        """Return an unmodified client with PRISM's host in its URLs."""
        secrets = {} if key is None else {"apiKey": key["api_key"], "secret": key["secret"]}
        client = ccxt.binance(secrets)
        client.urls["api"] = moved(client.urls["api"], self.host)
        self.clients.append(client)
        return client


def moved(urls: Any, host: str) -> Any:
    """Return *urls* with another host and without encryption; the paths stay."""
    if isinstance(urls, dict):
        return {name: moved(url, host) for name, url in urls.items()}  # pyright: ignore[reportUnknownVariableType]
    scheme, _, rest = str(urls).partition("://")
    _, slash, path = rest.partition("/")
    return f"{'ws' if scheme.startswith('ws') else 'http'}://{host}{slash}{path}"


@asynccontextmanager
async def a_site(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Site]:
    """Run a PRISM that listens; whoever connects to another host from here fails the test."""
    strange: list[Any] = []
    loop_type: Any = selector_events.BaseSelectorEventLoop
    connect = loop_type.sock_connect

    async def watched(loop: Any, sock: Any, address: Any) -> None:
        if address[0] != "127.0.0.1":
            strange.append(address)
            raise ConnectionRefusedError
        await connect(loop, sock, address)

    monkeypatch.setattr(loop_type, "sock_connect", watched)
    log = MemoryLog()
    bus = LocalBus(log, SystemClock(), with_codec=True)
    around = Surroundings(bus=bus, doorkeeper=OpenDoor(), data_dir=data_dir)
    async with running({"PRISM": prism.build}, around, http=True) as runtime:
        client = runtime.client("PRISM")
        while not (await client.get("/trades/BTCUSDT")).json():  # noqa: ASYNC110 - the market has no event.
            await asyncio.sleep(0.05)
        site = Site(runtime.url("PRISM"), client, log)
        yield site
        for one in site.clients:
            await one.close()
    await bus.close()
    assert strange == []
