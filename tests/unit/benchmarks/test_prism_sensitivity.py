"""What is tried of each parameter, what counts as moved, and that the page tells of all."""

import math
from pathlib import Path

from benchmarks.prism.sensitivity import SURE, SYMBOL, moved, others_of, tries

from trade2026.prism.config import default_config
from trade2026.prism.lab.measure import alone

PAGE = Path(__file__).parents[3] / "docs" / "prism-market.md"
CONFIG = alone(default_config(1), SYMBOL, 1)


def test_the_page_tells_of_every_parameter_that_is_tried() -> None:
    page = PAGE.read_text("utf-8").partition("## Which gates they move")[2].partition("\n## ")[0]
    told = " ".join(page.split())

    for each in tries(CONFIG):
        assert f"{each[0].owner}.{each[0].field} " in told
        for one in each:
            assert f"{one.value:g}" in told


def test_every_market_that_is_tried_can_be() -> None:
    assert len([one.market(CONFIG) for each in tries(CONFIG) for one in each]) > 90


def test_values_stay_where_they_mean_something() -> None:
    assert others_of("mean_pause_s", 10.0) == [5.0, 20.0]
    assert others_of("burst_ratio", 0.8) == [0.4, 0.9]
    assert others_of("take_ratio", 0.35) == [0.175, 0.6]
    assert others_of("growth_ratio", 1.0) == [0.5]
    assert others_of("gap_sds", 0.0) == [0.125]
    assert others_of("season_edge_times", 0.0) == []


def test_a_measure_is_moved_that_went_further_than_luck_and_by_a_tenth() -> None:
    usual, luck = {"SF5": 0.2, "SF1.lag20": 0.0}, {"SF5": 0.01, "SF1.lag20": 0.001}

    assert moved(usual | {"SF5": 0.2 + SURE * 0.0099}, usual, luck) == ""
    assert moved(usual | {"SF5": 0.2 + SURE * 0.0101}, usual, luck) == "SF5 0.24"
    assert moved(usual | {"SF5": 0.219}, usual, luck | {"SF5": 0.001}) == ""
    assert moved(usual | {"SF5": 0.05}, usual, luck) == "**SF5 0.05**"
    assert moved(usual | {"SF1.lag20": 0.04}, usual, luck) == ""
    assert moved(usual | {"SF1.lag20": 0.06}, usual, luck) == "**SF1.lag20 0.06**"
    assert moved({"SF5": math.nan}, {"SF5": 0.2}, {}) == ""
