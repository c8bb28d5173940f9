"""What reports are booked in order with: their order's others, and fills of one position."""

import pytest
from tests.factories import a_report, an_order

from trade2026.core.ids import AccountId, OrderId
from trade2026.model.execution import ExecType, ExecutionReport, lanes_of

ONE = an_order(order_id=OrderId("one"))
OTHER = an_order(order_id=OrderId("other"))


def follows(second: ExecutionReport, first: ExecutionReport) -> bool:
    """Return whether *second* waits until *first* is booked."""
    return not set(lanes_of(first).names).isdisjoint(lanes_of(second).after)


def is_behind(second: ExecutionReport, first: ExecutionReport) -> bool:
    """Return whether *second* waits until *first* is on its way."""
    return not set(lanes_of(first).names).isdisjoint(lanes_of(second).behind)


@pytest.mark.parametrize("kind", ExecType)
def test_what_is_said_of_one_order_stays_in_order(kind: ExecType) -> None:
    fill = a_report(ONE, exec_type=ExecType.TRADE)

    assert follows(a_report(ONE, exec_type=kind), fill)
    assert follows(fill, a_report(ONE, exec_type=kind))


@pytest.mark.parametrize("kind", [ExecType.TRADE, ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT])
def test_what_moves_one_position_stays_in_order(kind: ExecType) -> None:
    moves = a_report(ONE, exec_type=kind)
    fill = a_report(OTHER, exec_type=ExecType.TRADE)

    assert is_behind(moves, fill)
    assert is_behind(fill, moves)
    assert not follows(fill, moves)
    for changes in ({"symbol": "ETHUSDT"}, {"account": AccountId("elsewhere")}):
        elsewhere = a_report(OTHER, exec_type=ExecType.TRADE, **changes)
        assert not is_behind(elsewhere, moves)


def test_what_moves_nothing_waits_for_no_other_order() -> None:
    fill, canceled = (
        a_report(OTHER, exec_type=kind) for kind in (ExecType.TRADE, ExecType.CANCELED)
    )

    for first in (fill, canceled):
        for kind in (ExecType.NEW, ExecType.CANCELED):
            said = a_report(ONE, exec_type=kind)
            assert not follows(said, first)
            assert not is_behind(said, first)
