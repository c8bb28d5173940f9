"""One perpetual, through the platform's own services: bought, marked, funded, reduced, closed.

The exchange is `tests.usdm`, whose answers are written from documentation.
"""

import asyncio
from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.doors import OpenDoor
from tests.integration.live.site import CORE, eventually
from tests.usdm import FEE, Usdm, running_usdm

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.desk import live_balances, live_funding
from trade2026.model.booking import FundingBooked
from trade2026.model.journal import JournalEvent
from trade2026.model.subjects import ORDERS_EVENT
from trade2026.services import pnl
from trade2026.shell.runtime import Runtime, Surroundings, running
from trade2026.shell.settings import Settings

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:Unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PERP = "BTCUSDT-PERP"
SETTINGS = {
    "LIVE_GATEWAY_EXCHANGE": "binanceusdm",
    "LIVE_GATEWAY_SYMBOLS": PERP,
    "LIVE_GATEWAY_API_KEY": "the-key",
    "LIVE_GATEWAY_API_SECRET": "the-secret",
    "LIVE_GATEWAY_CEILING": "LIVE",
    "LIVE_GATEWAY_RAMP": "100",
    "LIVE_GATEWAY_DAILY_NOTIONAL": "200000",
    "LIVE_GATEWAY_STALE_S": "4",
    "LIVE_GATEWAY_DOUBT_S": "6",
    "OMS_ACCOUNTS": "default,real",
    "OMS_LIVE_ACCOUNTS": "real",
}


class Platform:
    """The services, and what a person does with them."""

    def __init__(self, runtime: Runtime) -> None:
        self.oms = runtime.client("oms")
        self.risk = runtime.client("risk")
        self.ptrc = runtime.client("ptrc")
        self.pnl = runtime.client("pnl")
        self.live = runtime.client("live-gateway")

    async def begin(self) -> None:
        async def is_open() -> bool:
            found = (await self.ptrc.get("/reconciliation?venue=LIVE")).json()
            return found.get("balances", {}).get("verdict") == "EXPLAINED"

        await eventually(is_open)
        for step in ("SHADOW", "CANARY", "LIVE"):
            body = {"mode": step, "reason": "a test"}
            code = (await self.live.post("/live/mode", json=body)).json()["confirm"]
            await self.live.post("/live/mode", json={**body, "confirm": code})

    async def trade(self, side: str, quantity: str, **changes: Any) -> dict[str, Any]:
        """Trade at the market, and return the order when it has ended."""
        body = {
            "symbol": PERP,
            "side": side,
            "quantity": quantity,
            "type": "MARKET",
            "account": "real",
            "venue": "LIVE",
            **changes,
        }
        order: dict[str, Any] = {}

        async def is_judged() -> bool:
            order.update((await self.oms.post("/orders", json=body)).json())
            return "REFERENCE" not in str(order["reasons"])

        await eventually(is_judged)

        async def is_over() -> bool:
            order.update((await self.oms.get(f"/orders/{order['order_id']}")).json())
            return order["status"] in {"FILLED", "REJECTED", "RISK_REJECTED", "CANCELLED"}

        await eventually(is_over)
        return order

    async def position(self) -> dict[str, Any]:
        found: list[dict[str, Any]] = (await self.ptrc.get("/positions?account=real")).json()
        ours = [one for one in found if (one["symbol"], one["strategy"]) == (PERP, "manual")]
        return ours[0] if ours else {}

    async def equity(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.pnl.get("/pnl?account=real")).json()
        return found


@pytest.fixture
async def usdm() -> AsyncGenerator[Usdm]:
    async with running_usdm() as usdm:
        yield usdm


async def test_bought_marked_funded_reduced_and_closed_with_exact_pnl(
    usdm: Usdm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_funding, "EVERY_S", 0.2)
    monkeypatch.setattr(live_balances, "OPEN_AGAIN_S", 0.2)
    bus = LocalBus(MemoryLog(), SystemClock(), with_codec=True)
    given = {**SETTINGS, "LIVE_GATEWAY_URL": usdm.url}
    settings = Settings({f"TRADE2026_{name}": text for name, text in given.items()})
    around = Surroundings(bus=bus, doorkeeper=OpenDoor(), data_dir=tmp_path, settings=settings)
    async with running({**CORE, "pnl": pnl.build}, around) as runtime:
        platform = Platform(runtime)
        await platform.begin()

        bought = await platform.trade("BUY", "0.1")
        assert bought["status"] == "FILLED", bought
        usdm.bid, usdm.ask = Decimal("50999.9"), Decimal("51000.1")
        fees = Decimal("0.1") * Decimal("50000.1") * FEE

        async def is_marked() -> bool:
            found = await platform.equity()
            return Decimal(str(found.get("unrealized_pnl", 0))) == Decimal("99.99")

        await eventually(is_marked)
        # A fifth of it is bound, whatever risk's limits say.
        exposure = (await platform.risk.get("/risk/portfolio?account=real")).json()
        assert exposure["margin"] == 1020, exposure

        usdm.pay_funding("-1.25")

        async def is_funded() -> bool:
            return (await platform.position()).get("funding") == -1.25

        await eventually(is_funded)
        refused = await platform.trade("BUY", "0.05", reduce_only=True)
        assert refused["status"] == "RISK_REJECTED", refused
        reduced = await platform.trade("SELL", "0.04", reduce_only=True)
        assert reduced["status"] == "FILLED", reduced
        assert usdm.asked_order(reduced["order_id"])["reduceOnly"] == "true"
        closed = await platform.trade("SELL", "0.06")
        assert closed["status"] == "FILLED", closed
        fees += Decimal("0.1") * Decimal("50999.9") * FEE

        async def is_flat() -> bool:
            return (await platform.position()).get("quantity") == 0

        await eventually(is_flat)
        position = await platform.position()
        gained = Decimal("0.1") * (Decimal("50999.9") - Decimal("50000.1"))
        assert Decimal(str(position["realized_pnl"])) == gained
        assert Decimal(str(position["fees"])) == fees

        # A short needs nothing borrowed; it is held at the exchange as in our books.
        short = await platform.trade("SELL", "0.02")
        assert short["status"] == "FILLED", short
        found = (await platform.ptrc.get("/reconciliation?venue=LIVE")).json()
        assert (found["differences"], found["balances"]["verdict"]) == ([], "EXPLAINED"), found
        (held,) = found["balances"]["assets"]
        assert (held["asset"], held["free"]) == (PERP, -0.02)
        await platform.trade("BUY", "0.02")

        async def is_even() -> bool:
            equity = await platform.equity()
            moved = Decimal(str(equity["equity"])) - Decimal(str(equity["deposits"]))
            return moved == usdm.wallet - 10_000

        await eventually(is_even)

    async with running({**CORE, "pnl": pnl.build}, around) as runtime:
        await nothing_is_booked_again(Platform(runtime), usdm)
    assert [one async for one in _fundings(bus)] == ["LIVE-BTCUSDT-PERP-9689322000-0"]


async def nothing_is_booked_again(platform: Platform, usdm: Usdm) -> None:
    """Look at another process on the same log."""

    async def is_there() -> bool:
        return "equity" in await platform.equity()

    await eventually(is_there)
    await asyncio.sleep(2.5)
    assert (await platform.position())["funding"] == -1.25
    exposure = (await platform.risk.get("/risk/portfolio?account=real")).json()
    deposits = Decimal(str((await platform.equity())["deposits"]))
    assert Decimal(str(exposure["equity"])) - deposits == usdm.wallet - 10_000


async def _fundings(bus: LocalBus) -> AsyncGenerator[str]:
    """Yield the keys of all funding that was ever journalled."""
    found: list[str] = []

    async def note(event: JournalEvent, _: object) -> None:
        if isinstance(event, FundingBooked):
            found.append(event.event_id)

    await bus.fold(ORDERS_EVENT, note)
    for one in found:
        yield one
