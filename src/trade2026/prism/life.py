"""How a life of PRISM's market begins: from what there was, or from a seed as if nothing had.

A life is made of its `PrismLife`, which is in the log, and of nothing else: the living venue,
a replay and a fork all begin here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.ids import EventId
from trade2026.model.instrument import PRISM, Instrument
from trade2026.model.prism import (
    PartyHolding,
    PrismBand,
    PrismControl,
    PrismLife,
    PrismMark,
    PrismParams,
    PrismPhase,
)
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.control import Controls
from trade2026.prism.exchange import Exchange
from trade2026.prism.floor import Floor
from trade2026.prism.holdings import FeeRates, Holdings
from trade2026.prism.limits import Limits
from trade2026.prism.opening import PARTY_PREFIX
from trade2026.prism.outside import OutsideOrders
from trade2026.prism.reports import Reporter
from trade2026.prism.rules import terms_digest, venue_digest

MakeExchange = Callable[[PrismLife], Exchange]
"""Makes the market that a life begins with."""

FORMER: Final = "former-agents"
"""The party that has what agents held that are gone: after a reset, or from another mix."""


class Revived(NamedTuple):
    """A life about to begin."""

    floor: Floor
    life: PrismLife
    controls: Controls
    left_out: tuple[str, ...] = ()
    """Why parameters that were in force are not any more."""


@dataclass(frozen=True, kw_only=True)
class House:
    """What every life of a venue shares."""

    make_exchange: MakeExchange
    instruments: Mapping[str, Instrument]
    fees: FeeRates
    limits: Limits
    seed: int
    """Of the first life."""


def rules_of(exchange: Exchange, house: House) -> str:
    """Return the name of everything but inputs that decides what happens on a floor."""
    return f"{exchange.rules}-{terms_digest(house.fees, house.limits)}-{venue_digest()}"


def require_rules(rules: str, floor: Floor, house: House) -> None:
    """Refuse where the market on *floor* may not come to what another one came to.

    Raises:
        RefusedError: a recording was traded on, or other rules held then.
    """
    if not isinstance(floor.exchange, AgentMarket):
        raise RefusedError("a recorded market cannot be played again from PRISM's log")
    now = rules_of(floor.exchange, house)
    if now != rules:
        raise RefusedError(f"it was played by other rules ({rules}) than hold now ({now})")


def begin(
    life: PrismLife, house: House, orders: OutsideOrders, *, report_seq: int, controls: Controls
) -> Revived:
    """Return the floor that *life* begins with; what its market's parties hold is theirs.

    Parameters of agents that the mix does not have any more are left out. A recording has no
    use for any: those wait for a market of agents. Its time passes as that on the wall does.
    """
    exchange = house.make_exchange(life)
    left_out: list[str] = []
    if isinstance(exchange, AgentMarket):
        controls.params, left_out = _set_params(life.params, exchange)
        for stage in life.stages:
            exchange.set_band(PrismBand(symbol=stage.symbol, low=stage.low, high=stage.high))
            exchange.set_phase(PrismPhase(symbols=(stage.symbol,), phase=stage.phase))
        life = msgspec.structs.replace(life, params=controls.params)
    else:
        controls.pace.run_free()
    own = exchange.holdings()
    parties = {holding.party for holding in own}
    holdings = Holdings(holding for holding in life.holdings if holding.party not in parties)
    if isinstance(exchange, AgentMarket):
        holdings = _with_former(life, own)
    floor = Floor(
        exchange=exchange,
        instruments=house.instruments,
        orders=orders,
        holdings=holdings,
        reporter=Reporter(orders=orders, holdings=holdings, fees=house.fees, last_seq=report_seq),
        limits=house.limits,
        life=life.life,
    )
    # Phases and bands make events, and only a market that told them all has a state to keep.
    floor.settle()
    controls.pace.set(now_ns=controls.pace.from_ns, sim_ns=exchange.sim_ns)
    life = msgspec.structs.replace(
        life,
        rules=rules_of(exchange, house),
        holdings=floor.all_holdings(),
        last_mid_px=exchange.last_mid_px(),
    )
    return Revived(floor, life, controls, tuple(left_out))


def _set_params(
    params: Iterable[PrismParams], market: AgentMarket
) -> tuple[tuple[PrismParams, ...], list[str]]:
    """Return which of *params* are in force now, and why the others are not."""
    kept: list[PrismParams] = []
    left_out: list[str] = []
    for one in params:
        try:
            market.with_params(one)
        except InvalidInputError as error:
            left_out.append(str(error))
        else:
            market.set_params(one)
            kept.append(one)
    return tuple(kept), left_out


def begin_afresh(
    life: PrismLife,
    reset: PrismControl,
    house: House,
    orders: OutsideOrders,
    *,
    report_seq: int,
    controls: Controls,
) -> Revived:
    """Return the floor of a life that begins from a seed, as if no other had been.

    Fresh agents take the places of those there were, whose cash and inventory go to one
    party: over everybody, nothing is made or lost.

    Args:
        life: as it would go on, with what everybody holds.
        reset: may name the seed.
        house: whose life it is.
        orders: those that are remembered.
        report_seq: the newest ever given.
        controls: go on, without their parameters.
    """
    pace = controls.pace
    seeds = (reset.seed, pace.next_seed, life.seed)
    seed = next(seed for seed in seeds if seed is not None)
    pace.next_seed = None
    fresh = msgspec.structs.replace(
        life, seed=seed, draw=0, holdings=(), last_mid_px={}, params=(), stages=()
    )
    agents = house.make_exchange(fresh).holdings()
    parties = {agent.party for agent in agents}
    holdings = Holdings(h for h in life.holdings if h.party not in parties)
    before = Holdings(h for h in life.holdings if h.party in parties)
    holdings.take_over(FORMER, before.all(), less=agents)
    fresh = msgspec.structs.replace(fresh, holdings=(*agents, *holdings.all()))
    return begin(fresh, house, orders, report_seq=report_seq, controls=controls)


def next_life(
    floor: Floor,
    life: PrismLife,
    controls: Controls,
    reset: PrismControl,
    house: House,
    *,
    now_ns: int,
    log_seq: int,
) -> Revived:
    """Return the life that *reset* begins after *life*, on whose *floor* nothing works any more.

    Args:
        floor: of the life that ends.
        life: the one that ends.
        controls: go on.
        reset: may name the seed.
        house: whose life it is.
        now_ns: on the wall.
        log_seq: the last place in the log of the life that ends.
    """
    last = msgspec.structs.replace(
        life,
        life_id=life_id(life.life + 1, now_ns),
        life=life.life + 1,
        start_ns=TimeNs(floor.exchange.sim_ns),
        holdings=floor.all_holdings(),
        before=mark_of(floor, log_seq),
    )
    report_seq = floor.reporter.last_seq
    return begin_afresh(last, reset, house, floor.orders, report_seq=report_seq, controls=controls)


def blank_life(house: House, number: int, start_ns: int) -> PrismLife:
    """Return a life in which nobody has anything yet: for a market that a state is loaded into."""
    return PrismLife(
        life_id=life_id(number, start_ns),
        life=number,
        rules="",
        seed=house.seed,
        draw=0,
        start_ns=TimeNs(start_ns),
        holdings=(),
        last_mid_px={},
    )


def _with_former(life: PrismLife, own: Sequence[PartyHolding]) -> Holdings:
    """Return what everybody but the agents holds, *own* being theirs, where the mix may be another.

    What agents had that are gone goes to one party, and what fresh ones begin with is its debt:
    however often the mix changes, nothing is made or lost and no more is kept.
    """
    parties = {holding.party for holding in own}
    before = {holding.party for holding in life.holdings}
    gone = [h for h in life.holdings if h.party.startswith(PARTY_PREFIX) and h.party not in parties]
    went = {holding.party for holding in gone}
    holdings = Holdings(h for h in life.holdings if h.party not in parties | went)
    if any(party.startswith(PARTY_PREFIX) or party == FORMER for party in before):
        fresh = [holding for holding in own if holding.party not in before]
        holdings.take_over(FORMER, gone, less=fresh)
    return holdings


def life_id(life: int, start_ns: int) -> EventId:
    """Return the id of the message that begins a life: one for each attempt to begin it."""
    return EventId(f"{PRISM}-{life}-life-{start_ns}")


def mark_of(floor: Floor, log_seq: int) -> PrismMark:
    """Return where the life on *floor* stands, with all inputs up to *log_seq*."""
    events, digest = floor.exchange.mark()
    return PrismMark(
        sim_ns=TimeNs(floor.exchange.sim_ns), log_seq=log_seq, events=events, digest=digest
    )
