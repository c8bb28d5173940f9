"""Agents that are plain Python functions, called by the compiled loop when they are due.

Such an agent is an `AgentType` whose `wake` takes a `Desk` and returns how many seconds it
pauses; it is for what is easier said in Python than fast: a few hundred thousand wakes a
second instead of tens of millions. What it does goes through the same kernels as what a
compiled agent does: the same bound, the same quotes, the same latency. What it wants to
remember lies in `Desk.mind`, so that a market's state holds it. A desk acts only while its own
agent looks: kept for later, or used by another agent, it refuses.
"""

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.prism import loop
from trade2026.prism.agent_type import AgentType
from trade2026.prism.engine.desk import AGENT, MIND_AT, QUOTE_COUNT
from trade2026.prism.engine.layout import Block, Layout, Row
from trade2026.prism.engine.memory import NO_RANK, SIDE, SIDES
from trade2026.prism.floorplan import AGENT_BITS, AGENTS, MARKET, OWNER, VALUE, discard
from trade2026.prism.loop import LEAST_PAUSE_NS
from trade2026.prism.opening import Agent

_LONGEST_S: Final = 1e9


def _words(layout: Layout) -> dict[str, int]:
    """Return where in a record its fields lie, in words of eight bytes."""
    fields = layout.dtype.fields
    assert fields is not None
    return {name: int(at[1]) // 8 for name, at in fields.items()}


_MARKET: Final = _words(MARKET)
_AGENT: Final = _words(AGENT)
_BEST: Final = _words(SIDE)["best"]
_WORTH: Final = _words(VALUE)["worth"]


class Desk:
    """What a Python agent has in front of it in one symbol, and how it acts there.

    Prices are whole ticks, quantities whole lots, times ns of simulation time.
    """

    def __init__(
        self, market: Block, sides: list[memoryview], symbol: str, index: int, owner: int
    ) -> None:
        self.symbol: Final = symbol
        self._address = market.ctypes.data
        self._sides = sides
        self._index, self._owner = index, owner
        head = market[: MARKET.size].view(MARKET.dtype)[0]
        at = int(head["agent_at"]) + (index * int(head["agents"]) + owner) * AGENT.size
        self._agent = _memory_of(market[at : at + AGENT.size]).cast("q")
        value = int(head["value_at"]) + index * VALUE.size
        self._value = _memory_of(market[value : value + VALUE.size]).cast("d")
        self._mind_at = at + MIND_AT
        self._market = market
        self.now_ns: int = 0
        self.is_awake: bool = False
        """Whether the agent looks at present; only then may it act."""

    def mind(self, agent_type: AgentType) -> Row:
        """Return the agent's reals by name: its parameters, and what it remembers."""
        layout = agent_type.mind
        return self._market[self._mind_at : self._mind_at + layout.size].view(layout.dtype)[0]

    @property
    def bid(self) -> int:
        """Return the best bid, 0 where there is none."""
        best = self._sides[self._index][_BEST]
        return best if best != NO_RANK else 0

    @property
    def ask(self) -> int:
        """Return the best offer, 0 where there is none."""
        best = self._sides[self._index][SIDE.size // 8 + _BEST]
        return -best if best != NO_RANK else 0

    @property
    def inventory(self) -> int:
        """Return the agent's lots, negative when short."""
        return self._agent[_AGENT["inventory"]]

    @property
    def cash(self) -> int:
        """Return the agent's cash in ticks times lots."""
        return self._agent[_AGENT["cash"]]

    @property
    def clip(self) -> int:
        """Return the lots of an ordinary order."""
        return self._agent[_AGENT["clip"]]

    @property
    def worth(self) -> float:
        """Return the symbol's value in ticks: what only those who research it should use."""
        return self._value[_WORTH]

    def rest(self, place: int, side: int, ticks: int, lots: int) -> int:
        """Send a limit order whose rest stays, as quote *place*; return its number.

        Args:
            place: 0 to 7. What stood there before is forgotten, not cancelled.
            side: 1 buys, -1 sells.
            ticks: the limit.
            lots: cut to what the agent's bound allows; nothing left gives number 0.
        """
        return self._act(loop.REST, place, side, ticks, lots)

    def take(self, side: int, ticks: int, lots: int) -> int:
        """Trade up to *lots* at once at *ticks* or better; return the order's number."""
        return self._act(loop.TAKE, 0, side, ticks, lots)

    def withdraw(self, place: int) -> None:
        """Cancel quote *place*, if it still rests."""
        self._act(loop.WITHDRAW, place, 1, 0, 0)

    def _act(self, what: int, place: int, side: int, ticks: int, lots: int) -> int:
        if not self.is_awake:
            raise RefusedError("a desk acts only while its own agent looks, within its wake")
        if not 0 <= place < QUOTE_COUNT:
            raise InvalidInputError("place", f"{place} is outside 0 to {QUOTE_COUNT - 1}")
        if side not in {1, -1}:
            raise InvalidInputError("side", f"{side} is neither 1 nor -1")
        # The loop would cut a price between two ticks without a word.
        where, many = operator.index(ticks), operator.index(lots)
        return loop.act(
            self._address, self._index, self._owner, self.now_ns, what, place, side, where, many
        )


class Callbacks:
    """The agents of a market that are Python functions."""

    def __init__(
        self, market: Block, symbols: tuple[str, ...], agents: Mapping[int, Agent]
    ) -> None:
        self._market = market
        self._words = _memory_of(market).cast("q")
        self._due = int(self._words[_MARKET["due_at"]]) // 8
        self._sides: list[memoryview] = []
        self._desks = {
            index << AGENT_BITS | owner: (
                Desk(market, self._sides, symbol, index, owner),
                _wake_of(agent.type),
                agent.name,
            )
            for index, symbol in enumerate(symbols)
            for owner, agent in agents.items()
        }
        self.is_asking: bool = False
        """Whether an agent looks at present: the market stands still as long as it does."""

    def find(self, books: list[Block]) -> None:
        """Take note of where the books are now."""
        self._sides[:] = [_memory_of(SIDES.view(book)).cast("q") for book in books]

    @property
    def due_ns(self) -> int:
        """Return when the agent that is due first looks."""
        return self._words[self._due]

    def answer(self) -> None:
        """Have the agent that is due first look and act.

        Raises:
            InvalidInputError: it pauses for no number of seconds that there is.
        """
        words = self._words
        now_ns, who = words[self._due], words[self._due + 1]
        desk, wake, name = self._desks[who]
        desk.now_ns = now_ns
        wait_ns = 0
        self.is_asking = desk.is_awake = True
        try:
            told = wake(desk)
            wait_ns = _wait_of(told)
        finally:
            self.is_asking = desk.is_awake = False
            if not wait_ns:
                # It failed: nothing of what it had written is sent.
                discard(self._market, AGENTS.view(self._market)[self._place(who)])
        if not wait_ns:
            raise InvalidInputError(
                name,
                f"its wake returned {told!r:.80}, which is no pause above 0 to {_LONGEST_S:g} s",
            )
        words[_MARKET["answer"]] = wait_ns

    def _place(self, who: int) -> int:
        return (who >> AGENT_BITS) * self._words[_MARKET["agents"]] + (who & OWNER)


def _memory_of(table: NDArray[Any]) -> memoryview:
    return memoryview(cast(Any, table.view(np.uint8)))


def _wake_of(agent_type: AgentType) -> Callable[[Desk], object]:
    return agent_type.wake


def _wait_of(told: Any) -> int:  # noqa: ANN401 - whatever a stranger's function returned.
    """Return the pause in ns; 0 where what was *told* is none."""
    try:
        if not 0.0 < told <= _LONGEST_S:
            return 0
        return max(LEAST_PAUSE_NS, math.ceil(told * NS_PER_S))
    except (TypeError, ValueError):
        return 0
