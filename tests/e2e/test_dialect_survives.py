"""A ccxt bot trades while PRISM is killed: whatever it was told is still so afterwards."""

import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.rig import Platform, running_platform
from tests.integration.prism.site import moved

from trade2026.core import chance

ccxt: Any = pytest.importorskip("ccxt")

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

BTC = "BTC/USDT"
TRADES_S = 16.0
KILLED_AFTER_S = 6.0
BACK_WITHIN_S = 60.0


class Trader:
    """An unmodified client, and what it was told of its orders."""

    def __init__(self, platform: Platform) -> None:
        reply = platform.call("POST", "PRISM", "/keys", json={"account": "bot"})
        assert reply.status_code == 201, reply.text
        key = reply.json()
        self.secret: str = key["secret"]
        self.client = ccxt.binance({"apiKey": key["api_key"], "secret": key["secret"]})
        host = platform.url("PRISM", "").removeprefix("http://")
        self.client.urls["api"] = moved(self.client.urls["api"], host)
        self.client.load_markets()
        self.told: dict[str, Any] = {}
        self.refused = 0

    def trade(self) -> None:
        """Send resting orders and market orders for a while."""
        random = chance.stream(7, "trader")
        end = time.monotonic() + TRADES_S
        while time.monotonic() < end:
            side = "buy" if random.random() < 0.5 else "sell"
            try:
                if random.random() < 0.5:
                    order = self.client.create_order(BTC, "market", side, 0.001)
                else:
                    price = int(random.integers(30_000, 50_000))
                    order = self.client.create_order(BTC, "limit", "buy", 0.001, price)
            except (ccxt.NetworkError, ccxt.ExchangeError):
                self.refused += 1
                time.sleep(0.2)
            else:
                self.told[order["id"]] = order
                time.sleep(0.15)


def test_a_killed_prism_has_lost_nothing_that_a_bot_was_told(tmp_path: Path) -> None:
    with running_platform(tmp_path / "data") as platform:
        trader = Trader(platform)
        trading = threading.Thread(target=trader.trade)
        trading.start()
        time.sleep(KILLED_AFTER_S)
        killed = list(trader.told)
        platform.kill("prism")
        trading.join()
        platform.wait_for(lambda: is_back(trader), BACK_WITHIN_S, "PRISM")
        rows = {row["id"]: row for row in trader.client.fetch_orders(BTC, limit=1_000)}
        trades = trader.client.fetch_my_trades(BTC, limit=1_000)
        balance = trader.client.fetch_balance()["info"]["balances"]
        logs = [log.read_text("utf-8", "replace") for log in (platform.data_dir / "logs").iterdir()]

    assert len(killed) > 10
    assert len(trader.told) > len(killed)
    assert trader.refused
    assert [i for i in trader.told if i not in rows] == []
    assert [i for i, o in trader.told.items() if rows[i]["filled"] < o["filled"]] == []
    assert {rows[i]["status"] for i in killed} <= {"closed", "canceled"}
    signed = [(1 if t["side"] == "buy" else -1, t["info"]) for t in trades]
    bought = sum(sign * Decimal(t["qty"]) for sign, t in signed)
    spent = sum(sign * Decimal(t["quoteQty"]) + Decimal(t["commission"]) for sign, t in signed)
    held = {b["asset"]: Decimal(b["free"]) + Decimal(b["locked"]) for b in balance}
    assert held["BTC"] == 1 + bought
    assert held["USDT"] == 100_000 - spent
    assert not any(trader.secret in log for log in logs)


def is_back(trader: Trader) -> bool:
    """Return whether PRISM answers."""
    try:
        return bool(trader.client.fetch_time())
    except ccxt.NetworkError:
        return False
