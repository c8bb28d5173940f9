"""The page on PRISM's market has every parameter with its unit and default, as they are."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from trade2026.model.instrument import InstrumentKind
from trade2026.prism.agents import AGENT_TYPES
from trade2026.prism.config import DEFAULT_AGENTS, FUNDAMENTAL
from trade2026.prism.price.fundamental import FundamentalParams

PAGE: Final = (Path(__file__).parents[3] / "docs" / "prism-market.md").read_text("utf-8")
UNITS: Final = {
    "_s": "s",
    "_clips": "clips",
    "_ratio": "share",
    "_h": "h",
    "_sds": "sds",
    "_exponent": "exponent",
    "_times": "factor",
    "_per_day": "a day",
}
OWN_UNITS: Final = {
    "yearly_volatility_ratio": "of the price",
    "reversion_sd_ratio": "of the price",
    "mood_sds": "of a logarithm",
}
VALUE: Final = FundamentalParams(yearly_volatility_ratio=-1.0)


def rows_under(heading: str) -> list[list[str]]:
    lines = PAGE.splitlines()
    begin = lines.index(heading) + 2
    rows = lines[begin : lines.index("", begin)]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def unit_of(name: str) -> str:
    return OWN_UNITS.get(name) or next(u for end, u in UNITS.items() if name.endswith(end))


def parameters() -> Iterator[list[str]]:
    owners = [(kind.name, kind.params()) for kind in AGENT_TYPES]
    for owner, params in [*owners, ("value", VALUE)]:
        for name, value in msgspec.structs.asdict(params).items():
            default = "by symbol" if value == -1.0 else f"{value:g}"
            yield [owner, name, default, unit_of(name)]


def test_every_parameter_is_there_with_its_default_and_unit() -> None:
    rows = rows_under("| of | parameter | default | unit | what |")

    assert [row[:4] for row in rows] == list(parameters())
    assert all(row[4].endswith(".") for row in rows)
    by_symbol = {kind: params.yearly_volatility_ratio for kind, params in FUNDAMENTAL.items()}
    assert by_symbol[InstrumentKind.SPOT] == 0.5
    assert by_symbol[InstrumentKind.EQUITY] == 0.25
    assert "`yearly_volatility_ratio` is 0.5 for crypto and 0.25 for equities" in PAGE


def test_the_default_mix_and_latencies_are_those_of_the_code() -> None:
    rows = {row[0]: row for row in rows_under("| type | default | latency | what it does |")}
    latencies = {kind.name: kind.latency_ms for kind in AGENT_TYPES}

    assert set(rows) == {f"`{group.type_name}`" for group in DEFAULT_AGENTS}
    for group in DEFAULT_AGENTS:
        row = rows[f"`{group.type_name}`"]
        assert row[1:3] == [str(group.count), f"{latencies[group.type_name]:g} ms"]
    others = {kind.name for kind in AGENT_TYPES} - {group.type_name for group in DEFAULT_AGENTS}
    assert all(f"`{name}`" in PAGE for name in others)


@pytest.mark.parametrize(
    "name",
    [
        "common_share_ratio",
        "momentum_share_ratio",
        "reversion_sd_ratio",
        "jumps_per_day",
        "jump_share_ratio",
        "mood_sds",
        "activity_exponent",
        "season_depth_ratio",
        "impact_sds",
        "impact_decay_exponent",
        "impact_bend_sds",
        "alarm_ratio",
    ],
)
def test_what_the_text_says_of_a_parameter_is_so(name: str) -> None:
    text = PAGE[: PAGE.index("## Parameters")]
    found = re.search(rf"`{name}`[^0-9`]{{0,60}}?([0-9][0-9.]*[0-9]|[0-9])", text)

    assert found is not None, f"{name} is not in the text"
    assert float(found[1]) == getattr(VALUE, name)
