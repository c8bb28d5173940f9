"""The kill switch on a whole platform: a drill, and a real one whose core dies in the middle."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e.rig import Platform, running_platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

DONE_WITHIN_S = 30.0


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform for all of them."""
    with running_platform(tmp_path_factory.mktemp("kill") / "data") as made:
        yield made


def hold(platform: Platform) -> None:
    """Hold two positions, and let orders rest."""
    common = {"type": "MARKET", "time_in_force": "IOC"}
    platform.order(symbol="BTCUSDT", side="BUY", quantity=0.5, **common)
    platform.order(symbol="ETHUSDT", side="SELL", quantity=2, **common)
    for price in range(58_000, 58_005):
        platform.order(symbol="BTCUSDT", side="BUY", quantity=0.001, price=price)

    def is_there() -> bool:
        seen = portfolio(platform)
        return len(seen["holdings"]) == 2 and seen["open_orders"] == 5

    platform.wait_for(is_there, DONE_WITHIN_S, "positions")


def portfolio(platform: Platform) -> Any:
    return platform.get("risk", "/risk/portfolio")


def kill_of(platform: Platform, control_id: str) -> Any:
    kills = platform.get("risk", "/risk/kills")
    return next((one for one in kills if one["control_id"] == control_id), None)


def test_the_drill_shows_that_it_works(platform: Platform) -> None:
    done = platform.cli("kill", "--drill")

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "the kill switch works")
    assert platform.get("risk", "/risk/modes")["strategy:drill"] == "NORMAL"


def test_one_command_leaves_nothing_open_and_nothing_held(platform: Platform) -> None:
    hold(platform)
    done = platform.cli("kill", "--flatten")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "global is FLAT" in done.stdout
    seen = portfolio(platform)
    assert (seen["holdings"], seen["open_orders"], seen["mode"]) == ([], 0, "HALTED")
    assert (
        platform.order(symbol="BTCUSDT", side="BUY", quantity=1, price=50_000).json()["status"]
        == "RISK_REJECTED"
    )
    assert platform.cli("resume").returncode == 0


def test_a_core_that_dies_in_the_middle_goes_on_with_it(platform: Platform) -> None:
    hold(platform)
    body = {"scope": "global", "flatten": True}
    killed = platform.call("POST", "risk", "/risk/kill", json=body).json()
    platform.kill("core")
    platform.wait_for(platform.is_healthy, DONE_WITHIN_S, "health")

    def is_done() -> bool:
        kill = kill_of(platform, killed["control_id"])
        return kill is not None and kill["status"] == "FLAT"

    platform.wait_for(is_done, DONE_WITHIN_S, "flatness")
    seen = portfolio(platform)
    assert (seen["holdings"], seen["open_orders"], seen["mode"]) == ([], 0, "HALTED")
    assert platform.get("oms", "/orders?active_only=true")["orders"] == []
    assert platform.cli("resume").returncode == 0
