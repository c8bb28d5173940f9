"""A platform whose live gateway trades on PRISM through its Binance dialect, over real sockets.

Between the gateway and the exchange stands a wire that can lose requests, keep answers back and
break connections.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.doors import OpenDoor

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.services import (
    exeq,
    gateway,
    live_gateway,
    normalizer,
    oms,
    prism,
    ptrc,
    risk,
)
from trade2026.shell.runtime import Runtime, Surroundings, running
from trade2026.shell.settings import Settings

WITHIN_S = 40.0
CORE = {
    "gateway": gateway.build,
    "normalizer": normalizer.build,
    "live-gateway": live_gateway.build,
    "risk": risk.build,
    "oms": oms.build,
    "exeq": exeq.build,
    "ptrc": ptrc.build,
}


class Wire:
    """A relay of bytes between the gateway and the exchange, which does what tests want of it."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = host, int(port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.is_deaf = False
        """Whether new connections are refused."""
        self.mutes: bytes = b""
        """A request that begins so arrives, and nothing is answered to it any more."""
        self.muted = asyncio.Event()

    @property
    def url(self) -> str:
        """Return where it listens."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Break every connection."""
        for writer in self._writers:
            writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_deaf:
            writer.close()
            return
        there, back = await asyncio.open_connection(*self._target)
        self._writers |= {writer, back}
        silent = asyncio.Event()

        async def ask() -> None:
            while chunk := await reader.read(65_536):
                if self.mutes and chunk.startswith(self.mutes):
                    silent.set()
                    self.muted.set()
                back.write(chunk)
                await back.drain()
            back.close()

        async def answer() -> None:
            while chunk := await there.read(65_536):
                if not silent.is_set():
                    writer.write(chunk)
                    await writer.drain()
            writer.close()

        with contextlib.suppress(OSError):
            await asyncio.gather(ask(), answer())
        self._writers -= {writer, back}


class Rig:
    """The platform, the exchange, and what a person does with them."""

    def __init__(self, bus: LocalBus, data_dir: Path, venue: httpx.AsyncClient, wire: Wire) -> None:
        self.bus = bus
        self.data_dir = data_dir
        self.venue = venue
        self.wire = wire
        self.key: dict[str, str] = {}
        self.changes: dict[str, str] = {}
        """Settings besides, without their prefix."""

    async def open(self) -> None:
        """Make a key of the exchange's and write it where the gateway reads it."""
        reply = await self.venue.post("/keys", json={"account": "platform"})
        assert reply.status_code == 201, reply.text
        self.key = reply.json()
        path = self.data_dir / "exchange-key"
        path.write_text(f"{self.key['api_key']}\n{self.key['secret']}\n")
        path.chmod(0o600)
        self.changes = {
            "LIVE_GATEWAY_EXCHANGE": "binance",
            "LIVE_GATEWAY_URL": self.wire.url,
            "LIVE_GATEWAY_SYMBOLS": "BTCUSDT",
            "LIVE_GATEWAY_CREDENTIALS_FILE": str(path),
            "LIVE_GATEWAY_CEILING": "LIVE",
            "LIVE_GATEWAY_IS_MIXING_ALLOWED": "true",
            "LIVE_GATEWAY_RAMP": "100",
            "LIVE_GATEWAY_DAILY_NOTIONAL": "200000",
            "LIVE_GATEWAY_DOUBT_S": "6",
            # A busy machine may let the market wait for seconds.
            "LIVE_GATEWAY_STALE_S": "120",
            "LIVE_GATEWAY_PRICE_GAP_BPS": "1000",
            "OMS_ACCOUNTS": "default,real",
            "OMS_LIVE_ACCOUNTS": "real",
        }

    @asynccontextmanager
    async def platform(self) -> AsyncGenerator["Desk"]:
        """Run the platform until the block ends; leaving it by an error is a crash."""
        settings = Settings({f"TRADE2026_{name}": text for name, text in self.changes.items()})
        around = Surroundings(
            bus=self.bus, doorkeeper=OpenDoor(), data_dir=self.data_dir, settings=settings
        )
        async with running(CORE, around) as runtime:
            desk = Desk(runtime, self)
            await desk.until_priced()
            yield desk


class Desk:
    """What a person does at the platform."""

    def __init__(self, runtime: Runtime, rig: Rig) -> None:
        self.rig = rig
        self.oms = runtime.client("oms")
        self.exeq = runtime.client("exeq")
        self.live = runtime.client("live-gateway")
        self.ptrc = runtime.client("ptrc")
        self.risk = runtime.client("risk")

    async def until_priced(self) -> None:
        """Wait until risk has a price and the gateway is connected."""

        async def is_there() -> bool:
            check = {"symbol": "BTCUSDT", "side": "BUY", "quantity": 0.001, "price": 40000}
            verdict = (await self.risk.post("/check", json={**check, "dry_run": True})).json()
            return "NO_REFERENCE" not in str(verdict) and not (await self.standing())["problem"]

        await eventually(is_there)
        await asyncio.sleep(1)

    async def standing(self) -> dict[str, Any]:
        """Return how the gateway stands."""
        found: dict[str, Any] = (await self.live.get("/live")).json()
        return found

    async def raise_to(self, mode: str) -> None:
        """Raise the mode step by step, each in two calls."""
        for step in ("SHADOW", "CANARY", "LIVE"):
            body = {"mode": step, "reason": "a test"}
            code = (await self.live.post("/live/mode", json=body)).json()["confirm"]
            reply = await self.live.post("/live/mode", json={**body, "confirm": code})
            assert reply.json()["mode"] == step, reply.text
            if step == mode:
                return

    async def send(self, **changes: Any) -> dict[str, Any]:
        """Send an order to buy far below the market, changed by *changes*."""
        body = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "quantity": "0.01",
            "price": "58000",
            "account": "real",
            "venue": "LIVE",
            **changes,
        }
        body = {name: value for name, value in body.items() if value is not None}
        found: dict[str, Any] = {}

        async def is_judged() -> bool:
            found.update((await self.oms.post("/orders", json=body)).json())
            # On a busy machine the market may have to wait: such an order was not sent.
            return "STALE_REFERENCE_PRICE" not in str(found["reasons"])

        await eventually(is_judged)
        assert found["status"] != "RISK_REJECTED", found
        return found

    async def order(self, order: dict[str, Any]) -> dict[str, Any]:
        """Return how an order stands by now."""
        found: dict[str, Any] = (await self.oms.get(f"/orders/{order['order_id']}")).json()
        return found

    async def until(
        self, order: dict[str, Any], wanted: str | Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        """Wait until an order has the status, or is as it should be; return it."""
        found: dict[str, Any] = {}

        async def is_so() -> bool:
            found.update(await self.order(order))
            return found["status"] == wanted if isinstance(wanted, str) else wanted(found)

        try:
            await eventually(is_so)
        except TimeoutError:
            raise AssertionError(f"{wanted}: {found}") from None
        return found

    async def fills(self) -> list[dict[str, Any]]:
        """Return the fills of the real account."""
        reply = await self.oms.get("/fills?account=real")
        found: list[dict[str, Any]] = reply.json()["fills"]
        return found


async def eventually(is_so: Callable[[], Any]) -> None:
    """Return when *is_so* holds."""
    async with asyncio.timeout(WITHIN_S):
        while not await is_so():  # noqa: ASYNC110 - what is waited for has no event.
            await asyncio.sleep(0.05)


@asynccontextmanager
async def a_rig(data_dir: Path) -> AsyncGenerator[Rig]:
    """Run the exchange; the platform is the caller's to start and to kill."""
    bus = LocalBus(MemoryLog(), SystemClock(), with_codec=True)
    around = Surroundings(bus=bus, doorkeeper=OpenDoor(), data_dir=data_dir)
    async with running({"PRISM": prism.build}, around, http=True) as runtime:
        venue = runtime.client("PRISM")
        while not (await venue.get("/trades/BTCUSDT")).json():  # noqa: ASYNC110 - the market has no event.
            await asyncio.sleep(0.05)
        wire = Wire(runtime.url("PRISM").removeprefix("http://"))
        await wire.open()
        rig = Rig(bus, data_dir, venue, wire)
        await rig.open()
        yield rig
        await wire.close()
    await bus.close()
