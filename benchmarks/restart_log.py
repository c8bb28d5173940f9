"""The log that `restart.py` measures: orders and their parents, as fast as it takes them.

A thousand orders a second came, by their times. Were they all of one moment, risk would have to
remember each of them: it counts those of the last second.
"""

import asyncio
from typing import Any, Final

from benchmarks.bus import PASSWORD, USER
from tests.algos import an_algo
from tests.factories import NOW_NS, a_deposit, a_fill, a_report, an_order

from trade2026.adapters.bus.connection import Connection
from trade2026.adapters.bus.nats import NatsBus
from trade2026.core.clock import NS_PER_MS, SystemClock, TimeNs
from trade2026.core.ids import ClOrdId, ExecId, OrderId
from trade2026.core.numbers import Money, Qty
from trade2026.domain.execution import step
from trade2026.domain.execution.algorithms import BY_NAME
from trade2026.domain.execution.parent import apply as apply_to_parent
from trade2026.domain.execution.report import report_of
from trade2026.domain.oms import decide
from trade2026.domain.oms.order import apply
from trade2026.model import codec
from trade2026.model.algo import AlgoEvent, AlgoStatus, Seen
from trade2026.model.execution import ExecType
from trade2026.model.journal import OrderEvent
from trade2026.model.subjects import ALGO_EVENT, ORDERS_EVENT

OPEN_EVERY: Final = 1_000
ORDERS_A_PARENT: Final = 100
CHILDREN: Final = 10


def order_id_of(number: int) -> OrderId:
    """Return ids that rise with the numbers, as UUIDv7 do."""
    return OrderId(f"0199f000-{number >> 16 & 0xFFFF:04x}-7000-8000-{number:012x}")


def moment_of(number: int) -> TimeNs:
    """Return when the order of that number came."""
    return TimeNs(NOW_NS + number * NS_PER_MS)


def life_of(number: int) -> list[OrderEvent]:
    """Return the events of one order: received, approved and sent, taken in, and mostly filled."""
    order_id, now_ns = order_id_of(number), moment_of(number)
    request = an_order(
        order_id=order_id, cl_ord_id=ClOrdId(f"key-{number}"), transact_time_ns=now_ns
    )
    events: list[OrderEvent] = [decide.received(request, now_ns)]
    order = apply(None, events[0])

    def book(event: Any) -> None:
        nonlocal order
        events.append(event)
        order = apply(order, event)

    def report(said: Any) -> None:
        book(decide.judge_report(order, said, ts_ns=now_ns))

    book(decide.approved(order, Money(1), now_ns, venue="PRISM"))
    report(a_report(request, exec_id=ExecId(f"N-{number}"), exec_type=ExecType.NEW))
    if number % OPEN_EVERY:
        report(a_fill(request, last_qty=request.order_qty, exec_id=ExecId(f"F-{number}")))
    return events


async def write_log(url: str, count: int) -> int:
    """Write the log of *count* orders, and return how many events it has."""
    connection = await Connection.open(
        url=url, user=USER, password=PASSWORD, name="writer", timeout_s=10
    )
    bus = await bus_at(url)
    name = ORDERS_EVENT.name(account="default")
    written = 1
    # Without ids: the server would hold all of the window's in memory.
    await connection.publish(name, codec.encode(a_deposit()))
    for number in range(count):
        for event in life_of(number):
            await connection.publish(name, codec.encode(event))
            written += 1
        if number % 500 == 0:
            await connection.flush(30)
            await _stored(bus, written - 5_000)
    await _stored(bus, written)
    await _write_parents(connection, count // ORDERS_A_PARENT)
    await bus.close()
    await connection.close()
    return written


async def _write_parents(connection: Connection, count: int) -> None:
    name = ALGO_EVENT.name(account="default")
    for number in range(count):
        for event in life_of_parent(number):
            await connection.publish(name, codec.encode(event))
        if number % 100 == 0:
            await connection.flush(30)
    await connection.flush(30)


def life_of_parent(number: int) -> list[AlgoEvent]:
    """Return the events of one parent: started, ten slices, ended; one in a thousand goes on."""
    request = an_algo(algo_id=order_id_of(number), cl_algo_id=f"key-{number}")
    events: list[AlgoEvent] = [step.started(request, Seen(), None, NOW_NS)]
    parent = apply_to_parent(None, events[0])

    def book(event: AlgoEvent) -> None:
        nonlocal parent
        events.append(event)
        parent = apply_to_parent(parent, event)

    for _ in range(CHILDREN):
        book(step.sliced(parent, Qty(request.order_qty // CHILDREN), Seen(), NOW_NS))
    if number % OPEN_EVERY:
        cancelled = AlgoStatus.CANCELLED
        book(step.ending(parent, cancelled, "", asked_by="x", seen=Seen(), ts_ns=NOW_NS))
        told = report_of(parent, BY_NAME[request.name], Seen(), NOW_NS)
        book(step.ended(parent, told, NOW_NS))
    return events


async def _stored(bus: NatsBus, seq: int) -> None:
    while await bus.last_seq(ORDERS_EVENT.stream) < seq:  # noqa: ASYNC110 - no event tells.
        await asyncio.sleep(0.01)


async def bus_at(url: str) -> NatsBus:
    """Return a bus on the server at *url*."""
    return await NatsBus.connect(
        url=url, user=USER, password=PASSWORD, name="restart", clock=SystemClock()
    )
