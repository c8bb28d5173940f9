"""The words of messages and events as kernels know them: plain numbers at compile time."""

from trade2026.prism.engine import message
from trade2026.prism.engine.event import EventKind, EventReason
from trade2026.prism.engine.message import Action, Flag, Force, Kind, Phase, Stp

PLACE, CANCEL, REDUCE, REPLACE, SET_PHASE, SET_BAND, CLOCK = (int(action) for action in Action)
LIMIT, MARKET, STOP, STOP_LIMIT, TRAILING_STOP = (int(kind) for kind in Kind)
GTC, IOC, FOK, DAY, GTD = (int(force) for force in Force)
STP_NEWEST, STP_OLDEST, STP_BOTH, DECREMENT = (int(stp) for stp in Stp)
CONTINUOUS, AUCTION, HALTED, CLOSED = (int(phase) for phase in Phase)
POST_ONLY = int(Flag.POST_ONLY)

MAX_TICKS = message.MAX_TICKS
MAX_LOTS = message.MAX_LOTS
MAX_PARTS = message.MAX_PARTS

TRADE = int(EventKind.TRADE)
ADDED = int(EventKind.ADDED)
REMOVED = int(EventKind.REMOVED)
KILLED = int(EventKind.KILLED)
CHANGED = int(EventKind.CHANGED)
TRIGGERED = int(EventKind.TRIGGERED)
WAITING = int(EventKind.WAITING)
REFRESHED = int(EventKind.REFRESHED)
PHASE = int(EventKind.PHASE)
REFUSED = int(EventKind.REFUSED)
DECREMENTED = int(EventKind.DECREMENTED)
LEVEL_CHANGED = int(EventKind.LEVEL)

NO_REASON = int(EventReason.NONE)
UNFILLED = int(EventReason.UNFILLED)
NOT_FILLABLE = int(EventReason.NOT_FILLABLE)
SELF_TRADE = int(EventReason.SELF_TRADE)
DUPLICATE = int(EventReason.DUPLICATE)
UNKNOWN_ORDER = int(EventReason.UNKNOWN_ORDER)
INVALID = int(EventReason.INVALID)
WOULD_TRADE = int(EventReason.WOULD_TRADE)
WRONG_PHASE = int(EventReason.WRONG_PHASE)
OUT_OF_BAND = int(EventReason.OUT_OF_BAND)
EXPIRED = int(EventReason.EXPIRED)
REPLACED = int(EventReason.REPLACED)

MESSAGE_OF_ANY_KIND, EXPIRY, STOPS_REACHED = range(3)
"""What `seldom` is asked for."""
