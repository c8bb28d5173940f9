"""What PRISM keeps in the log to be a venue with a memory: inputs, outcomes and snapshots.

An input is in the log before it is matched, and its outcome (every execution report that
one step of the market gave, as one message) before any report is published or anything is
acknowledged. So a report exists with all those it hangs together with, or not at all.

A life's beginning, its inputs and its controls are all that its market depends on: whoever
plays them again comes to the same events, and so to the same `PrismMark`.
"""

from enum import StrEnum
from typing import Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, EventId, OrderId
from trade2026.core.numbers import Px, Qty, SignedQty, Value
from trade2026.model.execution import ExecutionReport
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
    Side,
)


class PrismFunding(msgspec.Struct, frozen=True, kw_only=True):
    """The balance that a direct participant begins with; an account gets one, and only once."""

    account: AccountId
    amounts: dict[str, Qty]
    """By asset, in nanos of the asset."""


class ControlKind(StrEnum):
    """What somebody did to the market as a whole."""

    START = "START"
    """Let the time of a paused market pass again."""
    PAUSE = "PAUSE"
    STEP = "STEP"
    """Let a paused market's time pass for a little."""
    SPEED = "SPEED"
    SEED = "SEED"
    """Set the seed that the next reset begins with."""
    RESET = "RESET"
    """End this life and begin another from a seed."""
    SHOCK = "SHOCK"
    PARAMS = "PARAMS"
    PHASE = "PHASE"
    """Let books begin another phase."""
    BAND = "BAND"
    """Set within which prices books take orders."""


class ShockKind(StrEnum):
    """What befalls a symbol."""

    VOLATILITY = "VOLATILITY"
    """Its value moves `size` times as much, for a while."""
    LIQUIDITY = "LIQUIDITY"
    """A share `size` of its market makers cancel everything and stay away for a while."""
    NEWS = "NEWS"
    """Its value jumps by `size` basis points and stays there."""
    CRASH = "CRASH"
    """Makers leave and its value falls by `size` basis points; after a while both come back."""


class PrismShock(msgspec.Struct, frozen=True, kw_only=True):
    """A shock to one symbol."""

    kind: ShockKind
    symbol: str
    size: float
    """A factor, a share, or basis points: see `ShockKind`."""
    duration_ns: int
    """Of simulation time; 0 for news, which has no end."""


class PrismParams(msgspec.Struct, frozen=True, kw_only=True):
    """New values for parameters of agents, or of how a symbol's value moves."""

    type_name: str = ""
    """All agents of a type,"""
    agent: str = ""
    """or one agent,"""
    symbol: str = ""
    """or the value of a symbol."""
    values: dict[str, float]


class BookPhase(StrEnum):
    """What a book does with orders."""

    CONTINUOUS = "CONTINUOUS"
    AUCTION = "AUCTION"
    """Orders rest, and trade at one price when it ends."""
    HALTED = "HALTED"
    """Nothing new comes in; what rests may be cancelled and reduced."""
    CLOSED = "CLOSED"
    """The same; orders for the day have ended."""


class PrismPhase(msgspec.Struct, frozen=True, kw_only=True):
    """Another phase for some books."""

    symbols: tuple[str, ...]
    phase: BookPhase


class PrismBand(msgspec.Struct, frozen=True, kw_only=True):
    """Within which prices the book of a symbol takes orders; both 0: at any price."""

    symbol: str
    low: Px
    high: Px


class PrismStage(msgspec.Struct, frozen=True, kw_only=True):
    """How the book of a symbol takes orders, where that is not as at its beginning."""

    symbol: str
    phase: BookPhase = BookPhase.CONTINUOUS
    low: Px = Px(0)
    """The lowest price taken; 0 with `high`: any."""
    high: Px = Px(0)


class PrismControl(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that somebody did to the market as a whole. Unused fields are None."""

    kind: ControlKind
    asked_by: str = ""
    """The principal that asked, for the audit."""
    asked_ns: TimeNs = TimeNs(0)
    """On the clock of the wall."""
    speed_milli: int | None = None
    """Thousandths of real time; 0 is as fast as possible."""
    step_ns: int | None = None
    step_events: int | None = None
    seed: int | None = None
    shock: PrismShock | None = None
    params: PrismParams | None = None
    phase: PrismPhase | None = None
    bands: tuple[PrismBand, ...] = ()


class PrismInput(msgspec.Struct, frozen=True, kw_only=True):
    """Something that came from outside, with the simulation time at which it enters."""

    input_id: EventId
    enters_ns: TimeNs
    order: NewOrderSingle | None = None
    cancel: OrderCancelRequest | None = None
    disowned: OrderStatusRequest | None = None
    """An order that PRISM said it does not know: it must never be executed afterwards."""
    is_direct: bool = False
    """Whether the participant came by PRISM's own API, past the OMS."""
    funding: PrismFunding | None = None
    control: PrismControl | None = None
    replace: OrderReplaceRequest | None = None


REAL_TIME_MILLI: Final = 1_000
"""The speed at which simulation time passes as time does."""


class PrismPace(msgspec.Struct, frozen=True, kw_only=True):
    """How simulation time passes."""

    speed_milli: int = REAL_TIME_MILLI
    is_paused: bool = False
    next_seed: int | None = None
    """What the next reset begins with; None is the seed of this life."""


class PrismMark(msgspec.Struct, frozen=True, kw_only=True):
    """Where a life stands: every event of its market up to a moment, in a few words."""

    sim_ns: TimeNs
    log_seq: int
    """All inputs up to this place in the log are inside, no later one."""
    events: int
    digest: str
    """Over all events in order, their times counted from the beginning of the life."""


class PrismLife(msgspec.Struct, frozen=True, kw_only=True):
    """How a life begins: with its inputs, all that anything in it depends on."""

    life_id: EventId
    life: int
    rules: str
    """Names the code and the configuration; another name may play the inputs otherwise."""
    seed: int
    draw: int
    """Which of the seed's families of random streams: how often it came back since a reset."""
    start_ns: TimeNs
    holdings: "tuple[PartyHolding, ...]"
    last_mid_px: dict[str, Px]
    params: tuple[PrismParams, ...] = ()
    """Set in this order at the beginning."""
    before: PrismMark | None = None
    """The last that is known of the life before."""
    stages: tuple[PrismStage, ...] = ()
    """Of the books that do not begin in continuous trading at any price."""
    packed: bytes = b""
    """`holdings` where they are many, and empty themselves: see `prism/packing.py`."""


class PartyHolding(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What one participant, an agent or an outsider, holds of one symbol, and its cash from it."""

    party: str
    symbol: str
    cash: Value
    inventory: SignedQty


class PrismFill(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One trade in PRISM's book, with both parties."""

    seq: int
    """Of the book's event, within the market's life."""
    ts_event_ns: TimeNs
    px: Px
    qty: Qty
    side: Side
    """The taker's; of an auction's trade BUY."""
    is_auction: bool
    maker: str
    """In an auction the seller."""
    taker: str


class PrismOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The reports that one step of the market gave, in the order of `report_seq`."""

    outcome_id: EventId
    reports: tuple[ExecutionReport, ...]
    direct_seqs: tuple[int, ...] = ()
    """`report_seq` of those that concern direct participants: kept here, told to nobody else."""
    fills: dict[str, tuple[PrismFill, ...]] = {}
    """The trades that the reports tell of, by symbol: a later life tells the log of each that the
    life which made it did not come to tell of. None of a recording's."""


class OutsideOrder(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A working order of an outsider, as far as a later life must know it."""

    order_id: OrderId
    account: AccountId
    symbol: str
    side: Side
    venue_order_id: str
    cum_qty: Qty
    is_direct: bool


class PrismRung(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where the log stood at a time: all that came later stands behind that place."""

    at_ns: TimeNs
    """On the clock of the wall."""
    log_seq: int


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
    fills_from_seq: int = 1
    """Where on the tape it begins to look for outsiders' fills that were told: all before were."""
    forgotten_until_ns: TimeNs = TimeNs(0)
    """No order that came in after this time stands before `log_from_seq`."""
    older_orders: tuple[OutsideOrder, ...] = ()
    """Orders that still work although their inputs stand before `log_from_seq`."""
    draw: int | None = None
    """See `PrismLife`; None, in old logs, is `restarts`."""
    pace: PrismPace = PrismPace()
    params: tuple[PrismParams, ...] = ()
    """In force, in the order in which they are set."""
    controls_seq: int = 0
    """Controls up to this place in the log have done their work."""
    mark: PrismMark | None = None
    stages: tuple[PrismStage, ...] = ()
    """See `PrismLife`; as they are now."""
    audit_from_seq: int = 1
    """Where in the stream of inputs a later life begins to read who controlled what."""
    rungs: tuple[PrismRung, ...] = ()
    """Where that stream stood before, the oldest first; see `prism/retention.py`."""
    cut: PrismRung = PrismRung(at_ns=TimeNs(0), log_seq=0)
    """What stands up to here in it is let go of."""
    latest_ns: TimeNs = TimeNs(0)
    """The latest time on the wall that was seen: no rung that is noted from here on is older."""
    packed: bytes = b""
    """`holdings` and `older_orders` where they are many: see `PrismLife`."""
