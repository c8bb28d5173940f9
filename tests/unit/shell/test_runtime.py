"""Services in one process: they drain when told to end, and die of a broken invariant."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import pytest
from litestar import get, websocket
from litestar.connection import WebSocket
from tests.unit.shell.rig import NAME, a_build, a_bus, alone, around, until
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from trade2026.catalogue.table import BY_NAME
from trade2026.core.errors import BusUnavailableError, RefusedError, SettingsError, StartError
from trade2026.core.ids import AccountId
from trade2026.model.risk import HaltRequest, RiskControl, TradingMode
from trade2026.model.subjects import RISK_HALT
from trade2026.shell.access import public
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.builds import builds_of
from trade2026.shell.runtime import Runtime, Surroundings, running
from trade2026.shell.service import Context, Serve, Service
from trade2026.shell.settings import Settings

SERVICE_RESTART: Final = 1012


class Gate:
    """A route that waits for the test, and a stop hook that leaves a trace."""

    def __init__(self) -> None:
        self.is_entered = asyncio.Event()
        self.may_leave = asyncio.Event()
        self.is_finished = False
        self.is_stopped = False

    async def on_stop(self) -> None:
        self.is_stopped = True

    def build(self, context: Context) -> Service:
        @get("/work", opt=public())
        async def work() -> str:
            self.is_entered.set()
            await self.may_leave.wait()
            self.is_finished = True
            return "done"

        return Service(name=context.name, routes=[work], stop=self.on_stop)


@get("/broken", opt=public())
async def broken() -> None:
    """Break an invariant."""
    raise AssertionError("cash was created")


async def test_the_end_waits_for_a_running_request_and_refuses_new_ones() -> None:
    gate = Gate()
    runtime = running({NAME: gate.build}, around(a_bus()))
    await runtime.__aenter__()
    client = runtime.client(NAME)

    async with asyncio.TaskGroup() as tasks:
        request = tasks.create_task(client.get("/work"))
        await gate.is_entered.wait()
        ending = tasks.create_task(runtime.__aexit__(None, None, None))
        await until(lambda: not runtime.members[NAME].life.is_open)
        refused = await client.get("/work")
        was_stopped_early = gate.is_stopped
        gate.may_leave.set()
        await ending

    assert request.result().text == "done"
    assert refused.status_code == 503
    assert not was_stopped_early
    assert gate.is_stopped


async def test_the_end_over_sockets_waits_for_a_running_request_too() -> None:
    gate = Gate()
    runtime = running({NAME: gate.build}, around(a_bus()), http=True)
    await runtime.__aenter__()
    url = runtime.url(NAME)

    async with httpx.AsyncClient() as client, asyncio.TaskGroup() as tasks:
        request = tasks.create_task(client.get(f"{url}/work"))
        await gate.is_entered.wait()
        ending = tasks.create_task(runtime.__aexit__(None, None, None))
        await until(lambda: not runtime.members[NAME].life.is_open)
        gate.may_leave.set()
        await ending
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{url}/work")

    assert request.result().text == "done"


async def test_the_end_closes_open_web_sockets() -> None:
    @websocket("/ws", opt=public())
    async def stream(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        await socket.receive_text()

    runtime = running({NAME: a_build([stream])}, around(a_bus()), http=True)
    await runtime.__aenter__()

    async with connect(runtime.url(NAME).replace("http", "ws") + "/ws", proxy=None) as client:
        await runtime.__aexit__(None, None, None)
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == SERVICE_RESTART


async def test_the_end_does_not_wait_forever() -> None:
    gate = Gate()
    runtime = alone(gate.build, environment={"TRADE2026_PLATFORM_DRAIN_S": "0.05"})
    await runtime.__aenter__()

    async with asyncio.TaskGroup() as tasks:
        request = tasks.create_task(runtime.client(NAME).get("/work"))
        await gate.is_entered.wait()
        await runtime.__aexit__(None, None, None)
        request.cancel()

    assert gate.is_stopped


async def test_a_request_that_takes_too_long_is_answered_but_not_broken_off() -> None:
    gate = Gate()
    environment = {"TRADE2026_PLATFORM_REQUEST_LIMIT_S": "0.05"}

    async with alone(gate.build, environment=environment, http=True) as runtime:
        reply = await runtime.client(NAME).get("/work")
        gate.may_leave.set()
        await until(lambda: gate.is_finished)

    assert reply.status_code == 504
    assert "unknown" in reply.json()["detail"]
    assert reply.json()["request_id"] == reply.headers["x-request-id"]


async def test_a_loop_that_raises_ends_everything_without_a_stop_hook() -> None:
    gate = Gate()

    async def loop() -> None:
        raise KeyError("unforeseen")

    build = a_build(loops=[loop], stop=gate.on_stop)
    with pytest.raises(KeyError, match="unforeseen"):
        async with alone(build):
            await asyncio.Event().wait()

    assert not gate.is_stopped


async def test_a_loop_that_returns_ends_nothing() -> None:
    async def loop() -> None:
        await asyncio.sleep(0)

    async with alone(a_build(loops=[loop])) as runtime:
        await asyncio.sleep(0.01)
        reply = await runtime.client(NAME).get("/ready")

    assert reply.status_code == 200


async def test_a_broken_invariant_in_a_route_ends_everything() -> None:
    gate = Gate()
    statuses: list[int] = []

    async def live() -> None:
        async with alone(a_build([broken], stop=gate.on_stop)) as runtime:
            statuses.append((await runtime.client(NAME).get("/broken")).status_code)
            await asyncio.Event().wait()

    with pytest.raises(AssertionError, match="cash was created"):
        await live()

    assert statuses == [500]
    assert not gate.is_stopped


async def test_a_broken_invariant_in_a_command_ends_everything() -> None:
    bus = a_bus()

    async def answer(_: HaltRequest) -> RiskControl:
        raise AssertionError("two truths")

    request = HaltRequest(
        account=AccountId("default"), mode=TradingMode.HALTED, reason="", asked_by="test"
    )

    async def live() -> None:
        build = a_build(intakes=[Serve(subject=RISK_HALT, handler=answer)])
        async with running({NAME: build}, around(bus)):
            with contextlib.suppress(RefusedError):
                await bus.ask(RISK_HALT, request)
            await asyncio.Event().wait()

    with pytest.raises(AssertionError, match="two truths"):
        await live()
    await bus.close()


async def test_an_error_of_the_block_itself_comes_out_as_it_is_after_a_graceful_end() -> None:
    gate = Gate()

    with pytest.raises(LookupError, match="mine"):
        async with alone(gate.build):
            raise LookupError("mine")

    assert gate.is_stopped


async def test_an_error_at_the_start_comes_out_as_it_is() -> None:
    async def start() -> None:
        raise BusUnavailableError("no log")

    with pytest.raises(BusUnavailableError, match="no log"):
        async with alone(a_build(start=start)):
            pass


async def test_an_unknown_setting_of_a_running_service_refuses_to_start() -> None:
    with pytest.raises(SettingsError, match="TRADE2026_GATEWAY_SPED"):
        async with alone(a_build(), environment={"TRADE2026_GATEWAY_SPED": "1"}):
            pass


async def test_a_port_in_use_is_told_with_its_owner_and_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        addresses = LocalAddresses(taken.getsockname()[1] - BY_NAME[NAME].port())
        bus = a_bus()
        surroundings = around(bus)
        fixed = Surroundings(
            bus=bus,
            doorkeeper=surroundings.doorkeeper,
            data_dir=surroundings.data_dir,
            settings=Settings({}),
            addresses=addresses,
        )

        with pytest.raises(StartError, match=r"gateway: port \d+ is in use.*--port-offset"):
            async with running({NAME: a_build()}, fixed, http=True):
                pass


async def test_services_on_free_ports_know_each_others_addresses() -> None:
    urls: dict[str, str] = {}

    def build(context: Context) -> Service:
        urls[context.name] = context.addresses.url("oms")
        return Service(name=context.name)

    async with running({"oms": build, "gateway": build}, around(a_bus()), http=True) as runtime:
        expected = runtime.url("oms")

    assert urls == {"oms": expected, "gateway": expected}


async def test_a_metrics_port_shows_metrics_and_nothing_else() -> None:
    async with running({"oms": a_build()}, around(a_bus()), http=True) as runtime:
        client, metrics_url = runtime.client("oms"), runtime.metrics_url("oms")
        on_main = await client.get("/metrics")
        on_metrics = await client.get(f"{metrics_url}/metrics")
        other = await client.get(f"{metrics_url}/health")
        wrong = await client.post(f"{metrics_url}/metrics")

    assert on_main.status_code == 404
    assert 'trade2026_info{service="oms"' in on_metrics.text
    assert other.status_code == 404
    assert wrong.status_code == 405


def test_a_service_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(StartError, match=r"no service called omms; there are .*oms"):
        builds_of(["omms"])
    with pytest.raises(StartError, match="no service called QuestDB"):
        builds_of(["QuestDB"])
    with pytest.raises(StartError, match="no service called nothing"):
        builds_of([])


class TestAsAFixture:
    """A fixture begins in one task and ends in another; a runtime bears that."""

    @pytest.fixture
    async def runtime(self) -> AsyncIterator[Runtime]:
        async with alone(a_build()) as runtime:
            yield runtime

    async def test_a_runtime_may_be_a_fixture(self, runtime: Runtime) -> None:
        assert (await runtime.client(NAME).get("/ready")).status_code == 200
