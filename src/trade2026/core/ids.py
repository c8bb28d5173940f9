"""UUIDv7 identifiers: sorted by time, and the same in every replay of a seed.

Forty-eight bits of milliseconds, twelve bits of the millisecond's fraction, sixty-two
random bits. Ids of one maker strictly increase, even when the clock steps back.

Source: RFC 9562, section 5.7, monotonicity by method 3 of section 6.2.
"""

from typing import Final, NewType
from uuid import UUID

import numpy as np

from trade2026.core import chance
from trade2026.core.clock import NS_PER_MS, Clock, SystemClock, TimeNs

OrderId = NewType("OrderId", str)
"""The platform's id of an order, a UUIDv7."""

ClOrdId = NewType("ClOrdId", str)
"""The sender's own key of an order, unique within the account. FIX tag 11."""

ExecId = NewType("ExecId", str)
"""A venue's id of one execution report, unique within the venue. FIX tag 17."""

EventId = NewType("EventId", str)
"""The id under which the bus stores an event once."""

AccountId = NewType("AccountId", str)
StrategyId = NewType("StrategyId", str)

_VERSION: Final = 7
_FRACTIONS: Final = 1 << 12
_RANDOM_BITS: Final = 62
_DRAWN_AT_ONCE: Final = 256
"""Numbers drawn from the stream at a time: one by one, that takes most of the time of an id."""


class Ids:
    """A maker of UUIDv7 ids from a clock and a random stream of its own."""

    def __init__(self, clock: Clock, random: np.random.Generator) -> None:
        self._clock = clock
        self._random = random
        self._last_tick = -1
        self._drawn: list[int] = []
        """The next one last."""

    def new(self) -> str:
        """Return the next id in canonical 36-character text."""
        ms, rest_ns = divmod(self._clock.now_ns(), NS_PER_MS)
        tick = ms * _FRACTIONS + rest_ns * _FRACTIONS // NS_PER_MS
        # A clock that stands still or steps back must not bring the order of ids back.
        tick = max(tick, self._last_tick + 1)
        self._last_tick = tick
        high, low = divmod(tick, _FRACTIONS)
        if not self._drawn:
            draws = self._random.integers(0, 1 << _RANDOM_BITS, size=_DRAWN_AT_ONCE)
            self._drawn = draws[::-1].tolist()
        number = high << 80 | _VERSION << 76 | low << 64 | 0b10 << 62 | self._drawn.pop()
        text = f"{number:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def time_of(text: str) -> TimeNs | None:
    """Return when the UUIDv7 *text* was made, to the millisecond; None where it is none."""
    try:
        made = UUID(text)
    except ValueError:
        return None
    return TimeNs((made.int >> 80) * NS_PER_MS) if made.version == _VERSION else None


def system_ids() -> Ids:
    """Return a maker on the machine's clock with an unpredictable seed."""
    return Ids(SystemClock(), chance.stream(chance.fresh_seed(), "ids"))
