"""The fold over the log of orders, and the questions asked of it."""

from collections import deque
from collections.abc import Iterator

import msgspec
import pytest
from tests.factories import NOW_NS, a_deposit, a_fill, a_report, an_order, an_unknown, px, qty

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, ClOrdId, EventId, ExecId, OrderId
from trade2026.core.numbers import Money, Qty
from trade2026.domain.oms import decide
from trade2026.domain.oms.kept import Fill
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.orders import Orders
from trade2026.domain.oms.query import OrderQuery
from trade2026.model.booking import RateSet
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.order import NewOrderSingle, OrdStatus


def request(number: int, **changes: object) -> NewOrderSingle:
    return an_order(
        order_id=OrderId(f"order-{number}"), cl_ord_id=ClOrdId(f"key-{number}"), **changes
    )


def place(orders: Orders, number: int, **changes: object) -> Order:
    asked = request(number, **changes)
    orders.apply(decide.received(asked, NOW_NS))
    orders.apply(decide.approved(known(orders, number), Money(0), NOW_NS, venue=asked.venue))
    return known(orders, number)


def a_booking() -> RateSet:
    return RateSet(
        event_id=EventId("rate-1"),
        account=AccountId("default"),
        ts_ns=NOW_NS,
        asked_by="tess",
        text="",
        currency="EUR",
        rate=px("1"),
    )


def known(orders: Orders, number: int) -> Order:
    order = orders.get(f"order-{number}")
    assert order is not None
    return order


def report(orders: Orders, said: ExecutionReport) -> None:
    event = decide.judge_report(orders.get(said.order_id), said, ts_ns=NOW_NS)
    assert event is not None
    orders.apply(event)


def fill(orders: Orders, number: int, amount: str, exec_id: str) -> None:
    order = known(orders, number)
    last_qty = qty(amount)
    report(
        orders,
        a_fill(
            order.request,
            exec_id=ExecId(exec_id),
            last_qty=last_qty,
            cum_qty=Qty(order.cum_qty + last_qty),
        ),
    )


@pytest.fixture
def orders() -> Orders:
    """Return five orders: two filled, one of them by an account of its own, three open."""
    orders = Orders()
    for number in (1, 2, 3):
        place(orders, number)
    place(orders, 4, account=AccountId("other"))
    place(orders, 5, symbol="ETHUSDT")
    fill(orders, 2, "0.4", "fill-1")
    fill(orders, 4, "1", "fill-2")
    fill(orders, 2, "0.6", "fill-3")
    return orders


def ids(found: tuple[Order, ...]) -> list[str]:
    return [order.request.order_id.removeprefix("order-") for order in found]


def test_an_order_is_found_by_id_and_by_its_senders_key(orders: Orders) -> None:
    assert known(orders, 1) == orders.by_key("default", "key-1")
    assert orders.by_key("other", "key-1") is None
    assert orders.get("nobody") is None


def test_the_same_key_for_two_orders_is_a_broken_invariant(orders: Orders) -> None:
    second = an_order(order_id=OrderId("order-9"), cl_ord_id=ClOrdId("key-1"))

    with pytest.raises(AssertionError, match="another order's"):
        orders.apply(decide.received(second, NOW_NS))


def test_open_orders_come_oldest_first(orders: Orders) -> None:
    assert ids(orders.open_orders()) == ["1", "3", "5"]


def test_pages_come_newest_first_and_continue_after_the_cursor(orders: Orders) -> None:
    assert ids(orders.page(limit=2)) == ["5", "4"]
    assert ids(orders.page(after="order-4", limit=2)) == ["3", "2"]
    assert ids(orders.page(after="order-1")) == []


def test_an_order_whose_id_comes_late_is_in_its_place() -> None:
    orders = Orders()
    for number in (7, 9, 8):
        place(orders, number)

    assert ids(orders.page(limit=3)) == ["9", "8", "7"]


def test_a_new_order_does_not_shift_a_later_page(orders: Orders) -> None:
    place(orders, 6)

    assert ids(orders.page(after="order-4", limit=2)) == ["3", "2"]


def test_pages_are_filtered(orders: Orders) -> None:
    assert ids(orders.page(OrderQuery(accounts=frozenset({"other"})))) == ["4"]
    assert ids(orders.page(OrderQuery(accounts=frozenset()))) == []
    assert ids(orders.page(OrderQuery(symbol="ETHUSDT"))) == ["5"]
    assert ids(orders.page(OrderQuery(status=OrdStatus.FILLED))) == ["4", "2"]
    assert ids(orders.page(OrderQuery(active_only=True))) == ["5", "3", "1"]


def test_the_life_of_an_order_is_kept(orders: Orders) -> None:
    life = orders.events_of("order-2")

    assert [event.order_seq for event in life] == [1, 2, 3, 4]
    assert orders.events_of("nobody") == ()


def test_fills_come_in_the_order_of_booking_and_are_filtered(orders: Orders) -> None:
    fills = orders.fills()

    assert [f.report.exec_id for f in fills] == ["fill-1", "fill-2", "fill-3"]
    assert [f.number for f in fills] == [1, 2, 3]
    assert fills[0].strategy == "manual"
    assert [f.number for f in orders.fills(after=1, limit=1)] == [2]
    assert [f.number for f in orders.fills(accounts=frozenset({"other"}))] == [2]
    assert [f.number for f in orders.fills(order_id="order-2", after=1)] == [3]
    assert orders.fills(order_id="nobody") == ()


def test_an_event_applied_twice_is_booked_once(orders: Orders) -> None:
    before = (orders.counts(), len(orders.fills()), len(orders.events_of("order-2")))

    for event in orders.events_of("order-2"):
        orders.apply(event)

    assert before == (orders.counts(), len(orders.fills()), len(orders.events_of("order-2")))


def test_a_report_journalled_twice_is_one_fill(orders: Orders) -> None:
    last = orders.events_of("order-2")[-1]

    orders.apply(msgspec.structs.replace(last, order_seq=last.order_seq + 1))

    assert len(orders.fills(order_id="order-2")) == 2
    assert known(orders, 2).cum_qty == qty("1")


def test_a_fill_on_an_unknown_order_is_a_fill_of_nobodys_strategy(orders: Orders) -> None:
    stray = a_fill(request(9), exec_id=ExecId("stray"), last_qty=qty("1"))

    orders.apply(an_unknown(stray))
    orders.apply(an_unknown(stray))

    assert [event.report for event in orders.unknown] == [stray]
    assert [f.strategy for f in orders.fills(order_id="order-9")] == ["unattributed"]


def test_another_report_on_an_unknown_order_is_kept_without_a_fill(orders: Orders) -> None:
    orders.apply(an_unknown(a_report(request(9), exec_id=ExecId("stray"))))

    assert len(orders.unknown) == 1
    assert orders.fills(order_id="order-9") == ()


def test_a_report_is_booked_once_it_is_in_the_log(orders: Orders) -> None:
    mine = a_fill(request(2), exec_id=ExecId("fill-1"), last_qty=qty("0.4"))
    stray = a_report(request(9), exec_id=ExecId("stray"))
    assert orders.is_booked(mine)
    assert not orders.is_booked(a_report(request(2), exec_id=ExecId("news")))
    assert not orders.is_booked(stray)

    orders.apply(an_unknown(stray))

    assert orders.is_booked(stray)


def test_an_account_is_opened_by_its_first_deposit(orders: Orders) -> None:
    assert not orders.cash_opened("default")

    orders.apply(a_deposit())

    assert orders.cash_opened("default")
    assert not orders.cash_opened("other")


def test_orders_are_counted_by_status(orders: Orders) -> None:
    report(orders, a_report(request(1), exec_type=ExecType.CANCELED, exec_id=ExecId("end-1")))

    counts = orders.counts()

    assert counts[OrdStatus.FILLED] == 2
    assert counts[OrdStatus.SENT] == 2
    assert counts[OrdStatus.CANCELLED] == 1
    assert sum(counts.values()) == 5
    assert set(counts) == set(OrdStatus)


def test_what_changed_while_it_was_being_kept_is_kept_again(orders: Orders) -> None:
    changes = orders.take_changes()
    fill(orders, 1, "0.5", "fill-9")
    orders.apply(a_booking())

    orders.settle(changes)

    assert orders.changed_count == 1
    assert [one.number for one in orders.fills()] == [4]
    assert orders.held("default", "BTCUSDT") == qty("1.5")
    assert orders.held("other", "BTCUSDT") == qty("1")


def test_an_order_is_forgotten_when_it_is_kept_old_and_folded(orders: Orders) -> None:
    later = TimeNs(NOW_NS + 1)
    assert orders.forget(later, up_to_seq=0) == 0
    orders.settle(orders.take_changes())

    assert orders.forget(NOW_NS, up_to_seq=0) == 0
    assert orders.forget(later, up_to_seq=-1) == 0
    assert orders.forget(later, up_to_seq=0) == 2
    assert ids(orders.page()) == ["5", "3", "1"]


class Walked(deque[Fill]):
    """Fills that count how many of them were looked at."""

    steps = 0

    def __iter__(self) -> Iterator[Fill]:
        for one in super().__iter__():
            self.steps += 1
            yield one

    def __reversed__(self) -> Iterator[Fill]:
        for one in super().__reversed__():
            self.steps += 1
            yield one


@pytest.mark.parametrize("after", [0, 3, 4, 5, 8, 9, 10, 11])
def test_what_came_since_is_found_without_a_walk_through_what_came_before(after: int) -> None:
    orders = Orders()
    for number in range(1, 11):
        place(orders, number)
        fill(orders, number, "1", f"exec-{number}")
    orders._fills = walked = Walked(orders._fills)  # pyright: ignore[reportPrivateUsage]

    found = orders.fills(after=after)

    assert [one.number for one in found] == list(range(after + 1, 11))
    assert walked.steps <= 2 * len(found)
