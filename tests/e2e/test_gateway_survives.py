"""The live gateway's process is killed while orders are on their way to the exchange.

Goal: whatever the moment, no order and no fill is lost or doubled there, and an order that the
router sends is at one venue. Method: the gateway trades by the real ccxt on the platform's own
PRISM through its Binance dialect. Orders are sent while SIGKILL hits the process at moments of a
seed; then the exchange's own list of orders and trades is laid beside the platform's books.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from tests.e2e.audit import exact
from tests.e2e.rig import Platform, running_platform
from tests.integration.prism.site import moved

from trade2026.core import chance
from trade2026.core.ids import OrderId
from trade2026.domain.live.name import client_id_of

ccxt: Any = pytest.importorskip("ccxt")

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SEED: Final = 2026
KILLS: Final = 5
ORDERS_A_KILL: Final = 8
BACK_WITHIN_S: Final = 60.0
BTC: Final = "BTC/USDT"
OVER: Final = {"FILLED", "CANCELLED", "REJECTED", "EXPIRED", "FAILED", "RISK_REJECTED"}
RULE: Final = {"name": "real", "venues": ["LIVE", "PRISM"]}


class Site:
    """The platform, its gateway's key on the exchange, and what was sent."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.random = chance.stream(SEED, "kills")
        reply = platform.call("POST", "PRISM", "/keys", json={"account": "platform"})
        assert reply.status_code == 201, reply.text
        self.key = reply.json()
        self.sent: list[dict[str, Any]] = []

    def configure(self) -> None:
        """Have the gateway trade on PRISM's dialect from the next start on."""
        folder = self.platform.data_dir
        file = folder / "exchange-key"
        file.write_text(f"{self.key['api_key']}\n{self.key['secret']}\n", "utf-8")
        file.chmod(0o600)
        with (folder / "trade2026.toml").open("a", encoding="utf-8") as settings:
            settings.write(
                '[oms]\naccounts = ["default", "real", "routed"]\nlive_accounts = ["real"]\n'
                'routed_accounts = ["routed"]\n[live_gateway]\n'
                'exchange = "binance"\nis_mixing_allowed = true\n'
                f'url = "{self.platform.url("PRISM", "")}"\nsymbols = ["BTCUSDT"]\n'
                f'credentials_file = "{file}"\nceiling = "LIVE"\nramp = [100]\n'
                'daily_notional = "1000000"\ndaily_loss = "100000"\ndoubt_s = 6\nstale_s = 120\n'
                "price_gap_bps = 1000\n"
            )

    def open(self) -> None:
        """Raise the gateway to LIVE, and have routed orders prefer it."""
        platform = self.platform
        platform.wait_for(self.is_connected, BACK_WITHIN_S, "the exchange")
        for mode in ("SHADOW", "CANARY", "LIVE"):
            body = {"mode": mode, "reason": "a test"}
            code = platform.call("POST", "live-gateway", "/live/mode", json=body).json()["confirm"]
            body["confirm"] = code
            reply = platform.call("POST", "live-gateway", "/live/mode", json=body)
            assert reply.status_code == 200, reply.text
        rules = {"rules": [RULE], "reason": "a test"}
        assert platform.call("PUT", "exeq", "/routes", json=rules).status_code == 200

    def is_connected(self) -> bool:
        """Return whether the gateway is there and speaks to the exchange."""
        try:
            return not self.platform.get("live-gateway", "/live")["problem"]
        except (httpx.HTTPError, AssertionError):
            return False

    def an_order(self, number: int) -> dict[str, Any]:
        """Return an order of a seed: at the market, or resting below it."""
        account = "real" if number % 2 else "routed"
        body: dict[str, Any] = {
            "symbol": "BTCUSDT",
            "side": "BUY" if self.random.random() < 0.5 else "SELL",
            "quantity": "0.001",
            "account": account,
            "client_order_id": f"{account}-{number}",
        }
        if account == "real":
            body["venue"] = "LIVE"
        if self.random.random() < 0.7:
            return body | {"type": "MARKET"}
        return body | {"side": "BUY", "price": "57500"}

    def send(self, body: dict[str, Any]) -> None:
        """Send an order again and again under its key until the platform has it."""
        end = time.monotonic() + BACK_WITHIN_S
        while time.monotonic() < end:
            try:
                reply = self.platform.order(**body)
            except httpx.HTTPError:
                continue
            if reply.status_code in {200, 201}:
                self.sent.append(reply.json())
                return
            assert reply.status_code in {409, 503}, reply.text
            time.sleep(0.2)
        raise AssertionError(f"never taken in: {body}")

    def orders(self) -> list[dict[str, Any]]:
        """Return all that the platform has of the two accounts."""
        found = self.platform.get("oms", "/orders?limit=500")["orders"]
        return [order for order in found if order["account"] != "default"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data_dir: Path = tmp_path_factory.mktemp("gateway") / "data"
    with running_platform(data_dir) as platform:
        site = Site(platform)
        site.configure()
        platform.stop()
        platform.start()
        site.open()
        yield site


def test_a_gateway_killed_at_any_moment_loses_and_doubles_nothing(site: Site) -> None:
    platform = site.platform
    numbers = iter(range(10_000))
    lock = threading.Lock()

    def send_one(_: int) -> None:
        with lock:
            body = site.an_order(next(numbers))
        site.send(body)

    for _ in range(KILLS):
        with ThreadPoolExecutor(3) as pool:
            sending = [pool.submit(send_one, one) for one in range(ORDERS_A_KILL)]
            time.sleep(0.05 + 0.6 * site.random.random())
            platform.kill("data")
            for task in sending:
                task.result()
        platform.wait_for(site.is_connected, BACK_WITHIN_S, "the gateway")
        platform.wait_for(platform.is_healthy, BACK_WITHIN_S, "health")
    for order in site.orders():
        if order["status"] not in OVER:
            platform.call("DELETE", "oms", f"/orders/{order['order_id']}")

    def is_over() -> bool:
        return all(order["status"] in OVER for order in site.orders())

    platform.wait_for(is_over, BACK_WITHIN_S, "the end of every order")
    assert len(site.sent) == KILLS * ORDERS_A_KILL
    assert faults_of(site) == []


def faults_of(site: Site) -> list[str]:
    """Return where the exchange and the platform do not say the same."""
    client = ccxt.binance({"apiKey": site.key["api_key"], "secret": site.key["secret"]})
    host = site.platform.url("PRISM", "").removeprefix("http://")
    client.urls["api"] = moved(client.urls["api"], host)
    rows = client.fetch_orders(BTC, limit=1_000)
    trades = client.fetch_my_trades(BTC, limit=1_000)
    held = {b["asset"]: Decimal(b["free"]) for b in client.fetch_balance()["info"]["balances"]}
    ours = site.orders()
    names = Counter(row["clientOrderId"] for row in rows)
    there = {row["clientOrderId"]: Decimal(row["info"]["executedQty"]) for row in rows}
    faults = [f"sent twice: {name}" for name, count in names.items() if count > 1]
    known = {client_id_of(OrderId(order["order_id"])): order for order in ours}
    faults += [f"nobody's: {name}" for name in there if name not in known]
    for name, order in known.items():
        filled = exact(order["filled_quantity"])
        if order["venue"] == "PRISM" and name in there:
            faults.append(f"at two venues: {order}")
        if order["venue"] == "LIVE" and there.get(name, Decimal(0)) != filled:
            faults.append(f"filled {there.get(name)} there: {order}")
    fills = [
        f for f in site.platform.get("oms", "/fills?limit=500")["fills"] if f["venue"] == "LIVE"
    ]
    if len(fills) != len(trades) or len({fill["exec_id"] for fill in fills}) != len(fills):
        faults.append(f"{len(fills)} fills of {len(trades)} trades")
    bought = sum(
        (1 if trade["side"] == "buy" else -1) * Decimal(trade["info"]["qty"]) for trade in trades
    )
    positions = site.platform.get("ptrc", "/positions")
    booked = sum(exact(p["quantity"]) for p in positions if p["venue"] == "LIVE")
    if not held["BTC"] - 1 == bought == booked:
        faults.append(f"held {held['BTC'] - 1}, bought {bought}, booked {booked}")
    return faults


def test_something_traded_there_and_the_router_passed_a_dead_gateway_over(site: Site) -> None:
    orders = site.orders()

    filled = [o for o in orders if o["venue"] == "LIVE" and o["status"] == "FILLED"]
    passed_over = [o for o in orders if o["venue"] == "PRISM" and o["account"] == "routed"]
    assert filled
    assert passed_over
    assert all("real: LIVE " in o["route"] for o in passed_over)
