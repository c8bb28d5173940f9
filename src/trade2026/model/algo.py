"""Execution algorithms as they are asked for, their log, and what is told when they end.

A parent order is worked by child orders, which are orders like any other. Its log says what was
asked and which children were decided on; what the children traded is in the log of orders and
nowhere else. `algo_seq` numbers a parent's events from 1 without a gap, so that applying an
event twice changes nothing.
"""

from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import AccountId, ClOrdId, EventId, StrategyId
from trade2026.core.numbers import Money, Px, Qty, Value
from trade2026.model.order import Side

ALGORITHMS: Final = "algorithms"
"""Who sends child orders; no user may be called so."""


class AlgoName(StrEnum):
    """Which algorithm. FIX TargetStrategy (tag 847)."""

    TWAP = "TWAP"
    VWAP = "VWAP"
    POV = "POV"
    ICEBERG = "ICEBERG"
    IMPLEMENTATION_SHORTFALL = "IMPLEMENTATION_SHORTFALL"


class Benchmark(StrEnum):
    """What an average price is held against."""

    ARRIVAL = "ARRIVAL"
    """The mid price when the parent was taken in."""
    TWAP = "TWAP"
    """The mid price averaged over the time of the parent."""
    VWAP = "VWAP"
    """The average price of all that traded meanwhile."""


class AlgoStatus(StrEnum):
    """How a parent stands."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    """Nothing works and nothing is sent until it is resumed."""
    ENDING = "ENDING"
    """Nothing more is sent; what still works is being cancelled."""
    COMPLETED = "COMPLETED"
    """All of it has traded."""
    EXPIRED = "EXPIRED"
    """Its time was over before all had traded."""
    CANCELLED = "CANCELLED"
    """Somebody asked for its end."""
    STOPPED = "STOPPED"
    """Trading was halted or limited, or its children were refused."""


ALGO_DONE: Final = frozenset(
    {AlgoStatus.COMPLETED, AlgoStatus.EXPIRED, AlgoStatus.CANCELLED, AlgoStatus.STOPPED}
)
"""Statuses after which no child is sent any more."""


class VolumeCurve(msgspec.Struct, frozen=True, kw_only=True):
    """How much is expected to trade in each part of a stretch of time."""

    start_ns: TimeNs
    bucket_ns: int
    weights: tuple[int, ...]
    """Of each bucket in turn, in any unit; none is negative, and not all are zero."""


class AlgoRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A parent order, already given its id."""

    algo_id: str
    cl_algo_id: str
    """The sender's key; the platform sets the id where the sender gave none."""
    account: AccountId
    strategy: StrategyId
    venue: str
    symbol: str
    side: Side
    name: AlgoName
    order_qty: Qty
    price: Px | None = None
    """No child trades at a worse price; None sends children at the market."""
    start_ns: TimeNs
    end_ns: TimeNs
    slice_ns: int = 10 * NS_PER_S
    """The time between two children."""
    rate_bps: int = 0
    """POV: its share of all that trades, in basis points."""
    display_qty: Qty = Qty(0)
    """ICEBERG: what works at a time."""
    urgency: int = 0
    """IMPLEMENTATION_SHORTFALL: kappa times the duration, in nanos; 0 trades evenly."""
    weights: tuple[int, ...] = ()
    """VWAP: the sender's own volume curve over its time; none has it learnt."""
    sent_by: str = ""
    """The principal that asked, for the audit."""

    def key_of(self, number: int) -> ClOrdId:
        """Return the key of child *number*: the same child is the same order, however often."""
        return ClOrdId(f"{self.algo_id}-{number}")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a parent has seen of the market since it began: its benchmarks are made of it."""

    trade_seq: int = 0
    """Where in the log of the market the last trade counted stands."""
    quote_seq: int = 0
    """The same, of quotes."""
    volume_qty: Qty = Qty(0)
    value: Value = Value(0)
    """Sum of price times quantity of all that traded."""
    area: Value = Value(0)
    """The mid price times how long it held, in nanos of the quote asset times nanoseconds."""
    span_ns: int = 0
    """How long that was in all."""
    mid_px: Px = Px(0)
    """The last; 0 where none has been seen."""
    mid_ns: TimeNs = TimeNs(0)
    """Up to when it is in `area`."""


class AlgoReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a parent. Slippages are in nanos of a basis point; positive is a cost."""

    status: AlgoStatus
    text: str
    order_qty: Qty
    filled_qty: Qty
    left_qty: int
    """Never traded; negative where late fills brought more than was asked for."""
    average_px: Px | None
    benchmark: Benchmark
    """The algorithm's own."""
    arrival_px: Px | None
    twap_px: Px | None
    vwap_px: Px | None
    arrival_slippage: int | None
    twap_slippage: int | None
    vwap_slippage: int | None
    shortfall: int | None
    """Against the arrival price, with what was not traded valued at the last mid price."""
    market_qty: Qty
    """All that traded in the market meanwhile, its own trades among it."""
    participation: int | None
    """Its share of that, in nanos."""
    fees: Money
    start_ns: TimeNs
    end_ns: TimeNs
    child_count: int
    refused_count: int
    """Children that risk or the venue refused."""


class _AlgoStep(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    event_id: EventId
    account: AccountId
    algo_id: str
    algo_seq: int
    ts_ns: TimeNs


class AlgoStarted(_AlgoStep, frozen=True, kw_only=True):
    """The parent was taken in. `algo_seq` is 1."""

    request: AlgoRequest
    seen: Seen
    curve: VolumeCurve | None = None
    """What VWAP goes by."""


class AlgoSliced(_AlgoStep, frozen=True, kw_only=True):
    """A child was decided on. Written before it is sent, so that a crash never sends another."""

    number: int
    """From 0 without a gap."""
    order_qty: Qty
    seen: Seen


class AlgoPaused(_AlgoStep, frozen=True, kw_only=True):
    """Somebody asked for a pause."""

    asked_by: str
    seen: Seen


class AlgoResumed(_AlgoStep, frozen=True, kw_only=True):
    """It goes on: what is left is spread over the time that is left."""

    asked_by: str
    base_qty: Qty
    """What had traded or worked by then."""
    seen: Seen


class AlgoReplaced(_AlgoStep, frozen=True, kw_only=True):
    """It has other terms; what is left is spread over the time that is left."""

    asked_by: str
    order_qty: Qty
    price: Px | None
    end_ns: TimeNs
    base_qty: Qty
    seen: Seen


class AlgoEnding(_AlgoStep, frozen=True, kw_only=True):
    """Nothing more is sent, whatever comes; what works is cancelled."""

    status: AlgoStatus
    """As which it will end."""
    text: str
    asked_by: str
    seen: Seen


class AlgoEnded(_AlgoStep, frozen=True, kw_only=True):
    """Nothing works any more. Written again where a late fill changes the report."""

    report: AlgoReport


AlgoEvent: TypeAlias = (
    AlgoStarted | AlgoSliced | AlgoPaused | AlgoResumed | AlgoReplaced | AlgoEnding | AlgoEnded
)
