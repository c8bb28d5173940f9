"""The breakers at work: losses are measured every second, and what is beyond a limit trips.

A trip takes effect in memory before it is written. What losses are measured from is in the log,
so that a restart forgives none. The way back is a person's: widen the limit, or arm anew.
"""

import asyncio
from typing import Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, Clock, TimeNs
from trade2026.core.errors import RefusedError
from trade2026.core.ids import EventId, Ids
from trade2026.desk.persistence import append_until_stored
from trade2026.desk.risk import RiskDesk, strictest
from trade2026.domain.risk.breakers import Finding
from trade2026.domain.risk.losses import NS_PER_DAY
from trade2026.model.losses import LossMark
from trade2026.model.risk import RiskControl, TradingMode
from trade2026.model.subjects import LOSS_MARK
from trade2026.ports.bus import Bus, Delivery

WATCH_EVERY_S: Final = 1.0
MARK_EVERY_NS: Final = 5 * NS_PER_S
"""What a crash may forget of a peak, or of the last minutes."""
MARK_ANYWAY_NS: Final = 60 * NS_PER_S
"""The same where nothing has changed: the newest point is no older in the log."""
BREAKER: Final = "breaker"
"""Who asks for what the breakers do."""


class BreakerDesk:
    """Watches losses, warns, trips, and arms anew when told to."""

    def __init__(
        self, *, bus: Bus, clock: Clock, ids: Ids, log: FilteringBoundLogger, risk: RiskDesk
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._log = log
        self._risk = risk
        self._book = risk.book
        self._marked_ns = 0
        self._marked: dict[tuple[str, str], LossMark] = {}

    async def on_mark(self, mark: LossMark, _: Delivery) -> None:
        """Go on from where losses were measured before a restart; later marks are our own."""
        if not self._marked_ns:
            self._book.losses.restore(mark)

    async def run(self) -> None:
        """Watch every second, until cancelled."""
        while True:
            await self.watch()
            await asyncio.sleep(WATCH_EVERY_S)

    async def watch(self) -> None:
        """Measure everybody's losses now; warn of what is near its limit, trip what is beyond."""
        now_ns = self._clock.now_ns()
        found = self._book.note_losses(now_ns)
        for one in found:
            if one.is_beyond and one.mode is not None:
                await self._trip(one, one.mode)
        for one in found:
            await self._tell(one, now_ns)
        if now_ns - self._marked_ns >= MARK_EVERY_NS:
            await self._mark(now_ns)

    async def resume(self, scope: str, *, rearm: bool, reason: str, asked_by: str) -> RiskControl:
        """Allow trading in *scope* again, and return the change of mode.

        Args:
            scope: which.
            rearm: measure its losses from here on.
            reason: for the audit.
            asked_by: who wants it.

        Raises:
            RefusedError: a breaker of the scope would trip again at once.
        """
        now_ns = self._clock.now_ns()
        if rearm:
            self._book.arm_losses(scope, now_ns)
            await self._mark(now_ns)
            reason = f"{reason} (breakers armed anew)"
        else:
            self._refuse_tripped(scope, now_ns)
        return await self._risk.switch(
            scope=scope,
            mode=TradingMode.NORMAL,
            cancel_open=False,
            reason=reason,
            asked_by=asked_by,
        )

    def _refuse_tripped(self, scope: str, now_ns: TimeNs) -> None:
        for name in self._book.accounts.ids():
            for one in self._book.loss_findings(name, now_ns):
                if one.scope == scope and one.is_beyond:
                    text = f"{one.text}: widen the limit, or resume with rearm"
                    raise RefusedError(text)

    async def _trip(self, found: Finding, mode: TradingMode) -> None:
        now = self._book.modes.mode_of(found.scope)
        if strictest(now, mode) is now:
            return
        await self._risk.switch(
            scope=found.scope, mode=mode, cancel_open=True, reason=found.text, asked_by=BREAKER
        )

    async def _tell(self, found: Finding, now_ns: TimeNs) -> None:
        level = "BREACH" if found.is_beyond else "WARN"
        # Once a day: what lingers about its limit would be told every second.
        parts = (found.scope, found.what, found.kind, level, str(now_ns // NS_PER_DAY))
        alert_id = "-".join(part for part in parts if part)
        await self._risk.alerts.tell(level, found.kind, found.scope, found.text, alert_id)

    async def _mark(self, now_ns: TimeNs) -> None:
        self._marked_ns = now_ns
        for mark in self._book.losses.marks(now_ns):
            key = (mark.account, mark.strategy)
            before = self._marked.get(key)
            if before is not None and _is_same(before, mark):
                # While nothing happens, the time alone goes on.
                continue
            self._marked[key] = mark
            await append_until_stored(
                self._bus,
                self._log,
                LOSS_MARK,
                mark,
                event_id=EventId(self._ids.new()),
                account=mark.account,
                part=f"of-{mark.strategy}" if mark.strategy else "whole",
            )


def _is_same(one: LossMark, other: LossMark) -> bool:
    if other.ts_ns - one.ts_ns >= MARK_ANYWAY_NS:
        return False

    def told(mark: LossMark) -> tuple[object, ...]:
        pnls = tuple(point.pnl for point in mark.recent)
        return mark.day, mark.day_open_pnl, mark.peak_pnl, pnls

    return told(one) == told(other)
