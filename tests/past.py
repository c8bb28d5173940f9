"""A past day as the logs have it: judged live while it is written, to be judged again."""

from typing import Any

from msgspec.structs import replace
from tests.factories import NOW_NS, a_control, a_deposit, a_fill, a_limits_set, a_quote, an_order

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import EventId, ExecId, OrderId
from trade2026.domain.risk.book import RiskBook
from trade2026.domain.risk.dry_run import DryRun, Findings
from trade2026.model.instrument import PRISM, PRISM_INSTRUMENTS
from trade2026.model.journal import (
    JournalEvent,
    OrderApproved,
    OrderReceived,
    OrderRefused,
    OrderReported,
)
from trade2026.model.market import QuoteBatch
from trade2026.model.order import NewOrderSingle
from trade2026.model.risk import LimitsSet, LimitValues, Refusal, RiskControl, TradingMode

STEP_NS = NS_PER_S // 10


class Past:
    """Trades on a book of risk of its own, and keeps what the logs would have."""

    def __init__(self) -> None:
        self.live = RiskBook(PRISM_INSTRUMENTS)
        self.now_ns = TimeNs(NOW_NS)
        self.log: list[tuple[TimeNs, Any]] = []
        self.passed: list[NewOrderSingle] = []
        self._count = 0
        self._step(a_deposit("1000000"))
        self.quote(50_000)

    def quote(self, mid: int) -> None:
        """Let the market be quoted a cent beside *mid*."""
        self.now_ns = TimeNs(self.now_ns + STEP_NS)
        made = a_quote(f"{mid - 1}.99", f"{mid}.01")
        quote = replace(made, ts_event_ns=self.now_ns, ts_recv_ns=self.now_ns)
        self.live.quote(PRISM, "BTCUSDT", quote, self.now_ns)
        batch = QuoteBatch(venue=PRISM, symbol="BTCUSDT", records=(quote,))
        self.log.append((self.now_ns, batch))

    def place(self, policy: tuple[Refusal, ...] = (), **changes: object) -> tuple[Refusal, ...]:
        """Place an order, and return why it was refused."""
        self._count += 1
        name = OrderId(f"order-{self._count}")
        order = an_order(order_id=name, transact_time_ns=self.now_ns, **changes)
        head: dict[str, Any] = {"account": order.account, "order_id": name, "ts_ns": self.now_ns}
        self._step(OrderReceived(event_id=_id(name, 1), order_seq=1, request=order, **head))
        verdict = self.live.assess(order, self.now_ns, policy)
        head |= {"event_id": _id(name, 2), "order_seq": 2}
        if verdict.approved is None:
            self._step(OrderRefused(refusals=verdict.refusals, **head))
        else:
            self.passed.append(order)
            self._step(OrderApproved(reserved=verdict.approved.reserved, **head))
        return verdict.refusals

    def fill(self) -> None:
        """Fill the oldest order that passed, whole."""
        if self.passed:
            order = self.passed.pop(0)
            report = a_fill(order, last_qty=order.order_qty, exec_id=ExecId(f"of-{order.order_id}"))
            head: dict[str, Any] = {
                "account": order.account,
                "order_id": order.order_id,
                "ts_ns": self.now_ns,
            }
            event_id = _id(order.order_id, 3)
            self._step(OrderReported(event_id=event_id, order_seq=3, report=report, **head))

    def limits(self, scope: str, **values: int) -> LimitsSet:
        """Set the limits of a scope."""
        self.now_ns = TimeNs(self.now_ns + 1)
        change = replace(a_limits_set(scope, len(self.log), **values), ts_ns=self.now_ns)
        self.live.set_limits(change)
        self.log.append((self.now_ns, change))
        return change

    def mode(self, mode: TradingMode) -> RiskControl:
        """Set the mode of all."""
        self.now_ns = TimeNs(self.now_ns + 1)
        control = replace(a_control(len(self.log), mode), ts_ns=self.now_ns)
        self.live.modes.control(control)
        self.log.append((self.now_ns, control))
        return control

    def judged(self, trial: dict[str, LimitValues] | None = None, **bounds: Any) -> Findings:
        """Return what a dry run over all of it finds."""
        end_ns = TimeNs(self.now_ns + 1)
        run = DryRun(PRISM_INSTRUMENTS, trial or {}, NOW_NS, end_ns, **bounds)
        for seq, (_, message) in enumerate(self.log, 1):
            match message:
                case QuoteBatch():
                    run.quote(message.venue, message.symbol, message.records[-1])
                case LimitsSet():
                    run.limits(message)
                case RiskControl():
                    run.control(message)
                case _:
                    order = run.due(message)
                    if order is not None:
                        run.judge(message, order)
                    run.apply(message, seq)
        return run.findings()

    def _step(self, event: JournalEvent) -> None:
        self.log.append((self.now_ns, event))
        self.live.apply(event, len(self.log))


def _id(name: OrderId, number: int) -> EventId:
    return EventId(f"{name}-{number}")
