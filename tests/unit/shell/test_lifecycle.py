"""The order of a service's life, and what it answers at each step of it."""

import asyncio

from litestar import get
from prometheus_client.parser import text_string_to_metric_families
from tests.unit.shell.rig import NAME, a_build, a_bus, alone, around, until

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import TimeNs
from trade2026.core.ids import EventId
from trade2026.model.risk import RiskControl, TradingMode
from trade2026.model.subjects import RISK_CONTROL
from trade2026.ports.bus import Bus, Delivery
from trade2026.shell.access import public
from trade2026.shell.runtime import running
from trade2026.shell.service import Consume, Context, Fold, Service

FOLD = "fold risk.control.{scope}"


@get("/work", opt=public())
async def work() -> str:
    """Return that the service works."""
    return "done"


async def append(bus: Bus, number: int) -> None:
    control = RiskControl(
        control_id=EventId(f"c-{number}"),
        scope="global",
        mode=TradingMode.HALTED,
        cancel_open=False,
        reason="",
        asked_by="test",
        ts_ns=TimeNs(number),
    )
    await bus.append(RISK_CONTROL, control, event_id=control.control_id, scope="global")


class Diary:
    """Writes down what happens to a service, and holds its fold back until told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.may_fold = asyncio.Event()

    async def on_control(self, control: RiskControl, _: Delivery) -> None:
        await self.may_fold.wait()
        self.lines.append(f"folded {control.control_id}")

    def step(self, name: str) -> "Step":
        return Step(self, name)

    async def loop(self) -> None:
        self.lines.append("loop begins")
        try:
            await asyncio.Event().wait()
        finally:
            self.lines.append("loop ends")

    def build(self, context: Context) -> Service:
        return Service(
            name=context.name,
            routes=[work],
            intakes=[Fold(subject=RISK_CONTROL, handler=self.on_control)],
            start=self.step("start"),
            caught_up=self.step("caught up"),
            loops=[self.loop],
            stop=self.step("stop"),
        )


class Step:
    """A hook that writes its name down."""

    def __init__(self, diary: Diary, name: str) -> None:
        self._diary = diary
        self._name = name

    async def __call__(self) -> None:
        self._diary.lines.append(self._name)


async def test_a_service_starts_catches_up_runs_and_ends_in_that_order() -> None:
    bus, diary = a_bus(), Diary()
    await append(bus, 1)
    diary.may_fold.set()

    async with running({NAME: diary.build}, around(bus)):
        await append(bus, 2)
        await until(lambda: "folded c-2" in diary.lines)
    await append(bus, 3)
    await bus.close()

    begin = ["start", "folded c-1", "caught up", "loop begins"]
    assert diary.lines == [*begin, "folded c-2", "loop ends", "stop"]


async def test_it_answers_health_but_no_requests_until_it_has_caught_up() -> None:
    bus, diary = a_bus(), Diary()
    await append(bus, 1)
    runtime = running({NAME: diary.build}, around(bus))

    async with asyncio.TaskGroup() as tasks:
        starting = tasks.create_task(runtime.__aenter__())
        await until(lambda: "start" in diary.lines)
        client = runtime.client(NAME)
        before = await client.get("/ready"), await client.get("/health"), await client.get("/work")
        diary.may_fold.set()
        await starting
        after = await client.get("/ready"), await client.get("/health"), await client.get("/work")
    await runtime.__aexit__(None, None, None)
    late = runtime.members[NAME].life.readiness()
    await bus.close()

    assert [reply.status_code for reply in before] == [503, 200, 503]
    assert before[0].json() == {
        "ready": False,
        "service": NAME,
        "missing": ["catching up", FOLD],
    }
    assert before[2].headers["retry-after"] == "1"
    assert [reply.status_code for reply in after] == [200, 200, 200]
    assert after[0].json()["missing"] == []
    assert not late.ready


async def test_the_bus_is_pinged_where_there_are_intakes_and_its_loss_shows() -> None:
    log = MemoryLog()
    bus, diary = a_bus(log), Diary()
    diary.may_fold.set()

    async with running({NAME: diary.build}, around(bus)) as runtime:
        well = await runtime.client(NAME).get("/health")
        await bus.close()
        ill = await runtime.client(NAME).get("/health")

    assert well.json()["checks"] == {"bus": "", FOLD: ""}
    assert ill.status_code == 503
    assert ill.json()["checks"]["bus"] == "the log does not answer"


async def test_a_service_without_intakes_does_not_depend_on_the_bus() -> None:
    async with alone(a_build()) as runtime:
        reply = await runtime.client(NAME).get("/health")

    assert reply.json()["checks"] == {}


async def test_a_poisoned_event_about_money_makes_the_service_unhealthy() -> None:
    bus = a_bus()

    async def refuse(control: RiskControl, _: Delivery) -> None:
        raise ValueError(control.control_id)

    told: list[str] = []

    async def on_poison(*args: object) -> None:
        told.append(str(args[-1]))

    intake = Consume(subject=RISK_CONTROL, handler=refuse, durable="oms", on_poison=on_poison)
    async with running({NAME: a_build(intakes=[intake])}, around(bus)) as runtime:
        await append(bus, 1)
        await until(lambda: bool(told))
        health = await runtime.client(NAME).get("/health")
        metrics = await runtime.client(NAME).get("/metrics")
    await bus.close()

    families = {one.name: one for one in text_string_to_metric_families(metrics.text)}
    assert health.status_code == 503
    assert "halted" in health.json()["checks"]["consume risk.control.{scope} as oms"]
    assert families["trade2026_intake_halted"].samples[0].value == 1
    assert families["trade2026_intake_failed"].samples[0].value >= 1


async def test_events_handled_are_counted() -> None:
    bus, diary = a_bus(), Diary()
    diary.may_fold.set()

    async with running({NAME: diary.build}, around(bus)) as runtime:
        await append(bus, 1)
        await until(lambda: "folded c-1" in diary.lines)
        metrics = await runtime.client(NAME).get("/metrics")
    await bus.close()

    families = {one.name: one for one in text_string_to_metric_families(metrics.text)}
    assert families["trade2026_intake_handled"].samples[0].value == 1
    assert families["trade2026_intake_dropped"].samples[0].value == 0


async def test_the_first_service_to_start_is_the_last_to_stop() -> None:
    lines: list[str] = []

    def named(name: str) -> Step:
        diary = Diary()
        diary.lines = lines
        return diary.step(name)

    builds = {
        "gateway": a_build(start=named("gateway starts"), stop=named("gateway stops")),
        "normalizer": a_build(start=named("normalizer starts"), stop=named("normalizer stops")),
    }
    async with running(builds, around(a_bus())):
        pass

    assert lines == ["gateway starts", "normalizer starts", "normalizer stops", "gateway stops"]
