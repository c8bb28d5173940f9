"""Each algorithm, by hand: when it sends how much."""

import pytest
from tests.algos import an_algo
from tests.execution import PX, after, begun, due, worked
from tests.factories import BTCUSDT, NOW_NS, qty

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.numbers import NANOS, Qty
from trade2026.domain.execution.algorithm import SLICES_MOST, Problem
from trade2026.domain.execution.algorithms import ALGOS, BY_NAME
from trade2026.domain.execution.algorithms.shortfall import kappa, target, traded_ratio
from trade2026.domain.execution.curve import DAY_NS, MINUTE_NS, expected, learn
from trade2026.domain.execution.schedule import Moment
from trade2026.model.algo import AlgoName, AlgoRequest, VolumeCurve

SIX = dict.fromkeys(range(0, 60, 10), 0)
LOT = BTCUSDT.lot_size
MINUTE = TimeNs(NOW_NS - NOW_NS % MINUTE_NS)


def quantities(sent: list[tuple[int, Qty]]) -> list[Qty]:
    return [order_qty for _, order_qty in sent]


def problem(name: AlgoName, **changes: object) -> Problem | None:
    request: AlgoRequest = an_algo(name=name, **changes)
    return BY_NAME[name].problem(request)


@pytest.mark.parametrize("name", [a.name for a in ALGOS if a.is_sliced and a.name != "POV"])
@pytest.mark.parametrize("lots", [600, 601, 659, 60_007])
def test_a_schedule_adds_up_to_the_lot(name: AlgoName, lots: int) -> None:
    total = lots * qty("0.00001")

    parent, sent = worked(begun(name=name, order_qty=Qty(total), urgency=2 * NANOS), SIX)

    assert sum(quantities(sent)) == parent.filled_qty == total


def test_twap_sends_the_same_in_every_slice() -> None:
    _, sent = worked(begun(), SIX)

    assert sent == [(second, qty("0.1")) for second in SIX]


def test_vwap_sends_what_its_curve_expects() -> None:
    weights = VolumeCurve(start_ns=NOW_NS, bucket_ns=20 * NS_PER_S, weights=(3, 1, 2))
    parent = begun(weights, name=AlgoName.VWAP)

    _, sent = worked(parent, SIX)

    assert quantities(sent) == [
        qty(part) for part in ("0.15", "0.15", "0.05", "0.05", "0.1", "0.1")
    ]
    assert due(parent, -1) == []
    moment = Moment(now_ns=after(-1))
    assert BY_NAME[AlgoName.VWAP].target(parent, moment) == 0


def test_pov_follows_the_volume_of_the_market() -> None:
    parent = begun(name=AlgoName.POV, rate_bps=1_000)

    _, sent = worked(parent, {0: 0, 10: qty("2"), 20: qty("2"), 30: qty("5"), 40: qty("9")})

    assert sent == [(10, qty("0.2")), (30, qty("0.3")), (40, qty("0.1"))]


def test_an_iceberg_sends_part_after_part() -> None:
    parent = begun(name=AlgoName.ICEBERG, price=PX, display_qty=qty("0.25"))

    _, sent = worked(parent, SIX)

    assert quantities(sent) == [qty("0.25"), qty("0.25"), qty("0.1")]


def test_shortfall_trades_along_the_trajectory_of_almgren_and_chriss() -> None:
    name = AlgoName.IMPLEMENTATION_SHORTFALL
    parent = begun(name=name, order_qty=qty("1"), urgency=2 * NANOS)

    _, sent = worked(parent, SIX)

    # 1 - sinh(2 (1 - t)) / sinh(2) at t = 1/6, 2/6, ..., 1, down to lots, and the differences.
    assert [order_qty // LOT for order_qty in quantities(sent)] == [
        29613,
        21721,
        16263,
        12629,
        10412,
        9362,
    ]
    assert sum(quantities(sent)) == qty("1")


def test_the_trajectory_is_a_curve_from_nothing_to_all() -> None:
    assert [traded_ratio(3, 0), traded_ratio(3, 1), traded_ratio(0, 0.25)] == [0, 1, 0.25]
    # sinh(1) / sinh(2) = 0.324027...
    assert traded_ratio(2, 0.5) == pytest.approx(1 - 0.3240271368)
    # lambda 1e-6, sigma 0.5 and eta 1e-4: the square root of 0.0025.
    assert kappa(risk_aversion=1e-6, volatility=0.5, impact=1e-4) == pytest.approx(0.05)


def test_a_shortfall_before_and_after_its_time_has_nothing_and_all() -> None:
    parent = begun(name=AlgoName.IMPLEMENTATION_SHORTFALL, urgency=NANOS)

    assert target(parent, Moment(now_ns=after(-5))) == 0
    assert target(parent, Moment(now_ns=after(59))) == qty("0.6")
    late = begun(name=AlgoName.IMPLEMENTATION_SHORTFALL, start_ns=after(60))
    assert target(late, Moment(now_ns=after(60))) == qty("0.6")


def test_a_curve_is_learnt_from_the_same_minutes_of_the_day_before() -> None:
    start = TimeNs(MINUTE + 30 * NS_PER_S)
    known = {MINUTE - DAY_NS: Qty(30), MINUTE - DAY_NS + MINUTE_NS: Qty(0), MINUTE - 7: Qty(60)}

    curve = learn(known, start, TimeNs(start + 2 * MINUTE_NS))

    assert curve == VolumeCurve(start_ns=MINUTE, bucket_ns=MINUTE_NS, weights=(30, 1, 30))
    assert learn({}, start, start).weights == (1,)


def test_a_curve_expects_its_mean_beyond_its_ends() -> None:
    curve = VolumeCurve(start_ns=TimeNs(100), bucket_ns=10, weights=(1, 5, 3))

    assert expected(curve, 100, 130) == 90
    assert expected(curve, 105, 115) == 5 + 25
    assert expected(curve, 90, 110) == 30 + 10
    assert expected(curve, 125, 140) == 15 + 30
    assert expected(curve, 140, 150) == expected(curve, 50, 60) == 30
    assert expected(curve, 115, 115) == 0


def test_what_an_algorithm_cannot_work_is_said() -> None:
    assert problem(AlgoName.POV) == Problem(
        field="participation", why="must be above 0 and at most 0.5"
    )
    assert problem(AlgoName.POV, rate_bps=5_000) is None
    too_fine = {"end_ns": after(10 * SLICES_MOST + 1)}
    for name in (AlgoName.TWAP, AlgoName.VWAP, AlgoName.IMPLEMENTATION_SHORTFALL):
        found = problem(name, **too_fine)
        assert found is not None
        assert found.field == "slice_s"
        assert problem(name) is None
    urgent = problem(AlgoName.IMPLEMENTATION_SHORTFALL, urgency=51 * NANOS)
    assert urgent is not None
    assert urgent.field == "urgency"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "price"),
        ({"price": NANOS}, "display_quantity"),
        ({"price": NANOS, "display_qty": qty("0.7")}, "display_quantity"),
        ({"price": NANOS, "display_qty": qty("0.001")}, "display_quantity"),
    ],
)
def test_an_iceberg_needs_a_limit_and_a_part(changes: dict[str, object], field: str) -> None:
    found = problem(AlgoName.ICEBERG, **changes)

    assert found is not None
    assert found.field == field
    assert problem(AlgoName.ICEBERG, price=NANOS, display_qty=qty("0.1")) is None
