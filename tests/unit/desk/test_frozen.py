"""What a fold was frozen to does not change with it: it is written beside the fold, in a thread."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from tests.algos import an_algo
from tests.books import a_booking
from tests.factories import NOW_NS, a_deposit, a_fill, an_order
from tests.trading import Core, PlainVenue, a_resting_ask, an_ask, running_core, until

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import ExecId, OrderId
from trade2026.core.numbers import Money
from trade2026.desk.snapshots import Keeper
from trade2026.desk.streams_hub import Hub
from trade2026.domain.oms import decide
from trade2026.domain.oms.order import apply
from trade2026.domain.position.ledger import Ledger
from trade2026.domain.position.reconcile import VenueFills
from trade2026.domain.position.working import WorkingOrders
from trade2026.domain.risk.book import RiskBook
from trade2026.model import codec
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.journal import JournalEvent, OrderEvent
from trade2026.model.subjects import ORDERS_EVENT, POSITION_EVENT


def keepers(core: Core, hub: Hub) -> list[Keeper[Any]]:
    """Return every fold of the core, and the stream's."""
    desks = (core.risk, core.ptrc, core.pnl, core.algos, hub)
    return [desk.keeper() for desk in desks]


async def session(core: Core, name: str) -> None:
    """Fill an order, cancel one, and leave one and an algorithm at work."""
    await core.oms.submit(an_ask(f"fills-{name}"))
    order, _ = await core.oms.submit(a_resting_ask(f"rests-{name}"))
    await core.oms.cancel(order.request.order_id, "tess")
    await core.oms.submit(a_resting_ask(f"stays-{name}"))
    await core.algos.start(an_algo(algo_id=f"algo-{name}", cl_algo_id=f"key-{name}"))
    seq = await core.bus.last_seq(ORDERS_EVENT.stream)
    await until(lambda: core.ptrc.ledger.seq >= seq and core.risk.book.accounts.seq >= seq)


async def test_a_frozen_fold_stays_as_it_was() -> None:
    log, hub = MemoryLog(), Hub()
    async with running_core(log, PlainVenue(log)) as core:
        await core.bus.fold(ORDERS_EVENT, hub.on_journal)
        await core.bus.fold(POSITION_EVENT, hub.on_position)
        await session(core, "first")
        frozen = [keeper.freeze() for keeper in keepers(core, hub)]
        before = [codec.encode(state) for state in frozen]

        await session(core, "second")

        assert [codec.encode(state) for state in frozen] == before
        assert [codec.encode(one.freeze()) for one in keepers(core, hub)] != before


def steps_of(work: Callable[[], object]) -> int:
    """Return how many steps of the interpreter *work* takes."""
    count, before = 0, sys.gettrace()

    def trace(frame: Any, event: str, _: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def frozen_after(orders: int) -> dict[str, int]:
    """Return how many steps it takes to freeze each fold after so many fills and bookings."""
    ledger, fills, working = Ledger(), VenueFills(), WorkingOrders()
    risk = RiskBook(instruments=PRISM_INSTRUMENTS)
    seq = 0

    def book(event: JournalEvent) -> None:
        nonlocal seq
        seq += 1
        for fold in (ledger, fills, working, risk):
            fold.apply(event, seq)

    book(a_deposit())
    for number in range(orders):
        # An hour apart, so that none is remembered for its rate.
        now_ns = TimeNs(NOW_NS + number * 3_600 * NS_PER_S)
        request = an_order(order_id=OrderId(f"{number:06}"), transact_time_ns=now_ns)
        event: OrderEvent = decide.received(request, now_ns)
        order = apply(None, event)
        book(event)
        event = decide.approved(order, Money(1), now_ns, venue=request.venue)
        order = apply(order, event)
        book(event)
        report = a_fill(request, last_qty=request.order_qty, exec_id=ExecId(f"fill-{number}"))
        reported = decide.judge_report(order, report, ts_ns=now_ns)
        assert reported is not None
        book(reported)
        book(a_booking("cash", number, currency="USDT", amount="1"))
    folds = {"ledger": ledger, "fills": fills, "working": working, "risk": risk}
    return {name: steps_of(fold.freeze) for name, fold in folds.items()}


@pytest.mark.parametrize("fold", ["ledger", "fills", "working", "risk"])
def test_to_freeze_a_fold_takes_no_step_for_each_order(fold: str) -> None:
    # Nobody's order is answered meanwhile: what takes a step for each of 50,000 takes too long.
    assert frozen_after(400)[fold] - frozen_after(100)[fold] < 100
