"""The breakers: from what on losses limit trading by themselves, and what is warned of before.

A loss of the limit itself is allowed. Who only lost much, today or since the peak, may still
reduce; who lost much within minutes is halted, for then something is likely broken. From four
fifths of a limit on there is a warning.

Source: FIA (2024), "Best practices for automated trading risk controls"; Commission Delegated
Regulation (EU) 2017/589 (RTS 6), articles 12 and 15.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from trade2026.core.numbers import BPS_ONE, Bps, format_nanos
from trade2026.domain.risk.losses import Losses, LossLimits
from trade2026.model.risk import TradingMode

WARN_AT: Final = Bps(8_000)
"""Share of a limit from which on it is warned of."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something near a limit, or beyond it."""

    kind: str
    scope: str
    is_beyond: bool
    text: str
    mode: TradingMode | None = None
    """What the scope is limited to when it is beyond; None where a check alone binds."""
    what: str = ""
    """Of several of the kind in the scope, which one."""


def judge_losses(scope: str, losses: Losses, limits: LossLimits) -> Iterator[Finding]:
    """Yield which losses of *scope* are near their limits or beyond them."""
    reduce_only, halted = TradingMode.REDUCE_ONLY, TradingMode.HALTED
    if limits.daily is not None:
        yield from near_money("daily_loss", scope, losses.daily, limits.daily, mode=reduce_only)
    if limits.drawdown_bps is not None:
        fall = losses.drawdown_bps
        yield from _near_share("drawdown", scope, fall, limits.drawdown_bps, mode=reduce_only)
    if limits.fast_drawdown_bps is not None:
        fall = losses.fast_drawdown_bps
        yield from _near_share("fast_drawdown", scope, fall, limits.fast_drawdown_bps, mode=halted)


def near_money(
    kind: str,
    scope: str,
    asked: int,
    limit: int,
    *,
    mode: TradingMode | None = None,
    what: str = "",
) -> Iterator[Finding]:
    """Yield a finding where *asked* is near *limit* or beyond it.

    Args:
        kind: which limit.
        scope: whose.
        asked: how much of it is used, in nanos of money.
        limit: how much is allowed, in nanos; where it is 0 nothing is warned of.
        mode: what follows when it is beyond.
        what: of several of the kind in the scope, which one.
    """
    if _is_near(asked, limit):
        used = f"{format_nanos(asked)} of {format_nanos(limit)}"
        yield Finding(
            kind=kind,
            scope=scope,
            is_beyond=asked > limit,
            mode=mode,
            text=f"{what or scope}: {kind.replace('_', ' ')} {used}",
            what=what,
        )


def _near_share(
    kind: str, scope: str, asked: int, limit: int, *, mode: TradingMode
) -> Iterator[Finding]:
    if _is_near(asked, limit):
        text = f"{scope}: {kind.replace('_', ' ')} {asked} of {limit} bps"
        yield Finding(kind=kind, scope=scope, is_beyond=asked > limit, mode=mode, text=text)


def _is_near(asked: int, limit: int) -> bool:
    return asked > limit or 0 < limit * WARN_AT <= asked * BPS_ONE
