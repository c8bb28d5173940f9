"""The acceptance calls, exactly as the platform promises them, on a freshly started one."""

import json
import time
from typing import Any
from uuid import UUID

import pytest
from tests.e2e.rig import Platform

pytestmark = pytest.mark.e2e

LATER = {"SENT", "PARTIALLY_FILLED", "FILLED"}


def _eventually(check: Any, limit_s: float = 10.0) -> Any:
    end = time.monotonic() + limit_s
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def test_an_order_below_the_market_is_sent_and_shown_as_asked(platform: Platform) -> None:
    body = {"symbol": "BTCUSDT", "side": "BUY", "quantity": 0.001, "price": 50000.0}

    reply = platform.order(**body)

    shown = reply.json()
    assert reply.status_code == 201
    assert UUID(shown["order_id"]).version == 7
    assert shown["status"] in LATER
    assert {key: shown[key] for key in body} == body


def tickers_of(platform: Platform) -> dict[str, Any]:
    shown = platform.call("GET", "gateway", "/tickers", token="").json()
    return {ticker["symbol"]: ticker for ticker in shown}


def test_the_market_is_there(platform: Platform) -> None:
    def has_traded() -> bool:
        return all(ticker["last_price"] is not None for ticker in tickers_of(platform).values())

    # In a quiet minute nobody has traded a symbol yet when the platform is up.
    platform.wait_for(has_traded, 120, "a trade in every symbol")
    tickers = tickers_of(platform)

    assert {"BTCUSDT", "ETHUSDT", "SOLUSDT", "AAPL", "MSFT", "GOOGL"} <= set(tickers)
    for ticker in tickers.values():
        assert 0 < ticker["bid"] < ticker["ask"]
        assert ticker["last_price"] > 0


@pytest.mark.parametrize("path", ["/health", "/api/v1/health"])
def test_the_library_says_how_it_is(platform: Platform, path: str) -> None:
    reply = platform.call("GET", "library", path, token="")

    assert reply.status_code == 200
    assert reply.json()["status"] == "healthy"
    assert reply.json()["timestamp"]


def test_the_edge_serves_the_application(platform: Platform) -> None:
    page = platform.call("GET", "nginx", "/", token="")

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert '<div id="root">' in page.text
    script = page.text.partition('src="')[2].partition('"')[0]
    assert script.startswith("/assets/")
    assert "javascript" in platform.call("GET", "nginx", script, token="").headers["content-type"]


def test_an_order_goes_through_the_one_door(platform: Platform) -> None:
    login = {"username": "admin", "password": platform.password}
    signed = platform.call("POST", "nginx", "/api/authn/login", json=login, token="").json()
    order = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.001", "price": "45000"}

    reply = platform.call(
        "POST", "nginx", "/api/oms/orders", json=order, token=signed["access_token"]
    )

    assert signed["token_type"] == "Bearer"
    assert signed["expires_in"] > 0
    assert reply.status_code == 201


def test_the_market_moves(platform: Platform) -> None:
    def quotes() -> Any:
        return platform.call("GET", "gateway", "/tickers", token="").json()

    before = quotes()

    def moved() -> None:
        assert quotes() != before

    _eventually(moved)


def test_an_unknown_symbol_is_not_found(platform: Platform) -> None:
    assert platform.call("GET", "gateway", "/ticker/NOSUCH", token="").status_code == 404


def test_an_order_lives_its_whole_life(platform: Platform) -> None:
    before = platform.get("pnl", "/pnl")

    reply = platform.order(symbol="ETHUSDT", side="BUY", type="MARKET", quantity="0.5")
    order_id = reply.json()["order_id"]

    def filled() -> Any:
        order = platform.get("oms", f"/orders/{order_id}")
        assert order["status"] == "FILLED"
        return order

    order = _eventually(filled)
    fills = platform.get("oms", f"/orders/{order_id}/fills")["fills"]
    assert sum(fill["quantity"] for fill in fills) == pytest.approx(0.5)
    assert order["fees"] > 0
    assert order["venue_ack_ns"] is not None

    def booked() -> Any:
        position = next(p for p in platform.get("ptrc", "/positions") if p["symbol"] == "ETHUSDT")
        assert position["quantity"] >= 0.5
        return position

    assert _eventually(booked)["average_price"] > 0

    def counted() -> Any:
        pnl = platform.get("pnl", "/pnl")
        assert pnl["fees"] >= before["fees"] + order["fees"] - 1e-9
        return pnl

    pnl = _eventually(counted)
    assert pnl["realized_pnl"] + pnl["unrealized_pnl"] - pnl["fees"] == pytest.approx(
        pnl["equity"] - pnl["deposits"]
    )

    events = platform.get("oms", f"/orders/{order_id}/events")
    assert [e["event"] for e in events[:2]] == ["OrderReceived", "OrderApproved"]
    assert events[1]["venue"] == "PRISM"
    assert [e["ts_ns"] for e in events] == sorted(e["ts_ns"] for e in events)


def test_closing_realises_the_result(platform: Platform) -> None:
    for side in ("BUY", "SELL"):
        order_id = platform.order(symbol="SOLUSDT", side=side, type="MARKET", quantity=3).json()[
            "order_id"
        ]

        def filled(order_id: str = order_id) -> None:
            assert platform.get("oms", f"/orders/{order_id}")["status"] == "FILLED"

        _eventually(filled)

    def closed() -> Any:
        position = platform.get("ptrc", "/positions/default/SOLUSDT")[0]
        assert position["quantity"] == 0
        assert position["realized_pnl"] != 0
        return position

    position = _eventually(closed)
    assert position["average_price"] is None
    assert position["unrealized_pnl"] == 0


def test_the_same_key_places_one_order_and_another_body_is_a_conflict(platform: Platform) -> None:
    body = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "quantity": "0.002",
        "price": "41000",
        "client_order_id": "key-1",
    }

    first, second = platform.order(**body), platform.order(**body)
    other = platform.order(**{**body, "quantity": "0.003"})

    assert (first.status_code, second.status_code, other.status_code) == (201, 200, 409)
    assert first.json()["order_id"] == second.json()["order_id"]
    assert other.headers["content-type"].startswith("application/problem+json")


def test_a_resting_order_is_cancelled_by_the_venues_word(platform: Platform) -> None:
    order_id = platform.order(symbol="BTCUSDT", side="BUY", quantity=0.001, price=42000).json()[
        "order_id"
    ]

    reply = platform.call("DELETE", "oms", f"/orders/{order_id}")

    assert reply.status_code == 202
    assert reply.json()["status"] in {"PENDING_CANCEL", "CANCELLED"}

    def cancelled() -> None:
        assert platform.get("oms", f"/orders/{order_id}")["status"] == "CANCELLED"

    _eventually(cancelled)
    assert platform.call("DELETE", "oms", f"/orders/{order_id}").status_code == 409


def test_an_order_is_changed_by_the_venues_word(platform: Platform) -> None:
    body = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.002", "price": "42500"}
    order_id = platform.order(**body).json()["order_id"]
    path = f"/orders/{order_id}"

    reply = platform.call("PATCH", "oms", path, json={"quantity": "0.003", "price": 42400})
    # 202, unless the venue has said so already.
    assert reply.status_code in {200, 202}

    def changed() -> Any:
        order = platform.get("oms", path)
        assert order["status"] == "SENT"
        return order

    order = _eventually(changed)
    assert (order["quantity"], order["price"]) == (0.003, 42400)
    bids = platform.get("PRISM", "/orderbook/BTCUSDT?depth=1000")["bids"]
    assert [b["quantity"] for b in bids if b["price"] == 42400] == [0.003]
    again = platform.call("PATCH", "oms", path, json={"quantity": "0.003"})
    assert again.status_code == 200
    refused = platform.call("PATCH", "oms", path, json={"quantity": 11})
    assert refused.status_code == 409
    assert "ORDER_QTY_LIMIT" in refused.json()["detail"]
    wrong = platform.call("PATCH", "oms", path, json={"stop_price": 1})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "stop_price")
    events = [hop["event"] for hop in platform.get("oms", f"{path}/events")]
    assert "ReplaceRequested" in events
    assert platform.call("DELETE", "oms", path).status_code == 202


def test_the_life_of_an_order_is_shown_hop_by_hop(platform: Platform) -> None:
    body = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001"}
    order_id = platform.order(**body).json()["order_id"]
    path = f"/orders/{order_id}"
    platform.wait_for(lambda: platform.get("oms", path)["status"] == "FILLED", 10, "fill")

    def shown() -> Any:
        hops = json.loads(platform.cli("order", "show", order_id, "--json").stdout)["hops"]
        assert hops[-1]["what"].startswith("booked: the position is")
        return hops

    hops = _eventually(shown)
    assert [hop["who"] for hop in hops[:4]] == ["oms", "risk", "oms", "PRISM"]
    assert hops[0]["what"].startswith("received: BUY 0.001 BTCUSDT MARKET")
    assert [hop["at_ns"] for hop in hops] == sorted(hop["at_ns"] for hop in hops)
    assert "received" in platform.cli("order", "show", order_id).stdout
    nobody = platform.cli("order", "show", "nobody")
    assert (nobody.returncode, nobody.stderr) == (1, "trade2026: no log knows an order nobody\n")


def test_a_bracket_protects_what_its_entry_has_bought(platform: Platform) -> None:
    leg = {"symbol": "BTCUSDT", "quantity": "0.002"}
    ask = platform.get("PRISM", "/orderbook/BTCUSDT?depth=1")["asks"][0]["price"]
    body = {
        "kind": "BRACKET",
        "client_group_id": "bracket-1",
        "orders": [
            {**leg, "side": "BUY", "price": round(ask * 1.01, 2)},
            {**leg, "side": "SELL", "price": round(ask * 1.04, 2)},
            {**leg, "side": "SELL", "type": "STOP", "stop_price": round(ask * 0.8, 2)},
        ],
    }
    assert platform.call("POST", "oms", "/orders/groups", json=body).status_code == 201
    again = platform.call("POST", "oms", "/orders/groups", json=body)

    def protected() -> None:
        orders = platform.get("oms", "/orders/groups/bracket-1")["orders"]
        assert [order["status"] for order in orders] == ["FILLED", "SENT", "ACCEPTED"]
        assert [order["remaining_quantity"] for order in orders] == [0, 0.002, 0.002]

    _eventually(protected)
    assert again.status_code == 200
    assert platform.call("DELETE", "oms", "/orders/groups/bracket-1").status_code == 202


def test_a_twap_is_worked_by_children_that_add_up_and_reports_against_the_market(
    platform: Platform,
) -> None:
    body = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "quantity": 0.004,
        "duration_s": 4,
        "algo": {"name": "TWAP", "params": {"slice_s": 1}},
        "client_algo_id": "twap-1",
    }
    begun = platform.call("POST", "oms", "/algos", json=body)
    assert begun.status_code == 201
    assert platform.call("POST", "oms", "/algos", json=body).status_code == 200
    path = f"/algos/{begun.json()['algo_id']}"

    def done() -> None:
        assert platform.get("oms", path)["status"] == "COMPLETED"

    _eventually(done)
    report = platform.get("oms", f"{path}/report")
    assert (report["filled_quantity"], report["left_quantity"]) == (0.004, 0)
    assert report["average_price"] > 0
    assert report["twap"] > 0
    children = platform.get("oms", f"{path}/children")
    assert [child["quantity"] for child in children] == [0.001] * 4
    assert platform.call("POST", "oms", f"{path}/pause").status_code == 409
    assert path.removeprefix("/algos/") in [one["algo_id"] for one in platform.get("oms", "/algos")]


def test_cancel_all_cancels_what_is_open(platform: Platform) -> None:
    for price in (43000, 43001, 43002):
        platform.order(symbol="BTCUSDT", side="BUY", quantity=0.001, price=price)

    reply = platform.call("DELETE", "oms", "/orders")

    assert reply.status_code == 202
    assert len(reply.json()["order_ids"]) >= 3

    def none_open() -> None:
        assert platform.get("oms", "/orders?active_only=true")["orders"] == []

    _eventually(none_open)


def test_a_post_only_order_that_would_trade_is_refused_by_the_venue(platform: Platform) -> None:
    ask = platform.get("PRISM", "/orderbook/BTCUSDT?depth=1")["asks"][0]["price"]

    order_id = platform.order(
        symbol="BTCUSDT", side="BUY", quantity=0.001, price=ask + 100, post_only=True
    ).json()["order_id"]

    def refused() -> Any:
        order = platform.get("oms", f"/orders/{order_id}")
        assert order["status"] == "REJECTED"
        return order

    assert "WOULD_TRADE" in _eventually(refused)["text"]


def test_an_iceberg_shows_a_part_of_itself(platform: Platform) -> None:
    order_id = platform.order(
        symbol="BTCUSDT", side="BUY", quantity=0.01, price=43210, display_quantity=0.002
    ).json()["order_id"]

    def shown() -> None:
        bids = platform.get("PRISM", "/orderbook/BTCUSDT?depth=1000")["bids"]
        assert [b["quantity"] for b in bids if b["price"] == 43210] == [0.002]

    _eventually(shown)
    assert platform.get("oms", f"/orders/{order_id}")["display_quantity"] == 0.002
    platform.call("DELETE", "oms", f"/orders/{order_id}")


@pytest.mark.parametrize("tif", ["IOC", "FOK"])
def test_an_unmarketable_ioc_or_fok_ends_without_a_fill(platform: Platform, tif: str) -> None:
    order_id = platform.order(
        symbol="BTCUSDT", side="BUY", quantity=0.001, price=40000, time_in_force=tif
    ).json()["order_id"]

    def ended() -> Any:
        order = platform.get("oms", f"/orders/{order_id}")
        assert order["status"] in {"CANCELLED", "EXPIRED"}
        return order

    assert _eventually(ended)["filled_quantity"] == 0


def test_a_refusal_says_rule_limit_and_what_would_pass(platform: Platform) -> None:
    reply = platform.order(symbol="BTCUSDT", side="BUY", quantity=11, price=50000)

    order = reply.json()
    assert reply.status_code == 200
    assert order["status"] == "RISK_REJECTED"
    reason = next(r for r in order["reasons"] if r["code"] == "ORDER_QTY_LIMIT")
    assert (reason["asked"], reason["limit"], reason["would_pass"]) == ("11", "10", "10")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"quantity": "0.0000000001"}, "quantity"),
        ({"quantity": "1_0"}, "quantity"),
        ({"quantity": 0}, "quantity"),
        ({"side": "HOLD"}, "side"),
        ({"stop_price": 1}, "stop_price"),
        ({"type": "STOP_LIMIT"}, "stop_price"),
        ({"type": "STOP", "stop_price": 1}, "price"),
        ({"trailing_offset": 1}, "trailing_offset"),
        ({"type": "TRAILING_STOP", "price": None}, "trailing_offset"),
        ({"type": "MARKET", "price": None, "time_in_force": "DAY"}, "time_in_force"),
        ({"time_in_force": "GTD"}, "expire_at"),
        ({"time_in_force": "GTD", "expire_at": "2030-01-01T00:00:00"}, "expire_at"),
        ({"time_in_force": "GTD", "expire_at": "soon"}, "expire_at"),
        ({"time_in_force": "GTD", "expire_at": "2020-01-01T00:00:00Z"}, "expire_at"),
        ({"expire_at": "2030-01-01T00:00:00Z"}, "expire_at"),
        ({"post_only": True, "time_in_force": "IOC"}, "post_only"),
        ({"display_quantity": 2}, "display_quantity"),
        ({"stp": "NEVER"}, "stp"),
        ({"price": None}, "price"),
        ({"account": "a b"}, "account"),
    ],
)
def test_malformed_orders_are_refused_with_the_field(
    platform: Platform, wrong: dict[str, Any], field: str
) -> None:
    body = {"symbol": "BTCUSDT", "side": "BUY", "quantity": 1, "price": 50000, **wrong}

    reply = platform.order(**body)

    assert reply.status_code == 422
    assert reply.headers["content-type"].startswith("application/problem+json")
    assert field in reply.json().get("field", "") + reply.json().get("detail", "")


def test_the_kill_switch_cancels_refuses_and_comes_back(platform: Platform) -> None:
    resting = platform.order(symbol="BTCUSDT", side="BUY", quantity=0.001, price=44000).json()

    killed = platform.call("POST", "risk", "/risk/kill", json={"scope": "global"})
    refused = platform.order(symbol="BTCUSDT", side="BUY", quantity=0.001, price=44000)

    assert killed.status_code == 202
    assert refused.json()["status"] == "RISK_REJECTED"
    assert refused.json()["reasons"][0]["code"] == "HALTED"

    def cancelled() -> None:
        order = platform.get("oms", f"/orders/{resting['order_id']}")
        assert order["status"] == "CANCELLED"

    _eventually(cancelled)
    platform.call("POST", "risk", "/risk/resume", json={"scope": "global"})
    again = platform.order(symbol="BTCUSDT", side="BUY", quantity=0.001, price=44000)
    assert again.json()["status"] in LATER


def test_the_folded_log_equals_the_live_ledger(platform: Platform) -> None:
    replayed = platform.cli("replay")

    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert replayed.stdout.splitlines()[-1] == "equal"


def test_the_log_is_folded_to_the_end_of_a_day(platform: Platform) -> None:
    before = platform.cli("replay", "2000-01-01").stdout.splitlines()
    one_day = platform.cli("replay", "2999-12-31", "--json")
    whole = json.loads(platform.cli("replay", "--json").stdout)

    assert before[0] == "0 events, 0 orders, 0 fills"
    assert before[1].startswith("folded ")
    assert json.loads(one_day.stdout)["digest"] == whole["digest"]
    assert platform.cli("replay", "yesterday").returncode == 2


def test_status_shows_all_components_and_what_is_planned(platform: Platform) -> None:
    lines = platform.cli("status").stdout

    platform.wait_for(platform.is_healthy, 15, "health")
    assert "QuestDB" in lines
    assert "planned" in lines
    assert len(platform.get("nginx", "/api/health")["components"]) == 26
