"""How often a venue is asked again to cancel what it has refused to cancel.

Every asking is in the log. Whoever insists is refused a second, twice as long after the next
refusal, and so on. Each asker has its own patience: a person who was refused delays no kill.
"""

from typing import Final

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.domain.oms.order import Order

AGAIN_AFTER_NS: Final = 1 * NS_PER_S
"""How long an order is let be after the first refusal."""
AGAIN_MOST_NS: Final = 60 * NS_PER_S
"""How long it is let be at most."""


def may_insist(order: Order, asked_by: str, now_ns: TimeNs) -> bool:
    """Return whether *asked_by*, whoever was refused before, may ask that *order* be cancelled."""
    for one in order.cancel_refusals:
        if one.asked_by == asked_by:
            pause_ns = min(AGAIN_AFTER_NS << min(one.count - 1, 6), AGAIN_MOST_NS)
            # Before it was refused: the clock was set back.
            return not 0 <= now_ns - one.last_ns < pause_ns
    return True
