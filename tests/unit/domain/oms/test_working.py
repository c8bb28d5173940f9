"""What an order needs though nobody asks for it."""

from itertools import pairwise

import pytest
from msgspec.structs import replace
from tests.factories import NOW_NS, a_report
from tests.unit.domain.oms.test_order import cancelling, filled, received, reported, said, sent

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import ExecId
from trade2026.domain.oms import decide
from trade2026.domain.oms.insisting import AGAIN_MOST_NS, may_insist
from trade2026.domain.oms.order import Order, apply
from trade2026.domain.oms.working import DOUBT_AFTER_NS, EXPIRY, Need, need_of
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


def test_a_venue_that_refuses_to_end_an_order_is_asked_ever_more_seldom() -> None:
    working = said(sent(), ExecType.NEW)
    order = replace(working, request=replace(working.request, expire_ns=TimeNs(NOW_NS)))
    askings: list[int] = []
    for number in range(20):
        after_ns = askings[-1] if askings else 0
        while need_of(order, TimeNs(NOW_NS + after_ns)) is not Need.END:
            after_ns += NS_PER_S // 2
        askings.append(after_ns)
        asked = apply(order, decide.cancel_requested(order, EXPIRY, NOW_NS, is_expiry=True))
        no = a_report(
            order.request, exec_id=ExecId(f"no-{number}"), exec_type=ExecType.CANCEL_REJECTED
        )
        order = reported(asked, no, TimeNs(NOW_NS + after_ns))

    pauses = [later - one for one, later in pairwise(askings)]
    assert pauses[:6] == [n * NS_PER_S for n in (1, 2, 4, 8, 16, 32)]
    assert set(pauses[6:]) == {AGAIN_MOST_NS}
    # Where the clock was set back, it is not waited until that time comes again.
    assert need_of(order, TimeNs(NOW_NS + askings[0])) is Need.END


def test_each_asker_is_refused_for_himself() -> None:
    order = said(sent(), ExecType.NEW)
    for number, who in enumerate(("ann", "bob", "ann")):
        asked = apply(order, decide.cancel_requested(order, who, NOW_NS))
        order = said(asked, ExecType.CANCEL_REJECTED, f"no-{number}")
    # A word that nobody waits for is of nobody's wish.
    order = said(order, ExecType.CANCEL_REJECTED, "no-more")

    assert {one.asked_by: one.count for one in order.cancel_refusals} == {"ann": 2, "bob": 1}
    at_ns = order.updated_ns
    patience = {
        who: [may_insist(order, who, TimeNs(at_ns + s * NS_PER_S)) for s in (0, 1, 2)]
        for who in ("ann", "bob", "eve")
    }
    assert patience == {
        "ann": [False, False, True],
        "bob": [False, True, True],
        "eve": [True, True, True],
    }


def test_an_order_whose_cancel_was_refused_before_ends_when_its_time_is_over() -> None:
    working = said(cancelling(said(sent(), ExecType.NEW)), ExecType.CANCEL_REJECTED, "no")
    over_ns = TimeNs(working.updated_ns + 1)
    order = replace(working, request=replace(working.request, expire_ns=over_ns))

    assert not may_insist(order, "tess", over_ns)
    assert need_of(order, TimeNs(over_ns - 1)) is None
    assert need_of(order, over_ns) is Need.END
