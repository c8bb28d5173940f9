"""What the hub tells: places that hold after a restart, and nothing twice."""

from functools import partial

import pytest
from tests.factories import NOW_NS, a_deposit, a_fill, a_report, an_order, px, qty

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, ClOrdId, ExecId, OrderId, StrategyId
from trade2026.core.numbers import Money, Qty, SignedQty, Value
from trade2026.desk import streams_hub
from trade2026.desk.streams_hub import Hub, Kind, Topic
from trade2026.desk.streams_ring import Reader, Ring
from trade2026.domain.oms import decide
from trade2026.domain.oms.order import Order, apply
from trade2026.model import codec
from trade2026.model.execution import ExecType
from trade2026.model.instrument import PRISM
from trade2026.model.journal import JournalEvent, OrderEvent, OrderReported
from trade2026.model.market import Aggressor, Trade, TradeBatch
from trade2026.model.position import Position, PositionChanged, PositionEvent, PositionKey
from trade2026.ports.bus import Delivery

TRADES = Topic(Kind.TRADES, "BTCUSDT")


def nothing() -> None:
    """Wake nobody."""


def at(stream_seq: int) -> Delivery:
    return Delivery(subject="any", stream_seq=stream_seq, appended_ns=NOW_NS)


def trades(count: int) -> TradeBatch:
    records = tuple(
        Trade(
            ts_event_ns=TimeNs(NOW_NS + number),
            ts_recv_ns=NOW_NS,
            trade_id=str(number),
            px=px("1"),
            qty=qty("1"),
            aggressor_side=Aggressor.SELL,
        )
        for number in range(count)
    )
    return TradeBatch(venue=PRISM, symbol="BTCUSDT", records=records)


async def test_trades_before_the_beginning_are_a_gap_and_those_behind_it_are_not() -> None:
    hub = Hub()
    hub.begin_trades(50)
    await hub.on_trades(trades(2), at(51))

    older = Reader(hub.ring(TRADES), nothing, after=49_998)
    last = Reader(hub.ring(TRADES), nothing, after=49_999)

    assert older.take_gap() == 51_000
    assert last.take_gap() is None
    assert [entry.seq for entry in hub.ring(TRADES).after(0)] == [51_000, 51_001]


async def test_a_message_that_comes_again_tells_nothing() -> None:
    hub = Hub()
    await hub.on_trades(trades(3), at(7))

    await hub.on_trades(trades(3), at(7))

    assert hub.ring(TRADES).count_after(0) == 3


async def test_a_deposit_is_no_step_of_an_order() -> None:
    hub = Hub()

    await hub.on_journal(a_deposit(), at(1))

    assert hub.ring(Topic(Kind.ORDERS, "default")).is_idle
    assert hub.ring(Topic(Kind.FILLS, "default")).is_idle


def a_filled_life(number: int) -> list[OrderEvent]:
    """Return the log of an order that was filled at once."""
    request = an_order(order_id=OrderId(f"{number:036}"), cl_ord_id=ClOrdId(f"key-{number}"))
    events: list[OrderEvent] = [decide.received(request, NOW_NS)]
    events.append(decide.approved(order_after(events), Money(1), NOW_NS, venue=PRISM))
    for report in (
        a_report(request, exec_id=ExecId(f"N-{number}"), exec_type=ExecType.NEW),
        a_fill(request, last_qty=request.order_qty, exec_id=ExecId(f"F-{number}")),
    ):
        said = decide.judge_report(order_after(events), report, ts_ns=NOW_NS)
        assert isinstance(said, OrderReported)
        events.append(said)
    return events


def order_after(events: list[OrderEvent]) -> Order:
    """Return the order that *events* lead to."""
    order: Order | None = None
    for event in events:
        order = apply(order, event)
    assert order is not None
    return order


def a_late_fill(life: list[OrderEvent]) -> JournalEvent:
    """Return one fill more of an order that has ended."""
    order = order_after(life)
    report = a_fill(order.request, last_qty=Qty(1), exec_id=ExecId("late"))
    said = decide.judge_report(order, report, ts_ns=NOW_NS)
    assert said is not None
    return said


def a_cancel_asked(life: list[OrderEvent]) -> JournalEvent:
    """Return the wish to cancel an order that has ended."""
    return decide.cancel_requested(order_after(life), "tess", NOW_NS)


def a_position_event(quantity: str, journal_seq: int = 1) -> PositionEvent:
    """Return a change of the ledger."""
    key = PositionKey(AccountId("default"), StrategyId("manual"), PRISM, "BTCUSDT")
    return PositionEvent(
        position=PositionChanged(
            position=Position(key=key, quantity=SignedQty(qty(quantity)), last_px=px("1")),
            cash=Value(1),
            deposits=Value(1),
            exec_id=ExecId("F-0"),
            journal_seq=journal_seq,
            ts_ns=NOW_NS,
        )
    )


async def tell(hub: Hub, *events: JournalEvent, begin: int = 1) -> None:
    for seq, event in enumerate(events, start=begin):
        await hub.on_journal(event, at(seq))


def again(hub: Hub) -> Hub:
    """Return what a restart makes of the snapshot of *hub*."""
    made = Hub(ended_kept=2)
    made.keeper().thaw(codec.encode(hub.freeze()))
    return made


ORDERS = Topic(Kind.ORDERS, "default")
FILLS = Topic(Kind.FILLS, "default")


async def test_a_client_resumes_after_a_restart_from_a_snapshot() -> None:
    hub = Hub(ended_kept=2)
    lives = [a_filled_life(number) for number in range(3)]
    await tell(hub, a_deposit(), *lives[0], *lives[1], *lives[2][:-1])
    await hub.on_position(a_position_event("2"), at(1))
    made = again(hub)

    for one in (hub, made):
        await tell(one, lives[2][-1], begin=50)

    assert made.freeze() == hub.freeze()
    assert made.ring(ORDERS).entries == hub.ring(ORDERS).entries
    assert made.ring(FILLS).entries == hub.ring(FILLS).entries
    positions = Topic(Kind.POSITIONS, "default")
    assert made.board(positions).picture() == hub.board(positions).picture()
    assert len(made.ring(FILLS).entries) == 3
    assert Reader(made.ring(ORDERS), nothing, after=2).take_gap() is None


async def test_a_position_that_is_told_again_behind_newer_ones_changes_nothing() -> None:
    hub = Hub(ended_kept=2)
    old, new = a_position_event("2", journal_seq=7), a_position_event("3", journal_seq=9)
    positions = Topic(Kind.POSITIONS, "default")
    for number, event in enumerate((old, new), start=1):
        await hub.on_position(event, at(number))
    made = again(hub)

    for one in (hub, made):
        await one.on_position(old, at(3))
        (held,) = one.board(positions).picture().values()
        assert held.position.quantity == qty("3")

    await hub.on_position(a_position_event("4", journal_seq=10), at(4))
    (held,) = hub.board(positions).picture().values()
    assert held.position.quantity == qty("4")


async def test_a_client_that_was_away_too_long_is_told_of_the_gap_after_a_restart_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A ring of two entries, which drops its oldest when a third comes.
    monkeypatch.setattr(streams_hub, "Ring", partial(Ring, limit=2))
    hub = Hub(ended_kept=2)
    for number in range(3):
        await tell(hub, *a_filled_life(number), begin=1 + 4 * number)

    for one in (hub, again(hub)):
        for topic in (ORDERS, FILLS):
            oldest, newest = (entry.seq for entry in one.ring(topic).entries)
            assert Reader(one.ring(topic), nothing, after=1).take_gap() == oldest
            assert Reader(one.ring(topic), nothing, after=newest).take_gap() is None


async def test_orders_that_ended_long_ago_are_forgotten_and_a_late_fill_is_still_told() -> None:
    hub = Hub(ended_kept=2)
    lives = [a_filled_life(number) for number in range(4)]
    await tell(hub, *(event for life in lives for event in life))
    assert len(hub.freeze().kept) == 2
    told = len(hub.ring(ORDERS).entries)
    late = a_late_fill(lives[0])

    for _ in range(2):
        await tell(hub, late, a_cancel_asked(lives[0]), begin=90)

    assert [one.seq for one in hub.ring(FILLS).entries][-1] == 90
    assert len(hub.ring(FILLS).entries) == 5
    assert len(hub.ring(ORDERS).entries) == told
