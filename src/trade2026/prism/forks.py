"""Finds what a fork needs, in memory, on disk and in the log, and has it made in a thread.

The living market goes on meanwhile: its loop waits for none of it, and the kernels that the
thread runs let go of the interpreter.
"""

import asyncio
from collections import deque
from typing import Final, NamedTuple

import msgspec

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.errors import InvalidInputError, RefusedError, Trade2026Error
from trade2026.core.ids import OrderId
from trade2026.model.prism import PrismMark
from trade2026.ports.bus import Bus
from trade2026.prism.archive import Archive, WholeState
from trade2026.prism.control import AUDIT_LENGTH, DONE, market_of
from trade2026.prism.door import WORD_LENGTH
from trade2026.prism.fork import (
    CHANGES_MAX,
    PROOF_NS_MAX,
    RUN_NS_MAX,
    AddedOrder,
    Forked,
    Plan,
    fork,
)
from trade2026.prism.life import House
from trade2026.prism.recorded import (
    Extent,
    Placed,
    extent_of,
    find_entries,
    read_inputs,
    require_kept,
)
from trade2026.prism.venue import Venue

MOST_AT_ONCE: Final = 2
REFUSED_CHANGES_MAX: Final = 3
"""Of one that was not made: what the audit keeps of it."""
LONGEST_NS: Final = 9 * NS_PER_S
"""Of work: a little less than a request may take."""


class ForkAsk(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to see."""

    life: int | None = None
    """None is the present one."""
    at_ns: int | None = None
    """Simulation time; None, for an order that is taken out, is when it entered."""
    ago_ns: int | None = None
    """The same, before the present of the present life."""
    run_ns: int
    added: tuple[AddedOrder, ...] = ()
    removed: frozenset[OrderId] = frozenset()
    asked_by: str = ""
    """The principal that asked, for the audit."""
    asked_ns: int = 0
    """On the clock of the wall."""


class AuditedFork(NamedTuple):
    """A fork that somebody asked for, and what came of it."""

    ask: ForkAsk
    sim_ns: int
    """Of the living market when it was answered."""
    result: str
    """DONE, or why not."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A fork, and how long it took."""

    life: int
    forked: Forked
    start_ns: int
    """From the question to both markets being ready to go on from the moment."""
    took_ns: int


class Forks:
    """Makes forks of the venue's lives."""

    def __init__(
        self, *, venue: Venue, archive: Archive, house: House, bus: Bus, clock: Clock
    ) -> None:
        self._venue = venue
        self._archive = archive
        self._house = house
        self._bus = bus
        self._clock = clock
        self._running = 0
        # Not in the log: what was only looked at is no input of the market. And apart: whoever
        # asks for nonsense a thousand times must not hide what was done.
        self._done: deque[AuditedFork] = deque(maxlen=AUDIT_LENGTH)
        self._refused: deque[AuditedFork] = deque(maxlen=AUDIT_LENGTH)

    @property
    def audit(self) -> list[AuditedFork]:
        """Return the newest that were made since the start, and as many that were not."""
        both = (*self._done, *self._refused)
        return sorted(both, key=lambda one: (one.sim_ns, one.ask.asked_ns))

    async def make(self, ask: ForkAsk) -> Made:
        """Return the fork that is asked for.

        Raises:
            InvalidInputError: a value is wrong; names the field.
            RefusedError: the past is not kept, other rules held then, it takes too long, or
                enough forks are being made.
        """
        result = "BROKEN OFF"
        try:
            _check(ask)
            made = await self._make(ask)
            result = DONE
        except (InvalidInputError, RefusedError) as error:
            result = f"REFUSED {error}"
            raise
        except Trade2026Error as error:
            result = f"FAILED {error}"
            raise
        finally:
            most = CHANGES_MAX if result == DONE else REFUSED_CHANGES_MAX
            few = sorted(ask.removed)[:most]
            short = frozenset(OrderId(one[:WORD_LENGTH]) for one in few)
            kept = msgspec.structs.replace(ask, removed=short, added=ask.added[:most])
            audit = self._done if result == DONE else self._refused
            audit.append(AuditedFork(kept, self._venue.floor.exchange.sim_ns, result))
        return made

    async def _make(self, ask: ForkAsk) -> Made:
        asked_ns = self._clock.monotonic_ns()
        market_of(self._venue.floor.exchange)
        if self._running >= MOST_AT_ONCE:
            raise RefusedError(f"{MOST_AT_ONCE} forks are being made already; ask again")
        self._running += 1
        try:
            plan = await self._plan(ask, asked_ns)
            forked = await asyncio.to_thread(fork, plan, self._house)
        finally:
            self._running -= 1
        return Made(
            life=plan.state.life,
            forked=forked,
            start_ns=forked.ready_ns - asked_ns,
            took_ns=self._clock.monotonic_ns() - asked_ns,
        )

    async def _plan(self, ask: ForkAsk, asked_ns: int) -> Plan:
        life = self._venue.life.life if ask.life is None else ask.life
        past = await extent_of(self._bus, life) if life != self._venue.life.life else None
        at_ns, before_seq = ask.at_ns, None
        if ask.ago_ns is not None:
            at_ns = self._venue.floor.exchange.sim_ns - ask.ago_ns
        if ask.removed:
            first = await self._first_of(ask.removed, past)
            before_seq = first[0]
            at_ns = min(at_ns or first[1].enters_ns, first[1].enters_ns)
        assert at_ns is not None
        state = await asyncio.to_thread(self._archive.newest, life, at_ns, before_seq)
        if state is None:
            raise self._not_kept(life, at_ns)
        self._require_past(life, at_ns, past)
        end_ns = at_ns + ask.run_ns
        return Plan(
            state=state,
            inputs=await self._inputs_behind(state, end_ns, past),
            marks=await self._marks_behind(state, end_ns, past),
            at_ns=at_ns,
            run_ns=ask.run_ns,
            added=ask.added,
            removed=ask.removed,
            monotonic_ns=self._clock.monotonic_ns,
            deadline_ns=asked_ns + LONGEST_NS,
        )

    def _require_past(self, life: int, at_ns: int, past: Extent | None) -> None:
        if past is None:
            if at_ns > self._venue.floor.exchange.sim_ns:
                raise InvalidInputError("at_ns", "is not past yet")
        elif past.mark is None:
            raise RefusedError(f"where life {life} ended is not recorded")
        elif at_ns > past.mark.sim_ns:
            raise InvalidInputError(
                "at_ns",
                f"life {life} is recorded up to {past.mark.sim_ns} only",
            )

    def _not_kept(self, life: int, at_ns: int) -> RefusedError:
        places = self._archive.places(life)
        kept = f"from {places[0].sim_ns} on" if places else "not at all"
        return RefusedError(
            f"nothing of life {life} is kept from before {at_ns}: its states are kept {kept}"
        )

    async def _first_of(self, orders: frozenset[OrderId], past: Extent | None) -> Placed:
        entered: list[Placed] = []
        from_seq, until_seq = self._venue.history.begins_at, None
        if past is None:
            entered = self._venue.history.entries(orders)
        else:
            from_seq, until_seq = past.from_seq, past.until_seq
        if len(entered) < len(orders):
            entered = await find_entries(self._bus, orders, from_seq, until_seq)
        if len(entered) < len(orders):
            raise InvalidInputError(
                "remove", "names an order that did not enter in that life, or is not kept any more"
            )
        return entered[0]

    async def _inputs_behind(
        self, state: WholeState, end_ns: int, past: Extent | None
    ) -> list[Placed]:
        from_seq, until_seq = state.mark.log_seq + 1, None
        if past is not None:
            until_seq = past.until_seq
        else:
            remembered = self._venue.history.inputs_from(from_seq)
            if remembered is not None:
                return remembered
        # Nothing behind the last mark that the course could be held against is of use.
        until_ns = end_ns + PROOF_NS_MAX
        places = self._archive.places(state.life)
        behind = next((place for place in places if place.sim_ns > until_ns), None)
        if behind is not None:
            # A later state has all of them inside: the log need not be read beyond it.
            until_seq = behind.log_seq + 1
        inputs = await read_inputs(self._bus, from_seq, until_seq, until_ns)
        await require_kept(self._bus, from_seq)
        return inputs

    async def _marks_behind(
        self, state: WholeState, end_ns: int, past: Extent | None
    ) -> list[PrismMark]:
        if past is None:
            return [*self._venue.history.marks_from(state.mark.sim_ns), self._venue.mark]
        last = [past.mark] if past.mark is not None else []
        places = self._archive.places(state.life)
        kept = [place for place in places if place.sim_ns > state.mark.sim_ns]
        best = next((place for place in kept if place.sim_ns >= end_ns), kept[-1] if kept else None)
        if best is None:
            return last
        behind = await asyncio.to_thread(self._archive.read, state.life, best)
        return last if behind is None else [behind.mark, *last]


def _check(ask: ForkAsk) -> None:
    if not 1 <= ask.run_ns <= RUN_NS_MAX:
        raise InvalidInputError("run_s", f"must be above 0 and at most {RUN_NS_MAX // NS_PER_S}")
    if not 1 <= len(ask.added) + len(ask.removed) <= CHANGES_MAX:
        raise InvalidInputError("add", f"add or remove from 1 to {CHANGES_MAX} orders")
    moments = (ask.at_ns is not None) + (ask.ago_ns is not None)
    if moments > 1 or (moments == 0 and not ask.removed):
        raise InvalidInputError("at_ns", "name the moment by at_ns or by seconds_ago")
    if ask.ago_ns is not None and (ask.ago_ns < 0 or ask.life is not None):
        raise InvalidInputError("seconds_ago", "is before the present of the present life")
    if any(not 0 <= one.after_ns <= ask.run_ns for one in ask.added):
        raise InvalidInputError("add", "an order comes within the run")
