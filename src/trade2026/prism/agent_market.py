"""The compiled market of agents, spoken to as the venue speaks to any market.

See `prism.exchange.Exchange`. Compiled tables and rows end here.
"""

import math
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import Px
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.order import NewOrderSingle, OrdType, Side, TimeInForce
from trade2026.model.prism import (
    PartyHolding,
    PrismBand,
    PrismControl,
    PrismParams,
    PrismPhase,
    PrismShock,
    PrismStage,
    ShockKind,
)
from trade2026.prism.agent_type import AgentType
from trade2026.prism.agents import AGENT_TYPES
from trade2026.prism.config import MarketConfig, default_config
from trade2026.prism.digest import DigestState, EventDigest
from trade2026.prism.engine.book import FIRST_CAPACITY
from trade2026.prism.engine.compiled import remove_stale, sources_digest
from trade2026.prism.engine.message import (
    FORCE_OF,
    KIND_OF,
    STP_OF,
    Action,
    Flag,
    Phase,
    new_message,
)
from trade2026.prism.exchange import (
    FIRST_OUTSIDER,
    AgentView,
    Levels,
    MarketEvent,
    NewTerms,
    Terms,
)
from trade2026.prism.market import Market
from trade2026.prism.market_state import MarketState
from trade2026.prism.measuring import Measuring
from trade2026.prism.opening import agents_of
from trade2026.prism.parameters import changed
from trade2026.prism.price.fundamental import FundamentalParams
from trade2026.prism.shock import ActiveShock, away_share, check_shock, log_move
from trade2026.prism.stage import NAME_OF, PHASE_OF, check_bands, check_phase
from trade2026.prism.telling import told_of

_TYPES: Final = {agent_type.name: agent_type for agent_type in AGENT_TYPES}


class AgentMarketState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the market of agents is at one moment."""

    market: MarketState
    digest: DigestState
    values: dict[str, FundamentalParams]
    shocks: tuple[ActiveShock, ...]
    waiting: tuple[int, ...] = ()
    """Numbers of the stops that wait."""


class AgentMarket:
    """PRISM's own market: agents and outsiders in one book a symbol."""

    mode = "agents"

    def __init__(
        self,
        config: MarketConfig,
        *,
        start_ns: int,
        life: int,
        holdings: Sequence[PartyHolding],
        last_mid_px: Mapping[str, Px],
    ) -> None:
        # Who is not configured any more is a party of its own, outside of this market.
        here = {agent.name for agent in agents_of(config.agents)}
        agents = [holding for holding in holdings if holding.party in here]
        self._config = config
        self.rules = f"{sources_digest()}-{_digest_of(config)}"
        """Names the kernels and the configuration, the seed apart."""
        self._market = Market(
            config, start_ns=start_ns, life=life, holdings=agents, last_mid_px=last_mid_px
        )
        self._digest = EventDigest(start_ns)
        self._values = {s.instrument.symbol: s.fundamental for s in config.symbols}
        self._shocks: list[ActiveShock] = []
        self._waiting: set[int] = set()
        """Numbers of the stops that wait."""
        named = self._market.agents()
        self._names = [agent.name for agent in named]
        self._types = [_TYPES[agent.type_name] for agent in named]

    def load(self, state: AgentMarketState) -> None:
        """Go on from where *state* was taken, of a market of the same configuration.

        Raises:
            InvalidInputError: the state is not one of such a market.
        """
        self._market = Market.from_state(self._config, state.market)
        self._digest = EventDigest.from_state(state.digest)
        self._values = dict(state.values)
        self._shocks = list(state.shocks)
        self._waiting = set(state.waiting)

    def state(self) -> AgentMarketState:
        """Return a copy of everything. All events must have been drained."""
        return AgentMarketState(
            market=self._market.state(),
            digest=self._digest.state(),
            values=dict(self._values),
            shocks=tuple(self._shocks),
            waiting=tuple(sorted(self._waiting)),
        )

    @property
    def next_ns(self) -> int:
        """Return when something happens next by itself."""
        return min([self._market.next_ns, *(shock.ends_ns for shock in self._shocks[:1])])

    @property
    def shocks(self) -> tuple[ActiveShock, ...]:
        """Return the shocks under way, by their end."""
        return tuple(self._shocks)

    @property
    def event_count(self) -> int:
        """Return how many events were drained in this life."""
        return self._digest.count

    def mark(self) -> tuple[int, str]:
        """Return how many events were drained in this life, and the hash over them."""
        return self._digest.count, self._digest.hexdigest()

    @property
    def sim_ns(self) -> int:
        """Return the market's time."""
        return self._market.sim_ns

    def is_open(self, symbol: str) -> bool:
        """Return True: agents are always there."""
        return symbol in self._market.symbols

    def run_until(self, sim_ns: int) -> None:
        """Let the agents act until *sim_ns*, and shocks end in between."""
        while self._shocks and self._shocks[0].ends_ns <= sim_ns:
            ended = self._shocks.pop(0)
            self._market.run_until(max(ended.ends_ns, self._market.sim_ns))
            self._end(ended.shock)
        if sim_ns > self._market.sim_ns:
            self._market.run_until(sim_ns)

    def check_shock(self, shock: PrismShock) -> None:
        """Refuse a shock that this market cannot have.

        Raises:
            InvalidInputError: names the field.
        """
        check_shock(shock, self._market.symbols, self._shocks)

    def shock(self, shock: PrismShock) -> None:
        """Let a shock that was checked begin at the market's time."""
        until_ns = self.sim_ns + shock.duration_ns
        if shock.kind in {ShockKind.VOLATILITY, ShockKind.CRASH}:
            self._shocks.append(ActiveShock(ends_ns=until_ns, shock=shock))
            self._shocks.sort(key=lambda active: active.ends_ns)
        makers = [owner for owner, one in enumerate(self._types) if one.quotes_first]
        leaving = makers[: math.ceil(away_share(shock) * len(makers))]
        if leaving:
            self._market.send_away(shock.symbol, leaving, until_ns)
        self._market.shift_value(shock.symbol, log_move(shock))
        self._reshape(shock.symbol)

    def with_params(self, asked: PrismParams) -> dict[int, tuple[float, ...]] | FundamentalParams:
        """Return by what agents, by owner, or a symbol's value would go on.

        Raises:
            InvalidInputError: there is nobody of that name, no such parameter, or it is out
                of bounds.
        """
        targets = [name for name in (asked.type_name, asked.agent, asked.symbol) if name]
        if len(targets) != 1:
            raise InvalidInputError("type", "name one type, one agent or one symbol")
        if asked.symbol:
            if asked.symbol not in self._values:
                raise InvalidInputError("symbol", f"{asked.symbol[:40]} is not listed")
            return changed(self._values[asked.symbol], asked.values)
        owners = [
            owner
            for owner, (name, one) in enumerate(zip(self._names, self._types, strict=True))
            if targets[0] == (one.name if asked.type_name else name)
        ]
        if not owners:
            field = "type" if asked.type_name else "agent"
            raise InvalidInputError(field, f"there is no {targets[0][:40]}")
        return {owner: self._changed(owner, asked.values) for owner in owners}

    def set_params(self, asked: PrismParams) -> None:
        """Let agents or a value go on by other parameters, which were checked."""
        new = self.with_params(asked)
        if isinstance(new, FundamentalParams):
            self._values[asked.symbol] = new
            self._reshape(asked.symbol)
            return
        for owner, params in new.items():
            self._market.set_params(owner, params)

    def check_stage(self, control: PrismControl) -> None:
        """Refuse a phase or bands that the books cannot have.

        Raises:
            InvalidInputError: names the field.
        """
        if control.phase is not None:
            check_phase(control.phase, self._market.symbols)
        else:
            listed = {s.instrument.symbol: s.instrument for s in self._config.symbols}
            check_bands(control.bands, listed)

    def set_phase(self, asked: PrismPhase) -> None:
        """Let books begin a phase that was checked; what an auction gathered may trade."""
        for symbol in asked.symbols:
            self._market.ask(symbol, new_message(Action.PHASE, ticks=PHASE_OF[asked.phase]))

    def set_band(self, band: PrismBand) -> None:
        """Let a book take orders at the prices of *band* only, which was checked."""
        tick = self._market.tick_of(band.symbol)
        low, high = band.low // tick, band.high // tick
        self._market.ask(band.symbol, new_message(Action.BAND, ticks=low, trigger=high))

    def stage(self, symbol: str) -> PrismStage:
        """Return by which phase and band a book takes orders."""
        phase, low, high = self._market.stage(symbol)
        tick = self._market.tick_of(symbol)
        return PrismStage(
            symbol=symbol, phase=NAME_OF[Phase(phase)], low=Px(low * tick), high=Px(high * tick)
        )

    def agent_params(self) -> dict[str, dict[str, dict[str, float]]]:
        """Return by what the agents act: by type, by name."""
        found: dict[str, dict[str, dict[str, float]]] = {}
        for owner, (name, one) in enumerate(zip(self._names, self._types, strict=True)):
            params = _params_of(one, self._market.params(owner))
            found.setdefault(one.name, {})[name] = msgspec.structs.asdict(params)
        return found

    def value_params(self) -> dict[str, dict[str, float]]:
        """Return by what the symbols' values move, without the shocks."""
        return {s: msgspec.structs.asdict(params) for s, params in self._values.items()}

    def cannot(self, order: NewOrderSingle) -> str:
        """Return an empty text: the books know every order."""
        del order
        return ""

    def submit(self, *, symbol: str, number: int, owner: int, terms: Terms) -> None:
        """Match an outsider's order at the market's time."""
        assert number > 0
        assert owner >= FIRST_OUTSIDER
        message = new_message(
            Action.PLACE,
            number=number,
            owner=owner,
            side=terms.side.sign,
            kind=KIND_OF[terms.ord_type],
            force=FORCE_OF[terms.time_in_force],
            ticks=terms.ticks,
            lots=terms.lots,
            trigger=terms.trigger,
            display=terms.display,
            time_ns=terms.expires_ns,
            stp=STP_OF[terms.stp],
            flags=Flag.POST_ONLY if terms.is_post_only else 0,
        )
        self._market.ask(symbol, message)

    def replace(self, *, symbol: str, number: int, terms: NewTerms) -> None:
        """Change an outsider's order that rests or waits."""
        message = new_message(
            Action.REPLACE,
            number=number,
            ticks=terms.ticks,
            lots=terms.lots,
            trigger=terms.trigger,
            stp=STP_OF[terms.stp],
        )
        self._market.ask(symbol, message)

    def cancel(self, *, symbol: str, number: int) -> None:
        """Take out what rests of an outsider's order."""
        self._market.cancel(symbol=symbol, number=number)

    def drain(self) -> list[MarketEvent]:
        """Return what happened since the last call, in order."""
        drained = self._market.drain()
        self._digest.add(drained)
        symbols, waiting = self._market.symbols, self._waiting
        return [told_of(row, symbols, waiting) for row in drained.tolist()]

    def _end(self, shock: PrismShock) -> None:
        if shock.kind is ShockKind.CRASH:
            self._market.shift_value(shock.symbol, -log_move(shock))
        self._reshape(shock.symbol)

    def _reshape(self, symbol: str) -> None:
        times = math.prod(
            active.shock.size
            for active in self._shocks
            if active.shock.symbol == symbol and active.shock.kind is ShockKind.VOLATILITY
        )
        self._market.reshape_value(symbol, self._values[symbol], times)

    def _changed(self, owner: int, values: Mapping[str, float]) -> tuple[float, ...]:
        params = _params_of(self._types[owner], self._market.params(owner))
        return msgspec.structs.astuple(changed(params, values))

    def measure(self) -> Measuring:
        """Begin to measure the market."""
        listed = (s.instrument for s in self._config.symbols)
        return Measuring(self._market, {i.symbol: (i.tick_size, i.lot_size) for i in listed})

    def depth(self, symbol: str, levels: int) -> tuple[Levels, Levels]:
        """Return bids and asks, best first."""
        bids, asks = self._market.depth(symbol, levels)
        return [(t, n) for t, n in bids.tolist()], [(t, n) for t, n in asks.tolist()]

    def owner_name(self, owner: int) -> str:
        """Return the agent's name as a party."""
        return self._names[owner]

    def holdings(self) -> list[PartyHolding]:
        """Return what the agents hold."""
        return self._market.holdings()

    def agents(self) -> list[AgentView]:
        """Return the agents."""
        return [
            AgentView(
                name=agent.name,
                kind=agent.type_name,
                cash={h.symbol: h.cash for h in agent.holdings},
                inventory={h.symbol: h.inventory for h in agent.holdings},
                pnl={h.symbol: h.pnl for h in agent.holdings},
                open_orders=sum(h.open_orders for h in agent.holdings),
            )
            for agent in self._market.agents()
        ]

    def value_px(self) -> dict[str, Px]:
        """Return what a position is valued at, by symbol."""
        return {symbol: self._market.value_px(symbol) for symbol in self._market.symbols}

    def last_mid_px(self) -> dict[str, Px]:
        """Return where the middle last stood, by symbol."""
        return self._market.last_mid_px()


def _digest_of(config: MarketConfig) -> str:
    seedless = msgspec.structs.replace(config, seed=0)
    return blake2b(msgspec.json.encode(seedless), digest_size=8).hexdigest()


def _params_of(agent_type: AgentType, values: Sequence[float]) -> msgspec.Struct:
    names = agent_type.params.__struct_fields__
    return agent_type.params(**dict(zip(names, values, strict=True)))


def warm_up() -> None:
    """Compile everything a market runs, so that no order waits for it later.

    Enough orders rest for the books to grow once. Kernels of former sources are removed.
    """
    market = AgentMarket(default_config(0), start_ns=0, life=0, holdings=(), last_mid_px={})
    market.run_until(NS_PER_S)
    symbol = PRISM_INSTRUMENTS[0].symbol
    for number in range(1, FIRST_CAPACITY + 1):
        terms = Terms(Side.BUY, OrdType.LIMIT, TimeInForce.GTC, ticks=1, lots=1)
        market.submit(symbol=symbol, number=number, owner=FIRST_OUTSIDER, terms=terms)
    market.cancel(symbol=symbol, number=1)
    market.drain()
    market.depth(symbol, 1)
    market.last_mid_px()
    market.agents()
    remove_stale()
