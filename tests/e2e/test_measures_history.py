"""The history of PRISM's measures is one list over kills and restarts, and says when it is away."""

import contextlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.e2e.rig import Platform, running_platform

from trade2026.core.clock import NS_PER_S

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

PATH = "/analytics/BTCUSDT/history?interval=10s"
PATIENCE_S = 90.0
SERVICE_UNAVAILABLE = 503
TEN_S = 10 * NS_PER_S


def history(platform: Platform, *, limit: int = 1000) -> list[Any]:
    """Return all pages, the last told first."""
    found: list[Any] = []
    cursor = ""
    while True:
        page = platform.get("PRISM", f"{PATH}&limit={limit}{cursor}")
        found += page["measures"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def until_longer(platform: Platform, before: list[Any], by: int) -> list[Any]:
    """Return the history once *by* intervals more are in it."""
    found: list[Any] = []

    def is_longer() -> bool:
        # PRISM or the store may be on its way back.
        with contextlib.suppress(httpx.TransportError):
            if platform.call("GET", "PRISM", PATH).status_code != SERVICE_UNAVAILABLE:
                found[:] = history(platform)
        return len(found) >= len(before) + by

    platform.wait_for(is_longer, PATIENCE_S, f"{by} more intervals")
    return found


def require_one_list(found: list[Any], before: list[Any]) -> None:
    """Fail unless *found* is *before* with newer ones, none missing and none twice."""
    assert found[len(found) - len(before) :] == before
    for newer, older in pairwise(found):
        if newer["life"] == older["life"]:
            assert newer["begin_ns"] == older["begin_ns"] + TEN_S
        else:
            assert newer["life"] > older["life"]


def test_measures_of_all_lives_are_one_list(tmp_path: Path) -> None:
    with running_platform(tmp_path / "data") as platform:
        first = until_longer(platform, [], 2)
        platform.kill("prism")
        killed = until_longer(platform, first, 2)
        require_one_list(killed, first)
        platform.stop()
        platform.start()
        restarted = until_longer(platform, killed, 2)
        require_one_list(restarted, killed)
        by_pages = history(platform, limit=1)
        require_one_list(by_pages, restarted)
        assert len({m["life"] for m in by_pages}) >= 2

        checked = platform.cli("analytics", "--check")
        assert (checked.returncode, checked.stdout) == (0, "all that is stored can be read\n")

        platform.kill("ClickHouse")
        away = platform.call("GET", "PRISM", PATH)
        assert away.status_code == SERVICE_UNAVAILABLE
        assert away.headers["content-type"] == "application/problem+json"
        assert away.json()["detail"].startswith("ClickHouse: ")
        assert platform.get("PRISM", "/analytics/BTCUSDT?interval=10s")["measures"]
        require_one_list(until_longer(platform, by_pages, 1), by_pages)
