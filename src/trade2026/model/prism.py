"""What PRISM keeps in the log to be a venue with a memory: inputs, outcomes and snapshots.

An input is in the log before it is matched, and its outcome (every execution report that
one step of the market gave, as one message) before any report is published or anything is
acknowledged. So a report exists with all those it hangs together with, or not at all.
"""

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, EventId, OrderId
from trade2026.core.numbers import Px, Qty, SignedQty, Value
from trade2026.model.execution import ExecutionReport
from trade2026.model.order import NewOrderSingle, OrderCancelRequest, OrderStatusRequest, Side


class PrismFunding(msgspec.Struct, frozen=True, kw_only=True):
    """The balance that a direct participant begins with; an account gets one, and only once."""

    account: AccountId
    amounts: dict[str, Qty]
    """By asset, in nanos of the asset."""


class PrismInput(msgspec.Struct, frozen=True, kw_only=True):
    """Something an outside participant asked, with the simulation time at which it enters."""

    input_id: EventId
    enters_ns: TimeNs
    order: NewOrderSingle | None = None
    cancel: OrderCancelRequest | None = None
    disowned: OrderStatusRequest | None = None
    """An order that PRISM said it does not know: it must never be executed afterwards."""
    is_direct: bool = False
    """Whether the participant came by PRISM's own API, past the OMS."""
    funding: PrismFunding | None = None


class PartyHolding(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What one participant, an agent or an outsider, holds of one symbol, and its cash from it."""

    party: str
    symbol: str
    cash: Value
    inventory: SignedQty


class PrismOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The reports that one step of the market gave, in the order of `report_seq`."""

    outcome_id: EventId
    reports: tuple[ExecutionReport, ...]
    direct_seqs: tuple[int, ...] = ()
    """`report_seq` of those that concern direct participants: kept here, told to nobody else."""


class OutsideOrder(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A working order of an outsider, as far as a later life must know it."""

    order_id: OrderId
    account: AccountId
    symbol: str
    side: Side
    venue_order_id: str
    cum_qty: Qty
    is_direct: bool


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
    log_from_seq: int = 1
    """Where in the stream of inputs and outcomes a later life begins to read."""
    reports_from_seq: int = 1
    """Where in the stream of reports it begins to look for those that were published."""
    forgotten_until_ns: TimeNs = TimeNs(0)
    """No order that came in after this time stands before `log_from_seq`."""
    older_orders: tuple[OutsideOrder, ...] = ()
    """Orders that still work although their inputs stand before `log_from_seq`."""
