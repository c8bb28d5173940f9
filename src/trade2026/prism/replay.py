"""Plays a life again: the same beginning and the same inputs, the same events.

Nothing here answers anybody or writes anything. Inputs enter at their simulation times in
the order of the log, on a floor like the one they first came to.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import RefusedError
from trade2026.model.prism import PrismInput, PrismLife, PrismPace
from trade2026.prism.archive import WholeState
from trade2026.prism.control import Controls, change_market
from trade2026.prism.floor import Floor
from trade2026.prism.life import House, begin, mark_of, require_rules
from trade2026.prism.outside import OutsideOrders
from trade2026.prism.pace import Pace
from trade2026.prism.recorded import RecordedLife
from trade2026.prism.resume import resumed
from trade2026.prism.settlement import Step

STRIDE_NS: Final = 10 * NS_PER_S
"""Of market time at once, so that little of what happened is held at a time."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What playing a life again gave."""

    life: int
    seed: int | None
    """Of a life that was played from its beginning."""
    from_ns: int
    """Simulation time from which it was played: its beginning, or the oldest state kept."""
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


def play_again(recorded: RecordedLife, house: House) -> Replayed:
    """Return what playing a life up to its last mark gives, beside what was recorded.

    Raises:
        RefusedError: nothing was recorded to compare with, or other rules held then.
    """
    mark = recorded.mark
    if mark is None:
        raise RefusedError("the log has no mark of that life to compare with")
    life = recorded.life
    if isinstance(life, WholeState):
        if mark.sim_ns < life.mark.sim_ns:
            raise RefusedError("the log has no mark behind the oldest state that is kept")
        floor, seed = resumed(life, house), None
    else:
        floor, seed = beginning(life, house), life.seed
    from_ns = floor.exchange.sim_ns
    player = Player(floor)
    entered = [(place, message) for place, message in recorded.inputs if place <= mark.log_seq]
    for place, message in entered:
        player.enter(place, message)
    player.advance(mark.sim_ns)
    reached = mark_of(floor, mark.log_seq)
    return Replayed(
        life=life.life,
        seed=seed,
        from_ns=from_ns,
        inputs=len(entered),
        sim_ns=reached.sim_ns,
        events=reached.events,
        digest=reached.digest,
        recorded_events=mark.events,
        recorded_digest=mark.digest,
        is_equal=reached == mark,
    )
