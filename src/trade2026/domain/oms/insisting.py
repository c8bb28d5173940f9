"""How often a venue is asked again to cancel what it has refused to cancel.

Every asking is in the log. Whoever insists is refused a second, twice as long after the next
refusal, and so on. Each asker has its own patience, and each kill is one: what a person or an
earlier kill was refused delays none. A kill waits a few seconds at most.
"""

from typing import Final

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.domain.oms.order import Order

AGAIN_AFTER_NS: Final = 1 * NS_PER_S
"""How long an order is let be after the first refusal."""
AGAIN_MOST_NS: Final = 60 * NS_PER_S
"""How long it is let be at most."""
KILL_MOST_NS: Final = 5 * NS_PER_S
"""How long it is let be at most where a kill wants it cancelled."""


def may_insist(order: Order, asked_by: str, now_ns: TimeNs, most_ns: int = AGAIN_MOST_NS) -> bool:
    """Return whether *asked_by*, whoever was refused before, may ask that *order* be cancelled.

    Args:
        order: whose venue may have refused.
        asked_by: who wants it.
        now_ns: our time.
        most_ns: the longest pause between two askings.
    """
    for one in order.cancel_refusals:
        if one.asked_by == asked_by:
            pause_ns = min(AGAIN_AFTER_NS << min(one.count - 1, 6), most_ns)
            # Before it was refused: the clock was set back.
            return not 0 <= now_ns - one.last_ns < pause_ns
    return True
