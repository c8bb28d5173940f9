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


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (
            {"type": "noise", "values": {"mean_pause": 4}},
            r"noise\.mean_pause: is none of .*mean_pause_s",
        ),
        (
            {"type": "noise", "values": {"mean_pause_s": 0}},
            r"noise\.mean_pause_s: 0 is not allowed: it must lie within 0\.001 and 1e\+06",
        ),
        ({"type": "whale", "values": {"x": 1}}, "type: whale is none of mm, "),
        ({"symbol": "DOGE", "values": {"mood_sds": 1}}, "symbol: DOGE is none of BTCUSDT, "),
        (
            {"symbol": "BTCUSDT", "values": {"mood_sds": -0.5}},
            r"BTCUSDT\.mood_sds: -0\.5 is not allowed: it must lie within 0 and 1000",
        ),
        ({"type": "noise", "values": {"take_ratio": "x"}}, "Expected `float`, got `str`"),
        ({"type": "noise", "worth": {}}, "unknown field `worth`"),
    ],
)
def test_parameters_that_no_market_can_have_are_refused(
    tmp_path: Path, entry: dict[str, object], why: str
) -> None:
    path = tmp_path / "params.json"
    path.write_bytes(msgspec.json.encode({"params": [entry]}))

    with pytest.raises(
        SettingsError, match=f"^TRADE2026_PRISM_PARAMS='{path}': .*{why}"
    ) as refused:
        require_settings(Settings({"TRADE2026_PRISM_PARAMS": str(path)}))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "text", "why"),
    [
        ("PARAMS", "/nowhere/params.json", "params: cannot be read"),
        ("AGENTS", "mm:5 whale:1", "type_name: 'whale' is none of mm, "),
        ("AGENTS", "mm", "agents: 'mm' is not of the form type:count"),
        ("AGENTS", "mm:1000 noise:1001", "2001 agents in 6 symbols are too many: 2000 at most"),
        ("AGENTS", "mm:0", "agents: a market needs at least one agent"),
        ("AGENTS", "mm:5@99999ms", "latency_ms: of mm, 99999, is outside 0 to "),
        ("OPENING_BALANCE", "DOGE:1", "DOGE is not traded on PRISM"),
    ],
)
def test_a_market_that_cannot_be_is_refused(variable: str, text: str, why: str) -> None:
    with pytest.raises(SettingsError, match=f"^TRADE2026_PRISM_{variable}.*: .*{why}"):
        require_settings(Settings({f"TRADE2026_PRISM_{variable}": text}))


def test_a_wrong_parameter_stops_the_start_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "params.json"
    path.write_text('{"params": [{"type": "noise", "values": {"take_ratio": 1.5}}]}', "utf-8")

    answer = subprocess.run(
        [sys.executable, "-m", "trade2026", "up", "--data-dir", str(tmp_path / "data")],
        env={**process_environment(), "TRADE2026_PRISM_PARAMS": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 2
    assert answer.stderr == (
        f"trade2026: TRADE2026_PRISM_PARAMS='{path}': noise.take_ratio: 1.5 is not allowed:"
        " it must lie within 0 and 1\n"
    )
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
