"""PRISM's reports go into the log side by side, those that share a lane in order."""

import asyncio
from typing import Any

import structlog
from tests.contract.bus.messages import until
from tests.factories import a_report, an_order

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.core.ids import ExecId, OrderId
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.subjects import Event
from trade2026.prism.journal import AT_ONCE_LIMIT, Journal


class SlowLog(LocalBus):
    """A bus whose log takes what it is given once it is let."""

    def __init__(self) -> None:
        super().__init__(MemoryLog(), SystemClock(), with_codec=True)
        self.waiting: list[str] = []
        self.taken: list[str] = []
        self._let: dict[str, asyncio.Event] = {}
        self._is_free = False

    def let(self, exec_id: str) -> None:
        self._let[exec_id].set()

    def let_all(self) -> None:
        self._is_free = True
        for one in self._let.values():
            one.set()

    async def append(self, subject: Event[Any], message: Any, **options: Any) -> int:
        self.waiting.append(message.exec_id)
        self._let[message.exec_id] = asyncio.Event()
        if not self._is_free:
            await self._let[message.exec_id].wait()
        self.waiting.remove(message.exec_id)
        seq = await super().append(subject, message, **options)
        self.taken.append(message.exec_id)
        return seq


def report(order: str, kind: ExecType) -> ExecutionReport:
    exec_id = ExecId(f"{order}-{kind}")
    return a_report(an_order(order_id=OrderId(order)), exec_type=kind, exec_id=exec_id)


async def test_reports_wait_for_those_of_their_order_and_fills_for_those_of_their_position() -> (
    None
):
    log = SlowLog()
    journal = a_journal(log)
    reports = [
        report(order, kind) for order in ("a", "b", "c") for kind in (ExecType.NEW, ExecType.TRADE)
    ]

    publishing = asyncio.ensure_future(journal.publish(reports))
    await until(lambda: log.waiting == ["a-NEW", "b-NEW", "c-NEW"])
    # A fill that could go is behind one that cannot yet.
    log.let("b-NEW")
    await until(lambda: log.taken == ["b-NEW"])
    await asyncio.sleep(0.05)
    assert log.waiting == ["a-NEW", "c-NEW"]
    log.let("a-NEW")
    await until(lambda: log.waiting == ["c-NEW", "a-TRADE", "b-TRADE"])
    log.let_all()
    await publishing

    assert journal.last_report_place == 6
    await log.close()


async def test_many_reports_are_not_on_their_way_all_at_once() -> None:
    log = SlowLog()
    most = AT_ONCE_LIMIT
    reports = [report(f"order-{number}", ExecType.CANCELED) for number in range(most + 3)]

    publishing = asyncio.ensure_future(a_journal(log).publish(reports))
    await until(lambda: len(log.waiting) == most)
    await asyncio.sleep(0.05)
    assert len(log.waiting) == most
    log.let_all()
    await publishing

    assert len(log.taken) == most + 3
    await log.close()


def a_journal(bus: LocalBus) -> Journal:
    log = structlog.get_logger()
    return Journal(bus, log, life=1, last_seq=0, last_report_place=0)
