"""Which mode may follow which, and how a mode is raised.

| from, to | MOCK | SHADOW | CANARY | LIVE | why |
|---|---|---|---|---|---|
| MOCK | - | raise | no | no | what was never seen in shadow is not sent |
| SHADOW | yes | - | raise | no | what was never sent small is not sent whole |
| CANARY | yes | yes | - | raise | |
| LIVE | yes | yes | yes | - | |

A mode is lowered at once, by anybody who may. It is raised one step at a time, in two calls:
the first arms, the second confirms with the code that the first gave, by the same principal,
within a minute. Nothing is raised above the ceiling of the configuration, nothing while the
panic button is in, and never by a restart: an arming is forgotten with the process.
"""

from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.model.live import LiveMode

CONFIRM_WITHIN_NS: Final = 60 * NS_PER_S


class Arming(msgspec.Struct, frozen=True, kw_only=True):
    """The first half of raising a mode."""

    mode: LiveMode
    asked_by: str
    code: str
    """What the second half has to name."""
    until_ns: TimeNs


def raise_problem(now: LiveMode, wanted: LiveMode, *, ceiling: LiveMode, is_panicked: bool) -> str:
    """Return why *now* may not become the higher mode *wanted*, empty where it may."""
    assert wanted.rank > now.rank
    if is_panicked:
        return "PANIC the panic button is in; resume first"
    if wanted.rank > ceiling.rank:
        return f"CEILING the configuration allows no more than {ceiling}"
    if wanted.rank > now.rank + 1:
        return f"STEP from {now} the next is {list(LiveMode)[now.rank + 1]}"
    return ""


def confirm_problem(
    armed: Arming | None, *, mode: LiveMode, asked_by: str, code: str, now_ns: TimeNs
) -> str:
    """Return why *code* does not confirm the raising to *mode*, empty where it does."""
    if armed is None or armed.mode is not mode:
        return f"NOT_ARMED nobody has asked for {mode}"
    if now_ns > armed.until_ns:
        return "TOO_LATE ask again for a new code"
    if armed.asked_by != asked_by:
        return "OTHER_PERSON who asked has to confirm"
    return "" if armed.code == code else "WRONG_CODE"


def after_restart(mode: LiveMode, ceiling: LiveMode) -> LiveMode:
    """Return the mode that counts where *mode* was set last: never above the ceiling."""
    return min(mode, ceiling, key=lambda one: one.rank)
