"""What there is at the exchange, over real sockets: explained, until somebody else trades there."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from tests.factories import qty
from tests.integration.live.site import Desk, Rig, a_rig, eventually

from trade2026.adapters.exchanges.ccxt_exchange import CcxtExchange
from trade2026.model.order import OrdType, Side, TimeInForce
from trade2026.ports.exchange import ExchangeOrder

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:Unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncGenerator[Rig]:
    async with a_rig(tmp_path) as rig:
        yield rig


async def buy_as_somebody_else(rig: Rig) -> None:
    """Trade with the platform's own key, past the platform."""
    stranger = CcxtExchange(
        exchange="binance",
        api_key=rig.key["api_key"],
        secret=rig.key["secret"],
        symbols=["BTCUSDT"],
        url=rig.wire.url,
    )
    await stranger.connect()
    order = ExchangeOrder(
        client_id="stranger",
        symbol="BTCUSDT",
        side=Side.BUY,
        ord_type=OrdType.MARKET,
        time_in_force=TimeInForce.IOC,
        is_post_only=False,
        qty=qty("0.02"),
        price=None,
    )
    await stranger.send(order)
    await stranger.close()


async def balances_of(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = (await desk.ptrc.get("/reconciliation?venue=LIVE")).json()["balances"]
    return found


async def until_explained(desk: Desk) -> None:
    async def is_explained() -> bool:
        return (await balances_of(desk))["verdict"] == "EXPLAINED"

    await eventually(is_explained)


async def test_what_somebody_else_moves_alarms_until_it_is_taken_as_it_is(rig: Rig) -> None:
    async with rig.platform() as desk:
        await desk.raise_to("LIVE")
        await until_explained(desk)
        await desk.until(await desk.send(type="MARKET", price=None), "FILLED")
        await desk.send()
        await until_explained(desk)

        await buy_as_somebody_else(rig)
        found = (await desk.ptrc.post("/reconcile?venue=LIVE")).json()["balances"]

        assert found["verdict"] == "UNEXPLAINED", found
        left = {one["asset"]: one["unexplained"] for one in found["assets"] if one["unexplained"]}
        assert left.keys() == {"BTC", "USDT"}
        assert left["BTC"] == 0.02
        alerts = (await desk.risk.get("/risk/alerts")).text
        assert "balance of BTC, USDT at LIVE" in alerts
        assert "unexplained" in (await desk.ptrc.get("/health")).text

        refused = await desk.live.post("/live/opening", json={"reason": "a friend bought"})
        assert (refused.status_code, "ORDERS_OPEN" in refused.text) == (409, True)
        await desk.oms.delete("/orders?account=real")

        async def is_taken() -> bool:
            reply = await desk.live.post("/live/opening", json={"reason": "a friend bought"})
            return reply.is_success

        await eventually(is_taken)
        assert (await balances_of(desk))["verdict"] == "EXPLAINED"

    # The log has it: a restart neither forgets it nor begins again.
    async with rig.platform() as desk:
        await until_explained(desk)
