"""How much has been lost: today, since the best moment, and within the last minutes.

What is measured is profit and loss since the opening, so that a deposit hides no loss and a
withdrawal makes none. A fall is told as a share of what the equity would be without it.

Source: Magdon-Ismail and Atiya (2004), "Maximum drawdown" (drawdown from the running peak);
FIA (2024), "Best practices for automated trading risk controls" (loss limits by time window).
"""

from collections import deque
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.numbers import BPS_ONE, Money
from trade2026.model.losses import LossMark, PnlPoint

NS_PER_DAY: Final = 86_400 * NS_PER_S
FAST_WINDOW_NS: Final = 300 * NS_PER_S
"""Within which a fast drawdown happens."""
GRAIN_NS: Final = NS_PER_S
"""Within it, one point a second is kept."""


class Losses(msgspec.Struct, frozen=True, kw_only=True):
    """What has been lost; nothing is negative."""

    daily: Money = Money(0)
    """Since the UTC day began."""
    drawdown_bps: int = 0
    """Since the peak, rounded up."""
    fast_drawdown_bps: int = 0
    """The same, within the last 300 seconds."""


NO_LOSSES: Final = Losses()


class LossLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What may be lost; None limits nothing."""

    daily: Money | None = None
    drawdown_bps: int | None = None
    fast_drawdown_bps: int | None = None


NO_LOSS_LIMITS: Final = LossLimits()


class Measured(msgspec.Struct, frozen=True):
    """What one has lost who may not lose more than a limit."""

    kind: str
    """``account`` or ``strategy``."""
    name: str
    losses: Losses
    limits: LossLimits


class LossMeter:
    """Measures one account, or one strategy in it; mutable, nothing but memory."""

    def __init__(self, mark: LossMark | None = None) -> None:
        """Go on from *mark*, or begin anew with the first point."""
        self._is_begun = mark is not None
        self._day = mark.day if mark else 0
        self._last_pnl = mark.recent[-1].pnl if mark and mark.recent else Money(0)
        self._day_open_pnl = mark.day_open_pnl if mark else Money(0)
        self._peak_pnl = mark.peak_pnl if mark else Money(0)
        self._recent = deque[PnlPoint](mark.recent if mark else ())

    def note(self, now_ns: TimeNs, pnl: Money) -> None:
        """Take a point of the curve."""
        if not self._is_begun:
            self.arm(now_ns, pnl)
        day = now_ns // NS_PER_DAY
        if day > self._day:
            # What happened while nobody measured belongs to the new day.
            self._day, self._day_open_pnl = day, self._last_pnl
        self._peak_pnl = max(self._peak_pnl, pnl)
        while self._recent and self._recent[-1].pnl <= pnl:
            self._recent.pop()
        if not self._recent or now_ns - self._recent[-1].ts_ns >= GRAIN_NS:
            self._recent.append(PnlPoint(ts_ns=now_ns, pnl=pnl))
        self._forget(now_ns)
        self._last_pnl = pnl

    def arm(self, now_ns: TimeNs, pnl: Money) -> None:
        """Measure from here on: what was lost before is lost, and trips nothing any more."""
        self._is_begun = True
        self._day = now_ns // NS_PER_DAY
        self._day_open_pnl = self._peak_pnl = self._last_pnl = pnl
        self._recent = deque((PnlPoint(ts_ns=now_ns, pnl=pnl),))

    def losses(self, now_ns: TimeNs, pnl: Money, equity: Money) -> Losses:
        """Return what has been lost.

        Args:
            now_ns: the time.
            pnl: gained since the opening.
            equity: what the account is worth.
        """
        # No point of the curve lies above the peak.
        if not self._is_begun or pnl >= self._peak_pnl:
            return NO_LOSSES
        opened = self._last_pnl if now_ns // NS_PER_DAY > self._day else self._day_open_pnl
        begin_ns = now_ns - FAST_WINDOW_NS
        # No later point is higher than an earlier one: `note` takes such out.
        highest = next((one.pnl for one in self._recent if one.ts_ns >= begin_ns), pnl)
        return Losses(
            daily=Money(max(0, opened - pnl)),
            drawdown_bps=_share(self._peak_pnl - pnl, equity),
            fast_drawdown_bps=_share(highest - pnl, equity),
        )

    def mark(self, account: str, strategy: str, now_ns: TimeNs) -> LossMark:
        """Return what to go on from after a restart."""
        return LossMark(
            account=account,
            strategy=strategy,
            ts_ns=now_ns,
            day=self._day,
            day_open_pnl=self._day_open_pnl,
            peak_pnl=self._peak_pnl,
            recent=tuple(self._recent),
        )

    def _forget(self, now_ns: TimeNs) -> None:
        while self._recent[0].ts_ns < now_ns - FAST_WINDOW_NS:
            self._recent.popleft()


def _share(fall: int, equity: Money) -> int:
    """Return *fall* in basis points of what was there before it, rounded up."""
    if fall <= 0:
        return 0
    before = equity + fall
    return BPS_ONE if before <= 0 else -(-fall * BPS_ONE // before)
