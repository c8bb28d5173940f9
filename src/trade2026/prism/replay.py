"""Plays a life again from the log: the same beginning and the same inputs, the same events.

Nothing here answers anybody or writes anything. Inputs enter at their simulation times in
the order of the log, on a floor like the one they first came to.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.ids import OrderId
from trade2026.model.prism import PrismInput, PrismLife, PrismMark, PrismPace, PrismSnapshot
from trade2026.model.subjects import (
    PRISM_CONTROL,
    PRISM_INPUT,
    PRISM_LIFE,
    PRISM_SNAPSHOT,
    Stream,
)
from trade2026.ports.bus import Bus, Delivery, Subscription
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.control import Controls, change_market
from trade2026.prism.floor import Floor
from trade2026.prism.life import House, begin, mark_of, rules_of
from trade2026.prism.outside import OutsideOrders
from trade2026.prism.pace import Pace
from trade2026.prism.settlement import Step

STRIDE_NS: Final = 10 * NS_PER_S
"""Of market time at once, so that little of what happened is held at a time."""

Placed = tuple[int, PrismInput]
"""An input and its place in the log."""


@dataclass(frozen=True, kw_only=True)
class RecordedLife:
    """One life as the log has it."""

    life: PrismLife
    inputs: list[Placed]
    """In the order of the log."""
    mark: PrismMark | None
    """The last that was recorded of where it stood."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What playing a life again gave."""

    life: int
    seed: int
    inputs: int
    """That had entered by the mark."""
    sim_ns: int
    events: int
    digest: str
    recorded_events: int
    recorded_digest: str
    is_equal: bool


def _unseen(step: Step) -> None:
    del step


class Player:
    """Plays inputs on a floor, and nothing else happens there.

    Args:
        floor: whose.
        on_step: is shown what happened, portion by portion.
    """

    def __init__(self, floor: Floor, on_step: Callable[[Step], None] = _unseen) -> None:
        self.floor = floor
        self._on_step = on_step

    def advance(self, sim_ns: int) -> None:
        """Let the market trade until *sim_ns*."""
        exchange = self.floor.exchange
        while exchange.sim_ns < sim_ns:
            self.floor.advance(min(sim_ns, exchange.sim_ns + STRIDE_NS))
            self._on_step(self.floor.take_step())

    def enter(self, place: int, message: PrismInput) -> None:
        """Let an input enter at its time."""
        self.advance(message.enters_ns)
        floor = self.floor
        if message.order is not None:
            floor.submit(
                message.order,
                is_direct=message.is_direct,
                input_seq=place,
                arrived_ns=message.enters_ns,
            )
        elif message.cancel is not None:
            order = floor.orders.get(message.cancel.order_id)
            # None: an order that a fork took out, or that was done long before.
            if order is not None:
                floor.cancel(order)
        elif message.replace is not None:
            order = floor.orders.get(message.replace.order_id)
            if order is not None:
                floor.replace(order, message.replace)
        elif message.funding is not None:
            floor.fund(message.funding)
        elif message.control is not None:
            change_market(message.control, floor.exchange)
        floor.settle()
        self._on_step(floor.take_step())


def beginning(life: PrismLife, house: House) -> Floor:
    """Return the floor that *life* began with, without an order on it.

    Raises:
        RefusedError: a recording was traded on, or other rules held then.
    """
    pace = Pace(PrismPace(), now_ns=0, sim_ns=life.start_ns)
    floor = begin(life, house, OutsideOrders(), report_seq=0, controls=Controls(pace)).floor
    require_rules(life.rules, floor, house)
    return floor


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


def play_again(recorded: RecordedLife, house: House) -> Replayed:
    """Return what playing a life up to its last mark gives, beside what was recorded.

    Raises:
        RefusedError: nothing was recorded to compare with, or other rules held then.
    """
    mark = recorded.mark
    if mark is None:
        raise RefusedError("the log has no mark of that life to compare with")
    floor = beginning(recorded.life, house)
    player = Player(floor)
    entered = [(place, message) for place, message in recorded.inputs if place <= mark.log_seq]
    for place, message in entered:
        player.enter(place, message)
    player.advance(mark.sim_ns)
    reached = mark_of(floor, mark.log_seq)
    return Replayed(
        life=recorded.life.life,
        seed=recorded.life.seed,
        inputs=len(entered),
        sim_ns=reached.sim_ns,
        events=reached.events,
        digest=reached.digest,
        recorded_events=mark.events,
        recorded_digest=mark.digest,
        is_equal=reached == mark,
    )


async def read_lives(bus: Bus) -> list[tuple[int, PrismLife]]:
    """Return the beginning of every life in the log with its place."""
    lives: list[tuple[int, PrismLife]] = []

    async def on_life(life: PrismLife, delivery: Delivery) -> None:
        lives.append((delivery.stream_seq, life))

    await _read(bus.fold(PRISM_LIFE, on_life))
    return lives


def is_entry(message: PrismInput, orders: Collection[OrderId]) -> bool:
    """Return whether by *message* one of *orders* entered."""
    return message.order is not None and message.order.order_id in orders


async def find_entries(
    bus: Bus, orders: Collection[OrderId], from_seq: int, until_seq: int | None
) -> list[Placed]:
    """Return the inputs by which *orders* entered, read from the log between two places."""
    found: list[Placed] = []

    async def on_input(message: PrismInput, delivery: Delivery) -> None:
        is_within = until_seq is None or delivery.stream_seq < until_seq
        if is_within and is_entry(message, orders):
            found.append((delivery.stream_seq, message))

    await _read(bus.fold(PRISM_INPUT, on_input, from_seq=from_seq))
    return found


async def read_inputs(
    bus: Bus, from_seq: int, until_seq: int | None, until_ns: int | None = None
) -> list[Placed]:
    """Return the inputs from *from_seq* to before *until_seq* (None: all), in order.

    Args:
        bus: with the log.
        from_seq: place of the first.
        until_seq: place of the first that is not wanted.
        until_ns: simulation time up to which inputs are wanted; None: all.
    """
    found: list[Placed] = []

    async def on_input(message: PrismInput, delivery: Delivery) -> None:
        is_within = until_seq is None or delivery.stream_seq < until_seq
        if is_within and (until_ns is None or message.enters_ns <= until_ns):
            found.append((delivery.stream_seq, message))

    await _read(bus.fold(PRISM_INPUT, on_input, from_seq=from_seq))
    await _read(bus.fold(PRISM_CONTROL, on_input, from_seq=from_seq))
    return sorted(found, key=lambda placed: placed[0])


async def read_life(bus: Bus, number: int | None) -> RecordedLife:
    """Return one life from the log, the present one where *number* is None.

    Raises:
        InvalidInputError: the log has no such life.
    """
    lives = await read_lives(bus)
    # A beginning that was cut off is made again: the last of a number counts.
    chosen = [at for at, (_, one) in enumerate(lives) if number in {None, one.life}]
    if not chosen:
        raise InvalidInputError("life", f"the log has no life {number}")
    at = chosen[-1]
    place, life = lives[at]
    if at + 1 < len(lives):
        until_seq, following = lives[at + 1]
        return RecordedLife(
            life=life, inputs=await read_inputs(bus, place, until_seq), mark=following.before
        )
    snapshot = await _last_snapshot(bus)
    mark = snapshot.mark if snapshot is not None and snapshot.restarts == life.life else None
    return RecordedLife(life=life, inputs=await read_inputs(bus, place, None), mark=mark)


async def _last_snapshot(bus: Bus) -> PrismSnapshot | None:
    found: list[PrismSnapshot] = []

    async def on_snapshot(snapshot: PrismSnapshot, _: Delivery) -> None:
        found.append(snapshot)

    last = await bus.last_seq(Stream.PRISM_SNAPSHOT)
    await _read(bus.fold(PRISM_SNAPSHOT, on_snapshot, from_seq=max(1, last)))
    return found[-1] if found else None


async def _read(opening: Awaitable[Subscription]) -> None:
    subscription = await opening
    await subscription.stop()
