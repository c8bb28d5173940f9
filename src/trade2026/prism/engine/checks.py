"""What a book takes as an order, compiled."""

from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.index import find, is_fresh
from trade2026.prism.engine.layout import Record
from trade2026.prism.engine.words import (
    AUCTION,
    CONTINUOUS,
    DECREMENT,
    DUPLICATE,
    FOK,
    GTC,
    GTD,
    INVALID,
    IOC,
    LIMIT,
    MARKET,
    MAX_LOTS,
    MAX_PARTS,
    MAX_TICKS,
    NO_REASON,
    OUT_OF_BAND,
    POST_ONLY,
    STOP_LIMIT,
    TRAILING_STOP,
    WRONG_PHASE,
)


@kernel
def is_plain(book: Record, message: Record) -> bool:
    """Return whether a message is an ordinary order that passes every check, as most do."""
    kind, force, side = message.kind, message.force, message.side
    if message.flags != 0 or message.display != 0 or not GTC <= force <= IOC:
        return False
    if not (kind == MARKET or (kind == LIMIT and 0 < message.ticks <= MAX_TICKS)):
        return False
    if not 0 < message.lots <= MAX_LOTS or side * side != 1 or not 0 <= message.stp <= DECREMENT:
        return False
    if book.phase != CONTINUOUS or book.band_high != 0:
        return False
    number = message.number
    return is_fresh(book, number) or (number != 0 and find(book, number) == 0)


@kernel
def why_not(book: Record, message: Record) -> int:
    """Return the reason why an order is not taken, `NO_REASON` where it is."""
    if message.number == 0 or not 0 < message.lots <= MAX_LOTS:
        return INVALID
    if not is_sound(book, message):
        return INVALID
    if find(book, message.number):
        return DUPLICATE
    if book.phase != CONTINUOUS and is_wrong_phase(book.phase, message):
        return WRONG_PHASE
    if message.kind in (LIMIT, STOP_LIMIT) and is_out_of_band(book, message.ticks):
        return OUT_OF_BAND
    return NO_REASON


@kernel
def is_sound(book: Record, message: Record) -> bool:
    """Return whether an order's terms go together and are within bounds."""
    kind, force, lots, display = message.kind, message.force, message.lots, message.display
    is_stop = kind > MARKET
    has_limit = kind in (LIMIT, STOP_LIMIT)
    may_rest = has_limit and force not in (IOC, FOK)
    if not LIMIT <= kind <= TRAILING_STOP or not GTC <= force <= GTD:
        return False
    if message.side * message.side != 1 or not 0 <= message.stp <= DECREMENT:
        return False
    if has_limit and not 0 < message.ticks <= MAX_TICKS:
        return False
    if is_stop and not 0 < message.trigger <= MAX_TICKS:
        return False
    if display < 0 or (display > 0 and not may_rest):
        return False
    if display > 0 and (lots + display - 1) // display > MAX_PARTS:
        return False
    if force == GTD and message.time_ns <= book.now:
        return False
    if message.flags & ~POST_ONLY or (kind == TRAILING_STOP and message.ticks):
        return False
    return not message.flags & POST_ONLY or (kind == LIMIT and may_rest)


@kernel
def is_wrong_phase(phase: int, message: Record) -> bool:
    """Return whether the phase, which is not continuous, does not take the order."""
    if phase != AUCTION:
        return True
    is_brief = message.force in (IOC, FOK) or bool(message.flags & POST_ONLY)
    return message.kind == MARKET or (message.kind == LIMIT and is_brief)


@kernel
def is_out_of_band(book: Record, ticks: int) -> bool:
    """Return whether a limit lies outside the price band."""
    return book.band_high > 0 and not book.band_low <= ticks <= book.band_high
