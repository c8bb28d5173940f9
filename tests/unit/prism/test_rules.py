"""The name of a life's rules: whatever may change its course changes the name."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from tests.prism import a_clock, a_house, living, make_agents
from tests.unit.prism.test_control import pass_time

from trade2026 import prism as package
from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.errors import RefusedError
from trade2026.prism.engine.compiled import sources_digest
from trade2026.prism.holdings import FeeRates
from trade2026.prism.life import House, blank_life, rules_of
from trade2026.prism.limits import Limits
from trade2026.prism.recorded import read_life
from trade2026.prism.replay import play_again
from trade2026.prism.rules import SOURCES

PRISM = Path(package.__file__).parent
APART = {
    "all_measures", "analytics", "archive", "ask", "audience", "config", "crier", "default",
    "doubt", "drive", "feed", "floor_state", "fork", "forks", "gauges", "history", "journal",
    "kernels", "log_search", "look", "market_state", "measuring", "memory", "pace", "packing",
    "paper", "paper_market", "params_file", "recorded", "recorder", "resume", "retention",
    "rounds", "rules", "venue", "waiting",
}  # fmt: skip
"""What only keeps, tells or lets time pass, or whose outcome is part of the configuration."""
KERNELS = {"loop", "floorplan"}


def test_every_module_decides_or_stands_apart() -> None:
    here = {path.stem for path in PRISM.glob("*.py")} - {"__init__"}
    named = {Path(name).stem for name in SOURCES if name.startswith("prism/")}

    assert here - named - KERNELS == APART
    assert not named & APART
    for name in SOURCES:
        ast.parse((PRISM.parent / name).read_text("utf-8"))


def changed_houses() -> list[House]:
    house = a_house()
    return [
        replace(house, fees=FeeRates(taker_bps=6)),
        replace(house, limits=Limits(direct_open_max=499)),
    ]


@pytest.mark.parametrize("house", changed_houses())
async def test_other_fees_or_limits_are_other_rules(house: House) -> None:
    log, clock = MemoryLog(), a_clock()
    async with living(log, clock) as prism:
        await pass_time(prism, 3)
    bus = LocalBus(log, clock, with_codec=True)
    recorded = await read_life(bus, None)
    await bus.close()

    assert recorded.life.rules.startswith(sources_digest())
    assert play_again(recorded, a_house()).is_equal
    with pytest.raises(RefusedError):
        play_again(recorded, house)
    exchange = make_agents(blank_life(house, 0, 0))
    assert rules_of(exchange, house) != rules_of(exchange, a_house())
