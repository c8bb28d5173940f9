"""The table of an order's statuses: what follows what, each surprising row with its reason.

Our own steps are in the table only where they are legal. A venue's word is in it for every
status: a report that changes nothing has the status itself as its outcome.

Source: FIX 4.4, volume 4, order state change matrices.
"""

from enum import StrEnum
from typing import Final

import msgspec

from trade2026.core.errors import IllegalTransitionError
from trade2026.model.order import DONE, OPEN, OrdStatus


class Trigger(StrEnum):
    """What happens to an order: our own steps first, then the venue's words."""

    APPROVE = "APPROVE"
    REFUSE = "REFUSE"
    SEND = "SEND"
    FAIL = "FAIL"
    ASK_CANCEL = "ASK_CANCEL"
    ACKNOWLEDGE = "ACKNOWLEDGE"
    FILL_PART = "FILL_PART"
    """A fill that leaves something of the order's quantity."""
    FILL_ALL = "FILL_ALL"
    """A fill that reaches the order's quantity, or goes beyond it."""
    CANCEL = "CANCEL"
    REJECT = "REJECT"
    EXPIRE = "EXPIRE"
    KEEP_WHOLE = "KEEP_WHOLE"
    """The venue would not cancel, and nothing is filled."""
    KEEP_PART = "KEEP_PART"
    """The venue would not cancel, and something is filled."""
    NOTE = "NOTE"
    """A word that moves no status by itself."""


class _Row(msgspec.Struct, frozen=True):
    before: frozenset[OrdStatus]
    trigger: Trigger
    after: OrdStatus | None
    """None: the status stays."""
    why: str = ""


_S = OrdStatus
_T = Trigger
_UNJUDGED: Final = frozenset({_S.NEW, _S.PENDING_RISK})
_UNSENT: Final = _UNJUDGED | {_S.ACCEPTED, _S.ROUTING}
_PENDING: Final = frozenset({_S.PENDING_CANCEL})
_HELD: Final = frozenset({_S.PENDING_CANCEL, _S.PENDING_REPLACE})
_ALL: Final = frozenset(OrdStatus)

_ROWS: Final[tuple[_Row, ...]] = (
    _Row(_UNJUDGED, _T.APPROVE, _S.ACCEPTED),
    _Row(_PENDING, _T.APPROVE, None, "the cancel came while risk was judging: it is not lost"),
    _Row(_UNJUDGED | _PENDING, _T.REFUSE, _S.RISK_REJECTED),
    _Row(frozenset({_S.ACCEPTED, _S.ROUTING}), _T.SEND, _S.SENT),
    _Row(_PENDING, _T.SEND, None, "the cancel came while the order was on its way"),
    _Row(
        _UNSENT | _PENDING | {_S.SENT},
        _T.FAIL,
        _S.FAILED,
        "from SENT too: a venue that was asked may say that it never took the order in",
    ),
    _Row(
        OPEN,
        _T.ASK_CANCEL,
        _S.PENDING_CANCEL,
        "while pending too: a cancel whose answer was lost is asked for again",
    ),
    _Row(
        _UNSENT | {_S.SENT},
        _T.ACKNOWLEDGE,
        _S.SENT,
        "before SENT only if our log is wrong; the venue's word is the better one",
    ),
    _Row(
        _HELD | {_S.PARTIALLY_FILLED} | DONE,
        _T.ACKNOWLEDGE,
        None,
        "venues may fill before they acknowledge; a late NEW undoes nothing",
    ),
    _Row(_UNSENT | {_S.SENT, _S.PARTIALLY_FILLED}, _T.FILL_PART, _S.PARTIALLY_FILLED),
    _Row(_HELD, _T.FILL_PART, None, "PENDING wins in precedence until the venue's word on it"),
    _Row(DONE, _T.FILL_PART, None, "a fill that crossed the cancel: booked, the order stays done"),
    _Row(_ALL, _T.FILL_ALL, _S.FILLED, "also after a cancel: what is filled is filled"),
    _Row(OPEN, _T.CANCEL, _S.CANCELLED),
    _Row(DONE, _T.CANCEL, None, "nothing was left to cancel"),
    _Row(OPEN, _T.REJECT, _S.REJECTED),
    _Row(DONE, _T.REJECT, None, "what is done cannot be rejected"),
    _Row(OPEN, _T.EXPIRE, _S.EXPIRED),
    _Row(DONE, _T.EXPIRE, None, "what is done cannot expire"),
    _Row(_PENDING, _T.KEEP_WHOLE, _S.SENT),
    _Row(_PENDING, _T.KEEP_PART, _S.PARTIALLY_FILLED),
    _Row(_ALL - _PENDING, _T.KEEP_WHOLE, None, "the refused cancel was answered before"),
    _Row(_ALL - _PENDING, _T.KEEP_PART, None, "the fill that made the cancel fail came first"),
    _Row(_ALL, _T.NOTE, None),
)


def _table() -> dict[tuple[OrdStatus, Trigger], OrdStatus]:
    table: dict[tuple[OrdStatus, Trigger], OrdStatus] = {}
    for row in _ROWS:
        for before in row.before:
            assert (before, row.trigger) not in table, f"{before} {row.trigger} is there twice"
            table[before, row.trigger] = row.after or before
    return table


TRANSITIONS: Final = _table()
"""(status, trigger) to the status after it; a pair that is missing is illegal."""


def status_after(status: OrdStatus, trigger: Trigger) -> OrdStatus:
    """Return the status that follows *status* on *trigger*.

    Raises:
        IllegalTransitionError: the status does not allow the step.
    """
    after = TRANSITIONS.get((status, trigger))
    if after is None:
        raise IllegalTransitionError(f"{trigger} is illegal for an order that is {status}")
    return after
