"""`trade2026 up`: the first start, the end, a second start, and an end by SIGKILL."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from tests.e2e.rig import Platform

from trade2026.catalogue.table import TABLE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

GONE_WITHIN_S = 30.0
WELL_WITHIN_S = 15.0


def _children(platform: Platform) -> list[int]:
    return [unit["pid"] for unit in platform.state()["units"]]


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _until_gone(pids: list[int]) -> None:
    end = time.monotonic() + GONE_WITHIN_S
    while alive := [pid for pid in pids if _is_alive(pid)]:
        assert time.monotonic() < end, alive
        time.sleep(0.05)


def test_a_platform_starts_stops_and_starts_again(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with Platform(data_dir) as platform:
        lines = platform.said().splitlines()
        found = json.loads(platform.cli("status", "--json").stdout)
        pids = _children(platform)

        assert lines[0].startswith("admin password: ")
        assert (data_dir / "secrets" / "admin").read_text() == platform.password
        assert all(component.name in platform.said() for component in TABLE)
        assert found["healthy"] is True
        assert {e["component"] for e in found["components"] if e["state"] == "planned"} == {
            c.name for c in TABLE if c.is_planned
        }
        second = platform.cli("up")
        assert second.returncode == 2
        assert second.stderr.startswith(f"trade2026: a platform runs on {data_dir} already")
        assert second.stderr.count("\n") == 1

        platform.stop()

        _until_gone(pids)
        assert not (data_dir / "run" / "supervisor.json").exists()

        platform.start()

        assert "admin password" not in platform.said()
        platform.wait_for(platform.is_healthy, WELL_WITHIN_S, "health")


def test_nothing_is_left_of_a_killed_platform_and_it_starts_again(tmp_path: Path) -> None:
    with Platform(tmp_path / "data") as platform:
        pids = _children(platform)
        assert all(_is_alive(pid) for pid in pids)

        os.kill(platform.pid, signal.SIGKILL)
        platform.stop()

        # At once: the ports become free while it waits.
        platform.start()
        _until_gone(pids)
        platform.wait_for(platform.is_healthy, WELL_WITHIN_S, "health")
