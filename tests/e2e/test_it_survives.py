"""Orders at a steady rate while one process after another is killed; then nothing is missing.

Goal: an acknowledged order survives SIGKILL of any one process, and a fill is booked exactly
once. Method: a sender repeats each order under its own key until it is acknowledged, as a
client must; afterwards the OMS, the ledger and P&L are compared with one another, and with
the log folded again.
"""

import itertools
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Self

import httpx
import msgspec
import pytest
from tests.e2e.rig import Platform, running_platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

RATE_HZ = 20
BETWEEN_KILLS_S = 5.0
HEALTHY_WITHIN_S = 30.0
FINAL = {"FILLED", "CANCELLED", "REJECTED", "EXPIRED", "FAILED", "RISK_REJECTED"}
RESTING = {"SENT", "PARTIALLY_FILLED"}


class Sender:
    """Sends small orders, each until it is acknowledged, and remembers the answers."""

    def __init__(self, platform: Platform) -> None:
        self.acknowledged: dict[str, str] = {}
        """Order id by client_order_id."""
        self.unanswered: list[str] = []
        self._platform = platform
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(lane,)) for lane in range(4)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, lane: int) -> None:
        token = self._platform.token()
        url = self._platform.url("oms", "/orders")
        with httpx.Client(timeout=8, trust_env=False) as client:
            for number in itertools.count():
                if self._stop.wait(len(self._threads) / RATE_HZ):
                    return
                self._send(client, url, token, f"lane{lane}-{number}", number)

    def _send(self, client: httpx.Client, url: str, token: str, key: str, number: int) -> None:
        side = "BUY" if number % 2 else "SELL"
        body: dict[str, Any] = {"symbol": "ETHUSDT", "side": side, "client_order_id": key}
        # Two of three take liquidity; the third rests far away, so that some stay open.
        if number % 3:
            body |= {"type": "MARKET", "quantity": "0.01"}
        else:
            body |= {"quantity": "0.01", "price": "2000" if side == "BUY" else "4000"}
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                reply = client.post(url, json=body, headers={"authorization": f"Bearer {token}"})
            except httpx.HTTPError:
                reply = None
            if reply is not None and reply.status_code in {200, 201}:
                self.acknowledged[key] = reply.json()["order_id"]
                return
            time.sleep(0.2)
        self.unanswered.append(key)


@pytest.fixture(scope="module")
def survivor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Platform, Sender]]:
    """A platform after orders and kills, and the one who sent the orders."""
    data_dir = tmp_path_factory.mktemp("survivor") / "data"
    with running_platform(data_dir) as platform:
        with Sender(platform) as sender:
            time.sleep(BETWEEN_KILLS_S)
            for name in ("core", "NATS", "prism", "Valkey"):
                platform.kill(name)
                time.sleep(1.0)
                platform.wait_for(platform.is_healthy, HEALTHY_WITHIN_S, f"health after {name}")
                time.sleep(BETWEEN_KILLS_S)
        platform.wait_for(lambda: not _in_motion(platform), 30, "rest")
        yield platform, sender


def _all(platform: Platform, path: str, what: str) -> list[Any]:
    found: list[Any] = []
    cursor = ""
    while True:
        reply = platform.call("GET", "oms", f"{path}?limit=500{cursor}")
        assert reply.status_code == 200, reply.text
        page = msgspec.json.decode(reply.content, type=dict[str, Any])
        found += page[what]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def _in_motion(platform: Platform) -> list[str]:
    orders = _all(platform, "/orders", "orders")
    return [o["order_id"] for o in orders if o["status"] not in FINAL | RESTING]


def _exact(number: float) -> Decimal:
    return Decimal(repr(number))


def test_every_acknowledged_order_is_there_and_legal(survivor: tuple[Platform, Sender]) -> None:
    platform, sender = survivor
    orders = {o["order_id"]: o for o in _all(platform, "/orders", "orders")}

    assert sender.unanswered == []
    assert len(sender.acknowledged) > 4 * BETWEEN_KILLS_S * RATE_HZ / 3
    assert set(sender.acknowledged.values()) <= set(orders)
    for order in orders.values():
        assert order["status"] in FINAL | RESTING
        filled, left = _exact(order["filled_quantity"]), _exact(order["remaining_quantity"])
        assert left == (0 if order["status"] in FINAL else _exact(order["quantity"]) - filled)


def test_a_key_has_one_order(survivor: tuple[Platform, Sender]) -> None:
    platform, _ = survivor
    keys = Counter(o["client_order_id"] for o in _all(platform, "/orders", "orders"))

    assert [key for key, count in keys.items() if count > 1] == []


def test_every_fill_is_booked_exactly_once_everywhere(survivor: tuple[Platform, Sender]) -> None:
    platform, _ = survivor
    fills = _all(platform, "/fills", "fills")
    orders = {o["order_id"]: o for o in _all(platform, "/orders", "orders")}

    ids = [fill["exec_id"] for fill in fills]
    assert len(fills) > 50
    assert len(set(ids)) == len(ids)
    filled: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        filled[fill["order_id"]] += _exact(fill["quantity"])
    assert all(_exact(o["filled_quantity"]) == filled[i] for i, o in orders.items())

    signed = sum(_exact(f["quantity"]) * (1 if f["side"] == "BUY" else -1) for f in fills)
    fees = sum(_exact(fill["fee"]) for fill in fills)
    for component in ("ptrc", "pnl"):
        positions = platform.get(component, "/positions")
        assert sum(_exact(p["quantity"]) for p in positions) == signed
        assert sum(_exact(p["fees"]) for p in positions) == fees
    assert _exact(platform.get("pnl", "/pnl")["fees"]) == fees


def test_nothing_surprised_the_oms(survivor: tuple[Platform, Sender]) -> None:
    platform, _ = survivor

    stats = platform.get("oms", "/stats")

    assert (stats["surprises"], stats["unknown_reports"]) == (0, 0)


def test_the_folded_log_equals_the_live_ledger(survivor: tuple[Platform, Sender]) -> None:
    platform, _ = survivor

    replayed = platform.cli("replay")

    assert replayed.stdout.splitlines()[-1] == "equal", replayed.stdout + replayed.stderr


def test_a_stop_and_a_second_start_change_nothing(survivor: tuple[Platform, Sender]) -> None:
    platform, _ = survivor
    before = platform.get("ptrc", "/positions"), platform.get("ptrc", "/ledger")["digest"]

    took_s = platform.stop()
    platform.start()

    after = platform.get("ptrc", "/positions"), platform.get("ptrc", "/ledger")["digest"]
    assert took_s <= 10
    assert [p["quantity"] for p in after[0]] == [p["quantity"] for p in before[0]]
    assert after[1] == before[1]
    assert "admin password" not in platform.said()
