"""Orders at a steady rate while one process after another is killed; then nothing is missing.

Goal: an acknowledged order survives SIGKILL of any one process, and a fill is booked exactly
once. Method: a sender repeats each order under its own key until it is acknowledged, as a
client must; afterwards all books are compared with one another and with the log folded again.
`make chaos` does the same for longer, with more orders and kills of chance.
"""

import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from tests.e2e import audit
from tests.e2e.rig import Platform, running_platform
from tests.e2e.traffic import Traffic

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

RATE_HZ = 20
BETWEEN_KILLS_S = 5.0
HEALTHY_WITHIN_S = 30.0


class Survivor(NamedTuple):
    """A platform after orders and kills, who sent them, and what there was at first."""

    platform: Platform
    traffic: Traffic
    first: audit.First


@pytest.fixture(scope="module")
def survivor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survivor]:
    data_dir = tmp_path_factory.mktemp("survivor") / "data"
    with running_platform(data_dir) as platform:
        first = audit.first_of(platform)
        with Traffic(platform, ("default",), RATE_HZ) as traffic:
            time.sleep(BETWEEN_KILLS_S)
            for name in ("core", "NATS", "prism", "Valkey"):
                platform.kill(name)
                time.sleep(1.0)
                platform.wait_for(platform.is_healthy, HEALTHY_WITHIN_S, f"health after {name}")
                time.sleep(BETWEEN_KILLS_S)
        yield Survivor(platform, traffic, first)


def test_nothing_acknowledged_is_missing_and_nothing_is_booked_twice(survivor: Survivor) -> None:
    platform, traffic, first = survivor

    assert len(traffic.acknowledged) > 4 * BETWEEN_KILLS_S * RATE_HZ / 3
    assert audit.faults_of(platform, traffic, first) == []
    fills = audit.pages(platform, "/fills", "fills")
    assert len(fills) > 50
    assert audit.exact(platform.get("pnl", "/pnl")["fees"]) == sum(
        audit.exact(fill["fee"]) for fill in fills
    )


def test_a_stop_and_a_second_start_change_nothing(survivor: Survivor) -> None:
    platform = survivor.platform
    before = platform.get("ptrc", "/positions"), platform.get("ptrc", "/ledger")["digest"]

    took_s = platform.stop()
    platform.start()

    after = platform.get("ptrc", "/positions"), platform.get("ptrc", "/ledger")["digest"]
    assert took_s <= 10
    assert [p["quantity"] for p in after[0]] == [p["quantity"] for p in before[0]]
    assert after[1] == before[1]
    assert "admin password" not in platform.said()
