"""A share from `POST /orders` to Interactive Brokers and into the books, by the real ib_async.

TWS's frames are written from its documentation; see `tests.tws`.
"""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.integration.live.site import Rig, a_rig, eventually
from tests.tws import Tws, running_tws

pytestmark = [
    pytest.mark.integration,
    # Of the library of calendars.
    pytest.mark.filterwarnings("ignore:Series.values"),
    pytest.mark.filterwarnings("ignore:Unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[tuple[Rig, Tws]]:
    async with a_rig(tmp_path) as rig, running_tws() as tws:
        rig.changes |= {
            "LIVE_GATEWAY_EXCHANGE": "interactive-brokers",
            "LIVE_GATEWAY_URL": f"127.0.0.1:{tws.port}",
            "LIVE_GATEWAY_SYMBOLS": "AAPL",
            # Our own market is not the broker's: the prices of both are let be apart.
            "LIVE_GATEWAY_PRICE_GAP_BPS": "10000",
        }
        yield rig, tws


async def test_a_share_is_bought_settled_later_and_reconciled(site: tuple[Rig, Tws]) -> None:
    rig, tws = site
    tws.fills_at = "190.01"
    async with rig.platform() as desk:
        await desk.raise_to("LIVE")
        order = await desk.send(symbol="AAPL", quantity="2", type="MARKET", price=None)
        await desk.until(order, "FILLED")
        (fill,) = await desk.fills()
        assert (fill["venue"], fill["price"], fill["quantity"]) == ("LIVE", 190.01, 2)
        assert (fill["fee"], fill["fee_asset"]) == (1.000003, "USD")

        async def is_booked() -> bool:
            held = (await desk.ptrc.get("/positions?account=real")).json()
            return [(one["venue"], one["quantity"]) for one in held] == [("LIVE", 2)]

        await eventually(is_booked)
        settled = (await desk.ptrc.get(f"/settlement/{fill['exec_id']}")).json()
        assert settled["status"] == "UNSETTLED"
        found = (await desk.ptrc.get("/reconciliation?venue=LIVE")).json()
        assert (found["differences"], found["orders"], found["compared"]) == ([], [], 1)

        tws.orders[0].fills.clear()
        found = (await desk.ptrc.get("/reconciliation?venue=LIVE")).json()
        assert found["differences"] == []  # What was heard in this process is not forgotten.
        assert len(tws.placed) == 1
