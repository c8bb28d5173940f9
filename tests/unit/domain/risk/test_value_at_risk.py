"""Value at risk by hand, in the book, and tried on a month of real minutes."""

from itertools import pairwise
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories import (
    NOW_NS,
    a_deposit,
    a_fill,
    a_limits_set,
    a_quote,
    an_order,
    an_unknown,
    money,
    px,
    qty,
)
from tests.minutes import closes_of_a_month

from trade2026.core import chance
from trade2026.core.ids import OrderId
from trade2026.core.numbers import NANOS
from trade2026.domain.risk.backtest import Backtest, backtest
from trade2026.domain.risk.book import RiskBook
from trade2026.domain.risk.value_at_risk import (
    LEAST,
    MINUTE_NS,
    WINDOW,
    ValueAtRisk,
    VarBook,
    no_risk,
    quantiles,
)
from trade2026.model.instrument import PRISM, PRISM_INSTRUMENTS
from trade2026.model.order import NewOrderSingle, Side
from trade2026.model.risk import RefusalCode


def test_of_even_results_the_historical_quantile_is_a_result() -> None:
    results = [1.0, -1.0] * 250

    parametric, historical = quantiles(results)

    assert historical == pytest.approx([1.0, 1.0])
    assert parametric == pytest.approx([1.6449, 2.3263], abs=1e-3)


def test_of_normal_results_both_methods_agree() -> None:
    dice = chance.stream(7, "results")
    results = [float(dice.normal(0, 10)) for _ in range(20_000)]

    parametric, historical = quantiles(results)

    for one, other in zip(parametric, historical, strict=True):
        assert one / other == pytest.approx(1, abs=0.08)


def test_without_any_movement_nothing_is_at_risk() -> None:
    assert quantiles([0.0] * 100) == ([0.0, 0.0], [0.0, 0.0])


def a_var_book(moves: int = LEAST, *symbols: str) -> VarBook:
    """Return a book in which every symbol moves by a thousandth, up and down."""
    book = VarBook()
    for minute in range(moves + 1):
        for symbol in symbols or ("BTCUSDT",):
            book.note(symbol, minute * MINUTE_NS, 1_000_000 + 1_000 * (minute % 2))
    return book


def test_a_day_is_reckoned_by_the_root_of_its_minutes() -> None:
    found = a_var_book().value_at_risk({"BTCUSDT": money("100000")})

    assert found.minutes == LEAST
    day = 100 * sqrt(1_440) * NANOS
    assert found.historical_95 == pytest.approx(day, rel=0.01)
    assert found.parametric_95 == pytest.approx(1.6449 * day, rel=0.01)
    assert found.worst_95 == found.parametric_95
    assert found.worst_99 == found.parametric_99 > found.worst_95


def test_what_moves_together_cancels_out() -> None:
    book = a_var_book(LEAST, "BTCUSDT", "ETHUSDT")

    hedged = book.value_at_risk({"BTCUSDT": money("9"), "ETHUSDT": -money("9")})

    assert (hedged.worst_95, hedged.minutes) == (0, LEAST)


@pytest.mark.parametrize("moves", [0, LEAST - 1])
def test_what_is_little_known_is_assumed_to_move_four_per_cent(moves: int) -> None:
    values = {"BTCUSDT": money("100"), "ETHUSDT": -money("100"), "AAPL": 0}

    found = a_var_book(moves).value_at_risk(values)

    assert found.minutes == 0
    assert found.worst_95 == pytest.approx(1.6449 * 0.04 * 200 * NANOS, rel=1e-4)


def test_minutes_that_are_missing_are_not_bridged() -> None:
    book = VarBook()
    for minute in range(2 * LEAST):
        book.note("BTCUSDT", minute * 2 * MINUTE_NS, 1_000_000 + minute)

    assert book.value_at_risk({"BTCUSDT": NANOS}).minutes == 0


def test_only_the_newest_minutes_are_kept_and_a_correction_replaces() -> None:
    book = a_var_book(WINDOW + 50)
    book.note("BTCUSDT", (WINDOW + 50) * MINUTE_NS, 1_000_000)

    assert book.value_at_risk({"BTCUSDT": NANOS}).minutes == WINDOW


def test_nothing_held_is_nothing_at_risk() -> None:
    assert VarBook().value_at_risk({"BTCUSDT": 0}) == ValueAtRisk() == no_risk(5)


class Desk:
    """An account, a quote, and a limit of 3,000 at 95 per cent; nothing is known of minutes."""

    def __init__(self) -> None:
        self.book = RiskBook(PRISM_INSTRUMENTS)
        self.book.apply(a_deposit("1000000"), 1)
        self.book.quote(PRISM, "BTCUSDT", a_quote(), NOW_NS)
        self.book.set_limits(a_limits_set("account:default", max_var_95=money("3000")))

    def codes(self, order: NewOrderSingle) -> list[RefusalCode]:
        return [one.code for one in self.book.assess(order, NOW_NS).refusals]


def test_what_takes_too_much_at_risk_is_refused_with_what_is_open() -> None:
    desk = Desk()
    small = an_order(order_qty=qty("0.5"))

    assert desk.codes(an_order()) == [RefusalCode.VALUE_AT_RISK]
    assert desk.codes(small) == []
    # The first one is open now: both together are too much.
    assert desk.codes(an_order(order_id=OrderId("2"), order_qty=qty("0.5"))) == [
        RefusalCode.VALUE_AT_RISK
    ]


def test_the_limit_at_ninety_nine_per_cent_binds_by_itself() -> None:
    desk = Desk()
    desk.book.set_limits(a_limits_set("account:default", 2, max_var_99=money("4000")))

    (refusal,) = desk.book.assess(an_order(), NOW_NS).refusals

    assert "at 99 %" in refusal.text


def test_what_reduces_passes_however_much_is_at_risk() -> None:
    desk = Desk()
    desk.book.apply(an_unknown(a_fill(last_qty=qty("2"))), 2)
    desk.book.modes = type(desk.book.modes)()

    assert desk.codes(an_order(order_id=OrderId("2"), side=Side.SELL, order_qty=qty("2"))) == []


def test_what_is_worth_less_than_the_limit_needs_no_reckoning() -> None:
    desk = Desk()

    assert desk.codes(an_order(order_qty=qty("0.05"), price=px("50000"))) == []


def test_the_portfolio_tells_it() -> None:
    desk = Desk()
    desk.book.apply(an_unknown(a_fill(last_qty=qty("1"))), 2)
    exposure = desk.book.exposure("default")

    assert exposure is not None
    assert exposure.value_at_risk.worst_95 == pytest.approx(1.6449 * 2_000 * NANOS, rel=1e-4)


def test_a_fair_model_passes_and_a_poor_one_does_not() -> None:
    dice = chance.stream(3, "exceptions")
    fair = backtest([float(dice.random()) < 0.05 for _ in range(5_000)], 0.95)
    careless = backtest([float(dice.random()) < 0.08 for _ in range(5_000)], 0.95)
    clustered = backtest([t % 200 < 10 for t in range(5_000)], 0.95)

    assert min(fair.kupiec_p, fair.christoffersen_p) > 0.05
    assert careless.kupiec_p < 1e-6
    assert clustered.kupiec_p > 0.9
    assert clustered.christoffersen_p < 1e-6


@pytest.mark.parametrize(
    ("periods", "fine", "wrong"),
    [(255, (1, 6), (7,)), (510, (2, 10), (1, 11)), (1_000, (5, 16), (4, 17))],
)
def test_kupiecs_own_table(periods: int, fine: tuple[int, ...], wrong: tuple[int, ...]) -> None:
    # Kupiec (1995), table 2: exceptions at one per cent that a test at 5 % does not reject.
    def p_of(count: int) -> float:
        return backtest([t < count for t in range(periods)], 0.99).kupiec_p

    assert all(p_of(count) > 0.05 for count in fine)
    assert all(p_of(count) < 0.05 for count in wrong)


@given(st.lists(st.booleans(), min_size=2, max_size=50))
def test_a_p_value_is_a_chance(exceptions: list[bool]) -> None:
    found = backtest(exceptions, 0.95)

    assert 0 <= found.kupiec_p <= 1
    assert 0 <= found.christoffersen_p <= 1


def back_tested(period: int, window: int, stride: int = 1) -> dict[str, Backtest]:
    """Return how both methods did on a month of a BTC perpetual, a period ahead."""
    closes = closes_of_a_month()[::period]
    moves = [after / before - 1 for before, after in pairwise(closes)]
    found: dict[str, list[bool]] = {}
    for now in range(window, len(moves), stride):
        parametric, historical = quantiles(moves[now - window : now])
        for name, said in (("parametric", parametric), ("historical", historical)):
            for level, most in zip(("95", "99"), said, strict=True):
                found.setdefault(f"{name} {level}", []).append(moves[now] < -most)
    levels = {"95": 0.95, "99": 0.99}
    return {name: backtest(ones, levels[name[-2:]]) for name, ones in found.items()}


def test_on_real_minutes_the_historical_method_has_the_right_coverage() -> None:
    # Every seventh minute: the whole month takes a minute to try, and says the same.
    found = back_tested(period=1, window=WINDOW, stride=7)

    assert found["historical 95"].kupiec_p > 0.05
    assert found["historical 99"].kupiec_p > 0.05
    # Minutes have fat tails: the normal distribution knows too little of the last one in a hundred.
    assert found["parametric 95"].kupiec_p > 0.01
    assert found["parametric 99"].kupiec_p < 0.01


def test_on_real_hours_the_historical_method_passes_both_tests() -> None:
    found = back_tested(period=60, window=240)

    for name in ("historical 95", "historical 99"):
        assert min(found[name].kupiec_p, found[name].christoffersen_p) > 0.05
