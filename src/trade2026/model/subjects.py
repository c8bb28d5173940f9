"""Every subject of the bus, once: its kind, its message types, its giver and its takers.

Three kinds. A *command* is a question to one handler, answered while the asker waits. An
*event* is a fact: appended to a stream of the log and delivered at least once, in order
per subject. A *live* copy is the latest of something for screens: lossy by design, and
nothing is stored from it.

Data flows one way. The loops there are (`fed_back`) are named here and nowhere else.
"""

from typing import Any, Final, TypeVar

from trade2026.model.algo import AlgoEvent
from trade2026.model.booking import Booked, BookRequest
from trade2026.model.execution import ExecutionReport, VenueAck, VenueOrderStatus
from trade2026.model.journal import JournalEvent
from trade2026.model.kill import Cleared, ClearRequest, Closed, CloseRequest, KillReport
from trade2026.model.live_subjects import LIVE_GATEWAY_SUBJECTS
from trade2026.model.losses import LossMark
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
from trade2026.model.measure import FillBatch, MomentBatch, SpanBatch
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
)
from trade2026.model.pnl import PnlSnapshot
from trade2026.model.position import PositionEvent
from trade2026.model.post_trade import POST_TRADE
from trade2026.model.prism import PrismInput, PrismLife, PrismOutcome, PrismSnapshot
from trade2026.model.reconciliation import Statement, StatementRequest
from trade2026.model.risk import (
    Alert,
    AlertAcknowledged,
    HaltRequest,
    LimitsSet,
    RiskApproved,
    RiskChangeRequest,
    RiskControl,
    RiskRequest,
    RiskVerdict,
)
from trade2026.model.route_subjects import ROUTE_SUBJECTS
from trade2026.model.subject import Command, Event, Live, Poison, Stream, memory_of

M = TypeVar("M")
N = TypeVar("N")

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
    takers=("PRISM", "sink-ticks", "normalizer", "nginx", "hot_cache", "oms"),
    fed_back=("normalizer",),
)
"""After a restart the normaliser reads up to where it has told of trades already."""
MARKET_QUOTE: Final = Event[QuoteBatch](
    pattern="market.quote.{venue}.{symbol}",
    message=QuoteBatch,
    stream=Stream.MARKET,
    poison=Poison.DEAD_LETTER,
    giver="normalizer",
    takers=("risk", "ptrc", "pnl", "sink-ticks", "hot_cache", "oms"),
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
    takers=("gateway", "hot_cache", "risk", "oms"),
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


def _to_risk(pattern: str, request: type[M], reply: type[N]) -> Command[M, N]:
    return Command(
        pattern=pattern,
        request=request,
        reply=reply,
        giver="oms",
        takers=("risk",),
        fed_back=("risk",),
    )


RISK_CHECK: Final = _to_risk("risk.check.order", RiskRequest, RiskVerdict)
RISK_CHANGE: Final = _to_risk("risk.check.change", RiskChangeRequest, RiskVerdict)
RISK_HALT: Final = _to_risk("risk.halt", HaltRequest, Alert)
RISK_CONTROL: Final = Event[RiskControl](
    pattern="risk.control.{scope}",
    message=RiskControl,
    stream=Stream.RISK,
    giver="risk",
    takers=("oms", "risk", "ptrc"),
    fed_back=("risk",),
)
"""`{scope}` is `global` or `account-<id>`."""
RISK_ALERT: Final = Event[Alert](
    pattern="risk.alert.{kind}",
    message=Alert,
    stream=Stream.RISK,
    poison=Poison.DEAD_LETTER,
    giver="risk",
    takers=("nginx", "risk"),
    fed_back=("risk",),
)


def _of_risk(
    stream: Stream, pattern: str, message: type[M], *others: str, poison: Poison = Poison.HALT
) -> Event[M]:
    return memory_of("risk", stream, pattern, message, *others, poison=poison)


RISK_LIMITS: Final = _of_risk(Stream.RISK, "risk.limits.{scope}", LimitsSet, "ptrc")
"""`{scope}` is `default`, or as in `RISK_CONTROL`."""
RISK_ACK: Final = _of_risk(
    Stream.RISK, "risk.ack.{kind}", AlertAcknowledged, "ptrc", poison=Poison.DEAD_LETTER
)
LOSS_MARK: Final = _of_risk(Stream.LOSS, "loss.mark.{account}.{part}", LossMark)
"""What losses are measured from; `{part}` is `whole`, or `of-` with a strategy."""
KILL_REPORT: Final = _of_risk(
    Stream.RISK, "risk.kill.{scope}", KillReport, "ptrc", poison=Poison.DEAD_LETTER
)
"""What came of each pull of the kill switch."""
ORDERS_CLOSE: Final = Command[CloseRequest, Closed](
    pattern="orders.close",
    request=CloseRequest,
    reply=Closed,
    giver="risk",
    takers=("oms",),
)
ORDERS_CLEAR: Final = Command[ClearRequest, Cleared](
    pattern="orders.clear",
    request=ClearRequest,
    reply=Cleared,
    giver="risk",
    takers=("oms",),
)


def _to_execution(kind: str, request: type[M], reply: type[N]) -> Command[M, N]:
    return Command(
        pattern=f"exec.{kind}", request=request, reply=reply, giver="oms", takers=("exeq",)
    )


def _to_prism(kind: str, request: type[M], reply: type[N]) -> Command[M, N]:
    return Command(
        pattern=f"venue.{kind}.PRISM", request=request, reply=reply, giver="exeq", takers=("PRISM",)
    )


EXEC_SUBMIT: Final = _to_execution("submit", RiskApproved[NewOrderSingle], VenueAck)
EXEC_CANCEL: Final = _to_execution("cancel", OrderCancelRequest, VenueAck)
EXEC_REPLACE: Final = _to_execution("replace", OrderReplaceRequest, VenueAck)
EXEC_STATUS: Final = _to_execution("status", OrderStatusRequest, VenueOrderStatus)
VENUE_SUBMIT: Final = _to_prism("submit", NewOrderSingle, VenueAck)
VENUE_CANCEL: Final = _to_prism("cancel", OrderCancelRequest, VenueAck)
VENUE_REPLACE: Final = _to_prism("replace", OrderReplaceRequest, VenueAck)
VENUE_STATUS: Final = _to_prism("status", OrderStatusRequest, VenueOrderStatus)
VENUE_CLEAR: Final = Command[ClearRequest, Cleared](
    pattern="venue.clear.PRISM",
    request=ClearRequest,
    reply=Cleared,
    giver="risk",
    takers=("PRISM",),
)
"""Asked by risk's watchdog, a process of its own, past the core."""


def _of_prism(stream: Stream, kind: str, message: type[M], *others: str) -> Event[M]:
    return memory_of("PRISM", stream, f"prism.{kind}", message, *others)


PRISM_INPUT: Final = _of_prism(Stream.PRISM_INPUT, "input.{symbol}", PrismInput)
"""PRISM's own log of what outsiders asked, written before it is acknowledged."""
PRISM_CONTROL: Final = _of_prism(Stream.PRISM_INPUT, "control.{part}", PrismInput, "ptrc")
"""The inputs that concern the market as a whole, in one order with the others."""
PRISM_LIFE: Final = _of_prism(Stream.PRISM_INPUT, "life.{part}", PrismLife)
"""Where one life of the market ends in the log and the next begins."""
PRISM_OUTCOME: Final = _of_prism(Stream.PRISM_INPUT, "outcome.{part}", PrismOutcome)
"""What came of the inputs: it stands in the same stream, before any report is published."""
PRISM_SNAPSHOT: Final = _of_prism(Stream.PRISM_SNAPSHOT, "snapshot.{part}", PrismSnapshot)


def _of_tape(kind: str, message: type[M], *fed_back: str) -> Event[M]:
    return Event(
        pattern=f"prism.{kind}.{{symbol}}",
        message=message,
        stream=Stream.PRISM_TAPE,
        poison=Poison.DEAD_LETTER,
        giver="PRISM",
        takers=("sink-ticks", *fed_back),
        fed_back=fed_back,
    )


PRISM_SPAN: Final = _of_tape("span", SpanBatch, "PRISM")
"""The market measured second by second; PRISM reads it again to show its measures."""
PRISM_FILL: Final = _of_tape("fill", FillBatch, "PRISM")
"""Every trade; PRISM reads it again for what its last life did not come to tell of."""
PRISM_MOMENT: Final = _of_tape("moment", MomentBatch)

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
ALGO_EVENT: Final = memory_of("oms", Stream.ALGOS, "algos.event.{account}", AlgoEvent, "ptrc")
"""The log of parent orders; what their children trade is in the log of orders."""
VENUE_STATEMENT: Final = Command[StatementRequest, Statement](
    pattern="venue.statement.PRISM",
    request=StatementRequest,
    reply=Statement,
    giver="ptrc",
    takers=("PRISM",),
    fed_back=("PRISM",),
)
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
PNL_HOUR: Final = Event[PnlSnapshot](
    pattern="pnl.hour.{account}",
    message=PnlSnapshot,
    stream=Stream.PNL,
    giver="pnl",
    takers=("pnl",),
    fed_back=("pnl",),
)
"""The same as each hour begins, kept for eleven years: what performance is told by."""

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
    RISK_CHANGE,
    RISK_HALT,
    RISK_CONTROL,
    RISK_LIMITS,
    RISK_ALERT,
    RISK_ACK,
    LOSS_MARK,
    KILL_REPORT,
    ORDERS_CLOSE,
    ORDERS_CLEAR,
    EXEC_SUBMIT,
    EXEC_CANCEL,
    EXEC_REPLACE,
    EXEC_STATUS,
    *ROUTE_SUBJECTS,
    VENUE_SUBMIT,
    VENUE_CANCEL,
    VENUE_REPLACE,
    VENUE_CLEAR,
    VENUE_STATUS,
    PRISM_INPUT,
    PRISM_CONTROL,
    PRISM_LIFE,
    PRISM_OUTCOME,
    PRISM_SNAPSHOT,
    PRISM_SPAN,
    PRISM_FILL,
    PRISM_MOMENT,
    EXEC_REPORT,
    *LIVE_GATEWAY_SUBJECTS,
    ORDERS_EVENT,
    ALGO_EVENT,
    VENUE_STATEMENT,
    LEDGER_BOOK,
    *POST_TRADE,
    POSITION_EVENT,
    PNL_SNAPSHOT,
    PNL_HOUR,
)
"""All of them, in the order of the flow."""

EVENTS: Final[tuple[Event[Any], ...]] = tuple(s for s in SUBJECTS if isinstance(s, Event))


def scope_key(scope: str) -> str:
    """Return a risk *scope* such as ``account:default`` as a key of `RISK_CONTROL`."""
    return scope.replace(":", "-")
