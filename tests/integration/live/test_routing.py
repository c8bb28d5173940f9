"""Orders that name no venue: to PRISM or to the exchange, by rule, health and price."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.live.site import Desk, Rig, a_rig

from trade2026.services.exeq import ExecutionSettings

pytestmark = [
    pytest.mark.integration,
    # A process that is killed closes nothing, and its sockets are found by a later test.
    pytest.mark.filterwarnings("ignore:Unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

BEST = {"name": "best", "venues": ["PRISM", "LIVE"], "by": "PRICE"}
REAL = {"name": "real", "venues": ["LIVE", "PRISM"]}
ONLY = {"name": "only", "venues": ["LIVE"]}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncGenerator[Rig]:
    async with a_rig(tmp_path) as rig:
        rig.changes |= {"OMS_ROUTED_ACCOUNTS": "routed", "OMS_ACCOUNTS": "default,real,routed"}
        yield rig


async def set_rules(desk: Desk, *rules: dict[str, Any]) -> None:
    reply = await desk.exeq.put("/routes", json={"rules": rules, "reason": "a test"})
    assert reply.status_code == 200, reply.text


async def sent(desk: Desk, **changes: Any) -> dict[str, Any]:
    return await desk.send(account="routed", venue=None, **changes)


async def seen_anew() -> None:
    """Wait until what was seen of the venues before counts no more."""
    await asyncio.sleep(1.2 * ExecutionSettings().look_kept_s)


async def test_price_health_and_rules_decide_and_the_order_stays_there(rig: Rig) -> None:
    rig.changes["LIVE_GATEWAY_TAKER_FEE_BPS"] = "1"
    async with rig.platform() as desk:
        assert (await sent(desk))["venue"] == "PRISM"
        await set_rules(desk, BEST)
        # A mock has no price of its own.
        assert (await sent(desk, type="MARKET", price=None))["venue"] == "PRISM"
        await desk.raise_to("LIVE")
        await seen_anew()
        cheap = await desk.until(await sent(desk, type="MARKET", price=None), "FILLED")
        assert cheap["venue"] == "LIVE"
        assert cheap["route"].startswith("best: PRISM trades at ")
        assert cheap["route"].endswith(" and 1 bps")

        # PRISM lets orders rest for 1 bp, the exchange for 10: a passive one goes to PRISM.
        assert (await sent(desk))["venue"] == "PRISM"
        await set_rules(desk, {**REAL, "types": ["LIMIT"]}, BEST)
        working = await desk.until(await sent(desk), lambda o: o["venue_ack_ns"] is not None)
        assert (working["venue"], working["route"]) == ("LIVE", "real: LIVE is well; PRISM is well")

    # After a restart the rules are those of the log, and an order is cancelled where it went.
    async with rig.platform() as desk:
        await desk.oms.delete(f"/orders/{working['order_id']}")
        ended = await desk.until(working, "CANCELLED")
        assert ended["venue"] == "LIVE"
        shown = (await desk.exeq.get("/routes")).json()
        assert [rule["name"] for rule in shown["rules"]] == ["real", "best"]

        await desk.live.post("/live/panic", json={"reason": "a test"})
        await seen_anew()
        failed_over = await sent(desk)
        assert failed_over["venue"] == "PRISM"
        assert failed_over["route"] == "real: LIVE the panic button is in; PRISM is well"
        await set_rules(desk, ONLY)
        body = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01", "price": "58000"}
        refused = await desk.oms.post("/orders", json={**body, "account": "routed"})
        assert refused.status_code == 409
        assert refused.json()["detail"] == "NO_VENUE by rule only: LIVE the panic button is in"
