"""What may be asked of an algorithm, and what may be changed."""

from typing import Any

import pytest
from tests.algos import an_algo
from tests.execution import after, begun, filled, sliced
from tests.factories import BTCUSDT, NOW_NS, px, qty

from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.numbers import Px, Qty
from trade2026.domain.execution import step
from trade2026.domain.execution.asking import (
    LONGEST_NS,
    Terms,
    as_changed,
    check_request,
    same_request,
)
from trade2026.domain.execution.parent import apply
from trade2026.model.algo import AlgoName


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"order_qty": qty("0.000001")}, "quantity"),
        ({"price": px("50000.001")}, "price"),
        ({"display_qty": qty("0.000001")}, "display_quantity"),
        ({"end_ns": NOW_NS}, "end_at"),
        ({"end_ns": NOW_NS + 1}, "end_at"),
        ({"end_ns": NOW_NS + LONGEST_NS + 1}, "end_at"),
        ({"slice_ns": 1}, "slice_s"),
        ({"name": AlgoName.POV}, "participation"),
    ],
)
def test_what_cannot_be_worked_is_refused_by_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_request(an_algo(**changes), BTCUSDT, NOW_NS)

    assert caught.value.field == field


def test_what_can_be_worked_passes_and_what_is_not_listed_does_not() -> None:
    check_request(an_algo(price=px("50000.01"), display_qty=qty("0.00001")), BTCUSDT, NOW_NS)

    with pytest.raises(InvalidInputError, match="not listed"):
        check_request(an_algo(), None, NOW_NS)


def test_the_same_is_asked_for_whenever_it_begins() -> None:
    later = an_algo(algo_id="algo-2", start_ns=after(5), end_ns=after(65))

    assert same_request(an_algo(), later)
    assert not same_request(an_algo(), an_algo(end_ns=after(61)))


def test_other_terms_keep_what_they_do_not_name() -> None:
    parent = begun(price=px("50000"))

    assert as_changed(parent, Terms(order_qty=qty("1"))).price == px("50000")
    changed = as_changed(parent, Terms(price=Px(1), end_ns=after(9)))
    assert (changed.order_qty, changed.price, changed.end_ns) == (qty("0.6"), 1, after(9))
    with pytest.raises(InvalidInputError, match="nothing"):
        as_changed(parent, Terms())


def test_less_than_has_traded_is_refused() -> None:
    parent = filled(sliced(begun(), qty("0.2"), 0), 0)

    assert as_changed(parent, Terms(order_qty=qty("0.2"))).order_qty == qty("0.2")
    with pytest.raises(RefusedError, match=r"0\.2 has traded"):
        as_changed(parent, Terms(order_qty=Qty(qty("0.2") - 1)))


def test_what_is_paused_can_be_changed_and_what_ends_cannot() -> None:
    parent = begun()
    paused = apply(parent, step.paused(parent, "tess", parent.seen, after(1)))

    assert as_changed(paused, Terms(order_qty=qty("1"))).order_qty == qty("1")
    event = step.ending(
        parent,
        status=step.AlgoStatus.CANCELLED,
        text="",
        asked_by="tess",
        seen=parent.seen,
        ts_ns=after(1),
    )
    with pytest.raises(RefusedError, match="ENDING"):
        as_changed(apply(parent, event), Terms(order_qty=qty("1")))
