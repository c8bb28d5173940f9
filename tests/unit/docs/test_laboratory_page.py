"""The page on the laboratory runs as it is written, and what it says of its results is so."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from trade2026.prism import Market
from trade2026.prism.engine.event import EventKind
from trade2026.prism.lab.event_file import COLUMNS

PAGE: Final = (Path(__file__).parents[3] / "docs" / "laboratory.md").read_text("utf-8")
BLOCKS: Final[list[str]] = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Run the page from its first block to its last, and return all that it named."""
    place = tmp_path_factory.mktemp("laboratory")
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(sys, "path", [str(place), *sys.path])
        for number, block in enumerate(BLOCKS):
            first = block.splitlines()[0]
            if found := re.fullmatch(r"# (\w+\.py)", first):
                (place / found[1]).write_text(block)
            else:
                exec(compile(block, f"block {number}", "exec"), names)  # noqa: S102 - our own page
        yield names
    sys.modules.pop("fader", None)


def test_every_part_of_the_page_is_run() -> None:
    assert len(BLOCKS) == PAGE.count("```python") == 12


def test_the_market_is_as_it_is_shown(told: dict[str, Any]) -> None:
    assert told["bids"].shape == told["asks"].shape == (5, 2)
    assert len(told["agents"]) == len(told["market"].agent_names) == 40
    assert (told["tick"], told["lot"]) == (0.01, 0.00001)
    assert told["best_bid"] == pytest.approx(60_000, rel=0.05)
    assert told["ordinary"] * told["best_bid"] == pytest.approx(20_000, rel=0.05)


def test_orders_do_what_is_said(told: dict[str, Any]) -> None:
    assert told["still_open"] == (told["resting"],)
    assert told["position"].lots == -5_000
    assert told["position"].cash > 0
    assert -10.0 < told["cost"] < 0.0


def test_the_agent_is_the_same_in_python_and_compiled(told: dict[str, Any]) -> None:
    assert told["held"]["agent:fader-0"] != 0
    assert told["same"] is True


def test_a_large_order_lifts_the_price_and_a_third_of_it_fades(told: dict[str, Any]) -> None:
    assert 8.0 < told["at_end"] < 18.0
    assert told["error"][119] < 2.5
    assert told["impact"][115:120].mean() > 5 * told["error"][119]
    assert 0.0 < told["at_half"] < told["at_end"]
    assert 0.4 < told["later"] / told["at_end"] < 0.9


def test_agents_of_ones_own_undo_most_of_it(told: dict[str, Any]) -> None:
    assert 1.5 < told["calmed"][119] < 7.0
    assert told["calmed_error"][119] < 1.5
    assert told["calmed"][119] < told["at_end"] / 2
    assert told["calmed"][239] < told["calmed"][119]


def test_the_order_is_the_share_of_the_volume_that_is_told() -> None:
    traded: list[int] = []
    for seed in range(4):
        market = Market(seed=seed, symbols=["SOLUSDT"])
        market.run(until_s=3_600)
        market.events()
        market.run(until_s=4_200)
        events = market.events()
        traded.append(int(events[events["kind"] == EventKind.TRADE]["lots"].sum()))

    assert 0.1 < 120 * 60_000 / np.mean(traded) < 0.3


def test_the_episode_ends_with_the_quantity(told: dict[str, Any]) -> None:
    assert told["facts"]["lots"] == 2_000_000
    assert len(told["rewards"]) <= 30
    assert 0.0 < told["shortfall_bps"] < 50.0


def test_the_recording_has_what_happened(told: dict[str, Any]) -> None:
    assert told["events"]["time_ns"][-1] <= 4_200 * 10**9
    assert told["mine"]["lots"].sum() == 5_000
    assert told["volume"] > 0.05
    assert told["average"] == pytest.approx(60_000, rel=0.05)
    assert len(told["market"].events()) > 0  # of before the recording


def test_the_day_clusters(told: dict[str, Any]) -> None:
    assert 0.0 < told["clustering"] < 0.5


def test_the_table_of_columns_is_the_schema() -> None:
    lines = PAGE.splitlines()
    begin = lines.index("| column | unit | what |") + 2

    assert lines[begin : begin + len(COLUMNS) + 1] == [
        *(f"| {name} | {one.unit} | {one.text} |" for name, one in COLUMNS.items()),
        "",
    ]
