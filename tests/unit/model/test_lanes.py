"""What reports are booked in order with: their order's others, and fills of one position."""

import pytest
from tests.factories import a_report, an_order

from trade2026.core.ids import AccountId, OrderId
from trade2026.model.execution import ExecType, ExecutionReport, lanes_of

ONE = an_order(order_id=OrderId("one"))
OTHER = an_order(order_id=OrderId("other"))


def share(first: ExecutionReport, second: ExecutionReport) -> bool:
    return not set(lanes_of(first)).isdisjoint(lanes_of(second))


@pytest.mark.parametrize("kind", ExecType)
def test_what_is_said_of_one_order_stays_in_order(kind: ExecType) -> None:
    assert share(a_report(ONE, exec_type=kind), a_report(ONE, exec_type=ExecType.TRADE))


@pytest.mark.parametrize("kind", [ExecType.TRADE, ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT])
def test_what_moves_one_position_stays_in_order(kind: ExecType) -> None:
    moves = a_report(ONE, exec_type=kind)

    assert share(moves, a_report(OTHER, exec_type=ExecType.TRADE))
    for changes in ({"symbol": "ETHUSDT"}, {"account": AccountId("elsewhere")}):
        assert not share(moves, a_report(OTHER, exec_type=ExecType.TRADE, **changes))


def test_what_moves_nothing_waits_for_no_other_order() -> None:
    assert not share(
        a_report(ONE, exec_type=ExecType.NEW), a_report(OTHER, exec_type=ExecType.TRADE)
    )
    canceled = a_report(OTHER, exec_type=ExecType.CANCELED)
    assert not share(a_report(ONE, exec_type=ExecType.CANCELED), canceled)
