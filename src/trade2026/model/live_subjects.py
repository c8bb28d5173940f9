"""The live gateway's subjects; they stand in `SUBJECTS` with all others."""

from typing import Any, Final

from trade2026.model.execution import ExecutionReport
from trade2026.model.live import LiveAck, LiveEvent, LiveStatus
from trade2026.model.market import QuoteBatch
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
)
from trade2026.model.reconciliation import Statement, StatementRequest
from trade2026.model.risk import RiskApproved
from trade2026.model.subject import Command, Event, Poison, Stream

_GATEWAY: Final = "live-gateway"

LIVE_SUBMIT: Final = Command[RiskApproved[NewOrderSingle], LiveAck](
    pattern="venue.submit.LIVE",
    request=RiskApproved[NewOrderSingle],
    reply=LiveAck,
    giver="exeq",
    takers=(_GATEWAY,),
)
LIVE_CANCEL: Final = Command[OrderCancelRequest, LiveAck](
    pattern="venue.cancel.LIVE",
    request=OrderCancelRequest,
    reply=LiveAck,
    giver="exeq",
    takers=(_GATEWAY,),
)
LIVE_REPLACE: Final = Command[OrderReplaceRequest, LiveAck](
    pattern="venue.replace.LIVE",
    request=OrderReplaceRequest,
    reply=LiveAck,
    giver="exeq",
    takers=(_GATEWAY,),
)
LIVE_STATUS: Final = Command[OrderStatusRequest, LiveStatus](
    pattern="venue.status.LIVE",
    request=OrderStatusRequest,
    reply=LiveStatus,
    giver="exeq",
    takers=(_GATEWAY,),
)
LIVE_STATEMENT: Final = Command[StatementRequest, Statement](
    pattern="venue.statement.LIVE",
    request=StatementRequest,
    reply=Statement,
    giver="ptrc",
    takers=(_GATEWAY,),
    fed_back=(_GATEWAY,),
)
LIVE_EVENT: Final = Event[LiveEvent](
    pattern="venue.event.{venue}",
    message=LiveEvent,
    stream=Stream.LIVE,
    giver=_GATEWAY,
    takers=(_GATEWAY, "ptrc"),
    fed_back=(_GATEWAY,),
)
"""The gateway's own memory, which it alone writes; the audit reads who changed its mode."""
LIVE_QUOTE: Final = Event[QuoteBatch](
    pattern="market.live.{symbol}",
    message=QuoteBatch,
    stream=Stream.MARKET,
    poison=Poison.DEAD_LETTER,
    giver=_GATEWAY,
    takers=("risk", "ptrc", "pnl"),
    fed_back=("risk",),
)
"""What the exchange quotes of futures, which nobody else quotes."""
LIVE_REPORT: Final = Event[ExecutionReport](
    pattern="exec.live.{account}",
    message=ExecutionReport,
    stream=Stream.REPORTS,
    giver=_GATEWAY,
    takers=("oms",),
    fed_back=("oms",),
)
"""What the exchange said of the platform's orders, as `EXEC_REPORT` has it from PRISM."""

LIVE_GATEWAY_SUBJECTS: Final[tuple[Command[Any, Any] | Event[Any], ...]] = (
    LIVE_SUBMIT,
    LIVE_CANCEL,
    LIVE_REPLACE,
    LIVE_STATUS,
    LIVE_STATEMENT,
    LIVE_EVENT,
    LIVE_QUOTE,
    LIVE_REPORT,
)
