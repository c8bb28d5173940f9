"""What a market consists of: its symbols, how their worth moves, and who trades them."""

import re
from typing import Final

import msgspec

from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import Money, Px, parse_nanos, parse_px
from trade2026.model.instrument import PRISM_INSTRUMENTS, Instrument, InstrumentKind
from trade2026.prism.price.fundamental import FundamentalParams


class SymbolConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol of the market."""

    instrument: Instrument
    start_px: Px
    """The first value; it lies on the instrument's tick."""
    fundamental: FundamentalParams
    clip_value: Money = Money(parse_nanos("20000"))
    """Worth of an ordinary order at the start price; agents size theirs by it."""
    bound_clips: int = 1_000
    """An agent's inventory stays within this many ordinary orders, long or short."""
    agent_cash: Money = Money(parse_nanos("40000000"))
    """What each agent begins with for this symbol. Nobody begins with inventory."""


class AgentGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Some agents of one type; each of them trades every symbol."""

    type_name: str
    count: int
    params: dict[str, float] = {}
    """Parameters that differ from the type's defaults."""
    latency_ms: float | None = None
    """How long after its look such an agent's messages arrive, on average; None: the type's."""


class MarketConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A whole market. With a seed and the outsiders' orders it fixes every event."""

    seed: int
    symbols: tuple[SymbolConfig, ...]
    agents: tuple[AgentGroup, ...]


START_PX: Final = {
    "BTCUSDT": parse_px("60000"),
    "ETHUSDT": parse_px("3000"),
    "SOLUSDT": parse_px("150"),
    "AAPL": parse_px("150"),
    "MSFT": parse_px("300"),
    "GOOGL": parse_px("140"),
}
"""Where the default symbols begin."""

FUNDAMENTAL: Final = {
    InstrumentKind.SPOT: FundamentalParams(yearly_volatility_ratio=0.50),
    InstrumentKind.LINEAR_FUTURE: FundamentalParams(yearly_volatility_ratio=0.50),
    # Traded around the clock, but busiest at both ends of a session.
    InstrumentKind.EQUITY: FundamentalParams(
        yearly_volatility_ratio=0.25,
        season_open_h=14.5,
        season_close_h=21.0,
        season_edge_times=1.5,
    ),
}

_MIX: Final = re.compile(r"([a-z_]+):([0-9]{1,5})(?:@([0-9]{1,5}(?:\.[0-9]{1,3})?)ms)?")

LARGE_TICK_SYMBOL: Final = "SOLUSDT"
"""The default symbol whose tick is large beside its movements: one tick of spread is the rule."""
SMALL_TICK_SYMBOL: Final = "BTCUSDT"
"""The default symbol whose spread is many ticks wide."""

DEFAULT_AGENTS: Final = (
    AgentGroup(type_name="mm", count=5),
    AgentGroup(type_name="noise", count=20),
    AgentGroup(type_name="informed", count=10),
    AgentGroup(type_name="momentum", count=5),
)


def read_agents(text: str) -> tuple[AgentGroup, ...]:
    """Return the agents that *text* asks for, such as ``mm:5@1.5ms noise:20``.

    What stands behind ``@`` is their latency; without it they have that of their type.

    Raises:
        InvalidInputError: it is not of that form; whether there is such a type the market says.
    """
    groups: list[AgentGroup] = []
    for word in text.split():
        found = _MIX.fullmatch(word)
        if found is None:
            raise InvalidInputError("agents", f"{word[:40]!r} is not of the form type:count@1.5ms")
        name, count, latency = found.groups()
        latency_ms = None if latency is None else float(latency)
        groups.append(AgentGroup(type_name=name, count=int(count), latency_ms=latency_ms))
    return tuple(groups)


def default_config(seed: int, agents: tuple[AgentGroup, ...] = DEFAULT_AGENTS) -> MarketConfig:
    """Return the market that the platform opens with: six symbols, forty agents unless told."""
    symbols = tuple(
        SymbolConfig(
            instrument=instrument,
            start_px=START_PX[instrument.symbol],
            fundamental=FUNDAMENTAL[instrument.kind],
        )
        for instrument in PRISM_INSTRUMENTS
    )
    return MarketConfig(seed=seed, symbols=symbols, agents=agents)
