"""What an order needs though nobody asks for it."""

import pytest
from msgspec.structs import replace
from tests.factories import NOW_NS
from tests.unit.domain.oms.test_order import cancelling, filled, received, said, sent

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.working import DOUBT_AFTER_NS, Need, need_of
from trade2026.model.execution import ExecType

LATER_NS = TimeNs(NOW_NS + 100 * NS_PER_S)


@pytest.mark.parametrize(
    ("order", "need"),
    [
        (received(), Need.FINISH),
        (sent(), Need.ASK),
        (cancelling(sent()), Need.ASK),
        (said(sent(), ExecType.NEW), None),
        (cancelling(filled(sent(), "1")), Need.CANCEL),
        (filled(sent(), "10"), None),
    ],
)
def test_an_order_needs_what_a_restart_would_do_about_it(order: Order, need: Need | None) -> None:
    assert need_of(order, LATER_NS) is need


def test_nothing_is_needed_before_the_venue_had_its_time() -> None:
    order = sent()

    assert need_of(order, TimeNs(order.updated_ns + DOUBT_AFTER_NS - 1)) is None
    assert need_of(order, TimeNs(order.updated_ns + DOUBT_AFTER_NS)) is Need.ASK


def test_an_order_whose_time_is_over_is_to_end_at_once_unless_somebody_asked_for_that() -> None:
    working = said(sent(), ExecType.NEW)
    order = replace(working, request=replace(working.request, expire_ns=TimeNs(NOW_NS + 1)))

    assert need_of(order, TimeNs(NOW_NS)) is None
    assert need_of(order, TimeNs(NOW_NS + 1)) is Need.END
    assert need_of(cancelling(order), TimeNs(NOW_NS + 1)) is None
