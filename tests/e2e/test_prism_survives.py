"""PRISM is killed again and again while it is traded on and driven: what it said it did, it did.

Stops that wait, orders made smaller, orders replaced, parameters and bands: each answer is kept
and looked for afterwards. Then the log is played again, twice, each time in a process of its own.
"""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from tests.bots import KEY_HEADER, signature
from tests.e2e.rig import Platform, running_platform

from trade2026.core import chance
from trade2026.core.clock import NS_PER_MS, SystemClock

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

KILLS = 3
BETWEEN_KILLS_S = 4.0
BACK_WITHIN_S = 60.0
ORDER = "/api/v3/order"
LIMIT = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.002",
    "price": "40000",
}
STOP = {**LIMIT, "side": "SELL", "type": "STOP_LOSS_LIMIT", "price": "30000", "stopPrice": "31000"}


class Actor:
    """Trades on PRISM and drives it, one thing after another, and keeps what it was told."""

    def __init__(self, platform: Platform) -> None:
        reply = platform.call("POST", "PRISM", "/keys", json={"account": "bot"})
        assert reply.status_code == 201, reply.text
        self._key: str = reply.json()["api_key"]
        self._secret: str = reply.json()["secret"]
        self._platform = platform
        self._http = httpx.Client(timeout=8, trust_env=False)
        self._random = chance.stream(11, "actor")
        self._number = 0
        self.is_done = threading.Event()
        self.stops: set[int] = set()
        self.resting: dict[int, str] = {}
        """Quantity by order."""
        self.replaced: set[int] = set()
        self.unsure: set[int] = set()
        """Orders that something was asked for of which no answer came."""
        self.pauses: list[float] = []
        self.bands: list[int] = []
        self.unanswered = 0

    def run(self) -> None:
        """Act until it is told to end."""
        acts: list[Callable[[], None]] = [
            self._stop, self._rest, self._make_smaller, self._replace, self._params, self._band,
        ]  # fmt: skip
        while not self.is_done.wait(0.05):
            self._number += 1
            try:
                acts[int(self._random.integers(len(acts)))]()
            except httpx.HTTPError:
                self.unanswered += 1
                time.sleep(0.2)

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def ask(self, method: str, path: str, **params: Any) -> httpx.Response:
        """Send a signed request."""
        now_ms = SystemClock().now_ns() // NS_PER_MS
        query = urlencode({"timestamp": now_ms, **params})
        url = self._platform.url("PRISM", f"{path}?{query}&signature=")
        return self._http.request(
            method, url + signature(self._secret, query), headers={KEY_HEADER: self._key}
        )

    def _stop(self) -> None:
        reply = self.ask("POST", ORDER, **STOP)
        if reply.status_code == 200:
            self.stops.add(reply.json()["orderId"])

    def _rest(self) -> None:
        reply = self.ask("POST", ORDER, **LIMIT)
        if reply.status_code == 200:
            self.resting[reply.json()["orderId"]] = "0.002"

    def _make_smaller(self) -> None:
        number = next((n for n, quantity in self.resting.items() if quantity == "0.002"), None)
        if number is not None:
            amend = f"{ORDER}/amend/keepPriority"
            reply = self._change(number, "PUT", amend, orderId=number, newQty="0.001")
            if reply.status_code == 200:
                self.resting[number] = "0.001"

    def _replace(self) -> None:
        number = next(iter(self.resting), None)
        if number is not None:
            new = {**LIMIT, "price": "39000", "cancelReplaceMode": "STOP_ON_FAILURE"}
            path = f"{ORDER}/cancelReplace"
            reply = self._change(number, "POST", path, cancelOrderId=number, **new)
            if reply.status_code == 200:
                del self.resting[number]
                self.replaced.add(number)
                self.resting[reply.json()["newOrderResponse"]["orderId"]] = "0.002"

    def _change(self, number: int, method: str, path: str, **params: Any) -> httpx.Response:
        # Until there is an answer it may have happened or not.
        quantity = self.resting.pop(number)
        self.unsure.add(number)
        reply = self.ask(method, path, **{"symbol": "BTCUSDT", **params})
        if reply.status_code < 500:
            self.unsure.remove(number)
            self.resting[number] = quantity
        return reply

    def _params(self) -> None:
        pause = 9 + self._number / 1_000
        body = {"type": "noise", "values": {"mean_pause_s": pause}}
        if self._control("params", body):
            self.pauses.append(pause)

    def _band(self) -> None:
        low = 1 + self._number
        if self._control("band", {"symbol": "AAPL", "low": low, "high": 10_000}):
            self.bands.append(low)

    def _control(self, what: str, body: Any) -> bool:
        headers = {"authorization": f"Bearer {self._platform.token()}"}
        url = self._platform.url("PRISM", f"/control/{what}")
        return self._http.post(url, json=body, headers=headers).status_code == 200


def test_a_killed_prism_has_done_all_that_it_said(tmp_path: Path) -> None:
    with running_platform(tmp_path / "data") as platform:
        actor = Actor(platform)
        acting = threading.Thread(target=actor.run)
        acting.start()
        for _ in range(KILLS):
            time.sleep(BETWEEN_KILLS_S)
            platform.kill("prism")
            time.sleep(1.0)
            platform.wait_for(platform.is_healthy, BACK_WITHIN_S, "health")
        time.sleep(BETWEEN_KILLS_S)
        actor.is_done.set()
        acting.join()
        stands = platform.call("POST", "PRISM", "/control/pause").json()
        platform.wait_for(
            lambda: replayed(platform)["recorded_digest"] == stands["digest"], 30, "snapshot"
        )

        rows = actor.ask("GET", "/api/v3/allOrders", symbol="BTCUSDT", limit=1_000).json()
        actor.close()
        audit = platform.get("PRISM", "/control/audit?limit=1000")
        last, again = replayed(platform), replayed(platform)
        earlier = [replayed(platform, "--life", str(life)) for life in range(KILLS)]

    assert actor.unanswered
    assert min(len(actor.stops), len(actor.resting), len(actor.replaced)) > 3
    orders = {row["orderId"]: row for row in rows}
    assert len(orders) == len(rows)
    # A venue that was down has cancelled what worked there, and says so.
    assert {orders[n]["status"] for n in actor.stops} <= {"NEW", "CANCELED"}
    assert {orders[n]["stopPrice"] for n in actor.stops} == {"31000"}
    assert {n: orders[n]["origQty"] for n in actor.resting} == actor.resting
    assert {orders[n]["status"] for n in actor.resting} <= {"NEW", "CANCELED"}
    assert {orders[n]["status"] for n in actor.replaced} == {"CANCELED"}
    whats = [row["what"] for row in audit if row["result"] == "DONE"]
    pauses = [w["params"]["values"]["mean_pause_s"] for w in whats if w.get("params")]
    bands = [w["bands"][0]["low"] for w in whats if w.get("bands")]
    assert [p for p in actor.pauses if p not in pauses] == []
    assert [b for b in actor.bands if b not in bands] == []
    assert min(len(actor.pauses), len(actor.bands)) > 3
    assert last == again
    assert all(one["is_equal"] and one["inputs"] for one in (last, *earlier))


def replayed(platform: Platform, *arguments: str) -> Any:
    """Return what another process makes of a life's log."""
    return json.loads(platform.cli("prism", "replay", "--json", *arguments).stdout)
