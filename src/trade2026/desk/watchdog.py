"""The watchdog at work: beside the core, in a process of its own, it can stop all trading.

It pulls the kill switch when the core does not answer any more, also when it is frozen, or when
an account has lost more at the venue than the line. The venue is told directly to cancel what is
open, over the bus and without the core; the halt is written to the log, where the core finds it
as soon as it runs again, and before it approves anything. Once the core runs, a person who allows
trading again has the last word: the log tells who came later. It keeps no books of the core's:
losses are reckoned from the venue's own statement and the latest quotes.
"""

import asyncio
from typing import Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import Clock, TimeNs
from trade2026.core.errors import BusUnavailableError, Trade2026Error
from trade2026.core.ids import EventId, Ids
from trade2026.core.numbers import Money, Px, format_nanos, money_down, value_of
from trade2026.domain.risk.losses import LossMeter
from trade2026.domain.risk.vigil import Sign, Vigil
from trade2026.model.instrument import PRISM
from trade2026.model.kill import ClearRequest
from trade2026.model.losses import LossMark
from trade2026.model.market import Ticker
from trade2026.model.reconciliation import Statement, StatementRequest
from trade2026.model.risk import (
    GLOBAL_SCOPE,
    WATCHDOG,
    RiskControl,
    TradingMode,
    account_scope,
)
from trade2026.model.subjects import RISK_CONTROL, VENUE_CLEAR, VENUE_STATEMENT, scope_key
from trade2026.ports.bus import Bus, Delivery

READ_WITHIN_S: Final = 1.0
"""How long the log may take to tell whether trading was allowed again."""


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """One pull of the switch that is not wholly done yet."""

    control: RiskControl
    logged_seq: int = 0
    """Where the log has the halt; 0 until it has."""
    is_cleared: bool = False
    """Whether the venue has said that nothing of the scope is open."""


class WatchdogDesk:
    """Pulls the kill switch from outside the core."""

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        ids: Ids,
        log: FilteringBoundLogger,
        vigil: Vigil,
        loss_line: Money,
        flatten: bool,
    ) -> None:
        self.vigil = vigil
        self.pulls: dict[str, Pull] = {}
        """By scope; those that the core has not taken over."""
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._log = log
        self._loss_line = loss_line
        self._flatten = flatten
        self._marks: dict[str, Px] = {}
        self._meters: dict[str, LossMeter] = {}

    def on_ticker(self, _: str, ticker: Ticker) -> None:
        """Mark a symbol at the latest middle price."""
        mid = ticker.quote.mid_px if ticker.quote else None
        if mid is not None:
            self._marks[ticker.symbol] = mid

    def restore(self, marks: list[LossMark]) -> None:
        """Go on from where losses were measured before a restart."""
        for mark in marks:
            self._meters[mark.account] = LossMeter(mark)

    def marks(self) -> list[LossMark]:
        """Return what to go on from after a restart."""
        now_ns = self._clock.now_ns()
        return [meter.mark(name, "", now_ns) for name, meter in sorted(self._meters.items())]

    async def look(self, sign: Sign) -> None:
        """Take what a look at the core has shown; pull the switch where it must be."""
        why = self.vigil.look(sign, self._clock.monotonic_ns())
        if why:
            self._begin(GLOBAL_SCOPE, why)
        for scope, pull in list(self.pulls.items()):
            left = await self._follow(pull, sign)
            if self.pulls[scope] is not pull:
                # Pulled anew meanwhile, for another loss: that one's turn is at the next look.
                continue
            if left is None:
                del self.pulls[scope]
            else:
                self.pulls[scope] = left

    async def measure(self) -> None:
        """Pull the switch on every account that has lost more at the venue than the line."""
        try:
            statement = await self._bus.ask(VENUE_STATEMENT, StatementRequest(venue=PRISM))
        except Trade2026Error as error:
            self._log.debug("no statement", why=str(error))
            return
        now_ns = self._clock.now_ns()
        for name, pnl in self._pnls(statement).items():
            meter = self._meters.setdefault(name, LossMeter())
            meter.note(now_ns, pnl)
            lost = meter.losses(now_ns, pnl, Money(0)).daily
            if lost > self._loss_line:
                # Told once: from here on it is measured anew.
                meter.arm(now_ns, pnl)
                why = f"{name} has lost {format_nanos(lost)} today, by the venue's own statement"
                self._begin(account_scope(name), why)

    def _pnls(self, statement: Statement) -> dict[str, Money]:
        values: dict[str, int] = {}
        unmarked: set[str] = set()
        for line in statement.lines:
            mark = self._marks.get(line.symbol)
            if mark is None and line.quantity:
                unmarked.add(line.account)
            value = line.cash + value_of(mark or Px(0), line.quantity)
            values[line.account] = values.get(line.account, 0) + value
        return {name: money_down(v) for name, v in values.items() if name not in unmarked}

    def _begin(self, scope: str, why: str) -> None:
        self._log.critical("kill switch pulled", scope=scope, why=why)
        control = RiskControl(
            control_id=EventId(self._ids.new()),
            scope=scope,
            mode=TradingMode.HALTED,
            cancel_open=True,
            flatten=self._flatten,
            reason=why,
            asked_by=WATCHDOG,
            ts_ns=TimeNs(self._clock.now_ns()),
        )
        self.pulls[scope] = Pull(control=control)

    async def _follow(self, pull: Pull, sign: Sign) -> Pull | None:
        """Take *pull* further, and return it; None where the core has taken over."""
        is_running = sign is Sign.READY
        if is_running and pull.logged_seq and await self._is_undone(pull):
            self._log.warning("let go: trading was allowed again", scope=pull.control.scope)
            return None
        pull = await self._carry_out(pull)
        if not (is_running and pull.logged_seq and pull.is_cleared):
            return pull
        # Until the core ran again it may have had an order on its way: clear once more.
        await self._clear(pull)
        return None

    async def _is_undone(self, pull: Pull) -> bool:
        """Return whether the log surely has it that the scope was allowed again after the halt."""
        found: list[RiskControl] = []

        async def note(control: RiskControl, _: Delivery) -> None:
            found.append(control)

        try:
            async with asyncio.timeout(READ_WITHIN_S):
                reading = await self._bus.fold(RISK_CONTROL, note, from_seq=pull.logged_seq + 1)
                await reading.stop()
        except (Trade2026Error, TimeoutError) as error:
            self._log.error("the log cannot be read", why=str(error))
            return False
        halt = pull.control
        return any(
            one.scope == halt.scope
            and one.mode is TradingMode.NORMAL
            # A release that was made earlier undoes nothing, wherever it stands.
            and one.ts_ns > halt.ts_ns
            for one in found
        )

    async def _carry_out(self, pull: Pull) -> Pull:
        if not pull.is_cleared or self.vigil.is_pulled:
            pull = msgspec.structs.replace(pull, is_cleared=await self._clear(pull))
        if not pull.logged_seq:
            pull = msgspec.structs.replace(pull, logged_seq=await self._write(pull))
        return pull

    async def _clear(self, pull: Pull) -> bool:
        request = ClearRequest(scope=pull.control.scope, asked_by=WATCHDOG)
        try:
            cleared = await self._bus.ask(VENUE_CLEAR, request)
        except Trade2026Error as error:
            self._log.error("the venue does not cancel", why=str(error))
            return False
        if cleared.order_ids:
            self._log.warning("cancelled at the venue", orders=len(cleared.order_ids))
        return True

    async def _write(self, pull: Pull) -> int:
        control = pull.control
        try:
            return await self._bus.append(
                RISK_CONTROL,
                control,
                event_id=control.control_id,
                scope=scope_key(control.scope),
            )
        except BusUnavailableError as error:
            self._log.error("the halt is not in the log", why=str(error))
            return 0
