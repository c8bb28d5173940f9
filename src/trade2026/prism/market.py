"""A whole simulated market: every symbol's book, the agents, and the passing of time.

It is deterministic: the configuration with its seed and the outsiders' orders with their
times give the same events, bit for bit, however the time in between is cut into steps.
Trading moves cash and inventory between participants and never makes or destroys any.
Inside, prices are ticks and quantities lots; holdings leave in nanos, exactly.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.numbers import Px, SignedQty, Value
from trade2026.model.order import OrdType, Side, TimeInForce
from trade2026.model.prism import PartyHolding
from trade2026.prism import callback, floorplan, loop, opening
from trade2026.prism.agent_type import AgentType
from trade2026.prism.config import MarketConfig
from trade2026.prism.engine import memory, tape
from trade2026.prism.engine.book import open_book, with_room
from trade2026.prism.engine.compiled import Words
from trade2026.prism.engine.layout import Row
from trade2026.prism.engine.memory import ROOM
from trade2026.prism.engine.message import (
    BUY,
    FORCE_OF,
    KIND_OF,
    MESSAGE,
    SELL,
    Action,
    new_message,
)
from trade2026.prism.engine.seldom import book_of_bytes, bytes_of
from trade2026.prism.engine.views import depth_of, resting_of
from trade2026.prism.gauges import SPAN_ROOM, Gauges
from trade2026.prism.kernels import prepare
from trade2026.prism.market_state import AgentHolding, AgentState, MarketState
from trade2026.prism.price.fundamental import FundamentalParams, reshape, shift

FIRST_OUTSIDER: Final = 2**20
"""Owners from here on are outsiders; agents count from 0."""

_EVENTS: Final = 65_536
"""Records a new tape has room for; it grows where nobody drains it."""

_NO_PRICES: Final[Mapping[str, Px]] = MappingProxyType({})


class Market:
    """The market of a configuration, from *start_ns* on.

    Args:
        config: see `config.py`; its seed fixes all chance.
        start_ns: simulation time at the opening.
        life: how often this market came back from its log; each life draws from fresh
            streams, so that it does not repeat its past.
        holdings: what agents held before; those of outsiders are passed over.
        last_mid_px: where prices stood before.
        own_types: agent types besides those of `agents/`; one of a name there stands for it.

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
        own_types: Sequence[AgentType] = (),
    ) -> None:
        self.symbols: tuple[str, ...] = tuple(s.instrument.symbol for s in config.symbols)
        self.sim_ns: int = start_ns
        """Simulation time in ns; only `run_until` moves it, to where an agent fails at least."""
        self._index = {symbol: index for index, symbol in enumerate(self.symbols)}
        self._grids = opening.grids_of(config.symbols)
        self._agents = opening.agents_of(config.agents, own_types)
        self._made_of = opening.made_of(config, self._agents)
        prepare([agent.type for agent in self._agents])
        self._owners = {agent.name: owner for owner, agent in enumerate(self._agents)}
        self._market = opening.open_market(
            config,
            agents=self._agents,
            grids=self._grids,
            start_ns=start_ns,
            life=life,
            last_mid_px=last_mid_px,
        )
        opening.restore(
            self._market,
            symbols=self._index,
            owners=self._owners,
            grids=self._grids,
            holdings=holdings,
        )
        self._books = [open_book(index) for index in range(len(self.symbols))]
        self._tape = tape.new_tape(_EVENTS)
        self._seqs = np.zeros(len(self.symbols), np.int64)
        self._last_mid_px = {
            s.instrument.symbol: last_mid_px.get(s.instrument.symbol, s.start_px)
            for s in config.symbols
        }
        in_python = {n: a for n, a in enumerate(self._agents) if a.type.in_python}
        self._callbacks = callback.Callbacks(self._market, self.symbols, in_python)
        self._first_px = dict(self._last_mid_px)
        self._end = ""
        """Why nothing may happen any more."""
        self._find_books()

    @classmethod
    def from_state(
        cls, config: MarketConfig, state: MarketState, own_types: Sequence[AgentType] = ()
    ) -> "Market":
        """Return the market that *state* was taken of; *config* and *own_types* are its own.

        Raises:
            InvalidInputError: the state is not one of such a market.
        """
        market = cls(
            config, start_ns=state.sim_ns, last_mid_px=state.last_mid_px, own_types=own_types
        )
        is_alike = state.made_of == market._made_of and len(state.books) == len(market._books)
        if not is_alike or len(state.market) != len(market._market):
            raise InvalidInputError("state", "is of another market")
        market._market[:] = np.frombuffer(state.market, np.uint8)
        opening.set_wakes(market._market, market._agents)
        market._books = [book_of_bytes(book) for book in state.books]
        market._seqs[:] = state.seqs
        market._first_px = state.first_px
        market._find_books()
        return market

    def state(self) -> MarketState:
        """Return a copy of everything but the gauges. All events must have been drained."""
        assert tape.head_of(self._tape)["count"] == 0
        block = self._market.copy()
        # Where things are is of one process only, and no part of what they are.
        floorplan.ADDRESSES.view(block)["at"] = 0
        floorplan.WAKES.view(block)["at"] = 0
        block[: floorplan.MARKET.size].view(floorplan.MARKET.dtype)["gauges"] = 0
        return MarketState(
            sim_ns=self.sim_ns,
            market=block.tobytes(),
            books=tuple(bytes_of(book) for book in self._books),
            seqs=tuple(self._seqs.tolist()),
            last_mid_px=self.last_mid_px(),
            first_px=dict(self._first_px),
            made_of=self._made_of,
        )

    @property
    def next_ns(self) -> int:
        """Return when something happens next by itself."""
        return int(floorplan.DUES.view(self._market)["time"][0])

    def run_until(self, sim_ns: int) -> None:
        """Let the agents act up to *sim_ns*, which is not in the past."""
        assert sim_ns >= self.sim_ns
        self._run(sim_ns, 0, 0)

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
        terms = {"side": side.sign, "kind": kind, "force": force, "ticks": ticks, "lots": lots}
        self.ask(symbol, new_message(Action.PLACE, number=number, owner=owner, **terms))

    def cancel(self, *, symbol: str, number: int) -> None:
        """Cancel what rests of an outsider's order; an event says so, or why not."""
        assert number > 0
        self.ask(symbol, new_message(Action.CANCEL, number=number))

    def ask(self, symbol: str, message: NDArray[np.void]) -> None:
        """Have a symbol's book handle any message, one record of `MESSAGE`, at `sim_ns`."""
        assert message.dtype == MESSAGE
        self._run(self.sim_ns, self._index[symbol], message.ctypes.data)

    def measure(self, span_ns: int, room: int = SPAN_ROOM) -> Gauges:
        """Measure every symbol from now on; see `Gauges`. What happens stays the same."""
        self._gauges = Gauges(len(self.symbols), span_ns=span_ns, now_ns=self.sim_ns, room=room)
        self._head["gauges"] = self._gauges.address
        return self._gauges

    def drain(self) -> NDArray[np.void]:
        """Return all events since the last call, in order, as `MARKET_EVENT` records."""
        return tape.read_tape(self._tape, self._seqs)

    def depth(self, symbol: str, levels: int) -> tuple[Words, Words]:
        """Return bids and offers, each `(n, 2) int64`: ticks and lots, best first."""
        book = self._books[self._index[symbol]]
        return depth_of(book, BUY, levels), depth_of(book, SELL, levels)

    def resting(self, symbol: str) -> Words:
        """Return all resting orders, `(n, 6) int64`, as `engine.views.resting_of` does."""
        return resting_of(self._books[self._index[symbol]])

    def mid_px(self, symbol: str) -> Px:
        """Return the mid price; while a side is empty, the last one known, at first the start."""
        self._last_mid_px[symbol] = self._middle(symbol) or self._last_mid_px[symbol]
        return self._last_mid_px[symbol]

    def value_px(self, symbol: str) -> Px:
        """Return the mid price; while a side is empty the last trade's, at first the start.

        It depends on the market alone: what decides on an order is the same in every replay.
        """
        last = int(memory.head_of(self._books[self._index[symbol]])["last"])
        fallback = Px(last * self.tick_of(symbol)) if last else self._first_px[symbol]
        return self._middle(symbol) or fallback

    def _middle(self, symbol: str) -> Px | None:
        bid, ask = memory.SIDES.view(self._books[self._index[symbol]])["best"].tolist()
        if memory.NO_RANK in (bid, ask):
            return None
        # A sell's rank is minus its price.
        return Px((bid - ask) * self.tick_of(symbol) // 2)

    def tick_of(self, symbol: str) -> int:
        """Return how many nanos a tick of the symbol is."""
        return self._grids[self._index[symbol]].tick

    def stage(self, symbol: str) -> tuple[int, int, int]:
        """Return the book's `Phase` and its band, lowest and highest in ticks; both 0: none."""
        head = memory.head_of(self._books[self._index[symbol]])
        return int(head["phase"]), int(head["band_low"]), int(head["band_high"])

    def fundamental_px(self, symbol: str) -> float:
        """Return the value around which the symbol trades, as of its last wake-up, in nanos."""
        worth = floorplan.VALUES.view(self._market)["worth"][self._index[symbol]]
        return float(worth) * self.tick_of(symbol)

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

    @property
    def agent_names(self) -> tuple[str, ...]:
        """Return the agents' names by owner number."""
        return tuple(agent.name for agent in self._agents)

    def agent_records(self, symbol: str) -> NDArray[np.void]:
        """Return the agents' records of `engine/desk.py`, `(agents,)`, read-only, not copied."""
        first = self._index[symbol] * len(self._agents)
        records = floorplan.AGENTS.view(self._market)[first : first + len(self._agents)]
        records.flags.writeable = False
        return records

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
        reshape(floorplan.VALUES.view(self._market)[self._index[symbol]], params, times)

    def shift_value(self, symbol: str, log_move: float) -> None:
        """Move the symbol's value at once, for good."""
        shift(floorplan.VALUES.view(self._market)[self._index[symbol]], log_move)

    def set_params(self, owner: int, params: Sequence[float]) -> None:
        """Let an agent act by *params*, in the order of its type's struct, from now on."""
        for index in range(len(self.symbols)):
            opening.mind_of(self._market, index, owner)[: len(params)] = params

    def params(self, owner: int) -> tuple[float, ...]:
        """Return by what an agent acts."""
        return tuple(
            opening.mind_of(self._market, 0, owner)[: len(self._agents[owner].params)].tolist()
        )

    def send_away(self, symbol: str, owners: Sequence[int], until_ns: int) -> None:
        """Cancel what agents have in the book of *symbol*, and wake them there no earlier."""
        index = self._index[symbol]
        for number, owner, *_ in self.resting(symbol).tolist():
            if owner in owners:
                self.ask(symbol, new_message(Action.CANCEL, number=number))
        for owner in owners:
            # What they believed of the price will be old when they come back.
            opening.mind_of(self._market, index, owner)[len(self._agents[owner].params) :] = 0.0
        floorplan.postpone(
            self._market, {index << floorplan.AGENT_BITS | owner for owner in owners}, until_ns
        )
        for owner in owners:
            floorplan.discard(self._market, self._agent(index, owner))

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
        return Value(int(self._agent(index, owner)["cash"]) * self._grids[index].unit)

    def _inventory(self, index: int, owner: int) -> SignedQty:
        lots = int(self._agent(index, owner)["inventory"])
        return SignedQty(lots * self._grids[index].lot)

    def _agent(self, index: int, owner: int) -> Row:
        return floorplan.AGENTS.view(self._market)[index * len(self._agents) + owner]

    def _run(self, until: int, symbol: int, message: int) -> None:
        if self._callbacks.is_asking:
            raise RefusedError("a market neither runs nor takes orders while an agent of it looks")
        if self._end:
            raise RuntimeError(self._end)
        short = loop.ASK
        try:
            while short != loop.DONE:
                market, said = self._market.ctypes.data, self._tape.ctypes.data
                short = loop.run(market, said, until, symbol, message)
                if short == loop.ASK:
                    self._callbacks.answer()
                elif short == loop.FULL:
                    self._gauges.make_room()
                elif short != loop.DONE:
                    self._books[short], self._tape = with_room(self._books[short], self._tape)
                    self._find_books()
        finally:
            # A message is matched at the present, whatever comes of it, and time never goes back.
            due_ns = until if short == loop.DONE or message else self._callbacks.due_ns
            self.sim_ns = min(max(self.sim_ns, due_ns), until)
        if self._head["talker"] != floorplan.NOBODY:
            name = self._agents[int(self._head["talker"]) & floorplan.OWNER].name
            text = f"{name} sent more than {ROOM} messages at once, and some of them are lost"
            self._end = f"{text}: this market has ended for good"
            raise RuntimeError(self._end)

    @property
    def _head(self) -> Row:
        return self._market[: floorplan.MARKET.size].view(floorplan.MARKET.dtype)[0]

    def _find_books(self) -> None:
        self._callbacks.find(self._books)
        floorplan.ADDRESSES.view(self._market)["at"] = [book.ctypes.data for book in self._books]
