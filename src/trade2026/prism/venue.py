"""PRISM as a venue: one loop owns the market, and the log knows everything first.

A round of the loop: move the market's time on, put what outsiders asked into the log, match
it, put the outcome into the log, publish the reports, and only then answer. While the log is
away the round waits where it is: market time stands still and nothing is told.

Simulation time passes as the controls say, apart from the clock on the wall. Inputs enter in
the order in which the log has them, so that whoever reads it comes to the same market.

An id that a status question did not find is disowned in the log, so an order that arrives
late under it is never executed.
"""

import asyncio
from collections.abc import Sequence
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_MS, NS_PER_S, Clock, TimeNs
from trade2026.core.errors import VenueUnavailableError
from trade2026.core.ids import EventId, OrderId
from trade2026.model.execution import ExecutionReport, VenueAck, VenueOrderStatus
from trade2026.model.order import NewOrderSingle, OrderCancelRequest, OrderStatusRequest
from trade2026.model.prism import ControlKind, PrismControl, PrismFunding, PrismLife, PrismMark
from trade2026.model.subjects import LIVE_PRISM_FEED
from trade2026.ports.bus import Bus
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.archive import KEEP_EVERY_NS, Archive, state_of
from trade2026.prism.ask import (
    Ask,
    CancelAsk,
    ControlAsk,
    FundAsk,
    StatusAsk,
    SubmitAsk,
    disowned,
    refusal,
)
from trade2026.prism.audience import Audience, NoAudience
from trade2026.prism.control import Controls
from trade2026.prism.door import in_short, is_id, unsendable
from trade2026.prism.drive import PACE_NS, Drive, is_behind
from trade2026.prism.feed import Feed
from trade2026.prism.floor import Floor, Step
from trade2026.prism.history import History
from trade2026.prism.journal import UNLISTED, Journal
from trade2026.prism.life import House, Revived, mark_of, next_life
from trade2026.prism.memory import publishable, recollect, revive, search, snapshot_of
from trade2026.prism.reports import VENUE_RESET
from trade2026.prism.waiting import Waiting

SNAPSHOT_EVERY_NS: Final = NS_PER_S


class _Opened(NamedTuple):
    floor: Floor
    life: PrismLife
    controls: Controls
    journal: Journal
    feed: Feed
    history: History


class Venue:
    """The exchange with a memory. `open` it, then let `run` own it."""

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        log: FilteringBoundLogger,
        house: House,
        archive: Archive | None = None,
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
        self._opened: _Opened | None = None
        self._pending: ControlAsk | None = None
        self._over: ControlAsk | None = None
        self._round_ns = 0
        self._drive = Drive(clock)
        self._next_keep_ns = 0
        self._entered_seq = 0
        self._next_pace_ns = 0
        self._next_snapshot_ns = 0

    @property
    def floor(self) -> Floor:
        """Return the floor of this life. Only after `open`."""
        return self._here.floor

    @property
    def life(self) -> PrismLife:
        """Return what this life began with. Only after `open`."""
        return self._here.life

    @property
    def controls(self) -> Controls:
        """Return how time passes, and who changed what. Only after `open`."""
        return self._here.controls

    @property
    def history(self) -> History:
        """Return what this life was asked. Only after `open`."""
        return self._here.history

    @property
    def is_open(self) -> bool:
        """Return whether this life has begun."""
        return self._opened is not None

    @property
    def mark(self) -> PrismMark:
        """Return where this life stands. Only after `open`."""
        return mark_of(self.floor, self._entered_seq)

    @property
    def _here(self) -> "_Opened":
        assert self._opened is not None
        return self._opened

    async def open(self) -> None:
        """Come back from the log: book what was told, cancel what worked, tell what was owed."""
        found = await recollect(self._bus)
        revived = revive(found, self._house, now_ns=self._clock.now_ns())
        journal = self._journal_of(revived.life, found.log_seq, found.reports_place)
        await self._settle_in(revived, journal, owed=found.unpublished())

    async def _settle_in(
        self, revived: Revived, journal: Journal, *, owed: Sequence[ExecutionReport] = ()
    ) -> None:
        floor, life, controls = revived
        step = floor.take_step()
        await journal.outcome(step)
        await journal.publish(owed)
        await journal.publish(publishable(step))
        await journal.life(life)
        self._entered_seq = journal.last_seq
        snapshot = snapshot_of(floor, life, controls, log_seq=journal.last_seq)
        await journal.first_snapshot(
            msgspec.structs.replace(snapshot, reports_from_seq=journal.last_report_place + 1)
        )
        self.agent_count = len(floor.exchange.agents())
        feed = Feed(self._house.instruments, life=life.life)
        self._opened = _Opened(floor, life, controls, journal, feed, History(journal.last_seq))
        await self._keep()
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

    async def control(self, control: PrismControl, control_id: EventId) -> None:
        """Do something to the market as a whole; returns when it is done.

        Raises:
            InvalidInputError: a value is wrong; names the field.
            RefusedError: it cannot be done at this moment, or not with such a market.
            VenueUnavailableError: PRISM stopped before it was done.
        """
        ask = ControlAsk(control_id, control, self.controls)
        self._queue(ask)
        await ask.answer

    async def submit(self, order: NewOrderSingle, *, is_direct: bool = False) -> VenueAck:
        """Take an order in; the same `order_id` again is acknowledged, not repeated.

        Raises:
            VenueUnavailableError: PRISM stopped before the outcome was in the log.
        """
        if problem := unsendable(order):
            return refusal(order.order_id, problem)
        if self._may_be_forgotten(order.order_id):
            found = await search(self._bus, order.order_id)
            if found.is_known:
                return VenueAck(order_id=order.order_id, is_accepted=True)
            if found.is_disowned:
                return disowned(order.order_id)
        ask = SubmitAsk(order, is_direct)
        self._queue(ask)
        return await ask.answer

    async def cancel(self, request: OrderCancelRequest, *, is_direct: bool = False) -> VenueAck:
        """Take out what is left of an order; whether anything was, its reports say.

        Raises:
            VenueUnavailableError: PRISM stopped before the outcome was in the log.
        """
        if problem := unsendable(request):
            return refusal(request.order_id, problem)
        ask = CancelAsk(request, is_direct)
        self._queue(ask)
        return await ask.answer

    async def status(
        self, request: OrderStatusRequest, *, is_direct: bool = False
    ) -> VenueOrderStatus:
        """Return every report ever made of an order. An unknown one is disowned for good.

        Raises:
            VenueUnavailableError: PRISM stopped before the answer was in the log.
        """
        if not is_id(request.order_id):
            # Such an order is never taken, so this needs no place in the log to stay true.
            return VenueOrderStatus(order_id=request.order_id, is_known=False)
        request = in_short(request)
        known = self.floor.orders.get(request.order_id)
        is_partly_known = known is not None and known.request is None
        if is_partly_known or self._may_be_forgotten(request.order_id):
            found = await search(self._bus, request.order_id)
            if found.is_known and found.is_direct is is_direct:
                return VenueOrderStatus(
                    order_id=request.order_id, is_known=True, reports=tuple(found.reports)
                )
        ask = StatusAsk(request, is_direct)
        self._queue(ask)
        return await ask.answer

    async def fund(self, funding: PrismFunding) -> str:
        """Give a direct participant its balance; return why not, empty where it has one.

        Raises:
            VenueUnavailableError: PRISM stopped before it was in the log.
        """
        ask = FundAsk(funding)
        self._queue(ask)
        return await ask.answer

    def stir(self) -> None:
        """Have the loop look at the market at once: something may have filled."""
        self._waiting.ring()

    async def ping(self) -> str:
        """Return what is wrong with the loop: empty, or that its last round is long ago."""
        if self._opened is None or not self._is_running:
            return "the market is not running"
        if self._here.journal.is_away:
            return "the log is away, the market stands still"
        age_ns = self._clock.monotonic_ns() - self._round_ns
        return "" if age_ns < 2 * NS_PER_S else f"no round for {age_ns // NS_PER_MS} ms"

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

    async def _round(self, asks: list[Ask]) -> None:
        try:
            await self._trade(asks)
        finally:
            # Only where the round was cut off: whether the log has them is not known.
            for ask in asks:
                if ask is not self._pending:
                    ask.give_up()

    async def _trade(self, asks: list[Ask]) -> None:
        floor, life, controls, journal, feed, history = self._here
        now_ns = self._clock.now_ns()
        self._drive.advance(floor, controls.pace, now_ns, most_ns=self._next_keep_ns)
        if not controls.pace.is_stepping:
            self._over, self._pending = self._pending, None
        entering = [(ask, message) for ask in asks if (message := ask.prepare(floor))]
        places = await asyncio.gather(
            *(journal.input(message, key=self._key_of(ask)) for ask, message in entering)
        )
        # In the order of the log, which is what a replay has.
        for place, (ask, message) in sorted(zip(places, entering, strict=True), key=itemgetter(0)):
            ask.enter(floor, place=place, now_ns=now_ns)
            history.entered(place, message)
            if isinstance(ask, ControlAsk) and not ask.is_done:
                self._pending = ask
        floor.settle()
        step = floor.take_step()
        is_due = now_ns >= self._next_snapshot_ns and not self._is_resetting
        self._entered_seq = seq = journal.last_seq
        snapshot = snapshot_of(floor, life, controls, log_seq=seq) if is_due else None
        if step.groups:
            await journal.outcome(step)
            await journal.publish(publishable(step))
        self.audience.on_step(step)
        self._show(feed, step, now_ns)
        for ask in asks:
            ask.settle(floor)
        self._finish_over()
        if snapshot is not None and snapshot.mark is not None:
            history.marked(snapshot.mark)
            self._next_snapshot_ns = now_ns + SNAPSHOT_EVERY_NS
            place = journal.last_report_place + 1
            await journal.snapshot(msgspec.structs.replace(snapshot, reports_from_seq=place))
        floor.orders.forget(now_ns)
        if floor.exchange.sim_ns >= self._next_keep_ns:
            await self._keep()
        if self._is_resetting:
            await self._reset()
            self._over, self._pending = self._pending, None
            self._finish_over()
        self._round_ns = self._clock.monotonic_ns()

    @property
    def _is_resetting(self) -> bool:
        return self._pending is not None and self._pending.request.kind is ControlKind.RESET

    async def _keep(self) -> None:
        floor, life = self.floor, self.life
        self._next_keep_ns = floor.exchange.sim_ns + KEEP_EVERY_NS
        if self._archive is not None and isinstance(floor.exchange, AgentMarket):
            state = state_of(floor, self.mark, life.rules)
            await asyncio.to_thread(self._archive.write, state)

    def _finish_over(self) -> None:
        if self._over is not None:
            self._over.finish()
            self._over = None

    async def _reset(self) -> None:
        floor, life, controls, journal, *_ = self._here
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

    def _show(self, feed: Feed, step: Step, now_ns: int) -> None:
        if self.floor.exchange.mode == "paper":
            # The recording is the public feed; paper fills are nobody else's business.
            return
        for event in step.events:
            feed.add(event)
        if now_ns >= self._next_pace_ns:
            self._next_pace_ns = now_ns + PACE_NS
            batches = feed.batches(self.floor.exchange, TimeNs(now_ns))
            for batch in batches:
                self._bus.show(LIVE_PRISM_FEED, batch, symbol=batch.symbol)
            self.audience.on_feed(batches, now_ns)

    async def _rest(self) -> None:
        if self._waiting or is_behind(self.floor, self.controls.pace, self._clock.now_ns()):
            # Others must be heard too, also while the market catches up.
            await asyncio.sleep(0)
            return
        await self._waiting.rest(PACE_NS / NS_PER_S)

    def _queue(self, ask: Ask) -> None:
        if not self._is_running:
            raise VenueUnavailableError("PRISM is not running")
        self._waiting.add(ask)

    def _may_be_forgotten(self, order_id: OrderId) -> bool:
        orders = self.floor.orders
        return orders.get(order_id) is None and not orders.is_surely_fresh(order_id)

    def _key_of(self, ask: Ask) -> str:
        return ask.symbol if ask.symbol in self._house.instruments else UNLISTED
