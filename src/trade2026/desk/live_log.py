"""The live gateway's log as its only writer sees it: append, then apply, then tell.

A report is in the gateway's own log before the platform hears of it. A crash in between is
mended at the start: the newest reports are told again, and the OMS books each once.
"""

import asyncio
from typing import Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import Clock, TimeNs
from trade2026.core.errors import StoppingError
from trade2026.core.ids import EventId, ExecId, Ids
from trade2026.core.numbers import Money, Px, Qty
from trade2026.desk.persistence import Pen, append_until_stored
from trade2026.desk.snapshots import Keeper
from trade2026.domain.live.order import ENDS, LiveOrder, ending
from trade2026.domain.live.state import LiveMemory, LiveState
from trade2026.model.execution import ExecType, ExecutionReport, LastLiquidityInd
from trade2026.model.instrument import LIVE
from trade2026.model.live import LiveEvent, PartEnded, Reported
from trade2026.model.live_subjects import LIVE_EVENT, LIVE_REPORT
from trade2026.ports.bus import Bus, Delivery
from trade2026.ports.exchange import ExchangeTrade

SNAPSHOT_RULES: Final = 1
"""To be raised whenever the same events come to something else."""


class LiveLogState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the gateway's log has come to, and what its writer has applied ahead of it."""

    memory: LiveMemory
    ahead: frozenset[EventId]


class LiveLog:
    """The state as the log so far leaves it, and the pen."""

    def __init__(
        self, *, bus: Bus, clock: Clock, ids: Ids, log: FilteringBoundLogger, state: LiveState
    ) -> None:
        self.state = state
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._log = log
        self._writing: dict[EventId, asyncio.Event] = {}
        """What is being written, until it is applied or never will be in this life."""
        self._ahead: set[EventId] = set()
        """What was applied when it was written, and the fold has not met yet."""
        self._pen = Pen(bus, log, LIVE_EVENT)
        self._turn = asyncio.Lock()
        """Of reports, which are numbered."""

    def now_ns(self) -> TimeNs:
        """Return the time of this moment."""
        return self._clock.now_ns()

    def new_id(self) -> EventId:
        """Return an id for the next event."""
        return EventId(self._ids.new())

    def keeper(self) -> Keeper[LiveLogState]:
        """Return the fold of the log as its snapshots see it."""
        return Keeper(
            fold="live",
            state=LiveLogState,
            rules=SNAPSHOT_RULES,
            freeze=self._freeze,
            thaw=self._thaw,
        )

    async def on_event(self, event: LiveEvent, _: Delivery) -> None:
        """Fold the log; what this process wrote is applied where it was written.

        The fold may hear of an event before its writer does, and waits for it then: no snapshot
        says that it has what is not applied.

        Raises:
            StoppingError: what this process wrote cannot be applied in this life.
        """
        event_id = event.event_id
        writing = self._writing.get(event_id)
        if writing is not None:
            await writing.wait()
        if event_id in self._ahead:
            self._ahead.discard(event_id)
        elif writing is not None:
            raise StoppingError(f"{event_id} is in the log, and its writer was cut off")
        else:
            self.state.apply(event)

    async def write(self, event: LiveEvent) -> None:
        """Append *event*, however long the log is away, and apply it."""
        event_id = event.event_id
        writing = self._writing[event_id] = asyncio.Event()

        def apply(_: int) -> None:
            self.state.apply(event)
            self._ahead.add(event_id)

        try:
            await self._pen.write(event, apply, event_id=event_id, venue=LIVE)
        finally:
            del self._writing[event_id]
            writing.set()

    async def watch(self) -> None:
        """Wait until nothing can be written any more, and raise then.

        Raises:
            StoppingError: only the next life knows what the log has.
        """
        await self._pen.watch()

    async def tell_again(self) -> None:
        """Tell the platform the newest reports once more."""
        for report in self.state.newest_reports:
            await self._tell(report)

    async def report(
        self,
        order: LiveOrder,
        kind: ExecType,
        *,
        venue_order_id: str | None = None,
        text: str = "",
        replace_id: str = "",
    ) -> None:
        """Report a step of *order* that is no fill."""
        request, is_replaced = order.request, kind is ExecType.REPLACED
        async with self._turn:
            seq = self.state.report_seq + 1
            there = order.venue_order_id if venue_order_id is None else venue_order_id
            leaves = Qty(0) if kind in ENDS else order.leaves_qty
            report = ExecutionReport(
                exec_id=ExecId(f"{request.order_id}-{seq}"),
                order_id=request.order_id,
                # An order that is wholly hypothetical has no name at the exchange.
                venue_order_id=there or f"{order.route}-{request.order_id}",
                account=request.account,
                venue=LIVE,
                symbol=request.symbol,
                side=request.side,
                exec_type=kind,
                leaves_qty=leaves,
                cum_qty=order.cum_qty,
                report_seq=seq,
                text=text,
                replace_id=replace_id,
                order_qty=request.order_qty if is_replaced else None,
                price=request.price if is_replaced else None,
                ts_event_ns=self.now_ns(),
            )
            await self._write_report(report)

    async def book(self, order: LiveOrder, trade: ExchangeTrade) -> None:
        """Report a fill of *order*, once for each trade of the exchange's."""
        request = order.request
        exec_id = exec_id_of(trade)
        async with self._turn:
            if exec_id in order.exec_ids:
                return
            cum_qty = order.cum_qty + trade.qty
            liquidity = LastLiquidityInd.ADDED if trade.is_maker else LastLiquidityInd.REMOVED
            report = ExecutionReport(
                exec_id=exec_id,
                order_id=request.order_id,
                venue_order_id=trade.venue_order_id,
                account=request.account,
                venue=LIVE,
                symbol=request.symbol,
                side=request.side,
                exec_type=ExecType.TRADE,
                last_px=Px(trade.px),
                last_qty=trade.qty,
                # An over-fill is told as it is: the platform books and alarms it.
                leaves_qty=Qty(0 if order.is_done else max(0, request.order_qty - cum_qty)),
                cum_qty=Qty(cum_qty),
                fee=Money(trade.fee),
                fee_asset=trade.fee_asset,
                last_liquidity_ind=None if trade.is_maker is None else liquidity,
                report_seq=self.state.report_seq + 1,
                ts_event_ns=trade.ts_ns or self.now_ns(),
            )
            await self._write_report(report)

    async def end_part(
        self, order: LiveOrder, how: ExecType, text: str, *, is_shadow: bool = False
    ) -> None:
        """Note that one part of *order* is over, and report its end where that was the last."""
        is_over = order.is_shadow_done if is_shadow else order.is_real_done
        if order.is_done or is_over:
            return
        event = PartEnded(
            event_id=self.new_id(),
            ts_ns=self.now_ns(),
            order_id=order.request.order_id,
            is_shadow=is_shadow,
            how=how,
            text=text,
        )
        await self.write(event)
        await self.settle(order)

    async def settle(self, order: LiveOrder) -> None:
        """Report the end of *order* where both its parts are over."""
        end = ending(order)
        if end is not None:
            kind, text = end
            await self.report(order, kind, text=text)

    def _freeze(self) -> LiveLogState:
        return LiveLogState(memory=self.state.freeze(), ahead=frozenset(self._ahead))

    def _thaw(self, state: LiveLogState) -> None:
        self.state.thaw(state.memory)
        self._ahead = set(state.ahead)

    async def _write_report(self, report: ExecutionReport) -> None:
        event = Reported(event_id=EventId(report.exec_id), ts_ns=self.now_ns(), report=report)
        await self.write(event)
        await self._tell(report)

    async def _tell(self, report: ExecutionReport) -> None:
        await append_until_stored(
            self._bus,
            self._log,
            LIVE_REPORT,
            report,
            event_id=EventId(f"{LIVE}-{report.exec_id}"),
            account=report.account,
        )


def exec_id_of(trade: ExchangeTrade) -> ExecId:
    """Return the name of a fill: the exchange's numbers are unique within a symbol."""
    return ExecId(f"{trade.symbol}-{trade.trade_id}")
