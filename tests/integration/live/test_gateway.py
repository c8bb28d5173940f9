"""The live gateway from `POST /orders` to a Binance dialect and back, with the real ccxt."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.live.site import Rig, a_rig, eventually

pytestmark = [
    pytest.mark.integration,
    # A process that is killed closes nothing, and its sockets are found by a later test.
    pytest.mark.filterwarnings("ignore:Unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncGenerator[Rig]:
    async with a_rig(tmp_path) as rig:
        yield rig


async def test_a_live_order_rests_is_changed_and_cancelled(rig: Rig) -> None:
    async with rig.platform() as desk:
        await desk.raise_to("LIVE")
        order = await desk.send()
        working = await desk.until(order, lambda o: o["venue_ack_ns"] is not None)

        assert (working["status"], working["venue"]) == ("SENT", "LIVE")
        change = {"price": "58100", "quantity": "0.02"}
        await desk.oms.patch(f"/orders/{order['order_id']}", json=change)
        changed = await desk.until(order, lambda o: o["price"] == 58100)
        assert (changed["quantity"], changed["status"]) == (0.02, "SENT")
        await desk.oms.delete(f"/orders/{order['order_id']}")
        ended = await desk.until(order, "CANCELLED")
        assert ended["filled_quantity"] == 0
        assert (await desk.standing())["sent_today"] == 0
        assert await desk.fills() == []


async def test_a_live_order_fills_and_no_log_shows_the_key(
    rig: Rig, capfd: pytest.CaptureFixture[str]
) -> None:
    async with rig.platform() as desk:
        await desk.raise_to("LIVE")
        order = await desk.send(type="MARKET", price=None)
        filled = await desk.until(order, "FILLED")

        fills = await desk.fills()
        assert sum(fill["quantity"] for fill in fills) == pytest.approx(0.01)
        assert {fill["venue"] for fill in fills} == {"LIVE"}
        assert filled["fees"] == pytest.approx(filled["average_price"] * 0.01 * 0.0005, rel=1e-6)

        async def is_booked() -> bool:
            positions = (await desk.ptrc.get("/positions?account=real")).json()
            return [(p["venue"], p["quantity"]) for p in positions] == [("LIVE", 0.01)]

        await eventually(is_booked)
        standing = await desk.standing()
        assert 500 < standing["sent_today"] < 700
        shown = "".join(capfd.readouterr()) + str(standing)
        assert "live mode" in shown
        assert rig.key["api_key"] not in shown
        assert rig.key["secret"] not in shown


async def test_the_exchanges_refusals_and_ours_are_told(rig: Rig) -> None:
    async with rig.platform() as desk:
        mock = await desk.until(await desk.send(type="MARKET", price=None), "FILLED")
        assert {f["venue"] for f in await desk.fills()} == {"PRISM"}
        assert mock["venue"] == "LIVE"
        await desk.raise_to("LIVE")

        poor = await desk.until(
            await desk.send(side="SELL", quantity="1.5", price="70000"), "REJECTED"
        )
        capped = await desk.until(await desk.send(quantity="3.5"), "REJECTED")
        crossing = await desk.until(
            await desk.send(side="SELL", quantity="0.001", post_only=True), "REJECTED"
        )

        assert "INSUFFICIENT_FUNDS" in poor["text"]
        assert "DAILY_NOTIONAL" in capped["text"]
        assert "POST_ONLY_WOULD_TRADE" in crossing["text"]


async def test_a_crash_between_sending_and_the_answer_orders_once(rig: Rig) -> None:
    order: dict[str, Any] = {}
    with contextlib.suppress(asyncio.CancelledError):
        async with rig.platform() as desk:
            await desk.raise_to("LIVE")
            rig.wire.mutes = b"POST /api/v3/order"
            order = await desk.send(type="MARKET", price=None)
            await asyncio.wait_for(rig.wire.muted.wait(), 20)
            assert (await desk.order(order))["venue_ack_ns"] is None
            raise asyncio.CancelledError
    rig.wire.mutes = b""

    async with rig.platform() as desk:
        assert (await desk.standing())["mode"] == "LIVE"
        filled = await desk.until(order, "FILLED")
        fills = await desk.fills()
        assert filled["filled_quantity"] == 0.01
        assert sum(fill["quantity"] for fill in fills) == pytest.approx(0.01)
        assert len({fill["exec_id"] for fill in fills}) == len(fills)


async def test_an_order_that_never_arrived_is_never_sent_again(rig: Rig) -> None:
    async with rig.platform() as desk:
        await desk.raise_to("LIVE")
        rig.wire.is_deaf = True
        rig.wire.cut()
        order = await desk.send(type="MARKET", price=None)
        await asyncio.sleep(1)
        assert (await desk.order(order))["venue_ack_ns"] is None
        rig.wire.is_deaf = False

        ended = await desk.until(order, "REJECTED")

        assert "NEVER_ARRIVED" in ended["text"]
        assert await desk.fills() == []


async def test_what_trades_while_the_streams_are_down_is_booked_once(rig: Rig) -> None:
    async with rig.platform() as desk:
        await desk.raise_to("LIVE")
        orders = [await desk.send(type="MARKET", price=None, quantity="0.002") for _ in range(2)]
        for order in orders:
            await desk.until(order, "FILLED")
        resting = await desk.send(quantity="0.003", price="58000")
        await desk.until(resting, lambda o: o["venue_ack_ns"] is not None)
        for _ in range(3):
            rig.wire.cut()
            await asyncio.sleep(0.3)
        sold = await desk.send(type="MARKET", price=None, side="SELL", quantity="0.004")

        await desk.until(sold, lambda o: o["status"] in {"FILLED", "REJECTED"})
        await desk.oms.delete(f"/orders/{resting['order_id']}")
        await desk.until(resting, "CANCELLED")
        fills = await desk.fills()
        assert len({fill["exec_id"] for fill in fills}) == len(fills)


async def test_shadow_sends_nothing_and_books_nothing(rig: Rig) -> None:
    async with rig.platform() as desk:
        await desk.raise_to("SHADOW")
        order = await desk.send(type="MARKET", price=None)
        ended = await desk.until(order, "CANCELLED")

        assert "SHADOW 0.01 of 0.01 would have filled" in ended["text"]
        assert await desk.fills() == []
        shadow = (await desk.live.get("/live/shadow")).json()
        assert sum(fill["quantity"] for fill in shadow) == pytest.approx(0.01)
        assert all(fill["hypothetical"] and not fill["maker"] for fill in shadow)
        resting = await desk.send()
        await desk.until(resting, lambda o: o["venue_ack_ns"] is not None)
        await desk.oms.delete(f"/orders/{resting['order_id']}")
        ended = await desk.until(resting, "CANCELLED")
        assert "SHADOW 0 of 0.01 would have filled" in ended["text"]


async def test_canary_sends_a_share_and_shadows_the_rest(rig: Rig) -> None:
    async with rig.platform() as desk:
        await desk.raise_to("CANARY")
        order = await desk.send(type="MARKET", price=None, quantity="0.1")
        ended = await desk.until(order, "CANCELLED")

        assert ended["filled_quantity"] == 0.001
        assert "CANARY 0.099 of 0.099 would have filled" in ended["text"]
        (row,) = (await desk.live.get("/live/orders")).json()
        assert (row["route"], row["sent_quantity"], row["done"]) == ("CANARY", 0.001, True)


async def test_panic_cancels_everything_and_only_people_lead_back(rig: Rig) -> None:
    async with rig.platform() as desk:
        await desk.raise_to("LIVE")
        order = await desk.send()
        await desk.until(order, lambda o: o["venue_ack_ns"] is not None)

        reply = await desk.live.post("/live/panic", json={"reason": "a drill"})
        assert reply.json() == {"cancelling": 1}
        await desk.until(order, "CANCELLED")
        refused = await desk.until(await desk.send(), "REJECTED")
        assert "PANIC" in refused["text"]

    async with rig.platform() as desk:
        standing = await desk.standing()
        assert (standing["panic"], standing["mode"]) == (True, "SHADOW")
        reply = await desk.live.post("/live/mode", json={"mode": "CANARY", "reason": "no"})
        assert reply.status_code == 409

        async def is_back() -> bool:
            reply = await desk.live.post("/live/resume", json={"reason": "looked at"})
            return reply.status_code == 200

        await eventually(is_back)
        assert (await desk.standing())["mode"] == "SHADOW"
