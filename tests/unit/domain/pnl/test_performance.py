"""Statistics of a curve: what empyrical and quantstats say, and worked cases of our own."""

import json
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories import money

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.numbers import Money
from trade2026.domain.pnl.performance import (
    PERIODS_MAX,
    CurvePoint,
    Performance,
    by_period,
    performance,
    returns_of,
    turnover_of,
)

RECORDED = Path(__file__).parents[3] / "golden" / "performance" / "oracle.json"
CASES: list[dict[str, Any]] = json.loads(RECORDED.read_text("utf-8"))
MINUTE_NS = 60 * NS_PER_S


def a_point(at_s: int, equity: str, deposits: str = "100", turnover: str = "0") -> CurvePoint:
    return CurvePoint(
        ts_ns=TimeNs(at_s * NS_PER_S),
        equity=money(equity),
        deposits=money(deposits),
        turnover=money(turnover),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
@pytest.mark.parametrize("library", ["empyrical", "quantstats"])
def test_the_statistics_are_those_of_the_libraries(case: dict[str, Any], library: str) -> None:
    said = case["oracle"]
    expected = said["quantstats"] if library == "quantstats" else said

    found = performance(
        case["returns"], periods_a_year=case["periods_a_year"], riskless=case["riskless"]
    )

    ours = msgspec.structs.asdict(found)
    for name, number in expected.items():
        if name == "quantstats":
            continue
        # What they call infinite or not a number is not defined.
        wanted = pytest.approx(number, rel=1e-9, abs=1e-9) if isfinite(number) else None
        assert ours[name] == wanted, name


def test_without_returns_nothing_is_said() -> None:
    assert performance([], periods_a_year=365) == Performance(periods=0)


def test_one_return_has_no_deviation_and_no_risk() -> None:
    found = performance([0.1], periods_a_year=1)

    assert (found.sharpe, found.annual_volatility, found.sortino, found.calmar) == (None,) * 4
    assert found.annual_return == pytest.approx(0.1)


def test_an_account_that_lost_everything_has_lost_it_by_the_year_too() -> None:
    found = performance([0.5, -1.0], periods_a_year=365)

    assert (found.total_return, found.annual_return, found.max_drawdown) == (-1.0, -1.0, -1.0)


def test_a_period_without_a_point_keeps_the_one_before() -> None:
    points = [a_point(10, "100"), a_point(50, "101"), a_point(200, "103"), a_point(250, "104")]

    kept = by_period(points, MINUTE_NS)

    assert [point.equity for point in kept] == [
        money("101"),
        money("101"),
        money("101"),
        money("103"),
        money("104"),
    ]


def test_a_gap_of_ages_is_no_longer_than_what_is_looked_at() -> None:
    kept = by_period([a_point(0, "100"), a_point(10**9, "101")], NS_PER_S)

    assert len(kept) == PERIODS_MAX + 1
    assert kept[-1].equity == money("101")


def test_a_clock_that_goes_back_adds_no_period() -> None:
    kept = by_period([a_point(120, "100"), a_point(60, "101")], MINUTE_NS)

    assert [point.equity for point in kept] == [money("100"), money("101")]


def test_what_is_paid_in_is_no_return() -> None:
    points = [a_point(0, "100"), a_point(60, "160", deposits="150"), a_point(120, "80", "70")]

    assert returns_of(points) == pytest.approx([0.1, 0.0])


def test_a_curve_ends_where_the_equity_is_gone() -> None:
    points = [a_point(0, "100"), a_point(60, "0"), a_point(120, "50")]

    assert returns_of(points) == [-1.0]


def test_turnover_is_what_was_traded_over_the_mean_equity() -> None:
    points = [a_point(0, "100", turnover="50"), a_point(60, "300", turnover="450")]

    assert turnover_of(points) == 2.0
    assert turnover_of([]) is None
    assert turnover_of([a_point(0, "0")]) is None


@given(st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=30), st.floats(1.5, 4.0))
def test_what_has_no_unit_does_not_change_when_the_account_is_larger(
    returns: list[float], times: float
) -> None:
    def curve(scale: float) -> list[CurvePoint]:
        equity, points = 1e15 * scale, [a_point(0, "1")]
        points = [msgspec.structs.replace(points[0], equity=Money(round(equity)))]
        for place, one in enumerate(returns, 1):
            equity *= 1 + one
            point = a_point(place * 60, "1")
            points.append(msgspec.structs.replace(point, equity=Money(round(equity))))
        return points

    small, large = returns_of(curve(1.0)), returns_of(curve(times))

    assert small == pytest.approx(large, abs=1e-6)
    assert small == pytest.approx(returns, abs=1e-6)
