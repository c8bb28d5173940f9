"""Risk at work: verdicts with reservations, and the kill switch.

A kill takes effect in memory before it is written, and is written until the log has it: a
log that is away can delay its durability, never its effect.
"""

import asyncio
from typing import Any, Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.ids import AccountId, EventId, Ids, OrderId
from trade2026.desk.alerts import AlertBoard
from trade2026.desk.ask import OrderAsk
from trade2026.desk.persistence import append_until_stored
from trade2026.desk.policy import PolicyDesk
from trade2026.desk.snapshots import Keeper
from trade2026.domain.risk.book import RiskBook
from trade2026.domain.risk.losses import Losses
from trade2026.domain.risk.modes import surprise_of
from trade2026.domain.risk.state import RiskState
from trade2026.domain.risk.value_at_risk import MINUTE_NS
from trade2026.domain.risk.what_if import WhatIf, what_if
from trade2026.model.journal import JournalEvent
from trade2026.model.market import BarBatch, QuoteBatch
from trade2026.model.risk import (
    WATCHDOG,
    Alert,
    HaltRequest,
    LimitsSet,
    LimitValues,
    RiskChangeRequest,
    RiskControl,
    RiskRequest,
    RiskVerdict,
    TradingMode,
    account_scope,
)
from trade2026.model.subjects import RISK_CONTROL, RISK_LIMITS, Event, scope_key
from trade2026.ports.bus import Bus, Delivery

SNAPSHOT_RULES: Final = 3
"""To be raised whenever the same events come to something else."""
SWEEP_EVERY_S: Final = 5.0
TELL_WITHIN_NS: Final = 600 * NS_PER_S
"""A surprise is told again after a restart within this time, under the same id."""
UNCLAIMED_AFTER_NS: Final = 30 * NS_PER_S
"""An approval that the log does not show by then belongs to an order that was never sent."""


class RiskDesk:
    """Judges orders, holds reservations, and switches scopes off and on."""

    def __init__(
        self, *, bus: Bus, clock: Clock, ids: Ids, log: FilteringBoundLogger, book: RiskBook
    ) -> None:
        self.book = book
        self.alerts = AlertBoard(bus, clock, ids, log)
        self.policy: PolicyDesk | None = None
        """The user's own, where there is one."""
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._log = log

    def keeper(self) -> Keeper[RiskState]:
        """Return the book's fold of the log of orders as its snapshots see it."""
        return Keeper(
            fold="risk",
            state=RiskState,
            rules=SNAPSHOT_RULES,
            freeze=self.book.freeze,
            thaw=self.book.thaw,
        )

    async def on_check(self, request: RiskRequest) -> RiskVerdict:
        """Judge an order; an approval holds its reservation from this moment."""
        if self.policy is not None:
            return await self.policy.assess(self.book, request.order)
        return self.book.assess(request.order, self._clock.now_ns())

    async def on_change(self, request: RiskChangeRequest) -> RiskVerdict:
        """Judge an open order as it shall be; an approval holds what it needs from now on."""
        if self.policy is not None:
            return await self.policy.assess_change(self.book, request.order)
        return self.book.assess_change(request.order, self._clock.now_ns())

    async def try_out(self, ask: OrderAsk) -> tuple[RiskVerdict, WhatIf]:
        """Judge an order that nobody sends: nothing is journalled, nothing is reserved."""
        order = ask.as_request(OrderId(self._ids.new()), self._clock.now_ns())
        words = () if self.policy is None else await self.policy.words(self.book, order)
        now_ns = self._clock.now_ns()
        view = self.book.view(order, now_ns, words)
        return self.book.judge(order, now_ns, words), what_if(order, view)

    def losses(self, account: str) -> Losses:
        """Return what the account has lost by now."""
        return self.book.losses_of(account, self._clock.now_ns())

    async def on_halt(self, request: HaltRequest) -> Alert:
        """Raise the alarm, and limit the account. What is stricter already stays so."""
        scope = account_scope(request.account)
        control = await self.switch(
            scope=scope,
            mode=strictest(request.mode, self.book.modes.mode_of(scope)),
            cancel_open=request.mode is TradingMode.HALTED,
            reason=request.reason,
            asked_by=request.asked_by,
        )
        return await self._tell_mode(control)

    async def on_journal(self, event: JournalEvent, delivery: Delivery) -> None:
        """Fold the log of orders into positions, reservations, and limits after surprises."""
        self.book.apply(event, delivery.stream_seq)
        surprise = surprise_of(event)
        # A restart folds the whole log: what happened long ago has been told.
        if surprise and self._clock.now_ns() - event.ts_ns < TELL_WITHIN_NS:
            mode = self.book.modes.mode_over(event.account)
            text = f"{surprise}; the account is {mode}"
            level = "WARN" if mode is TradingMode.NORMAL else "BREACH"
            scope, alert_id = account_scope(event.account), f"{event.event_id}-alert"
            await self.alerts.tell(level, "surprise", scope, text, alert_id)

    async def on_control(self, control: RiskControl, _: Delivery) -> None:
        """Fold the log of modes; what was applied when it was written changes nothing now."""
        self.book.modes.control(control)
        if control.asked_by == WATCHDOG and self._clock.now_ns() - control.ts_ns < TELL_WITHIN_NS:
            await self._tell_mode(control)

    async def on_limits(self, change: LimitsSet, _: Delivery) -> None:
        """Fold the log of limits; what was applied when it was written changes nothing now."""
        self.book.set_limits(change)

    async def set_limits(
        self, *, scope: str, values: LimitValues, reason: str, asked_by: str
    ) -> LimitsSet:
        """Set a scope's limits, durably, and return what was set.

        They hold once the log has them: no order passes a limit that a crash would forget.
        """
        change = LimitsSet(
            change_id=EventId(self._ids.new()),
            scope=scope,
            values=values,
            reason=reason,
            asked_by=asked_by,
            ts_ns=self.book.limit_book.next_ns(scope, self._clock.now_ns()),
        )
        await append_until_stored(
            self._bus,
            self._log,
            RISK_LIMITS,
            change,
            event_id=change.change_id,
            scope=scope_key(scope),
        )
        self.book.set_limits(change)
        text = f"limits of {scope} by {asked_by}: {reason}"
        await self.alerts.tell("WARN", "limits", scope, text)
        return change

    async def on_quotes(self, batch: QuoteBatch, _: Delivery) -> None:
        """Take the newest quote as the reference price."""
        quote = batch.records[-1]
        self.book.quote(batch.venue, batch.symbol, quote, quote.ts_recv_ns)

    async def on_bars(self, batch: BarBatch, _: Delivery) -> None:
        """Take the closes of minutes, by which value at risk is reckoned."""
        for bar in batch.records:
            if bar.interval_ns == MINUTE_NS:
                self.book.minutes.note(batch.symbol, bar.start_ns, bar.close_px)

    async def on_poison(
        self, subject: Event[Any], message: object, delivery: Delivery, reason: str
    ) -> None:
        """Halt the account whose event could not be folded."""
        del subject, message
        await self.on_halt(
            HaltRequest(
                account=AccountId(delivery.subject.rpartition(".")[2]),
                mode=TradingMode.HALTED,
                reason=f"cannot fold {delivery.subject} {delivery.stream_seq}: {reason}",
                asked_by="risk",
            )
        )

    async def switch(
        self,
        *,
        scope: str,
        mode: TradingMode,
        cancel_open: bool,
        reason: str,
        asked_by: str,
        flatten: bool = False,
    ) -> RiskControl:
        """Set a scope's mode, durably, and return what was set.

        Args:
            scope: `global`, or `account:`, `strategy:` or `symbol:` with its key.
            mode: the new mode.
            cancel_open: whether the scope's open orders are to be cancelled.
            reason: for the audit and the alert.
            asked_by: who wants it.
            flatten: whether the scope's positions are to be closed.
        """
        control = RiskControl(
            control_id=EventId(self._ids.new()),
            scope=scope,
            mode=mode,
            cancel_open=cancel_open,
            flatten=flatten,
            reason=reason,
            asked_by=asked_by,
            ts_ns=self.book.modes.next_control_ns(scope, self._clock.now_ns()),
        )
        if mode is not TradingMode.NORMAL:
            self.book.modes.control(control)
        await append_until_stored(
            self._bus,
            self._log,
            RISK_CONTROL,
            control,
            event_id=control.control_id,
            scope=scope_key(scope),
        )
        # Trading is allowed again only once the log says so too.
        self.book.modes.control(control)
        await self._tell_mode(control)
        return control

    async def run(self) -> None:
        """Give back reservations of orders that never came to the log as approved."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            self.book.accounts.release_unclaimed(self._clock.now_ns() - UNCLAIMED_AFTER_NS)

    async def _tell_mode(self, control: RiskControl) -> Alert:
        level = "WARN" if control.mode is TradingMode.NORMAL else "HALT"
        text = f"{control.scope} is {control.mode} by {control.asked_by}: {control.reason}"
        return await self.alerts.tell(
            level, "mode", control.scope, text, f"{control.control_id}-alert"
        )


_STRICTNESS: Final = (TradingMode.NORMAL, TradingMode.REDUCE_ONLY, TradingMode.HALTED)


def strictest(one: TradingMode, other: TradingMode) -> TradingMode:
    """Return the stricter of two modes."""
    return max(one, other, key=_STRICTNESS.index)
