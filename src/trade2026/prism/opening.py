"""What a market begins with: agents with their desks and minds, values, first wake-ups."""

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from trade2026.core.chance import stream
from trade2026.core.clock import NS_PER_MS, NS_PER_S
from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import NANOS, Px
from trade2026.model.prism import PartyHolding
from trade2026.prism.agent_type import AgentType
from trade2026.prism.agents import AGENT_TYPES
from trade2026.prism.config import AgentGroup, MarketConfig, SymbolConfig
from trade2026.prism.engine.compiled import sources_digest
from trade2026.prism.engine.desk import AGENT, MIND_AT, UNKNOWN
from trade2026.prism.engine.layout import Block
from trade2026.prism.engine.message import MAX_LOTS, MAX_TICKS
from trade2026.prism.floorplan import (
    AGENT_BITS,
    AGENTS,
    MARKET,
    OWNER,
    VALUES,
    WAKES,
    new_market,
    plan,
)
from trade2026.prism.parameters import changed
from trade2026.prism.price.fundamental import STEP_NS, set_fundamental
from trade2026.prism.price.mood import begin_mood

PARTY_PREFIX: Final = "agent:"

_QUIET_NS: Final = 100 * NS_PER_MS
"""At the opening only those who quote act, so that the others find a market."""
_OPENING_NS: Final = 2 * NS_PER_S
"""Within this time every agent has woken once."""
_LUCK_END: Final = 2**63

MAX_LATENCY_MS: Final = 60_000.0
_MAX_START_TICKS: Final = MAX_TICKS // 2
"""From there on a value has no room to rise."""
_MAX_CASH: Final = 2**60
"""In ticks times lots, what an agent begins with and may hold at the start price: the price may
rise eightfold before a sum of 64 bits is full."""


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """One agent of the configuration; its place in the list is its owner number."""

    name: str
    type: AgentType
    rank: int
    """Among the agents of its type."""
    params: tuple[float, ...]
    latency_ms: float
    """On average over its group."""


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """The exact way between a symbol's ticks and lots and the platform's nanos."""

    tick: int
    """Nanos."""
    lot: int
    """Nanos."""
    clip_lots: int
    bound_lots: int
    first_cash: int
    """Ticks times lots."""

    @property
    def unit(self) -> int:
        """Return what one lot times one tick is worth, in square nanos."""
        return self.tick * self.lot


def grid_of(config: SymbolConfig) -> Grid:
    """Return the grid of a symbol.

    Raises:
        InvalidInputError: the start price does not lie on the tick, or a number is out of bounds.
    """
    name = config.instrument.symbol
    tick, lot = int(config.instrument.tick_size), int(config.instrument.lot_size)
    for field, number, least in (
        ("tick_size", tick, 1),
        ("lot_size", lot, 1),
        ("clip_value", config.clip_value, 1),
        ("bound_clips", config.bound_clips, 1),
        ("agent_cash", config.agent_cash, 0),
    ):
        if number < least:
            raise InvalidInputError(field, f"of {name} is {number}, less than {least}")
    if not 0 < config.start_px <= _MAX_START_TICKS * tick or config.start_px % tick:
        raise InvalidInputError(
            "start_px", f"of {name} is not on the tick, or not 1 to {_MAX_START_TICKS} ticks"
        )
    try:
        changed(config.fundamental, msgspec.structs.asdict(config.fundamental))
    except InvalidInputError as error:
        raise InvalidInputError(error.field, f"of {name} {error.why}") from error
    clip = max(1, config.clip_value * NANOS // (config.start_px * lot))
    grid = Grid(
        tick=tick,
        lot=lot,
        clip_lots=clip,
        bound_lots=clip * config.bound_clips,
        first_cash=config.agent_cash * NANOS // (tick * lot),
    )
    if clip > MAX_LOTS:
        raise InvalidInputError("clip_value", f"of {name} makes orders of {clip} lots")
    if grid.first_cash > _MAX_CASH:
        raise InvalidInputError("agent_cash", f"of {name} is more than can be counted")
    if grid.bound_lots * (config.start_px // tick) > _MAX_CASH:
        raise InvalidInputError("bound_clips", f"of {name} allow more than can be counted")
    return grid


def grids_of(configs: Sequence[SymbolConfig]) -> list[Grid]:
    """Return the grids of a market's symbols.

    Raises:
        InvalidInputError: one cannot be, two are the same, or there is none.
    """
    names = [config.instrument.symbol for config in configs]
    if not names:
        raise InvalidInputError("symbols", "a market needs at least one symbol")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise InvalidInputError("symbols", f"{twice[0]} is there more than once")
    return [grid_of(config) for config in configs]


def agents_of(groups: Sequence[AgentGroup], own_types: Sequence[AgentType] = ()) -> list[Agent]:
    """Return the agents of *groups*, numbered within their type.

    *own_types* exist besides the built-in ones, and stand for those of their names.

    Raises:
        InvalidInputError: a type or a parameter does not exist, a number is out of bounds, or
            there is no agent.
    """
    types = {agent_type.name: agent_type for agent_type in (*AGENT_TYPES, *own_types)}
    counts = dict.fromkeys(types, 0)
    agents: list[Agent] = []
    for group in groups:
        agent_type = types.get(group.type_name)
        if agent_type is None:
            raise InvalidInputError(
                "type_name", f"{group.type_name[:40]!r} is none of {', '.join(types)}"
            )
        params = _params_of(agent_type, group)
        latency_ms = agent_type.latency_ms if group.latency_ms is None else group.latency_ms
        if not 0.0 <= latency_ms <= MAX_LATENCY_MS:
            raise InvalidInputError(
                "latency_ms",
                f"of {agent_type.name}, {latency_ms:g}, is outside 0 to {MAX_LATENCY_MS:,.0f}",
            )
        most = OWNER - len(agents)
        if not 0 <= group.count <= most:
            raise InvalidInputError(
                "count", f"of {agent_type.name}, {group.count}, is outside 0 to {most}"
            )
        for _ in range(group.count):
            rank = counts[agent_type.name]
            counts[agent_type.name] += 1
            agents.append(
                Agent(
                    name=f"{PARTY_PREFIX}{agent_type.name}-{rank}",
                    type=agent_type,
                    rank=rank,
                    params=params,
                    latency_ms=latency_ms,
                )
            )
    if not agents:
        raise InvalidInputError("agents", "a market needs at least one agent")
    return agents


def open_market(
    config: MarketConfig,
    *,
    agents: Sequence[Agent],
    grids: Sequence[Grid],
    start_ns: int,
    life: int,
    last_mid_px: Mapping[str, Px],
) -> Block:
    """Return the state of a market that opens at *start_ns*, as `loop.run` takes it."""
    peers = Counter(agent.type.name for agent in agents)
    latencies = [latency_of(config.seed, agent) for agent in agents]
    market = new_market(len(grids), len(agents), sum(latency > 0 for latency in latencies))
    set_wakes(market, agents)
    first_wakes: list[tuple[int, int]] = []
    for s, (symbol, grid) in enumerate(zip(config.symbols, grids, strict=True)):
        name = symbol.instrument.symbol
        value = VALUES.view(market)[s]
        worth = last_mid_px.get(name, symbol.start_px) / grid.tick
        set_fundamental(value, symbol.fundamental, worth, grid.clip_lots)
        value["begin"] = start_ns
        value["next_step"] = start_ns + STEP_NS
        value["luck"] = stream(config.seed, f"prism/{life}/{name}/fundamental").integers(_LUCK_END)
        # In all symbols the same: they move together.
        common = stream(config.seed, f"prism/{life}/common")
        value["common_luck"] = common.integers(_LUCK_END)
        begin_mood(value, stream(config.seed, f"prism/{life}/{name}/mood"))
        for a, agent in enumerate(agents):
            luck = stream(config.seed, f"prism/{life}/{name}/{agent.name}")
            row = AGENTS.view(market)[s * len(agents) + a]
            row["cash"] = grid.first_cash
            row["owner"] = a
            row["bound"] = grid.bound_lots
            row["clip"] = grid.clip_lots
            row["rank"], row["peers"] = agent.rank, peers[agent.type.name]
            row["tells"] = agent.type.tells
            row["luck"] = luck.integers(_LUCK_END)
            row["last_wake"] = start_ns
            row["to_buy"] = row["to_sell"] = UNKNOWN
            row["latency_ns"] = latencies[a]
            mind_of(market, s, a)[: len(agent.params)] = agent.params
            wait = int(luck.integers(_QUIET_NS, _OPENING_NS))
            if agent.type.quotes_first:
                wait = (a + 1) * NS_PER_MS
            first_wakes.append((start_ns + wait, s << AGENT_BITS | a))
    plan(market, first_wakes)
    return market


def latency_of(seed: int, agent: Agent) -> int:
    """Return an agent's own latency in ns: its group's, between half of it and half more."""
    share = 0.5 + stream(seed, f"prism/latency/{agent.name}").random()
    return round(share * agent.latency_ms * NS_PER_MS)


def set_wakes(market: Block, agents: Sequence[Agent]) -> None:
    """Tell a market where its agents' kernels are in this process."""
    WAKES.view(market)["at"] = [agent.type.address() for agent in agents]


def mind_of(market: Block, symbol: int, owner: int) -> NDArray[np.float64]:
    """Return an agent's mind, `(MIND_REALS,) float64`, sharing the market's memory."""
    head = market[: MARKET.size].view(MARKET.dtype)[0]
    at = int(head["agent_at"]) + (symbol * int(head["agents"]) + owner) * AGENT.size
    return market[at + MIND_AT : at + AGENT.size].view(np.float64)


def restore(
    market: Block,
    *,
    symbols: Mapping[str, int],
    owners: Mapping[str, int],
    grids: Sequence[Grid],
    holdings: Sequence[PartyHolding],
) -> None:
    """Give the agents what they held before; outsiders' holdings are passed over.

    Raises:
        InvalidInputError: an agent or symbol is not configured, or a holding is off its grid.
    """
    for holding in holdings:
        if not holding.party.startswith(PARTY_PREFIX):
            continue
        owner, s = owners.get(holding.party), symbols.get(holding.symbol)
        if owner is None or s is None:
            raise InvalidInputError(holding.party, f"holds {holding.symbol}, but is not here")
        cash, cash_rest = divmod(int(holding.cash), grids[s].unit)
        inventory, lot_rest = divmod(int(holding.inventory), grids[s].lot)
        if cash_rest or lot_rest:
            raise InvalidInputError(holding.party, f"holds {holding.symbol} off its grid")
        row = AGENTS.view(market)[s * len(owners) + owner]
        row["cash"] = cash
        row["inventory"] = inventory


def made_of(config: MarketConfig, agents: Sequence[Agent]) -> str:
    """Return a digest of the configuration, of what its agents' records hold, and of all kernels.

    A state is memory as the kernels lay it out; others would read it as something else. The seed
    is not in it: a state holds all chance that is still to come. Of an agent type it knows the
    name and the fields, and not what a kernel of the user's own does.
    """
    types = {agent.type.name: agent.type for agent in agents}
    minds = [
        (name, one.params.__struct_fields__, one.memory, one.in_python, one.tells)
        for name, one in sorted(types.items())
    ]
    seedless = msgspec.structs.replace(config, seed=0)
    whole = (sources_digest(), seedless, minds)
    return blake2b(msgspec.json.encode(whole), digest_size=16).hexdigest()


def _params_of(agent_type: AgentType, group: AgentGroup) -> tuple[float, ...]:
    params = agent_type.params()
    try:
        params = changed(params, group.params) if group.params else params
    except InvalidInputError as error:
        raise InvalidInputError(error.field, f"of {agent_type.name} {error.why}") from error
    return msgspec.structs.astuple(params)
