"""Each fault of the machine is one line that says what to do."""

import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from trade2026.catalogue.table import TABLE
from trade2026.core.errors import StartError
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.preflight import (
    LAYOUT,
    claimed,
    require_ports,
    require_python,
    require_space,
)

HOLDER = """
import sys, time
from pathlib import Path
from trade2026.shell.preflight import claimed
with claimed(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(1000)
"""

LEAVER = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print(flush=True)
time.sleep(0.5)
"""


def test_an_old_python_is_refused() -> None:
    require_python((3, 11))
    require_python((3, 14))

    with pytest.raises(StartError, match=r"Python 3\.11 or newer is needed, this is 3\.10"):
        require_python((3, 10))


def test_a_directory_is_made_for_its_owner_only_and_says_its_layout(tmp_path: Path) -> None:
    data_dir = tmp_path / "a" / "b"

    with claimed(data_dir):
        assert data_dir.stat().st_mode & 0o777 == 0o700
        assert (data_dir / "VERSION").read_text() == f"{LAYOUT}\n"
        assert (data_dir / "run" / "lock").read_text() == f"{os.getpid()}\n"


def test_a_directory_can_be_claimed_again_after_its_owner_left(tmp_path: Path) -> None:
    for _ in range(2):
        with claimed(tmp_path / "data"):
            pass


def test_a_directory_that_another_platform_holds_is_refused(tmp_path: Path) -> None:
    already = rf"runs on .*data already \(process {os.getpid()}\)"
    with (
        claimed(tmp_path / "data"),
        pytest.raises(StartError, match=already),
        claimed(tmp_path / "data"),
    ):
        pass


def test_the_claim_of_a_killed_platform_is_void(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "data")], stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    with holder:
        assert holder.stdout.readline() == b"held\n"
        holder.kill()

    with claimed(tmp_path / "data"):
        pass


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    why = r"cannot write in .*; choose another --data-dir"
    with pytest.raises(StartError, match=why), claimed(tmp_path / "file" / "data"):
        pass


@pytest.mark.parametrize(
    ("layout", "why"),
    [
        (str(LAYOUT + 1), f"made by a newer version .*layout {LAYOUT + 1}, this is {LAYOUT}"),
        ("0", "made by another version of Trade2026"),
        ("?", "made by another version of Trade2026"),
    ],
)
def test_data_of_another_layout_are_refused_and_left_alone(
    tmp_path: Path, layout: str, why: str
) -> None:
    (tmp_path / "VERSION").write_text(layout)

    with pytest.raises(StartError, match=why), claimed(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["VERSION"]


def test_somebody_elses_directory_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine")

    why = r"not empty \(letters\.txt\) and is no data directory"
    with pytest.raises(StartError, match=why), claimed(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_a_settings_file_may_lie_in_the_directory_before_the_first_start(tmp_path: Path) -> None:
    (tmp_path / "trade2026.toml").write_text("")

    with claimed(tmp_path):
        assert (tmp_path / "VERSION").exists()


def test_a_full_disk_is_refused(tmp_path: Path) -> None:
    require_space(tmp_path, 0)

    with pytest.raises(StartError, match=r"\d+ MB are free for .*, 1000000000 MB are needed"):
        require_space(tmp_path, 10**9)


def test_a_port_in_use_is_named_with_its_component() -> None:
    addresses = _free_addresses()
    require_ports(addresses)
    with socket.socket() as other:
        other.bind(("127.0.0.1", addresses.port("oms")))
        other.listen()

        with pytest.raises(
            StartError, match=rf"^port {addresses.port('oms')} of oms is in use; .*--port-offset$"
        ):
            require_ports(addresses)


def test_many_ports_in_use_are_still_one_line() -> None:
    addresses = _free_addresses()
    with contextlib.ExitStack() as stack:
        for name in ("NATS", "oms", "risk", "pnl"):
            other = stack.enter_context(socket.socket())
            other.bind(("127.0.0.1", addresses.port(name)))
            other.listen()

        with pytest.raises(StartError, match=r"^ports \d+ of NATS, .* and 1 more are in use; stop"):
            require_ports(addresses)


def test_the_ports_of_planned_components_do_not_matter() -> None:
    addresses = _free_addresses()
    with socket.socket() as other:
        other.bind(("127.0.0.1", addresses.port("QuestDB")))
        other.listen()

        require_ports(addresses)


def test_a_port_may_take_a_moment_to_become_free_after_a_kill() -> None:
    addresses = _free_addresses()
    port = str(addresses.port("oms"))
    with subprocess.Popen([sys.executable, "-c", LEAVER, port], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()

        require_ports(addresses, wait_s=30)

        assert other.wait() == 0


def _free_addresses() -> LocalAddresses:
    for offset in range(10_000, 50_000, 7):
        addresses = LocalAddresses(offset)
        if all(_is_free(port) for c in TABLE for port in addresses.ports(c.name)):
            return addresses
    raise AssertionError


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
