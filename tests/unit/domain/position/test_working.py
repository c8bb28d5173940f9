"""Working orders by the log and by the venue's statement: equal, or different with a cause."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories import NOW_NS, a_fill, a_report, an_order, qty

from trade2026.core.ids import AccountId, EventId, OrderId
from trade2026.core.numbers import Money, Qty
from trade2026.domain.position import working
from trade2026.domain.position.working import WorkingOrders
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.journal import CashDeposited, OrderReported
from trade2026.model.reconciliation import Cause, Statement, StatementOrder


class Desk:
    """Orders of 10 by the log, told of one by one."""

    def __init__(self) -> None:
        self.orders = WorkingOrders()
        self.seq = 0

    def hear(self, name: str, kind: ExecType = ExecType.NEW, cum: str = "0", **more: object) -> int:
        """Journal the venue's next report about the order *name*."""
        self.seq += 1
        order = an_order(order_id=OrderId(name), order_qty=qty("10"))
        cum_qty = qty(cum)
        left = 0 if kind in {ExecType.CANCELED, ExecType.REJECTED} else order.order_qty - cum_qty
        report = a_report(
            order,
            exec_type=kind,
            cum_qty=cum_qty,
            leaves_qty=Qty(left),
            report_seq=self.seq,
            **more,
        )
        self.journal(name, report)
        return self.seq

    def journal(self, name: str, report: ExecutionReport) -> None:
        event = OrderReported(
            event_id=EventId(f"event-{self.seq}"),
            account=AccountId("default"),
            order_id=OrderId(name),
            order_seq=self.seq,
            ts_ns=NOW_NS,
            report=report,
        )
        self.orders.apply(event, self.seq)
        self.orders.apply(event, self.seq)

    def causes(self, *orders: tuple[str, str], at: int | None = None) -> list[tuple[str, Cause]]:
        """Return what differs from a venue at which *orders* work, with what has traded."""
        statement = a_statement(orders, self.seq if at is None else at)
        return [(one.order_id, one.cause) for one in self.orders.compare(statement)]


def a_statement(orders: Sequence[tuple[str, str]], at: int, venue: str = "PRISM") -> Statement:
    told = tuple(
        StatementOrder(
            order_id=OrderId(name),
            account=AccountId("default"),
            symbol="BTCUSDT",
            cum_qty=qty(cum),
        )
        for name, cum in orders
    )
    return Statement(venue=venue, report_seq=at, lines=(), orders=told)


def test_what_works_on_both_sides_is_no_difference() -> None:
    desk = Desk()
    desk.hear("a")
    desk.hear("b")
    desk.hear("b", ExecType.TRADE, "4")

    assert desk.causes(("a", "0"), ("b", "4")) == []


def test_each_kind_of_difference_has_its_cause() -> None:
    desk = Desk()
    desk.hear("ended")
    desk.hear("traded")
    desk.hear("cancelled")
    desk.hear("cancelled", ExecType.CANCELED)

    found = desk.causes(("traded", "3"), ("cancelled", "0"), ("stranger", "0"))

    assert found == [
        ("cancelled", Cause.ORDER_UNKNOWN),
        ("ended", Cause.ORDER_ENDED),
        ("stranger", Cause.ORDER_UNKNOWN),
        ("traded", Cause.ORDER_TRADED),
    ]


def test_what_the_log_heard_after_the_statement_is_left_to_the_next() -> None:
    desk = Desk()
    desk.hear("a")
    at = desk.hear("b")
    desk.hear("a", ExecType.TRADE, "4")
    desk.hear("b", ExecType.TRADE, "10")
    desk.hear("new")

    assert desk.causes(("a", "0"), ("b", "0"), at=at) == []
    assert desk.causes(("a", "4"), ("new", "0")) == []


@pytest.mark.parametrize("kind", [ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT])
def test_a_bust_changes_nothing_about_what_works(kind: ExecType) -> None:
    desk = Desk()
    desk.hear("a")
    desk.hear("a", kind, "3")

    assert desk.causes(("a", "0")) == []


def test_a_late_fill_of_an_ended_order_does_not_revive_it() -> None:
    desk = Desk()
    desk.hear("a")
    desk.hear("a", ExecType.CANCELED)
    desk.hear("a", ExecType.TRADE, "2")

    assert desk.causes() == []


def test_a_venue_that_tells_of_no_orders_is_not_compared() -> None:
    desk = Desk()
    desk.hear("a")

    assert desk.orders.compare(Statement(venue="PRISM", report_seq=9, lines=())) == ()
    assert desk.orders.compare(a_statement([], 9, venue="XNAS")) == ()


def test_other_events_are_no_orders() -> None:
    desk = Desk()
    event = CashDeposited(
        event_id=EventId("1"),
        account=AccountId("default"),
        currency="USDT",
        amount=Money(0),
        text="",
        ts_ns=NOW_NS,
    )

    desk.orders.apply(event, 1)

    assert desk.causes() == []


def test_the_newest_orders_of_a_place_are_known_for_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "NEWEST_KEPT", 2)
    desk = Desk()
    for name in ("a", "b", "c"):
        desk.hear(name)

    assert desk.orders.newest(AccountId("default"), "BTCUSDT") == ("b", "c")
    assert desk.orders.newest(AccountId("default"), "AAPL") == ()


def test_how_many_ends_are_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "ENDED_KEPT", 1)
    desk = Desk()
    for name in ("a", "b"):
        desk.hear(name)
        desk.hear(name, ExecType.CANCELED)

    # The end of "a" is forgotten: that it still works somewhere is told even so.
    assert desk.causes(("a", "0"), at=0) == [("a", Cause.ORDER_UNKNOWN)]
    assert desk.causes(("b", "0"), at=0) == []


@given(
    steps=st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4)), max_size=12),
    lost=st.integers(0, 11),
)
def test_a_lost_fill_is_exactly_one_difference(steps: list[tuple[str, int]], lost: int) -> None:
    desk = Desk()
    traded = dict.fromkeys("abc", 0)
    for name in traded:
        desk.hear(name)
    # What comes last for an order cannot be made good by a later word of it.
    last = {name: place for place, (name, _) in enumerate(steps)}
    missing = None
    for place, (name, amount) in enumerate(steps):
        if traded[name] + amount >= 10:
            continue
        traded[name] += amount
        if place == lost and last[name] == place:
            missing = name
            desk.seq += 1
        else:
            desk.hear(name, ExecType.TRADE, str(traded[name]))

    found = desk.causes(*((name, str(cum)) for name, cum in traded.items()))

    assert found == ([] if missing is None else [(missing, Cause.ORDER_TRADED)])
    if missing is not None:
        desk.hear(missing, ExecType.TRADE, str(traded[missing]))
        assert desk.causes(*((name, str(cum)) for name, cum in traded.items())) == []


def test_a_fill_counts_what_has_traded() -> None:
    desk = Desk()
    desk.seq = 1
    desk.journal("a", a_fill(an_order(order_id=OrderId("a")), last_qty=qty("1"), report_seq=1))

    # Filled whole: it works nowhere any more.
    assert desk.causes() == []


def test_what_is_frozen_and_thawed_knows_the_same() -> None:
    desk = Desk()
    desk.hear("a")
    desk.hear("b")
    desk.hear("b", ExecType.CANCELED)
    state = desk.orders.freeze()
    desk.hear("a", ExecType.TRADE, "3")

    other = Desk()
    other.orders.thaw(state)
    other.seq = 3

    assert other.causes(("a", "0")) == []
    assert other.orders.newest(AccountId("default"), "BTCUSDT") == ("a", "b")
    assert other.causes(("a", "0"), ("b", "0"), at=2) == []
    assert other.orders.freeze() == state
