"""What may be done to the market as a whole, what it does, and who did it.

A control is an input like an order: checked, put into the log with the simulation time at
which it enters, and only then carried out. What changes the market enters the same way in
every replay; what only changes how time passes changes no event. Parameters that were set
hold over a restart, and end with a reset; a shock ends with its life.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.model.prism import (
    ControlKind,
    PrismControl,
    PrismInput,
    PrismPace,
    PrismParams,
    PrismSnapshot,
    PrismStage,
)
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.exchange import Exchange
from trade2026.prism.pace import AS_FAST_AS_POSSIBLE, SPEED_MILLI_MAX, SPEED_MILLI_MIN, Pace
from trade2026.prism.stage import staged

STEP_NS_MAX: Final = 3_600 * NS_PER_S
STEP_EVENTS_MAX: Final = 1_000_000
SEED_MAX: Final = 2**63 - 1
AUDIT_LENGTH: Final = 1_000
DONE: Final = "DONE"


class Audited(NamedTuple):
    """A control, and what came of it."""

    control: PrismControl
    place: int
    """In the log; 0 for one that was refused."""
    enters_ns: int
    """The simulation time at which it entered, or was refused."""
    result: str
    """DONE, or why not."""


class Controls:
    """How time passes, which parameters were changed, and who asked for what."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.params: tuple[PrismParams, ...] = ()
        """In force, in the order in which they are set."""
        self.stages: tuple[PrismStage, ...] = ()
        """Of the books whose phase or band is not that of the beginning."""
        self.last_place = 0
        """In the log, of the newest control."""
        # Apart: whoever asks for nonsense a thousand times must not hide what was done.
        self._done: deque[Audited] = deque(maxlen=AUDIT_LENGTH)
        self._refused: deque[Audited] = deque(maxlen=AUDIT_LENGTH)

    @property
    def audit_from_seq(self) -> int:
        """Return from where in the log a later life reads the same audit, and no more."""
        return next((one.place for one in self._done), self.last_place + 1)

    @property
    def audit(self) -> list[Audited]:
        """Return the newest controls that were done, and as many that were refused, by time."""
        return sorted((*self._done, *self._refused), key=lambda one: one.enters_ns)

    def check(self, control: PrismControl, exchange: Exchange) -> None:
        """Refuse what cannot be done.

        Raises:
            InvalidInputError: a value is wrong; names the field.
            RefusedError: it cannot be done at this moment, or not with such a market.
        """
        market = market_of(exchange)
        match control.kind:
            case ControlKind.SPEED:
                _check_speed(control.speed_milli)
            case ControlKind.STEP:
                self._check_step(control)
            case ControlKind.SEED | ControlKind.RESET:
                _check_seed(control)
            case ControlKind.SHOCK:
                assert control.shock is not None
                market.check_shock(control.shock)
            case ControlKind.PARAMS:
                assert control.params is not None
                market.with_params(control.params)
            case ControlKind.PHASE | ControlKind.BAND:
                market.check_stage(control)
            case ControlKind.START | ControlKind.PAUSE:
                pass

    def act(self, message: PrismInput, exchange: Exchange, *, place: int, now_ns: int) -> None:
        """Carry out a control that was checked and stands in the log at *place*.

        A reset is carried out by the venue.
        """
        control = message.control
        assert control is not None
        self.apply(control, now_ns=now_ns, sim_ns=exchange.sim_ns)
        if control.kind is ControlKind.STEP and control.step_events is not None:
            self.pace.step_to_event = exchange.mark()[0] + control.step_events
        change_market(control, exchange)
        self.last_place = max(self.last_place, place)
        self.note(control, place, message.enters_ns)

    def apply(self, control: PrismControl, *, now_ns: int, sim_ns: int) -> None:
        """Note what a control says of time and of a later life."""
        pace = self.pace
        match control.kind:
            case ControlKind.START | ControlKind.PAUSE:
                is_paused = control.kind is ControlKind.PAUSE
                pace.set(now_ns=now_ns, sim_ns=sim_ns, is_paused=is_paused)
            case ControlKind.SPEED:
                pace.set(now_ns=now_ns, sim_ns=sim_ns, speed_milli=control.speed_milli)
            case ControlKind.STEP:
                if control.step_ns is not None:
                    pace.step_to_ns = sim_ns + control.step_ns
            case ControlKind.SEED:
                pace.next_seed = control.seed
            case ControlKind.PARAMS:
                assert control.params is not None
                self.params = merged(self.params, control.params)
            case ControlKind.PHASE | ControlKind.BAND:
                self.stages = staged(self.stages, control)
            case ControlKind.RESET:
                self.params, self.stages = (), ()
                pace.end_step()
            case ControlKind.SHOCK:
                pass

    def note(self, control: PrismControl, place: int, enters_ns: int) -> None:
        """Note what was done."""
        self._done.append(Audited(control, place, enters_ns, DONE))

    def refused(self, control: PrismControl, sim_ns: int, why: str) -> None:
        """Note that somebody asked for what cannot be done."""
        self._refused.append(Audited(control, 0, sim_ns, f"REFUSED {why}"))

    def _check_step(self, control: PrismControl) -> None:
        step_ns, events = control.step_ns, control.step_events
        if (step_ns is None) is (events is None):
            raise InvalidInputError("ns", "name either ns or events")
        if step_ns is not None and not 1 <= step_ns <= STEP_NS_MAX:
            raise InvalidInputError("ns", f"must be from 1 to {STEP_NS_MAX}")
        if events is not None and not 1 <= events <= STEP_EVENTS_MAX:
            raise InvalidInputError("events", f"must be from 1 to {STEP_EVENTS_MAX}")
        if not self.pace.is_paused:
            raise RefusedError("only a paused market can be stepped")
        if self.pace.is_stepping:
            raise RefusedError("a step is under way")


def market_of(exchange: Exchange) -> AgentMarket:
    """Return the market of agents.

    Raises:
        RefusedError: there is only a recording, whose time is not ours.
    """
    if not isinstance(exchange, AgentMarket):
        raise RefusedError("a recorded market cannot be controlled")
    return exchange


def change_market(control: PrismControl, exchange: Exchange) -> None:
    """Do to the market what *control* says; most say nothing of it."""
    if control.shock is not None:
        market_of(exchange).shock(control.shock)
    if control.params is not None:
        market_of(exchange).set_params(control.params)
    if control.phase is not None:
        market_of(exchange).set_phase(control.phase)
    for band in control.bands:
        market_of(exchange).set_band(band)


def merged(params: Iterable[PrismParams], newer: PrismParams) -> tuple[PrismParams, ...]:
    """Return *params* with *newer* on top, without what it says again."""
    kept: list[PrismParams] = []
    for one in params:
        if (one.type_name, one.agent, one.symbol) == (newer.type_name, newer.agent, newer.symbol):
            values = {k: v for k, v in one.values.items() if k not in newer.values}
            if values:
                kept.append(msgspec.structs.replace(one, values=values))
        else:
            kept.append(one)
    return (*kept, newer)


def restored(
    snapshot: PrismSnapshot | None, inputs: Iterable[tuple[PrismInput, int]], *, now_ns: int
) -> tuple[Controls, PrismControl | None]:
    """Return the controls as a former life left them, and the reset that it did not come to.

    Args:
        snapshot: the last one.
        inputs: the controls of the log, from the snapshot's `audit_from_seq` on.
        now_ns: on the wall.
    """
    pace = PrismPace() if snapshot is None else snapshot.pace
    done_seq = 0 if snapshot is None else snapshot.controls_seq
    controls = Controls(Pace(pace, now_ns=now_ns, sim_ns=now_ns))
    controls.params = () if snapshot is None else snapshot.params
    controls.stages = () if snapshot is None else snapshot.stages
    controls.last_place = done_seq
    reset: PrismControl | None = None
    for message, place in inputs:
        control = message.control
        assert control is not None
        controls.note(control, place, message.enters_ns)
        controls.last_place = place
        if place > done_seq:
            controls.apply(control, now_ns=now_ns, sim_ns=now_ns)
            reset = control if control.kind is ControlKind.RESET else reset
    controls.pace.end_step()
    return controls, reset


def _check_speed(speed: int | None) -> None:
    is_within = speed is not None and SPEED_MILLI_MIN <= speed <= SPEED_MILLI_MAX
    if not is_within and speed != AS_FAST_AS_POSSIBLE:
        raise InvalidInputError("speed", "must be from 0.1 to 1000, or max")


def _check_seed(control: PrismControl) -> None:
    if control.seed is None:
        if control.kind is ControlKind.SEED:
            raise InvalidInputError("seed", "is missing")
    elif not 0 <= control.seed <= SEED_MAX:
        raise InvalidInputError("seed", f"must be from 0 to {SEED_MAX}")
