"""What holds for every server: ready means ready, passwords count, a kill loses nothing."""

import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.integration.infra.cases import CASES, PASSWORD, Case, SeaweedCase
from tests.ports import free_port

from trade2026.adapters.infra import clickhouse
from trade2026.adapters.infra.clickhouse import ClickHouseServer
from trade2026.adapters.infra.postgres import PostgresServer
from trade2026.adapters.infra.seaweedfs import BUCKET, PORT_NAMES
from trade2026.core.errors import StartError

pytestmark = pytest.mark.integration


@pytest.fixture(params=CASES)
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Case]:
    case: Case = CASES[request.param](tmp_path / "data")
    yield case
    await case.server.stop()


async def test_a_started_server_takes_what_is_written_at_once(case: Case) -> None:
    await case.server.start()

    await case.write(3)

    assert await case.count() == 3
    assert await case.server.check() == ""
    assert case.server.version


async def test_only_the_right_password_is_let_in(case: Case) -> None:
    await case.server.start()

    assert not await case.is_let_in("wrong")
    assert not await case.is_let_in("")
    assert await case.is_let_in(PASSWORD)


async def test_a_kill_loses_nothing_that_was_acknowledged(case: Case) -> None:
    await case.server.start()
    await case.write(100)

    assert case.server.process is not None
    assert case.server.pid is not None
    os.kill(case.server.pid, signal.SIGKILL)
    await case.server.process.wait()
    assert await case.server.check() == "the process has ended"
    await case.server.start()

    assert await case.count() == 100


async def test_a_stopped_server_ends_as_it_should_and_keeps_its_data(case: Case) -> None:
    await case.server.start()
    await case.write(3)

    await case.server.stop()

    assert case.server.process is not None
    assert case.server.process.exit_code == case.stop_code
    await case.server.start()
    assert await case.count() == 3


async def test_a_port_in_use_is_one_line_that_says_what_to_do(case: Case) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", case.ports[-1]))
        other.listen()

        with pytest.raises(StartError, match=f"port {case.ports[-1]} of .* --port-offset"):
            await case.server.start()

    assert case.server.pid is None


async def test_a_server_listens_on_the_loopback_address_only(case: Case) -> None:
    await case.server.start()

    assert _addresses(case.ports) == {"0100007F"}


async def test_its_files_can_be_read_by_their_owner_only(case: Case, tmp_path: Path) -> None:
    await case.server.start()

    folders = [path for path in (tmp_path / "data").iterdir() if path.is_dir()]
    assert len(folders) == 2
    assert {oct(path.stat().st_mode & 0o777) for path in folders} == {"0o700"}


async def test_nothing_of_object_storage_is_shown_without_its_keys(tmp_path: Path) -> None:
    case = SeaweedCase(tmp_path / "data")
    try:
        await case.server.start()
        await case.write(1)
        filer = case.ports[PORT_NAMES.index("filer")]

        async with httpx.AsyncClient(trust_env=False) as client:
            inside = await client.get(f"http://127.0.0.1:{filer}/buckets/{BUCKET}/case/0")
            outside = await client.get(f"http://127.0.0.1:{case.ports[0]}/{BUCKET}/case/0")
    finally:
        await case.server.stop()

    assert (inside.status_code, outside.status_code) == (401, 403)


async def test_object_storage_opens_no_port_that_the_catalogue_does_not_know(
    tmp_path: Path,
) -> None:
    case = SeaweedCase(tmp_path / "data")
    try:
        await case.server.start()

        listening = _listening_of(case.server.pid)
    finally:
        await case.server.stop()

    assert listening == set(case.ports)


async def test_postgres_works_where_a_socket_path_would_be_too_long(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    server = PostgresServer(deep, port=free_port(), password=PASSWORD)
    try:
        await server.start()

        assert await server.check() == ""
    finally:
        await server.stop()


async def test_postgres_refuses_data_of_another_major_version(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    folder.mkdir()
    (folder / "PG_VERSION").write_text("12\n")

    with pytest.raises(StartError, match=r"made by PostgreSQL 12, this is \d+; use the version"):
        await PostgresServer(tmp_path, port=free_port(), password=PASSWORD).start()


@pytest.mark.parametrize("made_by", ["24.8", "26.4", "26.6", "127.1", "", "\x00\xff"])
async def test_clickhouse_refuses_data_of_another_version_and_leaves_them_as_they_are(
    tmp_path: Path, made_by: str
) -> None:
    store = tmp_path / "clickhouse" / "store"
    (store / "data").mkdir(parents=True)
    (store / "VERSION").write_text(made_by, "latin-1")
    (store / "data" / "part").write_bytes(b"theirs")
    before = contents_of(tmp_path)

    with pytest.raises(StartError, match=r"was made by ClickHouse '.*', this is 26.5; use the"):
        await a_clickhouse(tmp_path).start()

    assert contents_of(tmp_path) == before


async def test_clickhouse_data_from_before_versions_were_noted_are_those_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = a_clickhouse(tmp_path)
    await server.start()
    await server.stop()
    noted = tmp_path / "clickhouse" / "store" / "VERSION"
    assert noted.read_text() == "26.5\n"
    noted.unlink()
    try:
        await server.start()

        assert await server.check() == ""
        assert noted.read_text() == "26.5\n"
    finally:
        await server.stop()
    noted.unlink()
    monkeypatch.setattr(clickhouse, "FIRST_VERSION", "26.4")
    with pytest.raises(StartError, match=r"was made by ClickHouse '26.4', this is 26.5"):
        await server.start()


async def test_half_a_note_of_clickhouse_s_version_is_that_of_a_folder_never_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clickhouse, "FIRST_VERSION", "26.4")
    store = tmp_path / "clickhouse" / "store"
    store.mkdir(parents=True)
    (store / "VERSION.new").write_text("26")
    server = a_clickhouse(tmp_path)
    try:
        await server.start()

        assert await server.check() == ""
        assert (store / "VERSION").read_text() == "26.5\n"
        assert not (store / "VERSION.new").exists()
    finally:
        await server.stop()


def a_clickhouse(data_dir: Path) -> ClickHouseServer:
    return ClickHouseServer(data_dir, port=free_port(), password=PASSWORD, reader_password=PASSWORD)


def contents_of(folder: Path) -> dict[str, bytes | None]:
    """Return everything in a folder, files with what they hold."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


async def test_a_first_start_that_was_interrupted_does_not_harm_the_next(tmp_path: Path) -> None:
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = PostgresServer(tmp_path, port=free_port(), password=PASSWORD)
    try:
        await server.start()

        assert await server.check() == ""
        assert not half.exists()
    finally:
        await server.stop()


def _listening_of(pid: int | None) -> set[int]:
    """Return the ports on which a process listens."""
    links: list[str] = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            links.append(str(link.readlink()))
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    found: set[int] = set()
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in inodes:
                found.add(int(words[1].rpartition(":")[2], 16))
    return found


def _addresses(ports: tuple[int, ...]) -> set[str]:
    found: set[str] = set()
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            address, _, port = line.split()[1].partition(":")
            if line.split()[3] == "0A" and int(port, 16) in ports:
                found.add(address)
    return found
