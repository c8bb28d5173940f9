"""A dry run of limits, or of a policy, over the logs of a day: read in order, and judged.

The logs are several, and an order's verdict stands in one of them only. They are read side by
side, and what the log stored first is taken first: as risk saw it, within the milliseconds that
a quote needs on its way.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import PolicyUnavailableError
from trade2026.domain.risk.dry_run import MOST, DryRun, Findings
from trade2026.domain.risk.policy_question import refusals_of, unanswered
from trade2026.domain.risk.value_at_risk import MINUTE_NS
from trade2026.model.instrument import LIVE_INSTRUMENTS, PRISM_INSTRUMENTS
from trade2026.model.journal import JournalEvent, OrderApproved, OrderRefused
from trade2026.model.market import BarBatch, QuoteBatch
from trade2026.model.order import NewOrderSingle
from trade2026.model.risk import LimitsSet, LimitValues, Refusal, RiskControl
from trade2026.model.subjects import (
    MARKET_BAR,
    MARKET_QUOTE,
    ORDERS_EVENT,
    RISK_CONTROL,
    RISK_LIMITS,
    Event,
)
from trade2026.ports.bus import Bus, Delivery
from trade2026.ports.policy import OrderPolicy

LATE_NS: Final = 3_600 * NS_PER_S
"""What happened is in the log so soon afterwards."""
WAITING_MOST: Final = 1_000
"""Events of one log that are read ahead."""

_LISTED: Final = (*PRISM_INSTRUMENTS, *LIVE_INSTRUMENTS)

_Place: TypeAlias = tuple[TimeNs, Any, Delivery]
_End: TypeAlias = None


class _Log:
    """One log as it is read: its events with their times, in order, then None."""

    def __init__(self, bus: Bus, subject: Event[Any], end_ns: TimeNs) -> None:
        self._bus = bus
        self._subject = subject
        self._end_ns = end_ns
        self._queue: asyncio.Queue[_Place | _End] = asyncio.Queue(WAITING_MOST)
        self._last_ns = TimeNs(0)
        self.head: _Place | _End = None

    async def read(self) -> None:
        """Read all that the log had by the end."""
        # The server's clock and ours are two, and a verdict may wait for the log.
        end_seq = await self._bus.seq_at(self._subject.stream, TimeNs(self._end_ns + LATE_NS))
        fold = await self._bus.fold(self._subject, self._on_event, until_seq=end_seq)
        await fold.stop()
        await self._queue.put(None)

    async def go_on(self) -> None:
        """Put the next event at the head."""
        self.head = await self._queue.get()

    async def _on_event(self, message: Any, delivery: Delivery) -> None:  # noqa: ANN401 - any event.
        is_step = self._subject is ORDERS_EVENT
        # A verdict was made when it says, and not when the log had it.
        at_ns = message.ts_ns if is_step else delivery.appended_ns
        self._last_ns = max(self._last_ns, at_ns)
        if self._last_ns < self._end_ns:
            await self._queue.put((self._last_ns, message, delivery))


async def dry_run(
    bus: Bus,
    *,
    limits: Mapping[str, LimitValues],
    policy: OrderPolicy | None,
    begin_ns: TimeNs,
    end_ns: TimeNs,
    accounts: frozenset[str] | None = None,
    most: int = MOST,
) -> Findings:
    """Return which orders between *begin_ns* and *end_ns* would have fared otherwise.

    Only reads, and nothing behind *end_ns*. What happened before is folded too, as far as the
    logs go back.

    Args:
        bus: on the logs.
        limits: on trial, by scope; empty are those that were in force.
        policy: on trial and ready; None leaves what the policy of then said.
        begin_ns: the first moment whose orders are judged.
        end_ns: where to stop.
        accounts: whose orders are judged; None is everybody's.
        most: how many orders each list of the findings keeps, the first.
    """
    run = DryRun(_LISTED, limits, begin_ns, end_ns, accounts=accounts, most=most)
    # Of one moment, what the market and people did comes before an order.
    subjects = (RISK_LIMITS, RISK_CONTROL, MARKET_QUOTE, MARKET_BAR, ORDERS_EVENT)
    logs = [_Log(bus, subject, end_ns) for subject in subjects]
    async with asyncio.TaskGroup() as reading:
        for log in logs:
            reading.create_task(log.read())
        for log in logs:
            await log.go_on()
        while heads := [log for log in logs if log.head is not None]:
            first = min(heads, key=_time_of)
            assert first.head is not None
            at_ns, message, delivery = first.head
            run.watch(at_ns)
            await _take(run, message, delivery, policy)
            await first.go_on()
    return run.findings()


def _time_of(log: _Log) -> TimeNs:
    assert log.head is not None
    return log.head[0]


async def _take(
    run: DryRun, message: object, delivery: Delivery, policy: OrderPolicy | None
) -> None:
    match message:
        case QuoteBatch():
            run.quote(message.venue, message.symbol, message.records[-1])
        case BarBatch():
            for bar in message.records:
                if bar.interval_ns == MINUTE_NS:
                    run.minute(message.symbol, bar.start_ns, bar.close_px)
        case RiskControl():
            run.control(message)
        case LimitsSet():
            run.limits(message)
        case _:
            await _step(run, message, delivery, policy)  # pyright: ignore[reportArgumentType] - the log of orders.


async def _step(
    run: DryRun, event: JournalEvent, delivery: Delivery, policy: OrderPolicy | None
) -> None:
    order = run.due(event)
    if order is not None and isinstance(event, OrderApproved | OrderRefused):
        words = None if policy is None else await _words(run, order, event.ts_ns, policy)
        run.judge(event, order, words)
    run.apply(event, delivery.stream_seq)


async def _words(
    run: DryRun, order: NewOrderSingle, at_ns: TimeNs, policy: OrderPolicy
) -> tuple[Refusal, ...]:
    try:
        return refusals_of(await policy.judge(run.question(order, at_ns)))
    except PolicyUnavailableError as error:
        # As live: in doubt, refuse.
        if not policy.is_ready:
            await policy.start()
        return unanswered(str(error))
