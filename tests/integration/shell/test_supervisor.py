"""The supervisor, over small children: order, restarts, giving up, and the end."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.ports import free_port

from trade2026.adapters.infra.probe import http_get
from trade2026.core.clock import SystemClock
from trade2026.core.errors import StartError, UnavailableError
from trade2026.shell.backoff import Backoff
from trade2026.shell.children import ChildServer, ChildSpec, Unit
from trade2026.shell.supervisor import Supervisor, read_state

pytestmark = pytest.mark.integration

QUICK = Backoff(first_s=0.01, last_s=0.02, restarts_max=3, window_s=600)

CHILD = """
import signal, socket, sys
name, port, diary = sys.argv[1], int(sys.argv[2]), sys.argv[3]

def write(what):
    with open(diary, "a") as file:
        file.write(f"{name} {what}\\n")

def end(*_):
    write("ends")
    sys.exit(0)

signal.signal(signal.SIGTERM, end)
server = socket.create_server(("127.0.0.1", port))
write("listens")
while True:
    client, _ = server.accept()
    client.recv(65536)
    client.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n")
    client.close()
"""


class Scene:
    """A supervisor over children that keep a diary."""

    def __init__(self, tmp_path: Path) -> None:
        self.data_dir = tmp_path
        self.diary = tmp_path / "diary"
        self.units: list[Unit] = []
        self.said: list[str] = []
        self.is_up = asyncio.Event()
        self.still_s = 60.0

    def add(self, name: str, *, wave: int = 0, needs: tuple[str, ...] = ()) -> Unit:
        port = free_port()

        async def probe() -> str:
            try:
                status, _ = await http_get(port, "/health")
            except UnavailableError as error:
                return str(error)
            return "" if status == 200 else str(status)

        unit = self._add(name, wave, (CHILD, name, str(port), str(self.diary)), probe)
        unit.needs = needs
        unit.prepare = self.prepare
        return unit

    async def prepare(self) -> None:
        self.write("prepared")

    def add_broken(self, name: str, *, exit_code: int, wave: int = 2) -> Unit:
        async def probe() -> str:
            return "no answer"

        return self._add(name, wave, (f"import sys; print('boom'); sys.exit({exit_code})",), probe)

    def _add(
        self, name: str, wave: int, code: tuple[str, ...], probe: Callable[[], Awaitable[str]]
    ) -> Unit:
        log_path = self.data_dir / f"{name}.log"
        spec = ChildSpec(
            name=name,
            argv=(sys.executable, "-c", *code),
            log_path=log_path,
            probes={name: probe},
        )
        unit = Unit(name=name, server=ChildServer(spec), log_path=log_path, wave=wave)
        self.units.append(unit)
        return unit

    def supervisor(self) -> Supervisor:
        async def up() -> None:
            self.write("up")
            self.is_up.set()

        return Supervisor(
            self.units,
            data_dir=self.data_dir,
            clock=SystemClock(),
            say=self.said.append,
            on_up=up,
            backoff=QUICK,
            still_s=self.still_s,
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Supervisor]:
        supervisor = self.supervisor()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(supervisor.run())
            async with asyncio.timeout(60):
                await self.is_up.wait()
            yield supervisor
            supervisor.stop()

    def write(self, what: str) -> None:
        with self.diary.open("a") as file:
            file.write(f"{what}\n")

    def lines(self) -> list[str]:
        return self.diary.read_text().splitlines() if self.diary.exists() else []

    def running_units(self) -> list[str]:
        return [unit.name for unit in self.units if _is_running(unit)]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def _is_running(unit: Unit) -> bool:
    return unit.server.process is not None and unit.server.process.is_running


async def test_a_unit_starts_when_what_it_needs_is_prepared(scene: Scene) -> None:
    scene.add("service", wave=2, needs=("server", "other"))
    scene.add("other", needs=("server",))
    scene.add("server")

    async with scene.running():
        assert scene.lines() == [
            *("server listens", "prepared", "other listens", "prepared"),
            *("service listens", "prepared", "up"),
        ]


async def test_a_unit_is_prepared_once_in_its_life(scene: Scene) -> None:
    victim = scene.add("victim")

    async with scene.running():
        assert victim.server.process is not None
        victim.server.process.kill()
        async with asyncio.timeout(60):
            while scene.lines().count("victim listens") < 2 or victim.wrong:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

        assert scene.lines().count("prepared") == 1


async def test_services_stop_before_the_servers_they_use(scene: Scene) -> None:
    scene.add("server")
    scene.add("venue", wave=1)
    scene.add("service", wave=2)

    async with scene.running():
        pass

    assert scene.lines()[-3:] == ["service ends", "venue ends", "server ends"]
    assert scene.running_units() == []


@pytest.mark.parametrize("wave", [0, 2])
async def test_a_child_that_is_killed_is_started_again(scene: Scene, wave: int) -> None:
    victim = scene.add("victim", wave=wave)
    other = scene.add("other", wave=2)

    async with scene.running():
        process = victim.server.process
        assert process is not None
        first_pid = process.pid
        assert first_pid is not None
        os.kill(first_pid, signal.SIGKILL)
        async with asyncio.timeout(60):
            while not any("victim is back" in line for line in scene.said):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

        assert victim.server.process is not None
        assert victim.server.process.pid != first_pid
        assert await victim.server.check() == ""
        assert (victim.restarts, other.restarts) == (1, 0)
        assert any("victim ended with -9; starting it again in" in line for line in scene.said)
        assert scene.lines().count("other listens") == 1


async def test_a_child_that_keeps_dying_ends_everything_with_its_last_words(scene: Scene) -> None:
    scene.add("server")
    broken = scene.add_broken("broken", exit_code=70)

    why = await scene.supervisor().run()

    assert why.startswith("gave up: broken ended with 70 (boom)")
    assert f"4 times; see {broken.log_path}" in why
    assert why.endswith("boom")
    assert broken.restarts == QUICK.restarts_max
    assert scene.running_units() == []
    assert scene.lines()[-1] == "server ends"


async def test_a_child_that_refuses_its_settings_is_not_tried_again(scene: Scene) -> None:
    scene.add("server")
    broken = scene.add_broken("broken", exit_code=2)

    with pytest.raises(StartError, match=r"broken ended with 2 \(boom\)"):
        await scene.supervisor().run()

    assert broken.restarts == 0
    assert scene.running_units() == []


async def test_a_server_that_does_not_start_at_first_ends_everything(scene: Scene) -> None:
    scene.add("server")
    scene.add_broken("broken", exit_code=1, wave=0)

    with pytest.raises(StartError, match="broken ended with 1"):
        await scene.supervisor().run()

    assert scene.running_units() == []


async def test_a_preparation_that_fails_ends_everything(scene: Scene) -> None:
    server = scene.add("server")
    scene.add("service", wave=2, needs=("server",))

    async def fail() -> None:
        raise StartError("no streams")

    server.prepare = fail
    with pytest.raises(StartError, match="no streams"):
        await scene.supervisor().run()

    assert scene.lines() == ["server listens", "server ends"]


async def test_a_stop_while_starting_stops_what_has_started(scene: Scene) -> None:
    server = scene.add("server")
    scene.add("service", wave=2, needs=("server",))
    supervisor = scene.supervisor()

    async def stop() -> None:
        supervisor.stop()
        await asyncio.sleep(1000)

    server.prepare = stop

    assert await supervisor.run() == ""
    assert scene.lines() == ["server listens", "server ends"]


async def test_the_state_file_tells_of_the_children_while_they_run(scene: Scene) -> None:
    unit = scene.add("server")

    async with scene.running():
        state = read_state(scene.data_dir)

        assert state is not None
        assert state.pid == os.getpid()
        assert unit.server.process is not None
        assert [(u.name, u.pid, u.restarts, u.wrong) for u in state.units] == [
            ("server", unit.server.process.pid, 0, "")
        ]

    assert read_state(scene.data_dir) is None


async def test_a_child_started_again_is_said_to_be_still_starting(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.still_s = 0.05
    unit = scene.add("a", wave=1)

    async with scene.running():
        slow = ChildSpec(
            name="a",
            argv=("sleep", "1000"),
            log_path=unit.log_path,
            probes={"a": _reading},
        )
        dead = unit.server.process
        unit.server = ChildServer(slow)
        assert dead is not None
        dead.kill()
        async with asyncio.timeout(30):
            while "a is still starting (a: reading its log)" not in scene.said:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def _reading() -> str:
    return "reading its log"
