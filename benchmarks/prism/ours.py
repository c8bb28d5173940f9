"""Our engine as the benchmark drives it: the only file here that knows its inside."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from benchmarks.prism.native import TRADE
from numpy.typing import NDArray

from trade2026.core.clock import NS_PER_S
from trade2026.prism.agent_type import AgentType
from trade2026.prism.config import DEFAULT_AGENTS, AgentGroup, default_config
from trade2026.prism.engine import memory, tape
from trade2026.prism.engine.book import open_book
from trade2026.prism.engine.event import EventKind, EventReason
from trade2026.prism.engine.process import process
from trade2026.prism.market import Market

TAPE: Final = 1 << 18
"""Events that a book's tape has room for; a chunk makes fewer."""


class OurBook:
    """A compiled book, driven chunk by chunk; its events are written and overwritten."""

    def __init__(self, *, orders: int) -> None:
        self._book = open_book(0, orders)
        self._tape = tape.new_tape(TAPE)
        self._head = tape.head_of(self._tape)
        self._seqs = np.zeros(1, np.int64)

    def run(self, messages: NDArray[np.void], start: int, end: int) -> None:
        """Handle the messages of rows *start* to *end*."""
        done = process(
            self._book.ctypes.data, self._tape.ctypes.data, messages.ctypes.data, start, end
        )
        assert done == end, "the book or its tape is too small for this flow"

    def clear(self) -> None:
        """Forget what happened, as one does who has read it."""
        self._head["count"] = 0

    def take_trades(self) -> NDArray[np.void]:
        """Return the trades since the last call, `TRADE` records."""
        events = tape.read_tape(self._tape, self._seqs)
        said = events[events["kind"] == EventKind.TRADE]
        trades = np.zeros(len(said), TRADE)
        trades["maker"], trades["taker"] = said["maker_number"], said["taker_number"]
        trades["ticks"], trades["lots"] = said["ticks"], said["lots"]
        return trades

    def close(self) -> None:
        """Let go: the memory is Python's."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What a stretch of a market was, by kind."""

    events: int
    orders: int
    """New ones."""
    cancels: int

    @property
    def messages(self) -> int:
        """Return what was sent to the exchange and what it said, each counted once."""
        return self.events + self.orders + self.cancels


class OurMarket:
    """A market of one symbol; of the same arguments, two go the same way, event by event.

    Args:
        groups: its agents.
        seed: of all its chance.
        own_types: agent types of the user's own; they stand for built-in ones of their names.
        is_measured: whether its gauges sum up every second.
    """

    def __init__(
        self,
        groups: Sequence[AgentGroup],
        *,
        seed: int = 1,
        own_types: Sequence[AgentType] = (),
        is_measured: bool = False,
    ) -> None:
        whole = default_config(seed)
        config = msgspec.structs.replace(whole, symbols=whole.symbols[:1], agents=tuple(groups))
        self._market = Market(config, start_ns=0, own_types=own_types)
        self._number = 0
        self._gauges = self._market.measure(NS_PER_S) if is_measured else None

    def take_spans(self) -> int:
        """Return how many measured seconds are complete since the last call, and let them go."""
        return 0 if self._gauges is None else len(self._gauges.take())

    def play(self, seconds: int) -> None:
        """Let so many simulated seconds pass; what happens is written to the tape."""
        self._market.run_until(self._market.sim_ns + seconds * NS_PER_S)

    def take_counts(self) -> Counts:
        """Return what happened since the last call, and empty the tape."""
        events = self._market.drain()
        is_asked = (events["kind"] == EventKind.REMOVED) & (events["reason"] == EventReason.NONE)
        book = self._market._books[0]  # noqa: SLF001 - the count of orders is told nowhere.
        head = book[: memory.BOOK.size].view(memory.BOOK.dtype)[0]
        before, self._number = self._number, int(head["agent_number"])
        return Counts(events=len(events), orders=before - self._number, cancels=int(is_asked.sum()))


def agents(times: int = 1) -> tuple[AgentGroup, ...]:
    """Return the default forty agents, *times* over."""
    return tuple(msgspec.structs.replace(g, count=g.count * times) for g in DEFAULT_AGENTS)
