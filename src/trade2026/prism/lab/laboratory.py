"""A market of your own, from Python: run it, look into it, trade in it.

::

    from trade2026.prism import Market

    market = Market(seed=7, symbols=["BTCUSDT"])
    market.run(until_s=3_600)
    bids, asks = market.book("BTCUSDT", levels=5)
    number = market.buy("BTCUSDT", lots=10, ticks=int(bids[0, 0]))
    market.run(until_s=3_660)
    with market.record("later.parquet"):
        market.run(until_s=7_200)

Prices are whole ticks and quantities whole lots, as the books count them; `tick_size` and
`lot_size` say what one is. Time is simulated, counted from the opening.
"""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from operator import index
from pathlib import Path
from typing import Final, SupportsIndex

import msgspec
import numpy as np
from numpy.typing import NDArray

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.numbers import INT64_MAX, NANOS
from trade2026.prism.agent_type import AgentType
from trade2026.prism.config import (
    DEFAULT_AGENTS,
    AgentGroup,
    MarketConfig,
    default_config,
    read_agents,
)
from trade2026.prism.engine.event import MARKET_EVENT, EventKind
from trade2026.prism.engine.message import (
    BUY,
    MAX_LOTS,
    MAX_TICKS,
    SELL,
    Action,
    Force,
    Kind,
    new_message,
)
from trade2026.prism.exchange import FIRST_OUTSIDER
from trade2026.prism.lab.event_file import EventFile
from trade2026.prism.market import Market as Engine

_YOU: Final = FIRST_OUTSIDER
_LONGEST_S: Final = 1e9


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """What you have in one symbol; you begin with nothing."""

    lots: int
    """Negative when short."""
    cash: int
    """Ticks times lots; negative when you paid more than you got. PRISM's fees are not in it."""


class Market:
    """A market of agents in which you trade as well.

    Two of the same arguments, told the same, go the same way, event by event. Markets are
    independent of each other: each may run in a thread of its own.

    Args:
        seed: of all chance.
        symbols: of PRISM's default ones; all of them unless told.
        agents: who trades: groups, or a text such as ``mm:5@2ms noise:20``.
        own_types: agent types of your own, which `agents` may name.
        config: a whole configuration instead of all the above but `own_types`.

    Raises:
        InvalidInputError: there is no such symbol or agent type, or nobody trades.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        symbols: Sequence[str] | None = None,
        agents: str | Iterable[AgentGroup] = DEFAULT_AGENTS,
        own_types: Sequence[AgentType] = (),
        config: MarketConfig | None = None,
    ) -> None:
        self.config: Final = config or _config_of(seed, symbols, agents)
        """All that this market is made of."""
        self._market = Engine(self.config, start_ns=0, own_types=own_types)
        self._instruments = {s.instrument.symbol: s.instrument for s in self.config.symbols}
        self._last_number = 0
        self._symbol_of: dict[int, str] = {}
        """Of your orders that have not ended."""
        self._lots = dict.fromkeys(self.symbols, 0)
        self._cash = dict.fromkeys(self.symbols, 0)
        self._events: list[NDArray[np.void]] = []
        self._file: EventFile | None = None

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return what is traded, in the order of the events' `symbol`."""
        return self._market.symbols

    @property
    def now_s(self) -> float:
        """Return the market's time, in seconds since it opened."""
        return self._market.sim_ns / NS_PER_S

    def tick_size(self, symbol: str) -> float:
        """Return what one tick is worth, in the quote currency."""
        return int(self._instruments[self._known(symbol)].tick_size) / NANOS

    def lot_size(self, symbol: str) -> float:
        """Return how much one lot is of the symbol."""
        return int(self._instruments[self._known(symbol)].lot_size) / NANOS

    def run(self, *, until_s: float) -> None:
        """Let everybody act until *until_s* seconds after the opening.

        Where an agent of yours fails, its error comes out: the market has come as far as that,
        and may be run again.

        Raises:
            InvalidInputError: that is in the past, or no time.
            RefusedError: an agent of this market asks for it.
        """
        if not self.now_s <= until_s <= _LONGEST_S:
            raise InvalidInputError("until_s", f"{until_s} s is not between now and {_LONGEST_S}")
        # So many events at a time are read that days take no more memory than minutes.
        until_ns = max(self._market.sim_ns, round(until_s * NS_PER_S))
        while self._market.sim_ns < until_ns:
            self._advance(min(until_ns, self._market.sim_ns + 60 * NS_PER_S))

    def step(self) -> float:
        """Let whoever is due next act, and return when that was, in seconds."""
        self._advance(max(self._market.next_ns, self._market.sim_ns))
        return self.now_s

    def book(self, symbol: str, levels: int = 10) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return bids and offers, each `(n, 2) int64`: ticks and lots shown, best first."""
        return self._market.depth(self._known(symbol), _whole("levels", levels, 0, MAX_TICKS))

    def mid(self, symbol: str) -> float:
        """Return the mid price in ticks; while a side is empty, the last one known."""
        tick = int(self._instruments[self._known(symbol)].tick_size)
        return self._market.mid_px(symbol) / tick

    def worth(self, symbol: str) -> float:
        """Return the value that informed agents see, in ticks."""
        tick = int(self._instruments[self._known(symbol)].tick_size)
        return self._market.fundamental_px(symbol) / tick

    def agents(self, symbol: str) -> NDArray[np.void]:
        """Return what the agents have, one record each, in the market's own memory, read-only.

        `inventory` is in lots, `cash` in ticks times lots, with what they began with.
        """
        return self._market.agent_records(self._known(symbol))

    @property
    def agent_names(self) -> tuple[str, ...]:
        """Return the agents' names, in the order of `agents` and of the events' owners."""
        return self._market.agent_names

    def buy(self, symbol: str, *, lots: int, ticks: int = 0, force: Force = Force.GTC) -> int:
        """Send an order to buy now; see `sell`."""
        return self._send(symbol, BUY, lots, ticks, force)

    def sell(self, symbol: str, *, lots: int, ticks: int = 0, force: Force = Force.GTC) -> int:
        """Send an order to sell now; return its number, which events and `cancel` know.

        Args:
            symbol: one of `symbols`.
            lots: how many.
            ticks: the limit, 0 for a market order.
            force: what becomes of what does not trade at once.

        Raises:
            InvalidInputError: one of them cannot be.
        """
        return self._send(symbol, SELL, lots, ticks, force)

    def cancel(self, number: int) -> bool:
        """Cancel what rests of an order of yours; return False where nothing does."""
        symbol = self._symbol_of.get(number)
        if symbol is None:
            return False
        self._market.cancel(symbol=symbol, number=number)
        self._take_events()
        return True

    @property
    def open_orders(self) -> tuple[int, ...]:
        """Return the numbers of your orders that rest, oldest first."""
        return tuple(self._symbol_of)

    def position(self, symbol: str) -> Position:
        """Return what you have of a symbol."""
        return Position(lots=self._lots[self._known(symbol)], cash=self._cash[symbol])

    def profit(self, symbol: str) -> float:
        """Return what you would have won by now, at the mid price, in the quote currency."""
        held = self.position(symbol)
        unit = self.tick_size(symbol) * self.lot_size(symbol)
        return (held.cash + held.lots * self.mid(symbol)) * unit

    def events(self) -> NDArray[np.void]:
        """Return all that happened since the last call, in order, as `MARKET_EVENT` records.

        They are kept until then, but for those that `record` writes to a file.
        """
        taken, self._events = self._events, []
        return np.concatenate(taken) if taken else np.zeros(0, MARKET_EVENT)

    @contextmanager
    def record(self, path: Path | str) -> Generator[None]:
        """Write all that happens within the context to a Parquet file, and keep none of it.

        `read_events` reads it back. However long the market runs, half a million events wait
        in memory at most, and those of one minute.

        Args:
            path: replaced where it exists; its folder is made.

        Raises:
            InvalidInputError: nothing can be written there.
            RefusedError: it is being recorded already.
        """
        if self._file is not None:
            raise RefusedError("the market is being recorded already")
        instruments = [one.instrument for one in self.config.symbols]
        with EventFile(Path(path), instruments) as file:
            self._file = file
            try:
                yield
            finally:
                self._file = None

    def _advance(self, until_ns: int) -> None:
        try:
            self._market.run_until(until_ns)
        finally:
            self._take_events()

    def _send(self, symbol: str, side: int, lots: int, ticks: int, force: Force) -> int:
        lots, ticks = _whole("lots", lots, 1, MAX_LOTS), _whole("ticks", ticks, 0, MAX_TICKS)
        if force not in {Force.GTC, Force.IOC, Force.FOK}:
            raise InvalidInputError("force", f"{force!r} is none of GTC, IOC and FOK")
        self._last_number += 1
        number = self._last_number
        self._symbol_of[number] = self._known(symbol)
        message = new_message(
            Action.PLACE,
            number=number,
            owner=_YOU,
            side=side,
            kind=Kind.LIMIT if ticks else Kind.MARKET,
            force=force,
            ticks=ticks,
            lots=lots,
        )
        self._market.ask(symbol, message)
        self._take_events()
        return number

    def _take_events(self) -> None:
        events = self._market.drain()
        if not len(events):
            return
        yours = events[(events["maker_owner"] == _YOU) | (events["taker_owner"] == _YOU)]
        for event in yours:
            self._book(event)
        if self._file is None:
            self._events.append(events)
        else:
            self._file.add(events)

    def _book(self, event: np.void) -> None:
        symbol = self.symbols[int(event["symbol"])]
        kind = int(event["kind"])
        for part in ("maker", "taker"):
            if int(event[f"{part}_owner"]) != _YOU:
                continue
            if kind == EventKind.TRADE:
                side = int(event["side"]) * (1 if part == "taker" else -1)
                lots = side * int(event["lots"])
                self._lots[symbol] += lots
                self._cash[symbol] -= lots * int(event["ticks"])
            is_filled = kind == EventKind.TRADE and int(event[f"{part}_lots_left"]) == 0
            if is_filled or kind in {EventKind.REMOVED, EventKind.KILLED}:
                self._symbol_of.pop(int(event[f"{part}_number"]), None)

    def _known(self, symbol: str) -> str:
        if symbol not in self._instruments:
            raise InvalidInputError(
                "symbol", f"{symbol!s:.40} is none of {', '.join(self.symbols)}"
            )
        return symbol


def _whole(field: str, value: SupportsIndex, least: int, most: int) -> int:
    try:
        number = index(value)
    except TypeError as error:
        raise InvalidInputError(field, f"{value!r} is no whole number") from error
    if not least <= number <= most:
        raise InvalidInputError(field, f"{number} is outside {least} to {most}")
    return number


def _config_of(
    seed: int, symbols: Sequence[str] | None, agents: str | Iterable[AgentGroup]
) -> MarketConfig:
    groups = read_agents(agents) if isinstance(agents, str) else tuple(agents)
    whole = default_config(_whole("seed", seed, 0, INT64_MAX), groups)
    if symbols is None:
        return whole
    if isinstance(symbols, str):
        raise InvalidInputError("symbols", f"is a list of them: [{symbols!r:.40}]")
    by_name = {s.instrument.symbol: s for s in whole.symbols}
    unknown = [symbol for symbol in symbols if symbol not in by_name]
    if unknown or not symbols:
        names = ", ".join(by_name)
        raise InvalidInputError("symbols", f"{unknown or 'nothing'} is none of {names}")
    chosen = tuple(by_name[symbol] for symbol in dict.fromkeys(symbols))
    return msgspec.structs.replace(whole, symbols=chosen)
