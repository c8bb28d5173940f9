"""A process of services on a real bus: it waits, serves, drains on a signal, dies of a crash."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.ports import free_port

from trade2026.adapters.bus.nats import NatsBus
from trade2026.adapters.bus.streams import migrate_streams
from trade2026.adapters.infra.nats import NatsServer
from trade2026.adapters.infra.probe import is_port_free
from trade2026.core.clock import SystemClock, TimeNs
from trade2026.core.ids import EventId
from trade2026.model.risk import RiskControl, TradingMode
from trade2026.model.subjects import RISK_CONTROL
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.runner import (
    BUS_SECRET,
    BUS_USER,
    EXIT_CRASHED,
    EXIT_OK,
    EXIT_REFUSED,
)
from trade2026.shell.secrets import Secrets
from trade2026.shell.settings import process_environment

pytestmark = pytest.mark.integration

STAND_IN = Path(__file__).parent / "stand_in.py"
LIMIT_S = 30.0


def free_addresses() -> LocalAddresses:
    """Return addresses whose ports of NATS and of the gateway are free."""
    while True:
        offset = free_port() - 8222
        if not 0 <= offset < 50_000:
            continue
        addresses = LocalAddresses(offset)
        wanted = (*addresses.ports("NATS"), *addresses.ports("gateway"))
        if all(is_port_free(port) for port in wanted):
            return addresses


class Scene:
    """A NATS server, and processes of the stand-in beside it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.addresses = free_addresses()
        self.url = self.addresses.url("gateway")
        self.nats_url = self.addresses.url("NATS")
        self.password = Secrets(data_dir).get(BUS_SECRET)
        self.server = NatsServer(
            data_dir,
            client_port=self.addresses.port("NATS"),
            http_port=self.addresses.port("NATS", "http"),
            user=BUS_USER,
            password=self.password,
        )
        self.processes: list[asyncio.subprocess.Process] = []

    async def start_bus(self) -> None:
        await self.server.start()
        await migrate_streams(self.nats_url, BUS_USER, self.password)

    async def launch(self, **environment: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(STAND_IN),
            str(self.data_dir),
            str(self.addresses.port_offset),
            stderr=asyncio.subprocess.PIPE,
            env={**process_environment(), **environment},
        )
        self.processes.append(process)
        return process

    async def until_ready(self, process: asyncio.subprocess.Process) -> None:
        async with asyncio.timeout(LIMIT_S), httpx.AsyncClient() as client:
            while process.returncode is None:
                try:
                    if (await client.get(f"{self.url}/ready")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)
        raise AssertionError("the process has ended")

    async def end(self) -> None:
        for process in self.processes:
            if process.returncode is None:
                process.kill()
            await process.communicate()
        await self.server.stop()


async def ended(process: asyncio.subprocess.Process) -> tuple[int, list[dict[str, str]]]:
    """Return the exit code and the lines of the log."""
    async with asyncio.timeout(LIMIT_S):
        _, log = await process.communicate()
    assert process.returncode is not None
    return process.returncode, [json.loads(line) for line in log.decode().splitlines()]


async def until_starting(process: asyncio.subprocess.Process) -> None:
    """Return when *process* has begun to start; takes that line off its log."""
    assert process.stderr is not None
    async with asyncio.timeout(LIMIT_S):
        assert json.loads(await process.stderr.readline())["event"] == "starting"


async def until_body(client: httpx.AsyncClient, url: str, part: str) -> None:
    """Return when the answer of *url* holds *part*."""
    async with asyncio.timeout(LIMIT_S):
        while part not in (await client.get(url)).text:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    await scene.end()


async def test_it_waits_for_the_bus_then_folds_serves_and_drains_on_a_signal(scene: Scene) -> None:
    process = await scene.launch()
    await until_starting(process)
    await scene.start_bus()
    await scene.until_ready(process)
    clock = SystemClock()
    bus = await NatsBus.connect(
        url=scene.nats_url, user=BUS_USER, password=scene.password, name="test", clock=clock
    )
    control = RiskControl(
        control_id=EventId("c-1"),
        scope="global",
        mode=TradingMode.HALTED,
        cancel_open=False,
        reason="",
        asked_by="test",
        ts_ns=TimeNs(1),
    )
    await bus.append(RISK_CONTROL, control, event_id=control.control_id, scope="global")

    async with httpx.AsyncClient() as client, asyncio.TaskGroup() as tasks:
        await until_body(client, f"{scene.url}/folded", '["c-1"]')
        health = (await client.get(f"{scene.url}/health")).json()
        held = tasks.create_task(client.get(f"{scene.url}/held"))
        await asyncio.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        code, lines = await ended(process)
    await bus.close()

    assert health["checks"] == {"bus": "", "fold risk.control.{scope}": ""}
    assert held.result().text == "done"
    assert code == EXIT_OK
    assert (scene.data_dir / "stopped").exists()
    said = [(line["event"], line["level"]) for line in lines]
    assert said[0] == ("message bus away", "warning")
    assert [one for one in said if one != said[0]] == [("ready", "info"), ("stopped", "info")]


async def test_the_loss_of_the_bus_shows_in_health_and_passes(scene: Scene) -> None:
    await scene.start_bus()
    process = await scene.launch()
    await scene.until_ready(process)

    async with httpx.AsyncClient() as client:
        await scene.server.stop()
        ill = await client.get(f"{scene.url}/health")
        await scene.server.start()
        await until_body(client, f"{scene.url}/health", '"status":"healthy"')

    assert ill.status_code == 503
    assert ill.json()["checks"]["bus"]


async def test_a_loop_that_raises_ends_the_process_for_the_supervisor(scene: Scene) -> None:
    await scene.start_bus()
    process = await scene.launch()
    await scene.until_ready(process)

    async with httpx.AsyncClient() as client:
        await client.post(f"{scene.url}/crash")
    code, lines = await ended(process)

    crash = next(line for line in lines if line["event"] == "crashed")
    assert code == EXIT_CRASHED
    assert crash["level"] == "critical"
    assert "KeyError: 'unforeseen'" in crash["exception"]
    assert not (scene.data_dir / "stopped").exists()


async def test_a_start_that_cannot_be_is_one_line_and_no_restart(scene: Scene) -> None:
    await scene.start_bus()
    (scene.data_dir / "newer").touch()

    code, lines = await ended(await scene.launch())

    assert code == EXIT_REFUSED
    assert lines[-1]["reason"] == "the data directory is newer than this program"
    assert [line["event"] for line in lines] == ["starting", "cannot start"]


async def test_a_malformed_setting_is_refused_before_anything_else(scene: Scene) -> None:
    code, lines = await ended(await scene.launch(TRADE2026_PLATFORM_DRAIN_S="long"))

    assert code == EXIT_REFUSED
    assert "TRADE2026_PLATFORM_DRAIN_S: 'long'" in lines[-1]["reason"]


async def test_a_bus_that_never_comes_is_one_line(scene: Scene) -> None:
    code, lines = await ended(await scene.launch(TRADE2026_PLATFORM_BUS_WAIT_S="0.5"))

    assert code == EXIT_REFUSED
    assert f"the bus at {scene.nats_url} is not there" in lines[-1]["reason"]


async def test_a_signal_while_it_waits_for_the_bus_ends_it(scene: Scene) -> None:
    process = await scene.launch()
    await until_starting(process)

    process.send_signal(signal.SIGINT)
    code, lines = await ended(process)

    assert code == EXIT_OK
    assert lines[-1]["event"] == "stopped while starting"
