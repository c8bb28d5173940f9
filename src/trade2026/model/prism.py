"""What PRISM keeps in the log to be a venue with a memory: its inputs and its snapshots."""

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import EventId
from trade2026.core.numbers import Px, SignedQty, Value
from trade2026.model.order import NewOrderSingle, OrderCancelRequest


class PrismInput(msgspec.Struct, frozen=True, kw_only=True):
    """Something an outside participant asked, with the simulation time at which it enters."""

    input_id: EventId
    enters_ns: TimeNs
    order: NewOrderSingle | None = None
    cancel: OrderCancelRequest | None = None


class PartyHolding(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What one participant, an agent or an outsider, holds of one symbol, and its cash from it."""

    party: str
    symbol: str
    cash: Value
    inventory: SignedQty


class PrismSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """PRISM's memory at one moment: who holds what, and where prices stood."""

    sim_time_ns: TimeNs
    report_seq: int
    """Reports up to here are inside the holdings; later fills are applied on top."""
    holdings: tuple[PartyHolding, ...]
    last_mid_px: dict[str, Px]
    seed: int
    restarts: int
    """How often PRISM came back from its log; each life draws from fresh random streams."""
