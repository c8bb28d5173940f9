"""Random messages without end, all features of the book in them, fixed by a seed."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from tests.fuzz.burst import burst
from tests.fuzz.market import NUMBERINGS, Words, market_of

from trade2026.core.chance import stream
from trade2026.prism.engine.message import (
    BUY,
    MAX_LOTS,
    MAX_PARTS,
    MAX_TICKS,
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

ACTIONS: Final = np.array([Action.CANCEL, Action.REDUCE, Action.REPLACE])
KINDS: Final = np.array([Kind.STOP, Kind.STOP_LIMIT, Kind.TRAILING_STOP])
FORCES: Final = np.array([Force.GTC, Force.IOC, Force.FOK, Force.DAY, Force.GTD])
JUMPS: Final = np.array([0, 0, 0, -200, 200, 5_000, 70_000, 140_000, -30_000, 10**7])
ODD_WORDS: Final = np.array(
    [0, -1, 1, 2, MAX_TICKS, MAX_TICKS + 1, MAX_LOTS + 1, 2**62, -(2**62), 2**63 - 1, -(2**63)]
)
ODD_BYTES: Final = np.array([-128, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 127])
ODD_COLUMNS: Final = [name for name in MESSAGE.names or () if name != "owner"]


class Flow:
    """The messages of one seed; the same chunks in the same order give the same messages."""

    def __init__(self, seed: int) -> None:
        self.market = market_of(seed)
        self._luck = stream(seed, "tests/fuzz/flow")
        self._number = NUMBERINGS[self.market.numbering]
        self._place = 0
        self._patient: Words = np.array([7])
        """Numbers of the latest orders that may rest or wait."""
        self._centre = self.market.home
        self._time = self.market.begun_ns
        self.now = 0
        """The time that the books are told with the latest chunk."""

    def chunk(self, count: int) -> Records:
        """Return the next *count* messages."""
        messages = np.zeros(count, MESSAGE)
        is_first = self._place == 0
        self._time += int(self._luck.integers(0, 40))
        self.now = self._time
        self._choose_actions(messages)
        messages["owner"] = self.market.first_owner + self._luck.integers(
            0, self.market.owners, count
        )
        messages["side"] = self._luck.choice([BUY, SELL], count)
        messages["lots"] = self._luck.integers(1, self.market.lots + 1, count)
        messages["stp"] = self._luck.integers(0, len(Stp), count)
        centre = self._walk(count)
        self._fill_times(messages)
        self._fill_orders(messages, centre)
        self._fill_replaces(messages, centre)
        self._fill_bands(messages, centre)
        self._fill_numbers(messages)
        self._blank(messages)
        self._fill_odd(messages)
        if is_first or self._luck.random() < self.market.bursts:
            self._fill_burst(messages, is_first=is_first)
        return messages

    def _share(self, share: float, count: int) -> NDArray[np.bool_]:
        return self._luck.random(count) < share

    def _near(self, centre: Words) -> Words:
        width = self.market.width
        return centre + self._luck.integers(-width, width + 1, len(centre))

    def _choose_actions(self, messages: Records) -> None:
        count = len(messages)
        is_change = self._share(self.market.changes, count)
        change = self._luck.choice(ACTIONS, count, p=[0.4, 0.25, 0.35])
        messages["action"] = np.where(is_change, change, Action.PLACE)
        messages["action"][self._share(0.01, count)] = Action.CLOCK
        self._interrupt(messages, Action.PHASE, 40)
        self._interrupt(messages, Action.BAND, 300)
        is_phase = messages["action"] == Action.PHASE
        phases = self._luck.choice(len(Phase), count, p=[0.1, 0.6, 0.15, 0.15])
        messages["ticks"] = np.where(is_phase & (messages["flags"] == 0), phases, 0)

    def _interrupt(self, messages: Records, action: Action, length: int) -> None:
        # Begins that are marked by a flag of 0 end after a while by a flag of 1.
        begins = np.flatnonzero(self._share(self.market.unrest, len(messages)))
        ends = begins + self._luck.integers(1, length, len(begins))
        ends = ends[ends < len(messages)]
        for rows, flag in ((begins, 0), (ends, 1)):
            messages["action"][rows] = action
            messages["flags"][rows] = flag

    def _walk(self, count: int) -> Words:
        speed = max(1, self.market.width // 20)
        steps = self._luck.integers(-1, 2, count) * speed
        jumps = np.flatnonzero(self._share(self.market.jumps, count))
        path = self._centre + np.cumsum(steps)
        for row in jumps.tolist():
            path[row:] += self.market.home + int(self._luck.choice(JUMPS)) - path[row]
        path = np.clip(path, 10, MAX_TICKS - 10)
        self._centre = int(path[-1])
        return path

    def _fill_times(self, messages: Records) -> None:
        is_clock = messages["action"] == Action.CLOCK
        steps = self._luck.integers(0, 20, len(messages))
        times = self._time + np.cumsum(np.where(is_clock, steps, 0))
        self._time = int(times[-1])
        ends = times + self._luck.integers(0, 300, len(messages))
        back = self._luck.integers(0, 2, len(messages)) * self._share(0.05, len(messages))
        messages["time_ns"] = np.where(is_clock, times - back, ends)

    def _fill_orders(self, messages: Records, centre: Words) -> None:
        count, market = len(messages), self.market
        is_order = messages["action"] == Action.PLACE
        kind = np.where(self._share(0.06, count), Kind.MARKET, Kind.LIMIT)
        is_stop = self._share(market.stops, count)
        kind = np.where(is_stop, self._luck.choice(KINDS, count), kind)
        force = self._luck.choice(FORCES, count, p=[0.6, 0.1, 0.08, 0.11, 0.11])
        side = messages["side"].astype(np.int64)
        away = self._luck.integers(-max(1, market.width // 5), market.width + 1, count)
        ticks = centre - side * away
        trigger = centre + side * away
        far = np.exp(self._luck.random(count) * np.log(MAX_TICKS)).astype(np.int64)
        ticks = np.where(self._share(0.003, count), far, ticks)
        ticks = np.where(kind == Kind.STOP_LIMIT, trigger + away // 3, ticks)
        # Often one of few offsets, so that a replace now and then gives the same one.
        offset = np.where(self._share(0.5, count), np.abs(away) % 3, np.abs(away)) + 1
        trigger = np.where(kind == Kind.TRAILING_STOP, offset, trigger)
        may_show = (force == Force.GTC) | (force == Force.DAY) | (force == Force.GTD)
        is_limit = kind == Kind.LIMIT
        is_iceberg = self._share(market.icebergs, count) & may_show
        is_iceberg &= is_limit | (kind == Kind.STOP_LIMIT)
        parts = self._luck.choice([1, 2, 3, 7, MAX_PARTS, MAX_PARTS + 5], count)
        display = np.maximum(1, messages["lots"] // parts)
        is_post = self._share(0.08, count) & may_show & is_limit
        columns = {"kind": kind, "force": force, "trigger": trigger}
        columns["ticks"] = np.where(kind == Kind.TRAILING_STOP, 0, ticks)
        columns["display"] = np.where(is_iceberg, display, 0)
        columns["flags"] = np.where(is_post, Flag.POST_ONLY, 0)
        for name, values in columns.items():
            messages[name][is_order] = values[is_order]

    def _fill_replaces(self, messages: Records, centre: Words) -> None:
        count = len(messages)
        is_replace = messages["action"] == Action.REPLACE
        near = np.where(self._share(0.5, count), self._near(centre), 0)
        offsets = self._luck.integers(1, min(self.market.width, 8) + 2, count)
        trigger = np.where(self._share(0.5, count), self._near(centre), offsets)
        trigger = np.where(self._share(0.2, count), trigger, 0)
        lots = np.where(self._share(0.5, count), messages["lots"], 0)
        for name, values in (("ticks", near), ("trigger", trigger), ("lots", lots)):
            messages[name][is_replace] = values[is_replace]

    def _fill_bands(self, messages: Records, centre: Words) -> None:
        is_begin = (messages["action"] == Action.BAND) & (messages["flags"] == 0)
        away = self._luck.integers(0, self.market.width + 2, len(messages))
        messages["ticks"][is_begin] = (centre - away)[is_begin]
        messages["trigger"][is_begin] = (centre + away)[is_begin]

    def _fill_numbers(self, messages: Records) -> None:
        count, reach = len(messages), 1 / self.market.reach
        is_order = messages["action"] == Action.PLACE
        places = self._place + np.cumsum(is_order)
        fresh = self._number(places)
        # Most changes are for orders that were meant to stay, the others for any order.
        is_patient = is_order & np.isin(messages["force"], [Force.GTC, Force.DAY, Force.GTD])
        is_patient &= messages["kind"] != Kind.MARKET
        patient = np.concatenate([self._patient, fresh[is_patient]])
        known = len(self._patient) + np.cumsum(is_patient) - is_patient
        back = np.maximum(0, known - self._luck.geometric(reach, count))
        older = self._number(places - self._luck.geometric(reach, count))
        is_any = self._share(0.15, count) | (known == 0)
        older = np.where(is_any, older, patient[np.minimum(back, len(patient) - 1)])
        is_older = ~is_order | self._share(0.01, count)
        messages["number"] = np.where(is_older, older, fresh)
        self._place = int(places[-1])
        self._patient = patient[-2_000:]

    def _blank(self, messages: Records) -> None:
        """Set to 0 what a message does not use, but now and then leave it there."""
        action, kind = messages["action"], messages["kind"]
        is_blank = ~self._share(0.05, len(messages))
        is_order, is_replace = action == Action.PLACE, action == Action.REPLACE
        is_band = action == Action.BAND
        is_gtd = is_order & (messages["force"] == Force.GTD)
        is_priced = is_order & np.isin(kind, [Kind.LIMIT, Kind.STOP_LIMIT])
        is_stop = is_order & (kind >= Kind.STOP)
        used = {
            "ticks": is_priced | is_replace | is_band | (action == Action.PHASE),
            "lots": is_order | is_replace | (action == Action.REDUCE),
            "trigger": is_stop | is_replace | is_band,
            "time_ns": is_gtd | (action == Action.CLOCK),
            "owner": is_order,
            "side": is_order,
            "stp": is_order | is_replace,
            "flags": is_order,
            "number": ~is_band & (action != Action.PHASE) & (action != Action.CLOCK),
        }
        for name, is_used in used.items():
            messages[name][is_blank & ~is_used] = 0

    def _fill_odd(self, messages: Records) -> None:
        # A clock that jumps to the end of time would leave no time for anything else.
        is_odd = self._share(self.market.odd, len(messages)) & (messages["action"] != Action.CLOCK)
        for row in np.flatnonzero(is_odd).tolist():
            column = ODD_COLUMNS[self._luck.integers(len(ODD_COLUMNS))]
            is_word = MESSAGE[column].itemsize == 8
            value = self._luck.choice(ODD_WORDS if is_word else ODD_BYTES)
            if column == "action" and value == Action.CLOCK:
                continue
            messages[column][row] = value

    def _fill_burst(self, messages: Records, *, is_first: bool) -> None:
        # Only a book that is still small can have too little room: there it begins.
        size = int(self._luck.integers(10, max(11, min(700, len(messages) // 2))))
        start = 0 if is_first else int(self._luck.integers(0, len(messages) - size + 1))
        numbers = self._number(self._place + 1 + np.arange(size))
        self._place += size
        messages[start : start + size] = burst(
            self._luck, numbers, self._centre, self._time, self.market.first_owner
        )
