"""What is needed starts first; a circle is refused."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trade2026.catalogue.component import Component
from trade2026.catalogue.order import start_order
from trade2026.catalogue.table import BY_NAME, TABLE


@given(st.permutations(TABLE))
def test_each_component_starts_after_what_it_needs(components: list[Component]) -> None:
    order = [c.name for c in start_order(components)]

    assert sorted(order) == sorted(BY_NAME)
    for name in order:
        assert all(order.index(need) < order.index(name) for need in BY_NAME[name].needs)


def test_what_is_not_among_the_given_is_taken_to_be_there() -> None:
    assert start_order([BY_NAME["oms"]]) == (BY_NAME["oms"],)


def test_a_circle_is_refused_and_named() -> None:
    risk = msgspec.structs.replace(BY_NAME["risk"], needs=("oms",))
    oms = msgspec.structs.replace(BY_NAME["oms"], needs=("risk",))

    with pytest.raises(ValueError, match="circular needs: risk, oms"):
        start_order([BY_NAME["NATS"], risk, oms])
