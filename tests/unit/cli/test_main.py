"""The command line: a table of commands that imports only what it needs."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from trade2026.catalogue.table import TABLE
from trade2026.cli.main import COMMANDS, trade2026
from trade2026.cli.up import source_settings
from trade2026.core.errors import StartError

HEAVY = ("numba", "litestar", "uvicorn", "httpx")

WITHOUT_HEAVY = f"""
import sys
from trade2026.cli.main import main
try:
    main()
finally:
    heavy = [name for name in {HEAVY!r} if name in sys.modules]
    assert not heavy, heavy
"""


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_HEAVY, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_names_a_command_with_the_same_summary(name: str) -> None:
    module, _, function = COMMANDS[name].target.partition(":")
    command: click.Command = getattr(importlib.import_module(module), function)

    assert command.name == name
    assert command.get_short_help_str(200).rstrip(".") == COMMANDS[name].summary.rstrip(".")


def test_help_lists_every_command_and_imports_nothing_heavy() -> None:
    answer = _run("--help")

    assert answer.returncode == 0, answer.stderr
    for name, entry in COMMANDS.items():
        assert name in answer.stdout
        assert entry.summary in answer.stdout


def test_status_of_nothing_is_down_and_imports_nothing_heavy(tmp_path: Path) -> None:
    data_dir = tmp_path / "never"

    answer = _run("status", "--json", "--data-dir", str(data_dir), "--port-offset", "40000")

    assert answer.returncode == 1, answer.stderr
    found = json.loads(answer.stdout)
    assert found["healthy"] is False
    assert [entry["component"] for entry in found["components"]] == [c.name for c in TABLE]
    states = {entry["component"]: entry["state"] for entry in found["components"]}
    assert states == {c.name: "planned" if c.is_planned else "down" for c in TABLE}
    assert not data_dir.exists()


def test_an_unknown_command_is_refused() -> None:
    answer = CliRunner().invoke(trade2026, ["dance"])

    assert answer.exit_code == 2
    assert "No such command" in answer.output


def test_components_shows_every_component_with_its_ports_and_flows() -> None:
    answer = CliRunner().invoke(trade2026, ["components", "--json"])

    entries = {entry["name"]: entry for entry in json.loads(answer.output)["components"]}
    assert len(entries) == 26
    assert entries["oms"]["ports"] == {"http": 8099}
    assert entries["oms"]["metrics_port"] == 9099
    assert "orders.event.{account}" in entries["oms"]["gives"]
    table = CliRunner().invoke(trade2026, ["components"]).output
    assert all(component.name in table for component in TABLE)


def test_a_port_offset_out_of_range_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    answer = _run("status", "--data-dir", str(tmp_path), "--port-offset", "-1")

    assert answer.returncode == 2
    assert answer.stderr.startswith("trade2026: the port offset must be 0 to ")
    assert answer.stderr.count("\n") == 1
    assert answer.stdout == ""


def test_without_a_source_the_settings_stand() -> None:
    assert source_settings(None, None, None) == {}


def test_the_simulator_is_told_to_the_children() -> None:
    assert source_settings("prism", None, None) == {
        "TRADE2026_GATEWAY_SOURCE": "prism",
        "TRADE2026_PRISM_MODE": "agents",
    }


def test_a_recording_is_told_to_the_children_by_its_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "day.jsonl").write_text("")
    monkeypatch.chdir(tmp_path)

    assert source_settings("replay", Path("day.jsonl"), 2.5) == {
        "TRADE2026_GATEWAY_SOURCE": "replay",
        "TRADE2026_GATEWAY_FILE": str(tmp_path / "day.jsonl"),
        "TRADE2026_GATEWAY_SPEED": "2.5",
        "TRADE2026_PRISM_MODE": "paper",
    }


@pytest.mark.parametrize(
    ("source", "file", "why"),
    [
        ("replay", None, "needs --file"),
        ("replay", Path("/no/such/file"), "there is no file /no/such/file"),
        ("prism", Path("/no/such/file"), "--file and --speed need --source replay"),
        (None, Path("/no/such/file"), "--file and --speed need --source replay"),
    ],
)
def test_a_source_that_does_not_fit_is_refused(
    source: str | None, file: Path | None, why: str
) -> None:
    with pytest.raises(StartError, match=why):
        source_settings(source, file, None)
