"""Stops are reached by the trades of the market, trail it one way only, and arrive as orders."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories import NOW_NS, an_order, px

from trade2026.core.clock import TimeNs
from trade2026.core.ids import OrderId
from trade2026.core.numbers import Money, Px
from trade2026.domain.oms import decide
from trade2026.domain.oms.decide import Resume, resume
from trade2026.domain.oms.order import Order, apply
from trade2026.domain.oms.stops import Fired, Stops, is_reached, trailed
from trade2026.domain.oms.working import is_over, working_request
from trade2026.model.order import OrdStatus, OrdType, Side, TimeInForce


def a_stop(**changes: object) -> Order:
    """Return a stop that rests: to sell at 90, changed by *changes*."""
    stop = {"ord_type": OrdType.STOP, "side": Side.SELL, "stop_px": px("90"), "price": None}
    order = apply(None, decide.received(an_order(**{**stop, **changes}), NOW_NS))
    return apply(order, decide.approved(order, Money(0), NOW_NS))


def a_trailing(**changes: object) -> Order:
    trailing = {"ord_type": OrdType.TRAILING_STOP, "stop_px": None, "trailing_offset": px("10")}
    return a_stop(**{**trailing, **changes})


@pytest.mark.parametrize(
    ("side", "trade", "reached"),
    [
        (Side.SELL, "90.000000001", False),
        (Side.SELL, "90", True),
        (Side.SELL, "50", True),
        (Side.BUY, "89.999999999", False),
        (Side.BUY, "90", True),
        (Side.BUY, "500", True),
    ],
)
def test_a_stop_is_reached_at_its_price_or_beyond(side: Side, trade: str, reached: bool) -> None:
    stops = Stops()
    stops.watch(a_stop(side=side))

    fired = stops.on_trade("BTCUSDT", px(trade))

    assert fired == ([Fired(OrderId("order-1"), px(trade))] if reached else [])
    assert stops.on_trade("BTCUSDT", px(trade)) == []


def test_a_trade_of_another_symbol_reaches_nothing() -> None:
    stops = Stops()
    stops.watch(a_stop())

    assert stops.on_trade("ETHUSDT", px("1")) == []


def test_a_stop_the_market_is_beyond_already_is_reached_when_it_is_placed() -> None:
    stops = Stops()
    stops.on_trade("BTCUSDT", px("80"))

    assert stops.watch(a_stop()) == Fired(OrderId("order-1"), px("80"))
    assert stops.watch(a_stop(stop_px=px("79"))) is None


def test_a_stop_that_is_forgotten_is_reached_no_more() -> None:
    stops = Stops()
    stops.watch(a_stop())
    stops.forget(a_stop())

    assert stops.on_trade("BTCUSDT", px("1")) == []


def test_a_trailing_stop_follows_the_best_trade_and_never_moves_back() -> None:
    stops = Stops()
    stops.watch(a_trailing())
    for trade in ("100", "120", "115"):
        assert stops.on_trade("BTCUSDT", px(trade)) == []

    assert stops.take_moved() == {"order-1": px("110")}
    assert stops.take_moved() == {}
    assert stops.on_trade("BTCUSDT", px("110")) == [Fired(OrderId("order-1"), px("110"))]


def test_a_trailing_stop_may_begin_at_a_price_of_its_own() -> None:
    request = a_trailing(stop_px=px("95")).request

    assert trailed(request, px("100")) == px("95")
    assert trailed(request, px("106")) == px("96")
    assert trailed(a_stop().request, px("1000")) == px("90")


@given(
    side=st.sampled_from(Side),
    trades=st.lists(st.integers(1, 1_000).map(Px), min_size=1, max_size=30),
    offset=st.integers(1, 300),
)
def test_a_trailing_stop_is_reached_exactly_when_the_market_turns_by_its_offset(
    side: Side, trades: list[Px], offset: int
) -> None:
    stops = Stops()
    stops.watch(a_trailing(side=side, trailing_offset=Px(offset)))
    best = trades[0]
    for trade in trades:
        best = (min if side is Side.BUY else max)(best, trade)
        is_turned = abs(trade - best) >= offset
        assert bool(stops.on_trade("BTCUSDT", trade)) == is_turned
        if is_turned:
            return


@given(side=st.sampled_from(Side), stop=st.integers(1, 100), trade=st.integers(1, 100))
def test_a_stop_closer_to_the_market_is_never_reached_later(
    side: Side, stop: int, trade: int
) -> None:
    closer = Px(stop - side.sign)

    assert is_reached(side, closer, Px(trade)) or not is_reached(side, Px(stop), Px(trade))


def test_a_stop_rests_until_it_is_reached_and_is_then_to_be_sent() -> None:
    order = a_stop()
    assert (order.status, order.is_resting) == (OrdStatus.ACCEPTED, True)
    assert resume(order) is Resume.NOTHING

    reached = apply(order, decide.triggered(order, px("90"), TimeNs(NOW_NS + 1)))

    assert (reached.status, reached.is_resting) == (OrdStatus.ACCEPTED, False)
    assert reached.triggered_ns == NOW_NS + 1
    assert resume(reached) is Resume.SEND


def test_a_trailing_stop_keeps_what_was_asked_for_at_first() -> None:
    order = a_trailing()

    moved = apply(order, decide.stop_moved(order, px("95"), NOW_NS))

    assert moved.request.stop_px == px("95")
    assert moved.asked.stop_px is None
    assert decide.same_request(moved, order.request)


@pytest.mark.parametrize(
    ("is_expiry", "status"), [(False, OrdStatus.CANCELLED), (True, OrdStatus.EXPIRED)]
)
def test_a_stop_that_rests_is_taken_back_by_us_alone(is_expiry: bool, status: OrdStatus) -> None:
    order = a_stop()

    ended = apply(order, decide.withdrawn(order, "why", NOW_NS, is_expiry=is_expiry))

    assert (ended.status, ended.leaves_qty, ended.text) == (status, 0, "why")


@pytest.mark.parametrize(
    ("asked", "arrives"),
    [
        ((OrdType.STOP, TimeInForce.GTC), (OrdType.MARKET, TimeInForce.IOC)),
        ((OrdType.TRAILING_STOP, TimeInForce.FOK), (OrdType.MARKET, TimeInForce.FOK)),
        ((OrdType.STOP_LIMIT, TimeInForce.DAY), (OrdType.LIMIT, TimeInForce.GTC)),
        ((OrdType.LIMIT, TimeInForce.GTD), (OrdType.LIMIT, TimeInForce.GTC)),
        ((OrdType.LIMIT, TimeInForce.IOC), (OrdType.LIMIT, TimeInForce.IOC)),
        ((OrdType.MARKET, TimeInForce.IOC), (OrdType.MARKET, TimeInForce.IOC)),
    ],
)
def test_a_venue_gets_the_plain_order_it_has_become(
    asked: tuple[OrdType, TimeInForce], arrives: tuple[OrdType, TimeInForce]
) -> None:
    request = an_order(
        ord_type=asked[0],
        time_in_force=asked[1],
        stop_px=px("1"),
        trailing_offset=px("1"),
        expire_ns=NOW_NS,
        metadata={"a": "b"},
    )

    working = working_request(request)

    assert (working.ord_type, working.time_in_force) == arrives
    plain: dict[str, object] = {
        "stop_px": None,
        "trailing_offset": None,
        "expire_ns": None,
        "metadata": {},
    }
    back = msgspec.structs.replace(request, ord_type=arrives[0], time_in_force=arrives[1], **plain)
    back = msgspec.structs.replace(back, metadata={})
    assert working == back


def test_an_order_is_over_at_its_time_and_asked_to_end_once() -> None:
    order = a_stop(expire_ns=NOW_NS)
    asked = apply(order, decide.cancel_requested(order, "oms", NOW_NS, is_expiry=True))

    assert is_over(order, NOW_NS)
    assert not is_over(order, TimeNs(NOW_NS - 1))
    assert not is_over(a_stop(), NOW_NS)
    assert not is_over(asked, NOW_NS)
    assert not is_over(apply(order, decide.withdrawn(order, "", NOW_NS)), NOW_NS)


def test_another_day_asked_for_again_is_the_same_request() -> None:
    first = an_order(time_in_force=TimeInForce.DAY, expire_ns=NOW_NS)
    order = apply(None, decide.received(first, NOW_NS))

    assert decide.same_request(order, msgspec.structs.replace(first, expire_ns=TimeNs(1)))
    timed = an_order(time_in_force=TimeInForce.GTD, expire_ns=NOW_NS)
    order = apply(None, decide.received(timed, NOW_NS))
    assert not decide.same_request(order, msgspec.structs.replace(timed, expire_ns=TimeNs(1)))
