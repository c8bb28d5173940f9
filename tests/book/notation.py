"""Messages and events of a book as lines that a trader can read.

Messages, with `#` before an order's number; what stands in brackets may be left out::

    #1 buy 10 @ 100 [ioc|fok|day|gtd 500] [post] [show 3] [owner 7] [stp oldest|both|decrement]
    #1 buy 10 market [fok]
    #1 buy 10 stop 105 [@ 106]
    #1 sell 10 trail 5
    cancel #1
    reduce #1 by 3
    replace #1 [@ 101] [to 5] [stop 104] [trail 6] [stp oldest]
    auction, continuous, halt, close
    band 90 110, band off
    clock 500

Without `owner` every order has an owner of its own: its number. Events say all that is in
their columns but number in the row, time, symbol and owners, and stand behind their message,
set in.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine.event import EventKind, EventReason
from trade2026.prism.engine.message import (
    BUY,
    MESSAGE,
    SELL,
    Action,
    Flag,
    Force,
    Kind,
    Phase,
    Stp,
)

Records = NDArray[np.void]

SIDES: Final = {"buy": BUY, "sell": SELL}
FORCES: Final = {force.name.lower(): int(force) for force in Force}
STPS: Final = {
    "newest": Stp.CANCEL_NEWEST,
    "oldest": Stp.CANCEL_OLDEST,
    "both": Stp.CANCEL_BOTH,
    "decrement": Stp.DECREMENT,
}
PHASES: Final = {
    "continuous": Phase.CONTINUOUS,
    "auction": Phase.AUCTION,
    "halt": Phase.HALTED,
    "close": Phase.CLOSED,
}
EVENT_WORDS: Final = frozenset(kind.name.lower() for kind in EventKind)


def message(**columns: int) -> Records:
    """Return one message, `(1,) MESSAGE`, with the *columns* given and 0 in all others."""
    record = np.zeros(1, MESSAGE)
    for name, value in columns.items():
        record[name] = value
    return record


def parse(line: str) -> Records:
    """Return the message that a line says."""
    words = line.split()
    match words:
        case [number, ("buy" | "sell") as side, lots, *rest] if number.startswith("#"):
            columns = _order(int(number[1:]), SIDES[side], int(lots), rest)
        case ["cancel", number]:
            columns = {"action": Action.CANCEL, "number": int(number[1:])}
        case ["reduce", number, "by", lots]:
            columns = {"action": Action.REDUCE, "number": int(number[1:]), "lots": int(lots)}
        case ["replace", number, *rest]:
            columns = {"action": Action.REPLACE, "number": int(number[1:]), **_changes(rest)}
        case [phase] if phase in PHASES:
            columns = {"action": Action.PHASE, "ticks": PHASES[phase]}
        case ["band", "off"]:
            columns = {"action": Action.BAND}
        case ["band", low, high]:
            columns = {"action": Action.BAND, "ticks": int(low), "trigger": int(high)}
        case ["clock", time]:
            columns = {"action": Action.CLOCK, "time_ns": int(time)}
        case _:
            raise ValueError(line)
    return message(**columns)


def _order(number: int, side: int, lots: int, words: list[str]) -> dict[str, int]:
    columns: dict[str, int] = {
        "number": number,
        "owner": number,
        "side": side,
        "lots": lots,
        "kind": Kind.LIMIT,
        "force": Force.GTC,
    }
    rest = iter(words)
    for word in rest:
        if word in _WORDS:
            columns |= _WORDS[word]
        elif word == "stp":
            columns["stp"] = STPS[next(rest)]
        else:
            columns |= {_NUMBERS[word]: int(next(rest)), **_KINDS.get(word, {})}
    if columns["kind"] == Kind.STOP and "ticks" in columns:
        columns["kind"] = Kind.STOP_LIMIT
    return columns


_WORDS: Final[dict[str, dict[str, int]]] = {
    "market": {"kind": Kind.MARKET},
    "post": {"flags": Flag.POST_ONLY},
    **{word: {"force": force} for word, force in FORCES.items() if force != Force.GTD},
}
_NUMBERS: Final = {
    "@": "ticks",
    "stop": "trigger",
    "trail": "trigger",
    "show": "display",
    "gtd": "time_ns",
    "owner": "owner",
}
_KINDS: Final[dict[str, dict[str, int]]] = {
    "stop": {"kind": Kind.STOP},
    "trail": {"kind": Kind.TRAILING_STOP},
    "gtd": {"force": Force.GTD},
}


def _changes(words: list[str]) -> dict[str, int]:
    columns: dict[str, int] = {}
    rest = iter(words)
    for word in rest:
        value = next(rest)
        match word:
            case "@":
                columns["ticks"] = int(value)
            case "to":
                columns["lots"] = int(value)
            case "stop" | "trail":
                columns["trigger"] = int(value)
            case "stp":
                columns["stp"] = STPS[value]
            case _:
                raise ValueError(word)
    return columns


def describe(event: Any) -> str:
    """Return one `MARKET_EVENT` in words."""
    kind = EventKind(int(event["kind"]))
    number = int(event["side"])
    side = {BUY: " buy", SELL: " sell", 0: ""}.get(number, f" side {number}")
    ticks, lots, level = int(event["ticks"]), int(event["lots"]), int(event["level_lots"])
    maker, taker = int(event["maker_number"]), int(event["taker_number"])
    left, taker_left = int(event["maker_lots_left"]), int(event["taker_lots_left"])
    why = EventReason(int(event["reason"]))
    reason = f", {why.name.lower().replace('_', ' ')}" if why else ""
    price = f" @ {ticks}" if ticks else ""
    match kind:
        case EventKind.TRADE | EventKind.DECREMENTED:
            both = f"#{maker} has {left}, #{taker} has {taker_left}"
            text = f"{side} {lots}{price}: {both}" + (f", level {level}" if side else "")
        case EventKind.ADDED | EventKind.REMOVED | EventKind.CHANGED:
            text = f" #{maker}{side} {lots}{price}, level {level}{reason}"
        case EventKind.KILLED:
            text = f" #{taker}{side} {lots}{price}{reason}"
        case EventKind.WAITING:
            text = f" #{maker}{side} {lots} at {ticks}"
        case EventKind.TRIGGERED:
            text = f" #{taker}{side} {lots} at {ticks}"
        case EventKind.REFRESHED:
            text = f" #{maker}{side} {lots} of {left}{price}, level {level}"
        case EventKind.PHASE:
            text = f" {Phase(ticks).name.lower()}"
        case EventKind.REFUSED:
            text = f" #{taker}{reason}"
        case EventKind.LEVEL:
            text = f"{side}{price}: {level}"
    return kind.name.lower() + text


def is_event(line: str) -> bool:
    """Return whether a line tells an event, not a message."""
    return line.split(maxsplit=1)[0] in EVENT_WORDS


def say(record: Any) -> str:
    """Return one `MESSAGE` as a line, or as its columns where no line can say it."""
    columns = {name: int(record[name]) for name in MESSAGE.names or ()}
    line = _line(columns)
    if line is not None and parse(line)[0].tobytes() == record.tobytes():
        return line
    return str({name: value for name, value in columns.items() if value})


def _line(columns: dict[str, int]) -> str | None:
    number = columns["number"]
    if columns["stp"] not in set(Stp):
        return None
    match columns["action"]:
        case Action.PLACE:
            line = _order_line(columns)
        case Action.CANCEL:
            line = f"cancel #{number}"
        case Action.REDUCE:
            line = f"reduce #{number} by {columns['lots']}"
        case Action.REPLACE:
            words = {"@": "ticks", "to": "lots", "stop": "trigger"}
            said = [f"{word} {columns[name]}" for word, name in words.items() if columns[name]]
            line = " ".join([f"replace #{number}", *said, *_stp(columns)])
        case Action.PHASE:
            line = next((w for w, phase in PHASES.items() if phase == columns["ticks"]), None)
        case Action.BAND:
            line = f"band {columns['ticks']} {columns['trigger']}"
        case Action.CLOCK:
            line = f"clock {columns['time_ns']}"
        case _:
            line = None
    return line


def _order_line(columns: dict[str, int]) -> str | None:
    if abs(columns["side"]) != 1 or columns["force"] not in set(Force):
        return None
    side = "buy" if columns["side"] == BUY else "sell"
    words = [f"#{columns['number']} {side} {columns['lots']}"]
    match columns["kind"]:
        case Kind.LIMIT:
            words += [f"@ {columns['ticks']}"]
        case Kind.MARKET:
            words += ["market"]
        case Kind.STOP:
            words += [f"stop {columns['trigger']}"]
        case Kind.STOP_LIMIT:
            words += [f"stop {columns['trigger']} @ {columns['ticks']}"]
        case Kind.TRAILING_STOP:
            words += [f"trail {columns['trigger']}"]
        case _:
            return None
    force = Force(columns["force"])
    if force == Force.GTD:
        words.append(f"gtd {columns['time_ns']}")
    elif force != Force.GTC:
        words.append(force.name.lower())
    words += ["post"] if columns["flags"] else []
    words += [f"show {columns['display']}"] if columns["display"] else []
    words.append(f"owner {columns['owner']}")
    return " ".join(words + _stp(columns))


def _stp(columns: dict[str, int]) -> list[str]:
    names = {stp: word for word, stp in STPS.items()}
    return [f"stp {names[Stp(columns['stp'])]}"] if columns["stp"] else []
