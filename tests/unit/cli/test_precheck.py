"""A wrong setting is refused before anything starts."""

import subprocess
import sys
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from tests.e2e.test_every_route_is_locked import builds

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.cli.precheck import READERS, require_settings
from trade2026.core.clock import SystemClock
from trade2026.core.errors import SettingsError
from trade2026.core.ids import system_ids
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.logs import service_log
from trade2026.shell.service import Context
from trade2026.shell.settings import PLATFORM, Settings, process_environment, section_name

S = TypeVar("S", bound=msgspec.Struct)


@pytest.mark.parametrize(
    "variable",
    [
        "TRADE2026_GATEWAY_SPEDE",
        "TRADE2026_AUTHN_SPEDE",
        "TRADE2026_OMS_SPEDE",
        "TRADE2026_PRISM_SPEDE",
        "TRADE2026_RISK_SPEDE",
        "TRADE2026_PLATFORM_SPEDE",
    ],
)
def test_a_setting_that_nobody_knows_is_refused(variable: str) -> None:
    with pytest.raises(SettingsError, match=f"^{variable}='1' is unknown"):
        require_settings(Settings({variable: "1"}))


def test_a_malformed_setting_is_refused() -> None:
    with pytest.raises(SettingsError, match="TRADE2026_GATEWAY_SPEED: 'fast' is malformed"):
        require_settings(Settings({"TRADE2026_GATEWAY_SPEED": "fast"}))


def test_good_settings_and_none_pass() -> None:
    require_settings(Settings({}))
    require_settings(Settings({"TRADE2026_GATEWAY_SPEED": "2", "TRADE2026_OMS_ACCOUNTS": "a,b"}))


def test_up_refuses_before_it_makes_a_secret_or_starts_a_server(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "trade2026", "up", "--data-dir", str(tmp_path / "data")],
        env={**process_environment(), "TRADE2026_GATEWAY_SPEDE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 2
    assert answer.stderr.startswith("trade2026: TRADE2026_GATEWAY_SPEDE='1' is unknown")
    assert answer.stderr.count("\n") == 1
    assert not (tmp_path / "data" / "secrets").exists()


def test_the_table_names_what_each_service_reads(tmp_path: Path) -> None:
    read: dict[str, str] = {}
    settings, clock = Settings({}), SystemClock()

    def note(kind: type[S], section: str) -> S:
        read[section_name(section)] = f"{kind.__module__}:{kind.__name__}"
        return settings(kind, section)

    for name, build in builds().items():
        build(
            Context(
                name=name,
                bus=LocalBus(MemoryLog(), clock, with_codec=False),
                clock=clock,
                ids=system_ids(),
                log=service_log(name),
                metrics=CollectorRegistry(),
                data_dir=tmp_path,
                addresses=LocalAddresses(),
                settings=note,
            )
        )

    # What every process reads is checked by itself.
    read.pop(PLATFORM, None)
    # The watchdog is a process, and no service.
    own = {"watchdog": "trade2026.shell.watchdog:WatchdogSettings"}
    assert {**read, **own} == READERS
