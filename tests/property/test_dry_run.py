"""A dry run says again what was said, and tighter limits never let more through."""

from hypothesis import given
from hypothesis import strategies as st
from tests.factories import px, qty
from tests.past import Past

from trade2026.model.order import Side
from trade2026.model.risk import LimitValues, TradingMode

sides = st.sampled_from(Side)
sizes = st.integers(1, 120).map(lambda tenths: qty(f"{tenths / 10:.1f}"))
prices = st.integers(46_000, 54_000).map(lambda whole: px(str(whole)))

steps = st.lists(
    st.one_of(
        st.tuples(st.just("place"), sides, sizes, prices),
        st.tuples(st.just("quote"), st.integers(48_000, 52_000)),
        st.tuples(st.just("fill")),
        st.tuples(st.just("limits"), st.integers(1, 100)),
        st.tuples(st.just("mode"), st.sampled_from(TradingMode)),
    ),
    max_size=25,
)
"""What happens on a day: three in five are orders and fills."""


def played(day: list[tuple[object, ...]]) -> Past:
    past = Past()
    for step in day:
        match step:
            case ("place", side, size, price):
                past.place(side=side, order_qty=size, price=price)
            case ("quote", int(mid)):
                past.quote(mid)
            case ("fill",):
                past.fill()
            case ("limits", int(tenths)):
                past.limits("account:default", max_order_qty=qty(f"{tenths / 10:.1f}"))
            case ("mode", TradingMode() as mode):
                past.mode(mode)
            case _:
                raise AssertionError(step)
    return past


@given(day=steps)
def test_by_the_limits_then_in_force_every_verdict_comes_out_again(
    day: list[tuple[object, ...]],
) -> None:
    found = played(day).judged()

    assert found.not_reproduced == found.would_refuse == found.would_pass == ()
    assert found.reproduced == found.orders == sum(step[0] == "place" for step in day)


@given(day=steps, tenths=st.integers(0, 120))
def test_a_strategy_s_limit_on_trial_only_ever_refuses_and_by_its_own_code(
    day: list[tuple[object, ...]], tenths: int
) -> None:
    most = qty(f"{tenths / 10:.1f}")

    found = played(day).judged({"strategy:manual": LimitValues(max_order_qty=most)})

    assert found.would_pass == found.not_reproduced == ()
    for past in found.would_refuse:
        assert past.order.order_qty > most
        assert [one.code for one in past.found] == ["ORDER_QTY_LIMIT"]
    assert found.by_code.get("ORDER_QTY_LIMIT", 0) == len(found.would_refuse)
