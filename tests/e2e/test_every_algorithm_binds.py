"""Every execution algorithm works its parent on a running platform, and keeps to its terms.

An algorithm without a case fails the first test.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import pytest
from tests.e2e.rig import Platform

from trade2026.model.algo import AlgoName

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

WITHIN_S: Final = 90.0
SYMBOL: Final = "BTCUSDT"
Children = list[dict[str, Any]]
Report = dict[str, Any]


def _sizes(children: Children) -> list[float]:
    return [child["quantity"] for child in children]


def _is_even(children: Children, _report: Report) -> bool:
    return _sizes(children) == [0.001] * 4


def _follows_the_curve(children: Children, _report: Report) -> bool:
    return _sizes(children) == [0.0015, 0.0015, 0.0005, 0.0005]


def _keeps_its_share(children: Children, report: Report) -> bool:
    # Children are late by a slice, so it has never traded more than its share of what had.
    return len(children) > 1 and 0 < report["participation_rate"] <= 0.01


def _shows_a_part(children: Children, _report: Report) -> bool:
    return _sizes(children) == [0.001] * 3 and {c["type"] for c in children} == {"LIMIT"}


def _begins_with_more(children: Children, _report: Report) -> bool:
    sizes = _sizes(children)
    return len(sizes) == 4 and sizes == sorted(sizes, reverse=True) and sizes[0] > 2 * sizes[-1]


CASES: Final[dict[str, tuple[dict[str, Any], dict[str, Any], Callable[..., bool]]]] = {
    "TWAP": ({"quantity": 0.004, "duration_s": 4}, {"slice_s": 1}, _is_even),
    "VWAP": (
        {"quantity": 0.004, "duration_s": 8},
        {"slice_s": 2, "volume_curve": [3, 1]},
        _follows_the_curve,
    ),
    "POV": (
        {"quantity": 0.01, "duration_s": 120},
        {"slice_s": 1, "participation": 0.01},
        _keeps_its_share,
    ),
    "ICEBERG": ({"quantity": 0.003, "duration_s": 60}, {"display_quantity": 0.001}, _shows_a_part),
    "IMPLEMENTATION_SHORTFALL": (
        {"quantity": 0.02, "duration_s": 8},
        {"slice_s": 2, "urgency": 3},
        _begins_with_more,
    ),
}
"""By name: what of it is asked for, its own parameters, and what its children must be like."""


def _touch(platform: Platform, side: str) -> float:
    book = platform.get("PRISM", f"/orderbook/{SYMBOL}?depth=1")
    return float(book["asks" if side == "BUY" else "bids"][0]["price"])


def _begin(platform: Platform, name: str, side: str, price: float | None) -> str:
    terms, params, _ = CASES[name]
    body = terms | {"symbol": SYMBOL, "side": side, "algo": {"name": name, "params": params}}
    if price is not None:
        body["price"] = round(price, 2)
    begun = platform.call("POST", "oms", "/algos", json=body)
    assert begun.status_code == 201, begun.text
    return f"/algos/{begun.json()['algo_id']}"


def _ended(platform: Platform, path: str) -> dict[str, Any]:
    end = time.monotonic() + WITHIN_S
    while True:
        parent: dict[str, Any] = platform.get("oms", path)
        total = parent["filled_quantity"] + parent["working_quantity"] + parent["left_quantity"]
        assert total == pytest.approx(parent["quantity"], abs=1e-12)
        if parent["status"] not in {"RUNNING", "ENDING"}:
            return parent
        assert time.monotonic() < end, parent
        time.sleep(0.2)


def test_every_algorithm_has_a_case() -> None:
    assert set(CASES) == {name.value for name in AlgoName}


@pytest.mark.parametrize("name", CASES)
def test_an_algorithm_works_as_it_says(platform: Platform, name: str) -> None:
    asked = CASES[name][0]["quantity"]
    # Two per cent beyond the best price: a limit that an iceberg must have, and none reaches.
    price = _touch(platform, "BUY") * 1.02 if name == "ICEBERG" else None

    path = _begin(platform, name, "BUY", price)
    parent = _ended(platform, path)

    children, report = (
        platform.get("oms", f"{path}/children"),
        platform.get("oms", f"{path}/report"),
    )
    assert (parent["status"], parent["filled_quantity"]) == ("COMPLETED", asked), parent
    assert sum(child["filled_quantity"] for child in children) == pytest.approx(asked)
    assert CASES[name][2](children, report), (children, report)
    assert min(report["arrival_price"], report["twap"], report["vwap"]) > 0


@pytest.mark.parametrize("name", CASES)
def test_an_algorithm_trades_at_no_worse_price_than_told(platform: Platform, name: str) -> None:
    price = _touch(platform, "SELL") * 1.05

    path = _begin(platform, name, "SELL", price)
    try:
        time.sleep(3.0)
        parent = platform.get("oms", path)
        assert parent["filled_quantity"] == 0
        children = platform.get("oms", f"{path}/children")
        assert all(child["price"] == round(price, 2) for child in children)
    finally:
        platform.call("DELETE", "oms", path)
    assert _ended(platform, path)["filled_quantity"] == 0


@pytest.mark.parametrize("name", CASES)
def test_a_paused_algorithm_sends_nothing_until_it_is_resumed(
    platform: Platform, name: str
) -> None:
    path = _begin(platform, name, "SELL", _touch(platform, "SELL") * 1.05)
    try:
        assert platform.call("POST", "oms", f"{path}/pause").status_code in {200, 202}
        time.sleep(1.0)
        before = len(platform.get("oms", f"{path}/children"))
        time.sleep(2.5)
        assert platform.get("oms", path)["status"] == "PAUSED"
        assert platform.get("oms", path)["working_quantity"] == 0
        assert len(platform.get("oms", f"{path}/children")) == before
        assert platform.call("POST", "oms", f"{path}/resume").status_code in {200, 202}
        assert platform.get("oms", path)["status"] in {"RUNNING", "EXPIRED"}
    finally:
        platform.call("DELETE", "oms", path)
    _ended(platform, path)
