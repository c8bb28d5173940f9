"""The whole platform on a recorded Binance session: paper orders fill on the recorded book."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.rig import Platform, running_platform
from tests.feeds import SPOT_RECORDING, recorded

pytestmark = [pytest.mark.e2e, pytest.mark.data, pytest.mark.timeout(400)]

# What the session's first minute shows; an order at these prices is far from its market.
RECORDED_LOW, RECORDED_HIGH = 61_000, 63_000


@pytest.fixture(scope="module")
def replaying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform at the recorded pace."""
    file = recorded(SPOT_RECORDING)
    data_dir: Path = tmp_path_factory.mktemp("replaying") / "data"
    with running_platform(data_dir, "--source", "replay", "--file", str(file)) as platform:
        yield platform


def _ticker(platform: Platform) -> Any:
    tickers = platform.call("GET", "gateway", "/tickers", token="").json()
    return tickers[0] if tickers and tickers[0]["bid"] else None


def test_an_order_fills_within_the_recorded_market_and_survives_a_kill(
    replaying: Platform,
) -> None:
    replaying.wait_for(lambda: _ticker(replaying), 30, "a ticker")
    ticker = _ticker(replaying)
    assert (ticker["symbol"], ticker["venue"]) == ("BTCUSDT", "BINANCE")
    assert RECORDED_LOW < ticker["bid"] < ticker["ask"] < RECORDED_HIGH

    reply = replaying.order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.02")
    order_id = reply.json()["order_id"]
    path = f"/orders/{order_id}"
    replaying.wait_for(
        lambda: replaying.get("oms", path)["status"] == "FILLED", 10, f"fill: {reply.text}"
    )
    order = replaying.get("oms", path)
    assert RECORDED_LOW < order["average_price"] < RECORDED_HIGH
    replaying.wait_for(lambda: replaying.get("ptrc", "/positions"), 5, "a position")
    before = _state(replaying, order_id)

    replaying.kill("core")
    replaying.wait_for(lambda: not replaying.is_healthy(), 10, "notice of the kill")
    replaying.wait_for(replaying.is_healthy, 30, "health")

    assert _state(replaying, order_id) == before
    assert replaying.cli("replay").stdout.splitlines()[-1] == "equal"


def _state(platform: Platform, order_id: str) -> Any:
    """Return what must not change by a kill: all but marks, which follow the market."""
    position = platform.get("ptrc", "/positions")[0]
    pnl = platform.get("pnl", "/pnl")
    return (
        platform.get("oms", f"/orders/{order_id}"),
        {key: value for key, value in position.items() if key != "unrealized_pnl"},
        {key: pnl[key] for key in ("deposits", "cash", "realized_pnl", "fees")},
    )
