"""Every subject of the bus, once: its kind, its message types, its giver and its takers.

Three kinds. A *command* is a question to one handler, answered while the asker waits. An
*event* is a fact: appended to a stream of the log and delivered at least once, in order
per subject. A *live* copy is the latest of something for screens: lossy by design, and
nothing is stored from it.

Data flows one way. The loops there are (`fed_back`) are named here and nowhere else.
"""

from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

import msgspec

from trade2026.model.booking import Booked, BookRequest
from trade2026.model.execution import ExecutionReport, VenueAck, VenueOrderStatus
from trade2026.model.journal import JournalEvent
from trade2026.model.market import (
    BarBatch,
    BookBatch,
    BookSnapshot,
    QuoteBatch,
    RawBatch,
    RejectedBatch,
    Ticker,
    TradeBatch,
)
from trade2026.model.order import NewOrderSingle, OrderCancelRequest, OrderStatusRequest
from trade2026.model.pnl import PnlSnapshot
from trade2026.model.position import PositionEvent
from trade2026.model.prism import PrismInput, PrismOutcome, PrismSnapshot
from trade2026.model.risk import (
    Alert,
    HaltRequest,
    RiskApproved,
    RiskControl,
    RiskRequest,
    RiskVerdict,
)

M = TypeVar("M")
R = TypeVar("R")

TOKEN_SPECIALS: Final = frozenset(" .*>\t\r\n/\\")


class Kind(StrEnum):
    """What a subject promises."""

    COMMAND = "command"
    EVENT = "event"
    LIVE = "live"


class Poison(StrEnum):
    """What becomes of an event that its handler cannot handle, after bounded tries."""

    DEAD_LETTER = "dead_letter"
    """It is kept in the dead-letter stream with the reason, and the flow goes on."""
    HALT = "halt"
    """Its account halts, alarmed, and the flow of its key waits: it is about money."""


class Stream(StrEnum):
    """The streams of the log."""

    RAW = "RAW"
    MARKET = "MARKET"
    ORDERS = "ORDERS"
    REPORTS = "REPORTS"
    POSITIONS = "POSITIONS"
    PNL = "PNL"
    RISK = "RISK"
    PRISM_INPUT = "PRISM_INPUT"
    PRISM_SNAPSHOT = "PRISM_SNAPSHOT"
    DEAD_LETTER = "DEAD_LETTER"
    CURSOR = "CURSOR"
    """Where the durable consumers stand; the bus's own."""


class _Subject(msgspec.Struct, frozen=True, kw_only=True):
    pattern: str
    """Dot-separated; a part in braces is a key, such as ``orders.event.{account}``."""
    giver: str
    """The component that sends: the only one for an event, the asker for a command."""
    takers: tuple[str, ...]
    fed_back: tuple[str, ...] = ()
    """Takers that stand before the giver in the flow: the declared loops."""

    def name(self, **keys: str) -> str:
        """Return the subject with its keys filled in.

        Raises:
            ValueError: a key is empty or holds a character that subjects reserve.
        """
        for key, text in keys.items():
            if not text or not TOKEN_SPECIALS.isdisjoint(text):
                raise ValueError(f"{text!r} cannot be the key {key} of {self.pattern}")
        return self.pattern.format(**keys)

    @property
    def wildcard(self) -> str:
        """Return the subject with every key left open, as NATS spells it."""
        parts = ("*" if part.startswith("{") else part for part in self.pattern.split("."))
        return ".".join(parts)


class Command(_Subject, Generic[M, R], frozen=True, kw_only=True):
    """A subject to ask on."""

    request: type[M]
    reply: type[R]


class Event(_Subject, Generic[M], frozen=True, kw_only=True):
    """A subject whose messages are appended to the log."""

    message: Any
    """The message type: a struct, or a union of tagged structs."""
    stream: Stream
    poison: Poison = Poison.HALT


class Live(_Subject, Generic[M], frozen=True, kw_only=True):
    """A subject that carries the latest of something, and may lose what came before."""

    message: type[M]


MARKET_RAW: Final = Event[RawBatch](
    pattern="market.raw.{venue}.{symbol}",
    message=RawBatch,
    stream=Stream.RAW,
    poison=Poison.DEAD_LETTER,
    giver="gateway",
    takers=("normalizer",),
)
MARKET_TRADE: Final = Event[TradeBatch](
    pattern="market.trade.{venue}.{symbol}",
    message=TradeBatch,
    stream=Stream.MARKET,
    poison=Poison.DEAD_LETTER,
    giver="normalizer",
    takers=("PRISM", "sink-ticks", "normalizer", "nginx", "hot_cache"),
    fed_back=("normalizer",),
)
"""After a restart the normaliser reads up to where it has told of trades already."""
MARKET_QUOTE: Final = Event[QuoteBatch](
    pattern="market.quote.{venue}.{symbol}",
    message=QuoteBatch,
    stream=Stream.MARKET,
    poison=Poison.DEAD_LETTER,
    giver="normalizer",
    takers=("risk", "ptrc", "pnl", "sink-ticks", "hot_cache"),
)
MARKET_BOOK: Final = Event[BookBatch](
    pattern="market.book.{venue}.{symbol}",
    message=BookBatch,
    stream=Stream.MARKET,
    poison=Poison.DEAD_LETTER,
    giver="normalizer",
    takers=("PRISM",),
)
MARKET_BAR: Final = Event[BarBatch](
    pattern="market.bar.{venue}.{symbol}",
    message=BarBatch,
    stream=Stream.MARKET,
    poison=Poison.DEAD_LETTER,
    giver="normalizer",
    takers=("gateway", "hot_cache"),
    fed_back=("gateway",),
)
FRAME_REJECT: Final = Event[RejectedBatch](
    pattern="dead.frame.{venue}.{symbol}",
    message=RejectedBatch,
    stream=Stream.DEAD_LETTER,
    poison=Poison.DEAD_LETTER,
    giver="normalizer",
    takers=("normalizer",),
    fed_back=("normalizer",),
)
"""Frames that were of no use, each with the reason; the normaliser shows the newest."""
LIVE_TICKER: Final = Live[Ticker](
    pattern="live.ticker.{venue}.{symbol}",
    message=Ticker,
    giver="normalizer",
    takers=("gateway", "nginx"),
    fed_back=("gateway",),
)
LIVE_BOOK: Final = Live[BookSnapshot](
    pattern="live.book.{venue}.{symbol}",
    message=BookSnapshot,
    giver="normalizer",
    takers=("gateway", "nginx", "hot_cache"),
    fed_back=("gateway",),
)
LIVE_TRADE: Final = Live[TradeBatch](
    pattern="live.trade.{venue}.{symbol}",
    message=TradeBatch,
    giver="normalizer",
    takers=("gateway",),
    fed_back=("gateway",),
)
LIVE_PRISM_FEED: Final = Live[RawBatch](
    pattern="live.prism.{symbol}",
    message=RawBatch,
    giver="PRISM",
    takers=("gateway",),
    fed_back=("gateway",),
)
"""PRISM's public feed, as frames of its own dialect. Sequence numbers inside show a loss."""

RISK_CHECK: Final = Command[RiskRequest, RiskVerdict](
    pattern="risk.check.order",
    request=RiskRequest,
    reply=RiskVerdict,
    giver="oms",
    takers=("risk",),
    fed_back=("risk",),
)
RISK_HALT: Final = Command[HaltRequest, Alert](
    pattern="risk.halt",
    request=HaltRequest,
    reply=Alert,
    giver="oms",
    takers=("risk",),
    fed_back=("risk",),
)
RISK_CONTROL: Final = Event[RiskControl](
    pattern="risk.control.{scope}",
    message=RiskControl,
    stream=Stream.RISK,
    giver="risk",
    takers=("oms", "risk"),
    fed_back=("risk",),
)
"""`{scope}` is `global` or `account-<id>`."""
RISK_ALERT: Final = Event[Alert](
    pattern="risk.alert.{kind}",
    message=Alert,
    stream=Stream.RISK,
    poison=Poison.DEAD_LETTER,
    giver="risk",
    takers=("nginx",),
)
EXEC_SUBMIT: Final = Command[RiskApproved[NewOrderSingle], VenueAck](
    pattern="exec.submit",
    request=RiskApproved[NewOrderSingle],
    reply=VenueAck,
    giver="oms",
    takers=("exeq",),
)
EXEC_CANCEL: Final = Command[OrderCancelRequest, VenueAck](
    pattern="exec.cancel",
    request=OrderCancelRequest,
    reply=VenueAck,
    giver="oms",
    takers=("exeq",),
)
EXEC_STATUS: Final = Command[OrderStatusRequest, VenueOrderStatus](
    pattern="exec.status",
    request=OrderStatusRequest,
    reply=VenueOrderStatus,
    giver="oms",
    takers=("exeq",),
)
VENUE_SUBMIT: Final = Command[NewOrderSingle, VenueAck](
    pattern="venue.submit.PRISM",
    request=NewOrderSingle,
    reply=VenueAck,
    giver="exeq",
    takers=("PRISM",),
)
VENUE_CANCEL: Final = Command[OrderCancelRequest, VenueAck](
    pattern="venue.cancel.PRISM",
    request=OrderCancelRequest,
    reply=VenueAck,
    giver="exeq",
    takers=("PRISM",),
)
VENUE_STATUS: Final = Command[OrderStatusRequest, VenueOrderStatus](
    pattern="venue.status.PRISM",
    request=OrderStatusRequest,
    reply=VenueOrderStatus,
    giver="exeq",
    takers=("PRISM",),
)
PRISM_INPUT: Final = Event[PrismInput](
    pattern="prism.input.{symbol}",
    message=PrismInput,
    stream=Stream.PRISM_INPUT,
    giver="PRISM",
    takers=("PRISM",),
    fed_back=("PRISM",),
)
"""PRISM's own log of what outsiders asked, written before it is acknowledged."""
PRISM_OUTCOME: Final = Event[PrismOutcome](
    pattern="prism.outcome.{part}",
    message=PrismOutcome,
    stream=Stream.PRISM_INPUT,
    giver="PRISM",
    takers=("PRISM",),
    fed_back=("PRISM",),
)
"""What came of the inputs: it stands in the same stream, before any report is published."""
PRISM_SNAPSHOT: Final = Event[PrismSnapshot](
    pattern="prism.snapshot.{part}",
    message=PrismSnapshot,
    stream=Stream.PRISM_SNAPSHOT,
    giver="PRISM",
    takers=("PRISM",),
    fed_back=("PRISM",),
)
EXEC_REPORT: Final = Event[ExecutionReport](
    pattern="exec.report.{venue}.{account}",
    message=ExecutionReport,
    stream=Stream.REPORTS,
    giver="PRISM",
    takers=("oms",),
    fed_back=("oms",),
)
ORDERS_EVENT: Final = Event[JournalEvent](
    pattern="orders.event.{account}",
    message=JournalEvent,
    stream=Stream.ORDERS,
    giver="oms",
    takers=("oms", "risk", "ptrc", "nginx"),
    fed_back=("oms", "risk"),
)
"""The log of orders, the platform's truth; see `model/journal.py`."""
LEDGER_BOOK: Final = Command[BookRequest, Booked](
    pattern="ledger.book",
    request=BookRequest,
    reply=Booked,
    giver="ptrc",
    takers=("oms",),
    fed_back=("oms",),
)
"""The ledger asks the log's one writer to journal what no venue reports."""
POSITION_EVENT: Final = Event[PositionEvent](
    pattern="position.event.{account}",
    message=PositionEvent,
    stream=Stream.POSITIONS,
    giver="ptrc",
    takers=("pnl", "ptrc", "nginx", "hot_cache"),
    fed_back=("ptrc",),
)
PNL_SNAPSHOT: Final = Event[PnlSnapshot](
    pattern="pnl.snapshot.{account}",
    message=PnlSnapshot,
    stream=Stream.PNL,
    giver="pnl",
    takers=("pnl", "nginx"),
    fed_back=("pnl",),
)
"""The equity curve; pnl reads its own history."""

SUBJECTS: Final[tuple[Command[Any, Any] | Event[Any] | Live[Any], ...]] = (
    LIVE_PRISM_FEED,
    MARKET_RAW,
    MARKET_TRADE,
    MARKET_QUOTE,
    MARKET_BOOK,
    MARKET_BAR,
    FRAME_REJECT,
    LIVE_TICKER,
    LIVE_BOOK,
    LIVE_TRADE,
    RISK_CHECK,
    RISK_HALT,
    RISK_CONTROL,
    RISK_ALERT,
    EXEC_SUBMIT,
    EXEC_CANCEL,
    EXEC_STATUS,
    VENUE_SUBMIT,
    VENUE_CANCEL,
    VENUE_STATUS,
    PRISM_INPUT,
    PRISM_OUTCOME,
    PRISM_SNAPSHOT,
    EXEC_REPORT,
    ORDERS_EVENT,
    LEDGER_BOOK,
    POSITION_EVENT,
    PNL_SNAPSHOT,
)
"""All of them, in the order of the flow."""

EVENTS: Final[tuple[Event[Any], ...]] = tuple(s for s in SUBJECTS if isinstance(s, Event))


def scope_key(scope: str) -> str:
    """Return a risk *scope* such as ``account:default`` as a key of `RISK_CONTROL`."""
    return scope.replace(":", "-")
