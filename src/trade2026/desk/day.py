"""A day's books, folded again from the log of orders: what was traded, held, owed and broken.

Everything comes from the log alone, so that a day reads the same whenever it is asked about.
"""

import asyncio
from datetime import UTC, datetime
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import InvalidInputError, StoreDamagedError
from trade2026.core.ids import ExecId
from trade2026.core.newest import Newest
from trade2026.core.numbers import SignedQty, Value, value_of
from trade2026.desk.day_lines import (
    Came,
    Corrected,
    DayLines,
    Line,
    LinesState,
    TakenBack,
    Traded,
    Undone,
)
from trade2026.domain.compliance.prices import Prices
from trade2026.domain.compliance.sheet import Held, Placed, Sheet, Trade
from trade2026.domain.position.ledger import Ledger
from trade2026.domain.position.state import LedgerState
from trade2026.domain.settlement.obligation import (
    REPORTS_KEPT,
    Obligation,
    Obligations,
    ObligationsState,
    SettlesAt,
)
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.journal import (
    JournalEvent,
    OrderReceived,
    OrderReported,
    OrderWithdrawn,
    UnknownReported,
    undone_of,
)
from trade2026.model.market import QuoteBatch
from trade2026.model.position import UNATTRIBUTED
from trade2026.model.subjects import MARKET_QUOTE, ORDERS_EVENT
from trade2026.ports.bus import Bus, Delivery

DAY_S: Final = 86_400
LATE_NS: Final = 60 * NS_PER_S
"""A quote is in the log so soon after it came."""
_KEPT: Final = frozenset({ExecType.TRADE, ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT})
"""The reports of which none may count twice."""


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day in UTC: its beginning, and its end, which is no part of it."""

    name: str
    begin_ns: TimeNs
    end_ns: TimeNs

    def counts(self, event: JournalEvent) -> bool:
        """Return whether *event* is in the books at the end of the day."""
        return event.ts_ns < self.end_ns


def read_day(name: str) -> Day:
    """Return the day called *name*, such as 2026-11-26.

    Raises:
        InvalidInputError: there is none of that name.
    """
    try:
        begin = datetime.strptime(name, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise InvalidInputError("day", "not a day such as 2026-11-26") from None
    second = int(begin.timestamp())
    return Day(
        name=f"{begin:%Y-%m-%d}",
        begin_ns=TimeNs(second * NS_PER_S),
        end_ns=TimeNs((second + DAY_S) * NS_PER_S),
    )


class DayState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the books of a day, or of a later one, can be made of again."""

    day: str
    ledger: LedgerState
    obligations: ObligationsState
    lines: LinesState
    seen: tuple[tuple[str, ExecId], ...]


class DayBooks:
    """The books at the end of a day, and what happened on it; mutable.

    What is remembered of earlier days is bounded, as in the ledger.

    Args:
        day: what is told in full; everything before it counts for what is held.
        settles_at: the calendars.
    """

    def __init__(self, day: Day, settles_at: SettlesAt) -> None:
        self.day = day
        self.ledger = Ledger()
        self.obligations = Obligations(settles_at)
        self._lines = DayLines()
        self._seen = Newest[tuple[str, ExecId], None](REPORTS_KEPT)
        """The newest reports taken: as in the ledger, each counts once."""

    async def on_event(self, event: JournalEvent, delivery: Delivery) -> None:
        """Take the next event of the log; what came after the day is left out."""
        if self.day.counts(event):
            self.apply(event, delivery.stream_seq)

    def apply(self, event: JournalEvent, seq: int) -> None:
        """Take an event that is not later than the day."""
        self.ledger.apply(event, seq)
        self.obligations.apply(event)
        match event:
            case OrderReceived() if event.ts_ns >= self.day.begin_ns:
                order = Placed(
                    order_id=event.order_id,
                    account=event.account,
                    symbol=event.request.symbol,
                    is_cancelled_unfilled=False,
                    venue=event.request.venue,
                    price=event.request.price,
                    ts_ns=event.ts_ns,
                )
                self._lines.append(Came(order))
            case OrderWithdrawn() if not event.is_expiry:
                self._alter(TakenBack(event.order_id))
            case OrderReported():
                known = self.ledger.strategy_of(event.order_id) or event.strategy
                self._report(event, known or UNATTRIBUTED)
            case UnknownReported():
                self._report(event, UNATTRIBUTED)
            case _:
                pass

    def owed(self, account: str | None = None) -> tuple[Obligation, ...]:
        """Return what is not settled at the end of the day; see `Obligations.owed`."""
        return self.obligations.owed(TimeNs(self.day.end_ns - 1), account)

    def freeze(self) -> DayState:
        """Return all that these can be made of again."""
        return DayState(
            day=self.day.name,
            ledger=self.ledger.freeze(),
            obligations=self.obligations.freeze(),
            lines=self._lines.freeze(),
            seen=tuple(self._seen),
        )

    def thaw(self, state: DayState) -> None:
        """Begin from *state*, which books of this day or of an earlier one were frozen to.

        Raises:
            StoreDamagedError: it is of a later day.
        """
        frozen = read_day(state.day)
        if frozen.begin_ns > self.day.begin_ns:
            raise StoreDamagedError(f"it is of {frozen.name}, a later day")
        self.ledger.thaw(state.ledger)
        self.obligations.thaw(state.obligations)
        self._seen = Newest(REPORTS_KEPT, ((key, None) for key in state.seen))
        if frozen == self.day:
            self._lines.thaw(state.lines)

    async def priced_sheet(self, bus: Bus, stale_ns: int) -> Sheet:
        """Return what compliance judges, with what the market was at each order and each fill.

        Args:
            bus: the market's log is behind it, of which the day is read.
            stale_ns: how far before the day a price may be.

        Raises:
            BusUnavailableError: the log does not answer.
        """
        sheet = self.sheet()
        prices = Prices(sheet)
        # The times of fills are the venues': the first may be from before the day.
        times = [one.ts_ns for one in (*sheet.trades, *sheet.orders)]
        first_ns = min(times, default=self.day.begin_ns) - stale_ns - LATE_NS
        last_ns = max(times, default=self.day.begin_ns) + LATE_NS

        async def on_quotes(batch: QuoteBatch, _: Delivery) -> None:
            for quote in batch.records:
                prices.quote(batch.venue, batch.symbol, quote.mid_px, quote.ts_recv_ns)

        fold = await bus.fold(
            MARKET_QUOTE,
            on_quotes,
            from_seq=await bus.seq_at(MARKET_QUOTE.stream, TimeNs(first_ns)),
            until_seq=await bus.seq_at(MARKET_QUOTE.stream, TimeNs(last_ns)),
        )
        await fold.stop()
        return prices.sheet()

    async def put_together(self) -> None:
        """Read what happened on the day, a part at a time: after it a sheet is soon there."""
        for _ in self._lines.putting_together():
            await asyncio.sleep(0)

    def sheet(self) -> Sheet:
        """Return what compliance judges."""
        trades = sorted(self._lines.trades(), key=lambda one: (one.ts_ns, one.exec_id))
        held: dict[tuple[str, str], Held] = {}
        for position in self.ledger.positions():
            if not position.quantity:
                continue
            place = (position.key.account, position.key.symbol)
            before = held.get(place)
            quantity = position.quantity + (before.quantity if before else 0)
            value = value_of(position.last_px, position.quantity)
            held[place] = Held(
                account=position.key.account,
                symbol=position.key.symbol,
                quantity=SignedQty(quantity),
                value=Value(value + (before.value if before else 0)),
            )
        return Sheet(trades=tuple(trades), orders=self._lines.orders(), held=tuple(held.values()))

    def _report(self, event: OrderReported | UnknownReported, strategy: str) -> None:
        report = event.report
        key = (report.venue, report.exec_id)
        if key in self._seen:
            return
        if report.exec_type in _KEPT:
            self._seen.keep(key, None)
        match report.exec_type:
            case ExecType.TRADE:
                is_of_day = event.ts_ns >= self.day.begin_ns
                line = Traded(_trade(report, strategy, report.exec_id), is_of_day)
                if is_of_day:
                    self._lines.append(line)
                else:
                    self._alter(line)
            case ExecType.TRADE_CANCEL:
                self._alter(Undone(report.venue, undone_of(event)))
            case ExecType.TRADE_CORRECT:
                self._alter(Corrected(_trade(report, strategy, undone_of(event))))
            case ExecType.CANCELED:
                self._alter(TakenBack(report.order_id))
            case _:
                pass

    def _alter(self, line: Line) -> None:
        """Write down what changes something of the day: before its first line there is nothing."""
        if self._lines:
            self._lines.append(line)


def _trade(report: ExecutionReport, strategy: str, exec_id: ExecId) -> Trade:
    return Trade(
        exec_id=exec_id,
        order_id=report.order_id,
        account=report.account,
        strategy=strategy,
        venue=report.venue,
        symbol=report.symbol,
        side=report.side,
        qty=report.last_qty,
        px=report.last_px,
        fee=report.fee,
        fee_asset=report.fee_asset,
        ts_ns=report.ts_event_ns,
    )


async def fold_day(bus: Bus, day: Day, settles_at: SettlesAt) -> DayBooks:
    """Return the books of *day*, from the log behind *bus*.

    Raises:
        BusUnavailableError: the log does not answer.
    """
    books = DayBooks(day, settles_at)
    fold = await bus.fold(ORDERS_EVENT, books.on_event)
    await fold.stop()
    return books
