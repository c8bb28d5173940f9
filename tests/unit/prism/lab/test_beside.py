"""Markets beside the judged one tell what it cannot: its own clustering, and the shape of a day."""

import msgspec
import pytest
from tests.unit.prism.markets import a_config

from trade2026.prism.config import MarketConfig
from trade2026.prism.lab.beside import run_beside
from trade2026.prism.lab.measure import alone, measure, measured
from trade2026.prism.lab.record import record
from trade2026.prism.lab.validation import Seed, run_seeds


def told(config: MarketConfig, symbol: str, days: float, seed: int = 3) -> dict[str, float]:
    told: dict[str, float] = {}
    runs: list[Seed] = run_seeds(
        config, days=days, seeds=[seed], symbol=symbol, tell=told.__setitem__
    )
    (found,) = run_beside(config, days=days, runs=runs, symbol=symbol, tell=told.__setitem__)
    assert told["beside"] == 1.0
    assert found.values.items() - {("MS9", found.values["MS9"])} >= (
        runs[0].values.items() - {("MS9", runs[0].values["MS9"])}
    )
    return found.values


def test_some_clustering_comes_from_moods_and_a_session_has_busy_ends() -> None:
    found = told(a_config(), "AAPL", 1.0, seed=1)

    # Days of six seeds had 0.20 to 0.94: none of it is not so, and all of it neither.
    assert 0.1 < found["SF5.own"] < 0.97
    # AAPL's spread is one tick, and its own book fullest two ticks behind the best price; the
    # book that is looked at is that of a small tick.
    small = record(alone(a_config(), "BTCUSDT", 1), days=0.25)
    assert found["MS9"] == measured(small)["MS9"] > 3.0
    # A session's ends are more than twice as busy as its middle, and alarm makes no more of it.
    assert 0.7 < found["MS10.hours"] < 1.4
    assert found["LB2"] == 6.0
    # A single day is much chance: those of ten seeds had 0.8 to 2.0, where five days have 1.5.
    assert found["MS10"] > 1.5


def test_a_market_of_constant_mood_is_its_own() -> None:
    config = alone(a_config(), "SOLUSDT", 3)
    calm = msgspec.structs.replace(
        config.symbols[0].fundamental, mood_sds=0.0, season_depth_ratio=0.0
    )
    symbol = msgspec.structs.replace(config.symbols[0], fundamental=calm)
    found = told(msgspec.structs.replace(config, symbols=(symbol,)), "", 0.75)

    assert found["SF5.own"] == pytest.approx(1.0)
    # Eighteen hours hold no whole session of AAPL, which stands for a symbol without one.
    assert "MS10" not in found


def test_prices_that_alarm_cluster_where_nothing_else_does() -> None:
    def clustering(alarm_ratio: float) -> float:
        config = alone(a_config(), "SOLUSDT", 4)
        bare = msgspec.structs.replace(
            config.symbols[0].fundamental,
            mood_sds=0.0,
            season_depth_ratio=0.0,
            alarm_ratio=alarm_ratio,
        )
        symbol = msgspec.structs.replace(config.symbols[0], fundamental=bare)
        config = msgspec.structs.replace(config, symbols=(symbol,))
        return measure(config, days=1.5, seed=4, symbol="SOLUSDT")["SF5"]

    assert clustering(0.6) > clustering(0.0) + 0.02


def test_a_run_that_is_too_short_has_neither() -> None:
    found = told(a_config(), "AAPL", 0.01)

    assert not {"SF5.own", "MS10", "MS10.hours"} & set(found)


def test_of_a_small_tick_it_is_the_own_book_where_most_is_looked_for() -> None:
    config = alone(a_config(), "BTCUSDT", 3)
    told: dict[str, float] = {}
    runs = run_seeds(config, days=0.01, seeds=[3], symbol="", tell=told.__setitem__)
    (found,) = run_beside(config, days=0.01, runs=runs, symbol="", tell=told.__setitem__)

    assert found.values["MS6"] < 0.5
    assert found.values["MS9"] == runs[0].values["MS9"]
