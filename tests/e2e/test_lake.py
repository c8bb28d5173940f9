"""Ticks of the running platform are found in the lake, with and without SeaweedFS."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.rig import Platform, running_platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PATIENCE_S = 60.0


def shown(platform: Platform, *options: str) -> list[Any]:
    """Return the rows of the lake that the command shows."""
    reply = platform.cli("lake", "show", "market_ticks", "--json", *options)
    return [json.loads(line) for line in reply.stdout.splitlines()]


def is_in_lake(platform: Platform, price: float, quantity: float) -> bool:
    """Return whether a trade of that price and quantity is in the lake."""
    rows = shown(platform, "--symbol", "BTCUSDT", "--kind", "trade", "--limit", "1000")
    return any(row["px"] == price and row["qty"] == quantity for row in rows)


def bought(platform: Platform) -> tuple[float, float]:
    """Buy at the market and return the price and the quantity of the fill."""
    reply = platform.order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity=0.00717)
    assert reply.status_code < 300, reply.text

    def fills() -> Any:
        return platform.get("oms", "/fills")["fills"]

    platform.wait_for(fills, PATIENCE_S, "fill")
    return fills()[0]["price"], fills()[0]["quantity"]


def test_a_fill_is_found_in_the_lake_which_outlives_the_platform(tmp_path: Path) -> None:
    with running_platform(tmp_path / "data", "--objects", "file") as platform:
        price, quantity = bought(platform)
        platform.wait_for(
            lambda: is_in_lake(platform, price, quantity), PATIENCE_S, "fill in the lake"
        )
        status = json.loads(platform.cli("status", "--json").stdout)
        platform.stop()

        states = {entry["component"]: entry["state"] for entry in status["components"]}
        assert (states["SeaweedFS"], states["sink-ticks"]) == ("off", "healthy")
        assert status["healthy"] is True
        tables = json.loads(platform.cli("lake", "ls", "--json").stdout)["tables"]
        table = next(table for table in tables if table["table"] == "market_ticks")
        assert table["rows"] > 0
        assert is_in_lake(platform, price, quantity)
        refused = platform.cli("up", "--objects", "seaweedfs")
        assert refused.returncode == 2
        assert "keeps its objects in file" in refused.stderr


def test_a_killed_storage_comes_back_and_ticks_go_on(platform: Platform) -> None:
    platform.wait_for(lambda: shown(platform, "--limit", "1"), PATIENCE_S, "ticks in the lake")
    before = shown(platform, "--limit", "1")[0]["ts_recv_ns"]

    platform.kill("SeaweedFS")

    platform.wait_for(platform.is_healthy, PATIENCE_S, "health")
    platform.wait_for(
        lambda: shown(platform, "--limit", "1")[0]["ts_recv_ns"] > before, PATIENCE_S, "new ticks"
    )
