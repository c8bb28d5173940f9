"""Every check and every mode refuses on a running platform, and so does one's own policy.

A case sets the one limit that shall bind for a strategy of its own, so that no other is in the
way, and sends what breaks it. A check without a case fails the first test.
"""

import contextlib
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from tests.e2e.rig import Platform

from trade2026.domain.risk.checks import RISK_CHECKS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

WITHIN_S: Final = 60.0
LOSS_EVERY_S: Final = 1.2
MODE_CODES: Final = {"HALTED", "SYMBOL_BLOCKED", "REDUCE_ONLY"}
LARGE: Final = 0.1
"""An order's quantity, beyond which the dry run's limit refuses it."""
EXAMPLE: Final = Path(__file__).parents[2] / "docs" / "policies" / "orders.rego"
CHECKS: Final = tuple(check.__module__.rpartition(".")[2] for check in RISK_CHECKS)
HELD: Final = ("ETHUSDT", "SOLUSDT", "BTCUSDT")
"""Two longs and a short: one of them has lost something before long."""


class Case:
    """What breaks one check.

    Args:
        code: of the refusal.
        limits: set for the case's strategy.
        order: how the order differs from a small bid near the market.
        price_ratio: of its limit, to the best bid.
        needs: what must be there before: `loss` is losing trades of the strategy, `offer` an
            own offer that rests, `position` one that has lost something.
    """

    def __init__(
        self,
        code: str,
        limits: dict[str, int] | None = None,
        order: dict[str, Any] | None = None,
        price_ratio: float = 0.99,
        needs: str = "",
    ) -> None:
        self.code = code
        self.limits = limits or {}
        self.order = order or {}
        self.price_ratio = price_ratio
        self.needs = needs


MARKET: Final = {"type": "MARKET", "price": None, "time_in_force": "IOC"}

CASES: Final = {
    "mode": Case("REDUCE_ONLY", order={"reduce_only": True, "side": "SELL", "symbol": "AAPL"}),
    "instrument": Case("UNKNOWN_SYMBOL", order={"symbol": "NOBODYUSDT"}),
    "filters": Case("MIN_NOTIONAL", order={"quantity": 0.00001}),
    "reference_price": Case("STALE_REFERENCE_PRICE", {"reference_max_age_ns": 0}),
    "price_collar": Case("PRICE_COLLAR", price_ratio=1.2),
    "order_limits": Case("ORDER_QTY_LIMIT", order={"quantity": 11}),
    "order_rate": Case("ORDER_RATE", {"max_orders_per_s": 0}),
    "open_orders": Case("OPEN_ORDER_LIMIT", {"max_open_orders": 0}),
    "position_limit": Case("POSITION_LIMIT", {"max_position_value": 1}),
    "position_count": Case("POSITION_COUNT_LIMIT", {"max_positions": 0}, {"symbol": "MSFT"}),
    "exposure": Case("GROSS_EXPOSURE", {"max_gross_exposure": 1}),
    "concentration": Case("CONCENTRATION", {"max_concentration_bps": 0}),
    "leverage": Case("LEVERAGE", {"max_leverage_bps": 0}),
    "buying_power": Case("BUYING_POWER", {"margin_bps": 1_000_000_000}),
    "position_loss": Case("POSITION_LOSS", {"max_position_loss": 0}, MARKET, needs="position"),
    "daily_loss": Case("DAILY_LOSS", {"max_daily_loss": 0}, needs="loss"),
    "drawdown": Case("DRAWDOWN", {"max_drawdown_bps": 0}, needs="loss"),
    "fast_drawdown": Case("FAST_DRAWDOWN", {"max_fast_drawdown_bps": 0}, needs="loss"),
    "value_at_risk": Case("VALUE_AT_RISK", {"max_var_95": 0}),
    "self_trade": Case("SELF_TRADE", price_ratio=1.02, needs="offer"),
    "policy": Case("POLICY", order=MARKET),
}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform with the policy of the documents in force, and some positions."""
    folder = tmp_path_factory.mktemp("binds")
    policy = folder / "orders.rego"
    policy.write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TRADE2026_RISK_POLICY_FILE", str(policy))
        made = Platform(folder / "data")
        made.start()
    with contextlib.ExitStack() as ending:
        ending.push(made)
        for symbol, side in zip(HELD, ("BUY", "SELL", "BUY"), strict=True):
            made.wait_for(lambda s=symbol: bid(made, s) > 0, WITHIN_S, "a market")
            made.wait_for(lambda s=symbol, w=side: is_sent(made, s, w), WITHIN_S, "an order")
        made.wait_for(lambda: len(held(made)) == len(HELD), WITHIN_S, "positions")
        yield made


def is_sent(platform: Platform, symbol: str, side: str) -> bool:
    """Send an order, and return whether risk let it through: on a busy machine quotes are late."""
    sent = platform.order(symbol=symbol, side=side, quantity=0.5, **MARKET).json()
    return bool(sent["status"] != "RISK_REJECTED")


def held(platform: Platform) -> list[Any]:
    found: list[Any] = platform.get("risk", "/risk/portfolio")["holdings"]
    return found


def bid(platform: Platform, symbol: str) -> float:
    tickers = platform.get("gateway", "/tickers")
    return next((t["bid"] or 0 for t in tickers if t["symbol"] == symbol), 0)


def strategy_of(name: str) -> str:
    return f"night-{name}" if name == "policy" else f"binds-{name}"


def an_order(platform: Platform, name: str, symbol: str = "BTCUSDT") -> dict[str, Any]:
    case = CASES[name]
    order: dict[str, Any] = {
        "symbol": symbol,
        "side": "BUY",
        "quantity": 0.01,
        "strategy": strategy_of(name),
    }
    order |= case.order
    listed = order["symbol"] if order["symbol"] != "NOBODYUSDT" else "BTCUSDT"
    if order["symbol"] in {"AAPL", "MSFT"}:
        order["quantity"] = 1
    order = {"price": round(bid(platform, listed) * case.price_ratio, 2)} | order
    return {field: value for field, value in order.items() if value is not None}


def limit(platform: Platform, name: str, limits: dict[str, int]) -> None:
    body = {"scope": f"strategy:{strategy_of(name)}", "reason": "a test", **limits}
    reply = platform.call("PUT", "risk", "/risk/limits", json=body)
    assert reply.status_code == 200, reply.text


def verdict(platform: Platform, order: dict[str, Any], name: str) -> Any:
    """Return what `POST /check` tells of one rule."""
    reply = platform.call("POST", "risk", "/check", json=order)
    assert reply.status_code == 200, reply.text
    return next(rule for rule in reply.json()["rules"] if rule["rule"] == name)


def passes(platform: Platform, name: str) -> bool:
    """Return whether the case's order passes its check."""
    return bool(verdict(platform, an_order(platform, name), name)["passed"])


def prepare(platform: Platform, name: str) -> None:
    needs, common = CASES[name].needs, {"symbol": "BTCUSDT", "strategy": strategy_of(name)}
    if needs == "offer":
        price = round(bid(platform, "BTCUSDT") * 1.01, 2)
        platform.order(side="SELL", quantity=0.001, price=price, **common)


def refused_symbol(platform: Platform, name: str) -> str:
    """Return the symbol of which an order is refused by the check, or an empty text."""
    if CASES[name].needs == "loss":
        # Losses count from the first second in which the strategy is known: lose again.
        for side in ("BUY", "SELL"):
            body = {"symbol": "BTCUSDT", "side": side, "quantity": 0.01, **MARKET}
            platform.order(strategy=strategy_of(name), **body)
        time.sleep(LOSS_EVERY_S)
    symbols = HELD if CASES[name].needs == "position" else HELD[-1:]
    for symbol in symbols:
        side = {"side": "SELL"} if CASES[name].needs == "position" and symbol == HELD[1] else {}
        order = an_order(platform, name, symbol) | side
        if not verdict(platform, order, name)["passed"]:
            sent = platform.order(**order).json()
            codes = [reason["code"] for reason in sent["reasons"]]
            if sent["status"] == "RISK_REJECTED" and CASES[name].code in codes:
                return symbol
    return ""


def test_every_check_has_a_case() -> None:
    assert set(CASES) == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_binds(platform: Platform, name: str) -> None:
    case = CASES[name]
    prepare(platform, name)
    if case.limits:
        platform.wait_for(lambda: passes(platform, name), WITHIN_S, "passing before its limit")
        limit(platform, name, case.limits)

    platform.wait_for(lambda: refused_symbol(platform, name), WITHIN_S, f"refusal by {name}")

    if case.limits:
        limit(platform, name, {})
        platform.wait_for(lambda: passes(platform, name), WITHIN_S, "passing without its limit")


def test_without_its_rule_the_policy_lets_pass_and_a_bad_file_changes_nothing(
    platform: Platform,
) -> None:
    file = platform.data_dir.with_name("orders.rego")
    example = file.read_text("utf-8")

    def said() -> str:
        found: str = platform.get("risk", "/risk/alerts")[0]["text"]
        return found

    file.write_text("package trade2026.risk\nrefusals contains {", "utf-8")
    platform.wait_for(lambda: "the one before stays in force" in said(), WITHIN_S, "an alert")
    assert not verdict(platform, an_order(platform, "policy"), "policy")["passed"]

    cut = example.replace('input.order.type == "MARKET"', "false")
    file.write_text(cut, "utf-8")
    platform.wait_for(lambda: "is in force" in said(), WITHIN_S, "an alert")
    platform.wait_for(lambda: passes(platform, "policy"), WITHIN_S, "passing without the rule")


@pytest.mark.parametrize(
    "scope", ["global", "account:default", "strategy:binds-modes", "symbol:ETHUSDT"]
)
def test_a_mode_binds_in_its_scope(platform: Platform, scope: str) -> None:
    halted = "SYMBOL_BLOCKED" if scope.startswith("symbol:") else "HALTED"

    assert _codes(platform, "BUY") == _codes(platform, "SELL") == set()
    _switch(platform, scope, "REDUCE_ONLY")
    assert _codes(platform, "BUY") == {"REDUCE_ONLY"}
    assert _codes(platform, "SELL") == set()
    _switch(platform, scope, "HALTED")
    assert _codes(platform, "BUY") == _codes(platform, "SELL") == {halted}
    sent = platform.order(**_moded("BUY", bid(platform, "ETHUSDT"))).json()
    assert sent["status"] == "RISK_REJECTED"
    assert halted in {reason["code"] for reason in sent["reasons"]}
    _switch(platform, scope, "NORMAL")
    assert _codes(platform, "BUY") == _codes(platform, "SELL") == set()


def test_a_dry_run_of_the_day_says_who_a_smaller_limit_would_have_refused(
    platform: Platform,
) -> None:
    sent = platform.get("oms", "/orders?limit=500")["orders"]
    passed = [order for order in sent if order["status"] != "RISK_REJECTED"]
    large = {order["order_id"] for order in passed if order["quantity"] > LARGE}
    day = datetime.fromtimestamp(sent[0]["created_ns"] // 10**9, UTC).date().isoformat()
    limits = platform.data_dir.with_name("limits.json")
    limits.write_text(f'{{"scope": "account:default", "max_order_quantity": {LARGE}}}', "utf-8")

    done = platform.cli("risk", "dry-run", day, "--limits", str(limits), "--json")

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    unlike = {one["order_id"] for one in found["not_reproduced"]}
    assert found["orders"] == len(sent)
    # A quote may have arrived between two stamps of the logs; of most orders none did.
    assert found["reproduced"] >= found["orders"] * 0.8, found["not_reproduced"]
    assert {one["order_id"] for one in found["would_refuse"]} == large - unlike
    assert large
    assert set(found["by_code"]) == {"ORDER_QTY_LIMIT"}
    assert found["would_pass"] == []
    assert _by_route(platform, day) == found
    assert (
        _by_route(platform, day, policy=EXAMPLE.read_text("utf-8"))["reproduced"]
        == (found["reproduced"])
    )


def _by_route(platform: Platform, day: str, **changes: str) -> Any:
    """Return what the same dry run finds over HTTP, while risk goes on answering."""
    limits = [{"scope": "account:default", "max_order_quantity": LARGE}]
    body = {"day": day, "limits": limits, **changes}
    reply = platform.call("POST", "risk", "/risk/dry-run", json=body)
    assert reply.status_code == 202, reply.text
    path = f"/risk/dry-run/{reply.json()['run_id']}"
    assert platform.call("POST", "risk", "/risk/dry-run", json=body).status_code == 409
    checks: list[int] = []

    def is_over() -> bool:
        order = {**an_order(platform, "filters"), "dry_run": True}
        checks.append(platform.call("POST", "risk", "/check", json=order).status_code)
        return platform.get("risk", path)["state"] != "RUNNING"

    platform.wait_for(is_over, WITHIN_S, "the dry run")
    assert set(checks) == {200}
    done = platform.get("risk", path)
    assert (done["state"], done["error"]) == ("DONE", "")
    return done["findings"]


def _moded(side: str, price: float) -> dict[str, Any]:
    common = {"symbol": "ETHUSDT", "quantity": 0.01, "strategy": "binds-modes"}
    return common | {"side": side, "price": round(price * (0.98 if side == "BUY" else 1.02), 2)}


def _codes(platform: Platform, side: str) -> set[str]:
    order = _moded(side, bid(platform, "ETHUSDT"))
    reply = platform.call("POST", "risk", "/check", json=order)
    assert reply.status_code == 200, reply.text
    # What else may be in the way on a busy machine, such as a late quote, is not of the mode.
    return {reason["code"] for reason in reply.json()["reasons"]} & MODE_CODES


def _switch(platform: Platform, scope: str, mode: str) -> None:
    reply = platform.call("POST", "risk", "/risk/mode", json={"scope": scope, "mode": mode})
    assert reply.status_code == 202, reply.text
