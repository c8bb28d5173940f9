"""A whole simulated market: every symbol's book, the agents, and the passing of time.

It is deterministic: the configuration with its seed and the outsiders' orders with their
times give the same events, bit for bit, however the time in between is cut into steps.
Trading moves cash and inventory between participants and never makes or destroys any.
Inside, prices are ticks and quantities lots; holdings leave in nanos, exactly.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import Px, SignedQty, Value
from trade2026.model.order import OrdType, Side, TimeInForce
from trade2026.model.prism import PartyHolding
from trade2026.prism import loop
from trade2026.prism.config import MarketConfig
from trade2026.prism.engine import desk, kernels, memory
from trade2026.prism.engine.book import depth_of, grown_memory, new_memory, resting_of
from trade2026.prism.engine.compiled import Words
from trade2026.prism.engine.event import MARKET_EVENT, grown_tape, new_tape, take_events
from trade2026.prism.engine.message import BUY, FORCE_OF, KIND_OF, MESSAGE_COLUMNS, SELL, Action
from trade2026.prism.opening import agents_of, grid_of, open_tables, restore
from trade2026.prism.price import fundamental
from trade2026.prism.price.fundamental import FundamentalParams

__all__ = ["FIRST_OUTSIDER", "MARKET_EVENT", "AgentHolding", "AgentState", "Market"]

FIRST_OUTSIDER: Final = 1_000
"""Owners from here on are outsiders; agents count from 0."""

_EVENTS: Final = 16_384
"""Events a new tape has room for; it grows where nobody drains it."""

_TABLES: Final = ("heap", "desks", "minds", "values", "value_words")
"""Of the tables, those that a state has; the addresses of kernels are of one process only."""

_NO_PRICES: Final[Mapping[str, Px]] = MappingProxyType({})


class AgentHolding(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent has in one symbol."""

    symbol: str
    cash: Value
    inventory: SignedQty
    open_orders: int
    pnl: Value
    """Against its beginning, inventory marked at the last mid price."""


class AgentState(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as others may look at it."""

    name: str
    type_name: str
    holdings: tuple[AgentHolding, ...]

    @property
    def pnl(self) -> Value:
        """Return the profit over all symbols."""
        return Value(sum(holding.pnl for holding in self.holdings))


class ArrayState(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An array as bytes."""

    dtype: str
    shape: tuple[int, ...]
    content: bytes


class MarketState(msgspec.Struct, frozen=True, kw_only=True):
    """All that a market is at one moment; with its configuration it goes on from there."""

    sim_ns: int
    arrays: dict[str, ArrayState]
    last_mid_px: dict[str, Px]


class Market:
    """The market of a configuration, from *start_ns* on.

    Args:
        config: see `config.py`; its seed fixes all chance.
        start_ns: simulation time at the opening.
        life: how often this market came back from its log; each life draws from fresh
            streams, so that it does not repeat its past.
        holdings: what agents held before; those of outsiders are passed over.
        last_mid_px: where prices stood before.

    Raises:
        InvalidInputError: the configuration is contradictory, or a holding belongs to an
            agent or symbol that is not configured or does not lie on its grid.
    """

    def __init__(
        self,
        config: MarketConfig,
        *,
        start_ns: int,
        life: int = 0,
        holdings: Sequence[PartyHolding] = (),
        last_mid_px: Mapping[str, Px] = _NO_PRICES,
    ) -> None:
        self.symbols: tuple[str, ...] = tuple(s.instrument.symbol for s in config.symbols)
        self.sim_ns: int = start_ns
        """Simulation time in ns; only `run_until` moves it."""
        self._index = {symbol: index for index, symbol in enumerate(self.symbols)}
        self._grids = [grid_of(symbol) for symbol in config.symbols]
        self._agents = agents_of(config.agents)
        self._owners = {agent.name: owner for owner, agent in enumerate(self._agents)}
        self._tables = open_tables(
            config,
            agents=self._agents,
            grids=self._grids,
            start_ns=start_ns,
            life=life,
            last_mid_px=last_mid_px,
        )
        restore(
            self._tables,
            symbols=self._index,
            owners=self._owners,
            grids=self._grids,
            holdings=holdings,
        )
        self._books = np.stack([new_memory(index) for index in range(len(self.symbols))])
        self._tape = new_tape(_EVENTS)
        self._outbox = np.zeros((memory.ROOM + 1, MESSAGE_COLUMNS), np.int64)
        self._last_mid_px = {
            s.instrument.symbol: last_mid_px.get(s.instrument.symbol, s.start_px)
            for s in config.symbols
        }

    @classmethod
    def from_state(cls, config: MarketConfig, state: MarketState) -> "Market":
        """Return the market that *state* was taken of; *config* is its own.

        Raises:
            InvalidInputError: the state is not one of such a market.
        """
        market = cls(config, start_ns=state.sim_ns, last_mid_px=state.last_mid_px)
        tables = market._tables
        for name in _TABLES:
            saved = _array_of(state, name)
            if saved.shape != getattr(tables, name).shape:
                raise InvalidInputError(name, "is of another market")
            setattr(tables, name, saved)
        market._books = _array_of(state, "books")
        return market

    def state(self) -> MarketState:
        """Return a copy of everything. All events must have been drained."""
        assert self._tape[0, 0] == 0
        arrays = {name: getattr(self._tables, name) for name in _TABLES} | {"books": self._books}
        return MarketState(
            sim_ns=self.sim_ns,
            arrays={
                name: ArrayState(dtype=array.dtype.str, shape=array.shape, content=array.tobytes())
                for name, array in arrays.items()
            },
            last_mid_px=self.last_mid_px(),
        )

    @property
    def next_ns(self) -> int:
        """Return when something happens next by itself."""
        return int(self._tables.heap[0, 0])

    def run_until(self, sim_ns: int) -> None:
        """Let the agents act up to *sim_ns*, which is not in the past."""
        assert sim_ns >= self.sim_ns
        tables = self._tables
        while not loop.run(
            sim_ns,
            tables.heap,
            self._books,
            self._tape,
            self._outbox,
            tables.desks,
            tables.minds,
            tables.values,
            tables.value_words,
            tables.wakes,
        ):
            self._make_room()
        self.sim_ns = sim_ns

    def submit(
        self,
        *,
        symbol: str,
        number: int,
        owner: int,
        side: Side,
        ord_type: OrdType,
        time_in_force: TimeInForce,
        ticks: int,
        lots: int,
    ) -> None:
        """Match an outsider's order at the present simulation time.

        Args:
            symbol: one of `symbols`.
            number: positive, and unique among all orders ever sent to the symbol.
            owner: `FIRST_OUTSIDER` or more; orders of one owner never trade with each other.
            side: of the order.
            ord_type: a market order never rests, whatever *time_in_force* says.
            time_in_force: what happens to the part that does not trade at once.
            ticks: the limit price; without meaning for a market order.
            lots: the quantity.
        """
        assert number > 0
        assert owner >= FIRST_OUTSIDER
        kind, force = KIND_OF[ord_type], FORCE_OF[time_in_force]
        row = (Action.PLACE, number, owner, side.sign, kind, force, ticks, lots)
        self._handle(self._index[symbol], row)

    def cancel(self, *, symbol: str, number: int) -> None:
        """Cancel what rests of an outsider's order; an event says so, or why not."""
        assert number > 0
        self._handle(self._index[symbol], (Action.CANCEL, number, 0, 0, 0, 0, 0, 0))

    def drain(self) -> NDArray[np.void]:
        """Return all events since the last call, in order, as `MARKET_EVENT` records."""
        return take_events(self._tape)

    def depth(self, symbol: str, levels: int) -> tuple[Words, Words]:
        """Return bids and offers, each `(n, 2) int64`: ticks and lots, best first."""
        book = self._books[self._index[symbol]]
        return depth_of(book, BUY, levels), depth_of(book, SELL, levels)

    def resting(self, symbol: str) -> Words:
        """Return all resting orders, `(n, 5) int64`: number, owner, side, ticks, lots."""
        return resting_of(self._books[self._index[symbol]])

    def mid_px(self, symbol: str) -> Px:
        """Return the mid price; while a side is empty, the last one known, at first the start."""
        index = self._index[symbol]
        bid = memory.best_ticks(self._books[index], BUY)
        ask = memory.best_ticks(self._books[index], SELL)
        if bid and ask:
            self._last_mid_px[symbol] = Px((bid + ask) * self._grids[index].tick // 2)
        return self._last_mid_px[symbol]

    def fundamental_px(self, symbol: str) -> float:
        """Return the value around which the symbol trades, as of its last wake-up, in nanos."""
        index = self._index[symbol]
        ticks = fundamental.present_value(self._tables.values[index])
        return ticks * self._grids[index].tick

    def last_mid_px(self) -> dict[str, Px]:
        """Return every symbol's `mid_px`, as a snapshot keeps it."""
        return {symbol: self.mid_px(symbol) for symbol in self.symbols}

    def holdings(self) -> list[PartyHolding]:
        """Return what every agent holds of every symbol, exactly."""
        return [
            PartyHolding(
                party=agent.name,
                symbol=symbol,
                cash=self._cash(index, owner),
                inventory=self._inventory(index, owner),
            )
            for owner, agent in enumerate(self._agents)
            for index, symbol in enumerate(self.symbols)
        ]

    def agents(self) -> list[AgentState]:
        """Return the state of every agent."""
        counts = [
            np.bincount(owners[owners < len(self._agents)], minlength=len(self._agents))
            for owners in (self.resting(symbol)[:, 1] for symbol in self.symbols)
        ]
        return [
            AgentState(
                name=agent.name,
                type_name=agent.type.name,
                holdings=tuple(
                    self._holding(index, owner, int(counts[index][owner]))
                    for index in range(len(self.symbols))
                ),
            )
            for owner, agent in enumerate(self._agents)
        ]

    def reshape_value(self, symbol: str, params: FundamentalParams, times: float) -> None:
        """Let the symbol's value move by *params* from now on, *times* as much."""
        fundamental.reshape(self._tables.values[self._index[symbol]], params, times)

    def shift_value(self, symbol: str, log_move: float) -> None:
        """Move the symbol's value at once, for good."""
        fundamental.shift(self._tables.values[self._index[symbol]], log_move)

    def set_params(self, owner: int, params: Sequence[float]) -> None:
        """Let an agent act by *params*, in the order of its type's struct, from now on."""
        self._tables.minds[:, owner, : len(params)] = params

    def params(self, owner: int) -> tuple[float, ...]:
        """Return by what an agent acts."""
        count = len(self._agents[owner].params)
        return tuple(self._tables.minds[0, owner, :count].tolist())

    def send_away(self, symbol: str, owners: Sequence[int], until_ns: int) -> None:
        """Cancel what agents have in the book of *symbol*, and wake them there no earlier."""
        index, width = self._index[symbol], len(self._agents)
        for number, owner, *_ in self.resting(symbol).tolist():
            if owner in owners:
                self._handle(index, (Action.CANCEL, number, 0, 0, 0, 0, 0, 0))
        # What they believed of the price will be old when they come back.
        self._tables.minds[index, list(owners), desk.BELIEF] = 0.0
        away = {index * width + owner for owner in owners}
        wakes: list[tuple[int, int]] = self._tables.heap.tolist()
        # A sorted table is a heap.
        self._tables.heap[:] = sorted(
            (max(at, until_ns) if who in away else at, who) for at, who in wakes
        )

    def _holding(self, index: int, owner: int, open_orders: int) -> AgentHolding:
        grid = self._grids[index]
        symbol = self.symbols[index]
        cash, inventory = self._cash(index, owner), self._inventory(index, owner)
        earned = cash - grid.first_cash * grid.unit
        return AgentHolding(
            symbol=symbol,
            cash=cash,
            inventory=inventory,
            open_orders=open_orders,
            pnl=Value(earned + inventory * self.mid_px(symbol)),
        )

    def _cash(self, index: int, owner: int) -> Value:
        return Value(int(self._tables.desks[index, owner, desk.CASH]) * self._grids[index].unit)

    def _inventory(self, index: int, owner: int) -> SignedQty:
        lots = int(self._tables.desks[index, owner, desk.INVENTORY])
        return SignedQty(lots * self._grids[index].lot)

    def _handle(self, index: int, row: tuple[int, ...]) -> None:
        self._make_room()
        book, tape = self._books[index], self._tape
        before = int(tape[0, 0])
        kernels.replay(book, tape, np.array([row], np.int64), 0, 1, self.sim_ns)
        loop.settle(tape, before, self._tables.desks[index])

    def _make_room(self) -> None:
        least_free = min(int(book[memory.CAPACITY] - book[memory.OPEN]) for book in self._books)
        if least_free < memory.ROOM:
            self._books = np.stack(
                [grown_memory(book, index) for index, book in enumerate(self._books)]
            )
        while not all(memory.has_room(book, self._tape) for book in self._books):
            self._tape = grown_tape(self._tape)


def _array_of(state: MarketState, name: str) -> NDArray[Any]:
    saved = state.arrays.get(name)
    if saved is None:
        raise InvalidInputError(name, "is missing")
    flat = np.frombuffer(saved.content, np.dtype(saved.dtype))
    return flat.reshape(saved.shape).copy()
