"""How PRISM's time passes, and what befalls its market: for administrators, and audited.

What is asked here is an input of PRISM's log like an order, so that a replay has it too.
"""

from typing import Any, Final

import msgspec
from litestar import Request, get, post
from litestar.handlers import BaseRouteHandler
from litestar.status_codes import HTTP_200_OK

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.errors import InvalidInputError
from trade2026.core.ids import EventId, Ids
from trade2026.edge.prism_stage import (
    BandRequest,
    BookReply,
    PhaseRequest,
    book_reply,
    read_band,
    read_phase,
    stage_of,
)
from trade2026.edge.words import read_word
from trade2026.model.prism import (
    REAL_TIME_MILLI,
    ControlKind,
    PrismControl,
    PrismParams,
    PrismShock,
    ShockKind,
)
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.control import market_of
from trade2026.prism.pace import AS_FAST_AS_POSSIBLE, SPEED_MILLI_MAX, SPEED_MILLI_MIN
from trade2026.prism.venue import Venue
from trade2026.shell.access import needs, principal_of

AnyRequest = Request[Any, Any, Any]

_WRITE: Final = needs("prism:control")

MAX: Final = "max"
"""The speed that is no limit."""


class StepRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /control/step`: one of the two."""

    ns: int | None = None
    """Simulation time, up to an hour."""
    events: int | None = None
    """At least so many events of the market, up to a million."""


class SpeedRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /control/speed`."""

    speed: float | str
    """Simulated seconds a second, from 0.1 to 1000, or `max`: as fast as possible."""


class SeedRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /control/seed`."""

    seed: int


class ResetRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /control/reset`."""

    seed: int | None = None
    """Null takes the one set before, or the same again."""


class ShockRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /control/shock`."""

    kind: str
    """volatility, liquidity, news or crash."""
    symbol: str
    size: float
    """A factor, a share of the market makers, or basis points, by kind."""
    duration_s: float = 0.0
    """Of simulation time; not for news."""


class ParamsRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /control/params`: one type, one agent or one symbol."""

    type: str = ""
    agent: str = ""
    symbol: str = ""
    values: dict[str, float]


class ShockReply(msgspec.Struct, frozen=True, kw_only=True):
    """A shock that is under way."""

    kind: ShockKind
    symbol: str
    size: float
    ends_ns: int


class ControlState(msgspec.Struct, frozen=True, kw_only=True):
    """How PRISM's time passes, and where its life stands."""

    speed: float | str
    """Simulated seconds a second, or `max`."""
    is_paused: bool
    is_stepping: bool
    life: int
    seed: int
    next_seed: int | None
    """What the next reset begins with, where another was set."""
    draw: int
    """How often the market came back from its log since it was begun from the seed."""
    started_ns: int
    """Simulation time at the beginning of the life."""
    sim_time_ns: int
    events: int
    """Of the market in this life."""
    digest: str
    """Over all of them in order; empty while a recording is traded on."""
    log_seq: int
    """All inputs up to this place in PRISM's log are inside."""
    kept_from_seq: int
    """The first place of that log that is kept."""
    kept_from_ns: int
    """All that came after this time on the wall is kept; 0 while nothing was let go of."""
    shocks: list[ShockReply]
    books: list[BookReply]
    """By which phase and within which band each book takes orders."""


class ParamsReply(msgspec.Struct, frozen=True, kw_only=True):
    """By what the agents act and the values move."""

    agents: dict[str, dict[str, dict[str, float]]]
    """By type, by name, by parameter."""
    values: dict[str, dict[str, float]]
    """By symbol, by parameter."""


def control_state(venue: Venue) -> ControlState:
    """Return how PRISM's time passes at this moment."""
    life, pace, mark = venue.life, venue.controls.pace, venue.mark
    exchange = venue.floor.exchange
    shocks = exchange.shocks if isinstance(exchange, AgentMarket) else ()
    return ControlState(
        speed=_speed_of(pace.speed_milli),
        is_paused=pace.is_paused,
        is_stepping=pace.is_stepping,
        life=life.life,
        seed=life.seed,
        next_seed=pace.next_seed,
        draw=life.draw,
        started_ns=life.start_ns,
        sim_time_ns=mark.sim_ns,
        events=mark.events,
        digest=mark.digest,
        log_seq=mark.log_seq,
        kept_from_seq=venue.cut.log_seq + 1,
        kept_from_ns=venue.cut.at_ns,
        shocks=[
            ShockReply(
                kind=active.shock.kind,
                symbol=active.shock.symbol,
                size=active.shock.size,
                ends_ns=active.ends_ns,
            )
            for active in shocks
        ],
        books=[book_reply(stage_of(venue.floor, symbol)) for symbol in venue.floor.instruments],
    )


def read_speed(speed: float | str) -> int:
    """Return *speed* in thousandths of real time; 0 is as fast as possible.

    Raises:
        InvalidInputError: it is another word than `max`, or a number out of bounds.
    """
    if isinstance(speed, str):
        if speed.lower() == MAX:
            return AS_FAST_AS_POSSIBLE
    elif SPEED_MILLI_MIN <= speed * REAL_TIME_MILLI <= SPEED_MILLI_MAX:
        return round(speed * REAL_TIME_MILLI)
    raise InvalidInputError("speed", "must be from 0.1 to 1000, or max")


def read_duration(duration_s: float) -> int:
    """Return *duration_s* in nanoseconds.

    Raises:
        InvalidInputError: it is longer than any time.
    """
    if not 0 <= duration_s <= _LONGEST_S:
        raise InvalidInputError("duration_s", f"must be from 0 to {_LONGEST_S}")
    return round(duration_s * NS_PER_S)


class _Hand:
    """Does to the market what a request asks."""

    def __init__(self, venue: Venue, ids: Ids, clock: Clock) -> None:
        self.venue = venue
        self._ids = ids
        self._clock = clock

    async def do(self, request: AnyRequest, control: PrismControl) -> ControlState:
        """Do it in the name of who asks; return how things stand then."""
        signed = msgspec.structs.replace(
            control, asked_by=principal_of(request).subject, asked_ns=self._clock.now_ns()
        )
        await self.venue.control(signed, EventId(self._ids.new()))
        return control_state(self.venue)


def control_routes(venue: Venue, *, ids: Ids, clock: Clock) -> list[BaseRouteHandler]:
    """Return the routes that control PRISM's market."""
    hand = _Hand(venue, ids, clock)
    return [
        *_looks(venue),
        *_time_routes(hand),
        *_life_routes(hand),
        *_market_routes(hand),
        *_book_routes(hand),
    ]


def _looks(venue: Venue) -> list[BaseRouteHandler]:
    @get("/control", opt=needs("prism:read"))
    async def state() -> ControlState:
        """Return how time passes, and the hash over all events so far."""
        return control_state(venue)

    @get("/control/params", opt=needs("prism:read"))
    async def params() -> ParamsReply:
        """Return by what the agents act and the values move; 409 for a recorded market."""
        market = market_of(venue.floor.exchange)
        return ParamsReply(agents=market.agent_params(), values=market.value_params())

    return [state, params]


def _time_routes(hand: _Hand) -> list[BaseRouteHandler]:
    @post("/control/start", opt=_WRITE, status_code=HTTP_200_OK)
    async def start(request: AnyRequest) -> ControlState:
        """Let time pass (again)."""
        return await hand.do(request, PrismControl(kind=ControlKind.START))

    @post("/control/pause", opt=_WRITE, status_code=HTTP_200_OK)
    async def pause(request: AnyRequest) -> ControlState:
        """Let the time of the market stand still; orders are matched all the same."""
        return await hand.do(request, PrismControl(kind=ControlKind.PAUSE))

    @post("/control/step", opt=_WRITE, status_code=HTTP_200_OK)
    async def step(request: AnyRequest, data: StepRequest) -> ControlState:
        """Let a paused market's time pass for a little; answers when it stands again."""
        asked = PrismControl(kind=ControlKind.STEP, step_ns=data.ns, step_events=data.events)
        return await hand.do(request, asked)

    @post("/control/speed", opt=_WRITE, status_code=HTTP_200_OK)
    async def speed(request: AnyRequest, data: SpeedRequest) -> ControlState:
        """Let time pass faster or slower."""
        asked = PrismControl(kind=ControlKind.SPEED, speed_milli=read_speed(data.speed))
        return await hand.do(request, asked)

    return [start, pause, step, speed]


def _life_routes(hand: _Hand) -> list[BaseRouteHandler]:
    @post("/control/seed", opt=_WRITE, status_code=HTTP_200_OK)
    async def seed(request: AnyRequest, data: SeedRequest) -> ControlState:
        """Set the seed that the next reset begins with."""
        return await hand.do(request, PrismControl(kind=ControlKind.SEED, seed=data.seed))

    @post("/control/reset", opt=_WRITE, status_code=HTTP_200_OK)
    async def reset(request: AnyRequest, data: ResetRequest) -> ControlState:
        """Begin the market anew from a seed; whatever works ends as cancelled."""
        return await hand.do(request, PrismControl(kind=ControlKind.RESET, seed=data.seed))

    return [seed, reset]


def _market_routes(hand: _Hand) -> list[BaseRouteHandler]:
    @post("/control/shock", opt=_WRITE, status_code=HTTP_200_OK)
    async def shock(request: AnyRequest, data: ShockRequest) -> ControlState:
        """Let something befall a symbol."""
        shock = PrismShock(
            kind=read_word(ShockKind, data.kind, "kind"),
            symbol=data.symbol,
            size=data.size,
            duration_ns=read_duration(data.duration_s),
        )
        return await hand.do(request, PrismControl(kind=ControlKind.SHOCK, shock=shock))

    @post("/control/params", opt=_WRITE, status_code=HTTP_200_OK)
    async def set_params(request: AnyRequest, data: ParamsRequest) -> ControlState:
        """Let agents act, or a value move, by other parameters."""
        params = PrismParams(
            type_name=data.type, agent=data.agent, symbol=data.symbol, values=data.values
        )
        return await hand.do(request, PrismControl(kind=ControlKind.PARAMS, params=params))

    return [shock, set_params]


def _book_routes(hand: _Hand) -> list[BaseRouteHandler]:
    @post("/control/phase", opt=_WRITE, status_code=HTTP_200_OK)
    async def phase(request: AnyRequest, data: PhaseRequest) -> ControlState:
        """Let one book or all begin another phase; what an auction gathered trades at its end."""
        return await hand.do(request, read_phase(data, hand.venue.floor))

    @post("/control/band", opt=_WRITE, status_code=HTTP_200_OK)
    async def band(request: AnyRequest, data: BandRequest) -> ControlState:
        """Set within which prices one book or all take orders, or let them take any."""
        return await hand.do(request, read_band(data, hand.venue.floor))

    return [phase, band]


_LONGEST_S: Final = 86_400


def _speed_of(speed_milli: int) -> float | str:
    return MAX if speed_milli == AS_FAST_AS_POSSIBLE else speed_milli / REAL_TIME_MILLI
