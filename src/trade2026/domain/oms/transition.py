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
    ASK_REPLACE = "ASK_REPLACE"
    AMEND = "AMEND"
    """An order that rests with us becomes another."""
    FIRE = "FIRE"
    """The market reached a stop that rests with us."""
    TRAIL = "TRAIL"
    """A stop that rests with us has followed the market."""
    WITHDRAW = "WITHDRAW"
    LAPSE = "LAPSE"
    """The time of an order that never left is over."""
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
    KEEP_CHANGING = "KEEP_CHANGING"
    """The venue would not cancel, and a change still waits for its word."""
    CHANGE = "CHANGE"
    """The venue changed the order, and nothing is filled."""
    CHANGE_PART = "CHANGE_PART"
    """The venue changed the order, and something is filled, but not all."""
    CHANGE_ALL = "CHANGE_ALL"
    """The venue cut the order down to what is filled already."""
    STAND_WHOLE = "STAND_WHOLE"
    """The venue would not change the order, and nothing is filled."""
    STAND_PART = "STAND_PART"
    UNFILL_WHOLE = "UNFILL_WHOLE"
    """A bust or a correction after which nothing is filled."""
    UNFILL_PART = "UNFILL_PART"
    """One after which something is filled, but not all."""
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
_CHANGING: Final = frozenset({_S.PENDING_REPLACE})
_ALL: Final = frozenset(OrdStatus)

_ROWS: Final[tuple[_Row, ...]] = (
    _Row(_UNJUDGED, _T.APPROVE, _S.ACCEPTED),
    _Row(_PENDING, _T.APPROVE, None, "the cancel came while risk was judging: it is not lost"),
    _Row(_UNJUDGED | _PENDING, _T.REFUSE, _S.RISK_REJECTED),
    _Row(frozenset({_S.ACCEPTED, _S.ROUTING}), _T.SEND, _S.SENT),
    _Row(_PENDING, _T.SEND, None, "the cancel came while the order was on its way"),
    _Row(
        _UNSENT | _HELD | {_S.SENT},
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
        frozenset({_S.SENT, _S.PARTIALLY_FILLED}),
        _T.ASK_REPLACE,
        _S.PENDING_REPLACE,
        "one change at a time: the next waits for the venue's word on this one",
    ),
    _Row(
        frozenset({_S.NEW, _S.ACCEPTED}),
        _T.AMEND,
        None,
        "no venue has it: it is another at once, also a leg that waits for its entry",
    ),
    _Row(frozenset({_S.ACCEPTED}), _T.FIRE, None, "ACCEPTED until it is sent"),
    _Row(frozenset({_S.ACCEPTED}), _T.TRAIL, None, "a trailing stop that rests has followed"),
    _Row(_UNSENT | _PENDING, _T.WITHDRAW, _S.CANCELLED),
    _Row(_UNSENT | _PENDING, _T.LAPSE, _S.EXPIRED),
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
    _Row(_PENDING, _T.KEEP_CHANGING, _S.PENDING_REPLACE),
    _Row(_ALL - _PENDING, _T.KEEP_CHANGING, None, "the refused cancel was answered before"),
    _Row(_ALL - _PENDING, _T.KEEP_WHOLE, None, "the refused cancel was answered before"),
    _Row(_ALL - _PENDING, _T.KEEP_PART, None, "the fill that made the cancel fail came first"),
    _Row(_CHANGING, _T.CHANGE, _S.SENT),
    _Row(_CHANGING, _T.CHANGE_PART, _S.PARTIALLY_FILLED),
    _Row(_ALL - _CHANGING, _T.CHANGE, None, "its terms change; a cancel that waits goes on"),
    _Row(_ALL - _CHANGING, _T.CHANGE_PART, None, "the same with something filled"),
    _Row(_ALL, _T.CHANGE_ALL, _S.FILLED, "cut down to what is filled: nothing is left of it"),
    _Row(_CHANGING, _T.STAND_WHOLE, _S.SENT),
    _Row(_CHANGING, _T.STAND_PART, _S.PARTIALLY_FILLED),
    _Row(_ALL - _CHANGING, _T.STAND_WHOLE, None, "a cancel or a fill of all came first"),
    _Row(_ALL - _CHANGING, _T.STAND_PART, None, "a cancel or a fill of all came first"),
    _Row(frozenset({_S.PARTIALLY_FILLED}), _T.UNFILL_WHOLE, _S.SENT),
    _Row(
        frozenset({_S.FILLED}),
        _T.UNFILL_WHOLE,
        _S.CANCELLED,
        "what is taken back does not return to the book: the order has ended with less",
    ),
    _Row(frozenset({_S.FILLED}), _T.UNFILL_PART, _S.CANCELLED, "the same with something left"),
    _Row(
        _ALL - {_S.PARTIALLY_FILLED, _S.FILLED},
        _T.UNFILL_WHOLE,
        None,
        "open and pending ones go on; what has ended stays ended",
    ),
    _Row(
        _UNSENT | {_S.SENT},
        _T.UNFILL_PART,
        _S.PARTIALLY_FILLED,
        "a correction may find more filled than was booked",
    ),
    _Row(
        _ALL - _UNSENT - {_S.SENT, _S.FILLED},
        _T.UNFILL_PART,
        None,
        "open and pending ones go on; what has ended stays ended",
    ),
    _Row(_ALL, _T.NOTE, None, "a trigger at the venue, or a word about a fill nobody knows"),
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
