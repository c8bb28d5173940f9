"""The rounds of PRISM's market: one loop owns it, and the log knows everything first.

A round: move the market's time on, put what outsiders asked into the log, match it, put the
outcome into the log, publish the reports, and only then answer. While the log is away the
round waits where it is: market time stands still and nothing is told.

Simulation time passes as the controls say, apart from the clock on the wall. Inputs enter in
the order in which the log has them, so that whoever reads it comes to the same market.
"""

import asyncio
from collections.abc import Sequence
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_MS, NS_PER_S, Clock
from trade2026.core.errors import VenueUnavailableError
from trade2026.model.execution import ExecutionReport
from trade2026.model.prism import PrismInput, PrismLife, PrismMark, PrismRung, PrismSnapshot
from trade2026.ports.bus import Bus
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.archive import KEEP_EVERY_NS, Archive, state_of
from trade2026.prism.ask import Ask, ControlAsk
from trade2026.prism.audience import Audience, NoAudience
from trade2026.prism.control import Controls
from trade2026.prism.crier import Crier
from trade2026.prism.drive import PACE_NS, Drive, is_behind
from trade2026.prism.feed import Feed
from trade2026.prism.floor import Floor
from trade2026.prism.history import History
from trade2026.prism.journal import UNLISTED, Journal
from trade2026.prism.life import House, Revived, mark_of, next_life
from trade2026.prism.memory import publishable, recollect, revive, snapshot_of
from trade2026.prism.recorder import Untold
from trade2026.prism.reports import VENUE_RESET
from trade2026.prism.retention import KEEP_NS, Retention
from trade2026.prism.waiting import Waiting

SNAPSHOT_EVERY_NS: Final = NS_PER_S
SNAPSHOT_OLD_NS: Final = 60 * NS_PER_S
"""From when on it is a fault: a later life has ever more of the log to read."""
NEVER: Final = 2**63 - 1


class Opened(NamedTuple):
    """One life, while it lasts."""

    floor: Floor
    life: PrismLife
    controls: Controls
    journal: Journal
    feed: Feed
    history: History


class Held(NamedTuple):
    """A snapshot that waits until the log has all fills of outsiders that are behind it."""

    snapshot: PrismSnapshot
    untold: Untold


class Rounds:
    """The market's loop and its present life. `open` it, then let `run` own it."""

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        log: FilteringBoundLogger,
        house: House,
        archive: Archive | None = None,
        keep_ns: int = KEEP_NS,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._log = log
        self._house = house
        self._archive = archive
        """None keeps no states: there is nothing to fork then."""
        self._waiting = Waiting()
        self._is_running = False
        self.agent_count = 0
        self.audience: Audience = NoAudience()
        self._opened: Opened | None = None
        self._pending: ControlAsk | None = None
        self._over: ControlAsk | None = None
        self._round_ns = 0
        self._drive = Drive(clock, log)
        self._next_keep_ns = 0
        self._entered_seq = 0
        self.crier = Crier(bus, log)
        self._next_snapshot_ns = self._snapshot_ns = 0
        self.retention = Retention(keep_ns)
        self._keep_ns = keep_ns
        self._state_seq = NEVER
        """The inputs that the newest whole state on disk has inside; without one none is needed."""
        self._dropped_seq = 0
        self._held: Held | None = None

    @property
    def is_open(self) -> bool:
        """Return whether a life has begun."""
        return self._opened is not None

    @property
    def here(self) -> Opened:
        """Return the present life and all that belongs to it. Only after `open`."""
        assert self._opened is not None
        return self._opened

    @property
    def mark(self) -> PrismMark:
        """Return where this life stands. Only after `open`."""
        return mark_of(self.here.floor, self._entered_seq)

    def add(self, ask: Ask) -> None:
        """Put a question before the next round.

        Raises:
            VenueUnavailableError: there will be none, or too many wait already.
        """
        if not self._is_running:
            raise VenueUnavailableError("PRISM is not running")
        self._waiting.add(ask)

    def stir(self) -> None:
        """Begin the next round at once."""
        self._waiting.ring()

    async def open(self) -> None:
        """Come back from the log: book what was told, cancel what worked, tell what was owed."""
        found = await recollect(self._bus)
        if (last := found.snapshot) is not None:
            self.retention = Retention(
                self._keep_ns, rungs=last.rungs, cut=last.cut, latest_ns=last.latest_ns
            )
        self.retention.reconcile(found.first_seq, self._clock.now_ns())
        now_ns, monotonic_ns = self._clock.now_ns(), self._clock.monotonic_ns()
        revived = revive(found, self._house, now_ns=now_ns, monotonic_ns=monotonic_ns)
        journal = self._journal_of(revived.life, found.log_seq, found.reports_place)
        self.crier.recorder.fill_place = found.tape_place
        await self.crier.recorder.owe(found.life - 1, found.untold())
        await self._settle_in(revived, journal, owed=found.unpublished())

    async def _settle_in(
        self, revived: Revived, journal: Journal, *, owed: Sequence[ExecutionReport] = ()
    ) -> None:
        floor, life, controls, left_out = revived
        for why in left_out:
            self._log.warning("a parameter that was in force is left out", why=why)
        step = floor.take_step()
        await journal.outcome(step)
        await journal.publish(owed)
        await journal.publish(publishable(step))
        await journal.life(life)
        self._entered_seq = journal.last_seq
        snapshot = self._snapshot(floor, life, controls, journal.last_seq)
        self._held = None
        await self.crier.recorder.tell_fills()
        await journal.first_snapshot(self._with_places(snapshot, journal))
        self._snapshot_ns = self._clock.monotonic_ns()
        await self._let_go(journal, snapshot.cut)
        self.agent_count = len(floor.exchange.agents())
        feed = Feed(self._house.instruments, life=life.life)
        self._opened = Opened(floor, life, controls, journal, feed, History(journal.last_seq))
        await self._keep()
        self.crier.recorder.begin(floor)
        self._drive.begin(floor, controls.pace)
        self._log.info(
            "PRISM is open",
            life=life.life,
            mode=floor.exchange.mode,
            report_seq=floor.reporter.last_seq,
            orders_cancelled=len(step.groups),
            reports_owed=len(owed),
        )

    def _journal_of(self, life: PrismLife, last_seq: int, last_report_place: int) -> Journal:
        return Journal(
            self._bus,
            self._log,
            life=life.life,
            last_seq=last_seq,
            last_report_place=last_report_place,
        )

    async def run(self) -> None:
        """Own the market until cancelled."""
        self._is_running = True
        try:
            while True:
                await self._round(self._waiting.take())
                await self._rest()
        finally:
            self._is_running = False
            for ask in filter(None, (self._pending, self._over)):
                ask.give_up()
            self._waiting.give_up()

    async def ping(self) -> str:
        """Return what is wrong: empty, or that the last round or the last snapshot is long ago."""
        if self._opened is None or not self._is_running:
            return "the market is not running"
        if self.here.journal.is_away:
            return "the log is away, the market stands still"
        now_ns = self._clock.monotonic_ns()
        if (age_ns := now_ns - self._round_ns) >= 2 * NS_PER_S:
            return f"no round for {age_ns // NS_PER_MS} ms"
        if (age_ns := now_ns - self._snapshot_ns) >= SNAPSHOT_OLD_NS:
            return f"no snapshot for {age_ns // NS_PER_S} s: a restart would read ever more"
        return ""

    async def _round(self, asks: list[Ask]) -> None:
        try:
            await self._trade(asks)
        finally:
            # Only where the round was cut off: whether the log has them is not known.
            for ask in asks:
                if ask is not self._pending:
                    ask.give_up()

    async def _trade(self, asks: list[Ask]) -> None:
        floor, life, controls, journal, feed, history = self.here
        now_ns = self._clock.now_ns()
        self._drive.advance(floor, controls.pace, now_ns, most_ns=self._next_keep_ns)
        if not controls.pace.is_stepping:
            self._over, self._pending = self._pending, None
        floor.orders.tick(self._clock.monotonic_ns(), now_ns)
        entering = [(ask, message) for ask in asks if (message := ask.prepare(floor))]
        await self._enter(entering, now_ns)
        floor.settle()
        step = floor.take_step()
        is_resetting = self._pending is not None and self._pending.is_reset
        is_time = self._clock.monotonic_ns() >= self._next_snapshot_ns
        is_due = is_time and self._held is None and not is_resetting
        self._entered_seq = seq = journal.last_seq
        snapshot = self._snapshot(floor, life, controls, seq) if is_due else None
        if step.groups:
            await journal.outcome(step)
            await journal.publish(publishable(step))
        self.audience.on_step(step)
        await self.crier.cry(floor, feed, step, self.audience, now_ns)
        self._answer(asks)
        self._finish_over()
        if snapshot is not None and snapshot.mark is not None:
            history.marked(snapshot.mark)
            self._next_snapshot_ns = self._clock.monotonic_ns() + SNAPSHOT_EVERY_NS
            snapshot = self._with_places(snapshot, journal)
            self._held = Held(snapshot, self.crier.recorder.untold())
        await self._keep_snapshot(journal, history)
        if floor.exchange.sim_ns >= self._next_keep_ns:
            await self._keep()
        if is_resetting:
            await self._reset()
            self._over, self._pending = self._pending, None
            self._finish_over()
        self._round_ns = self._clock.monotonic_ns()

    async def _enter(self, entering: Sequence[tuple[Ask, PrismInput]], now_ns: int) -> None:
        floor, _, _, journal, _, history = self.here
        places = await asyncio.gather(
            *(journal.input(message, key=self._key_of(ask)) for ask, message in entering)
        )
        # In the order of the log, which is what a replay has.
        for place, (ask, message) in sorted(zip(places, entering, strict=True), key=itemgetter(0)):
            ask.enter(floor, place=place, now_ns=now_ns)
            history.entered(place, message)
            if isinstance(ask, ControlAsk) and not ask.is_done:
                self._hold(ask)

    def _answer(self, asks: Sequence[Ask]) -> None:
        floor = self.here.floor
        for ask in asks:
            ask.settle(floor)
        for waiting in self._waiting.postponed:
            waiting.look(floor)
        # Only now: this round's questions needed them. And not while others wait, who may ask
        # for what came in after they did.
        floor.orders.forget(old=not self._waiting)

    def _snapshot(
        self, floor: Floor, life: PrismLife, controls: Controls, log_seq: int
    ) -> PrismSnapshot:
        snapshot = snapshot_of(floor, life, controls, log_seq=log_seq)
        now_ns, retention = self._clock.now_ns(), self.retention
        retention.note(now_ns, log_seq, latest_ns=floor.orders.latest_ns)
        needed_seq = min(snapshot.log_from_seq, self._state_seq + 1)
        is_held = retention.decide(now_ns, log_seq, needed_seq=needed_seq)
        if is_held and self._state_seq + 1 < snapshot.log_from_seq:
            # Held back by a state that stands still, as while the market does: take another.
            self._next_keep_ns = floor.exchange.sim_ns
        return msgspec.structs.replace(
            snapshot, rungs=retention.rungs, cut=retention.cut, latest_ns=retention.latest_ns
        )

    async def _keep_snapshot(self, journal: Journal, history: History) -> None:
        """Put the snapshot that is held into the log, once all fills behind it are there.

        No round waits for that: where telling is slow, the snapshot is late.
        """
        if self._held is None or not self.crier.recorder.has_told(self._held.untold):
            return
        snapshot, self._held = self._held.snapshot, None
        if await journal.snapshot(snapshot):
            self._snapshot_ns = self._clock.monotonic_ns()
            history.let_go(snapshot.cut.log_seq)
            await self._let_go(journal, snapshot.cut)

    def _with_places(self, snapshot: PrismSnapshot, journal: Journal) -> PrismSnapshot:
        """Return *snapshot* with where a later life begins to look for what was told already.

        What its moment has behind it is reported; its fills are told by the time it is kept, and
        those of later rounds stand behind the last one that is told by now.
        """
        return msgspec.structs.replace(
            snapshot,
            reports_from_seq=journal.last_report_place + 1,
            fills_from_seq=self.crier.recorder.fill_place + 1,
        )

    async def _let_go(self, journal: Journal, cut: PrismRung) -> None:
        """Drop what is cut off by a snapshot that is in the log: no other may be made."""
        if cut.log_seq <= self._dropped_seq:
            return
        if self._archive is not None:
            await asyncio.to_thread(self._archive.drop_before, cut.log_seq)
        if await journal.drop_before(cut.log_seq + 1):
            self._dropped_seq = cut.log_seq
            self._log.info("old inputs are let go of", log_seq=cut.log_seq)

    async def _keep(self) -> None:
        floor, life, *_ = self.here
        self._next_keep_ns = floor.exchange.sim_ns + KEEP_EVERY_NS
        if self._archive is not None and isinstance(floor.exchange, AgentMarket):
            state = state_of(floor, self.mark, life.rules)
            if await asyncio.to_thread(self._archive.write, state):
                self._state_seq = state.mark.log_seq

    def _hold(self, ask: ControlAsk) -> None:
        if self._pending is not None:
            self._pending.break_off("a reset ended the step before it was done")
        self._pending = ask

    def _finish_over(self) -> None:
        if self._over is not None:
            self._over.finish()
            self._over = None

    async def _reset(self) -> None:
        floor, life, controls, journal, *_ = self.here
        assert self._pending is not None
        for order in list(floor.orders.open_orders()):
            floor.end(order, VENUE_RESET)
        step = floor.take_step()
        await journal.outcome(step)
        await journal.publish(publishable(step))
        self.audience.on_step(step)
        revived = next_life(
            floor,
            life,
            controls,
            self._pending.request,
            self._house,
            now_ns=self._clock.now_ns(),
            log_seq=journal.last_seq,
        )
        next_journal = self._journal_of(revived.life, journal.last_seq, journal.last_report_place)
        await self._settle_in(revived, next_journal)
        self.audience.on_life()

    async def _rest(self) -> None:
        floor, _, controls, *_ = self.here
        if self._waiting or is_behind(floor, controls.pace, self._clock.now_ns()):
            # Others must be heard too, also while the market catches up.
            await asyncio.sleep(0)
            return
        await self._waiting.rest(PACE_NS / NS_PER_S)

    def _key_of(self, ask: Ask) -> str:
        return ask.symbol if ask.symbol in self._house.instruments else UNLISTED
