"""What a service takes from the bus is what the table of subjects says, and all of it."""

from pathlib import Path

import pytest
import structlog
from prometheus_client import CollectorRegistry

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.catalogue.component import Engine
from trade2026.catalogue.flow import flow_of
from trade2026.catalogue.table import BY_NAME, TABLE
from trade2026.core.clock import SystemClock
from trade2026.core.ids import system_ids
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.builds import builds_of
from trade2026.shell.service import Context, Service
from trade2026.shell.settings import Settings

SERVICES = [component.name for component in TABLE if component.engine is Engine.SERVICE]

# Not by an intake: recovery, for one, reads its logs before it begins.
READ_BY_ITSELF = {
    "PRISM": {
        "prism.fill.{symbol}",
        "prism.input.{symbol}",
        "prism.control.{part}",
        "prism.life.{part}",
        "prism.snapshot.{part}",
        "prism.outcome.{part}",
    },
    "normalizer": {"market.trade.{venue}.{symbol}"},
    # Beside its intakes, so that the lake is filled while ClickHouse is away.
    "sink-ticks": {"prism.span.{symbol}"},
}
MODES = {"PRISM": [{"TRADE2026_PRISM_MODE": "agents"}, {"TRADE2026_PRISM_MODE": "paper"}]}


def _built(name: str, folder: Path, environment: dict[str, str]) -> Service:
    clock = SystemClock()
    context = Context(
        name=name,
        bus=LocalBus(MemoryLog(), clock, with_codec=True),
        clock=clock,
        ids=system_ids(),
        log=structlog.get_logger(),
        metrics=CollectorRegistry(),
        data_dir=folder,
        addresses=LocalAddresses(),
        settings=Settings(environment),
    )
    return builds_of([name])[name](context)


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_takes_what_the_table_says(name: str, tmp_path: Path) -> None:
    flow = flow_of(BY_NAME[name])

    taken = {
        intake.subject.pattern
        for environment in MODES.get(name, [{}])
        for intake in _built(name, tmp_path, environment).intakes
    }

    assert taken | READ_BY_ITSELF.get(name, set()) == {*flow.takes, *flow.fed_back}
