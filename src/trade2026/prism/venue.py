"""PRISM as a venue: one loop owns the market, and the log knows everything first.

A round of the loop: move the market's time on, put what outsiders asked into the log, match
it, put the outcome into the log, publish the reports, and only then answer. While the log is
away the round waits where it is: market time stands still and nothing is told.

An id that a status question did not find is disowned in the log, so an order that arrives
late under it is never executed.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_MS, NS_PER_S, Clock, TimeNs
from trade2026.core.errors import VenueUnavailableError
from trade2026.core.ids import AccountId, OrderId
from trade2026.model.execution import VenueAck, VenueOrderStatus
from trade2026.model.instrument import Instrument
from trade2026.model.order import NewOrderSingle, OrderCancelRequest, OrderStatusRequest
from trade2026.model.prism import PrismFunding
from trade2026.model.subjects import LIVE_PRISM_FEED
from trade2026.ports.bus import Bus
from trade2026.prism.ask import Ask, CancelAsk, FundAsk, StatusAsk, SubmitAsk, disowned, refusal
from trade2026.prism.audience import Audience, NoAudience
from trade2026.prism.door import is_id, unsendable
from trade2026.prism.feed import Feed
from trade2026.prism.floor import Floor, Step
from trade2026.prism.holdings import FeeRates
from trade2026.prism.journal import UNLISTED, Journal
from trade2026.prism.limits import Limits
from trade2026.prism.memory import (
    MakeExchange,
    publishable,
    recollect,
    revive,
    search,
    snapshot_of,
)

PACE_NS: Final = 100 * NS_PER_MS
"""How often the market moves on by itself, and the feed speaks."""
SNAPSHOT_EVERY_NS: Final = NS_PER_S
LONGEST_STRIDE_NS: Final = NS_PER_S
"""The market catches up in strides, so that outsiders are heard in between."""
MOST_BEHIND_NS: Final = 600 * NS_PER_S
"""A market further behind begins a new life instead of trading through the lost time."""
MOST_IN_ROUND: Final = 256
WORD_LENGTH: Final = 64
"""What is kept of the words in a status question."""


class Venue:
    """The exchange with a memory. `open` it, then let `run` own it."""

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        log: FilteringBoundLogger,
        instruments: Mapping[str, Instrument],
        make_exchange: MakeExchange,
        fees: FeeRates,
        seed: int,
        limits: Limits,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._log = log
        self._instruments = instruments
        self._make_exchange = make_exchange
        self._fees = fees
        self._seed = seed
        self._limits = limits
        self._waiting: deque[Ask] = deque()
        self._wake = asyncio.Event()
        self._is_running = False
        self.agent_count = 0
        self.audience: Audience = NoAudience()
        self._opened: tuple[Floor, Journal, Feed] | None = None
        self._round_ns = 0
        self._next_pace_ns = 0
        self._next_snapshot_ns = 0

    @property
    def floor(self) -> Floor:
        """Return the floor of this life. Only after `open`."""
        assert self._opened is not None
        return self._opened[0]

    @property
    def is_open(self) -> bool:
        """Return whether this life has begun."""
        return self._opened is not None

    @property
    def _journal(self) -> Journal:
        assert self._opened is not None
        return self._opened[1]

    async def open(self) -> None:
        """Come back from the log: book what was told, cancel what worked, tell what was owed."""
        found = await recollect(self._bus)
        floor = revive(
            found,
            make_exchange=self._make_exchange,
            instruments=self._instruments,
            fees=self._fees,
            limits=self._limits,
        )
        journal = Journal(
            self._bus,
            self._log,
            life=found.life,
            last_seq=found.log_seq,
            last_report_place=found.reports_place,
        )
        step = floor.take_step()
        await journal.outcome(step)
        owed = found.unpublished()
        await journal.publish(owed)
        await journal.publish(publishable(step))
        snapshot = snapshot_of(floor, seed=self._seed, log_seq=journal.last_seq)
        await journal.first_snapshot(
            msgspec.structs.replace(snapshot, reports_from_seq=journal.last_report_place + 1)
        )
        self.agent_count = len(floor.exchange.agents())
        self._opened = (floor, journal, Feed(self._instruments, life=found.life))
        self._log.info(
            "PRISM is open",
            life=found.life,
            mode=floor.exchange.mode,
            report_seq=floor.reporter.last_seq,
            orders_cancelled=len(step.groups),
            reports_owed=len(owed),
        )

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
        request = _in_short(request)
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
        self._wake.set()

    async def ping(self) -> str:
        """Return what is wrong with the loop: empty, or that its last round is long ago."""
        if self._opened is None or not self._is_running:
            return "the market is not running"
        if self._journal.is_away:
            return "the log is away, the market stands still"
        age_ns = self._clock.monotonic_ns() - self._round_ns
        return "" if age_ns < 2 * NS_PER_S else f"no round for {age_ns // NS_PER_MS} ms"

    async def run(self) -> None:
        """Own the market until cancelled."""
        self._is_running = True
        try:
            while True:
                await self._round(self._take_asks())
                await self._rest()
        finally:
            self._is_running = False
            while self._waiting:
                self._waiting.popleft().give_up()

    async def _round(self, asks: list[Ask]) -> None:
        try:
            await self._trade(asks)
        finally:
            # Only where the round was cut off: whether the log has them is not known.
            for ask in asks:
                ask.give_up()

    async def _trade(self, asks: list[Ask]) -> None:
        assert self._opened is not None
        floor, journal, feed = self._opened
        now_ns = self._clock.now_ns()
        self._advance(floor, now_ns)
        entering = [(ask, message) for ask in asks if (message := ask.prepare(floor))]
        places = await asyncio.gather(
            *(journal.input(message, key=self._key_of(ask)) for ask, message in entering)
        )
        for (ask, _), place in zip(entering, places, strict=True):
            ask.enter(floor, place=place, now_ns=now_ns)
        floor.settle()
        step = floor.take_step()
        is_due = now_ns >= self._next_snapshot_ns
        snapshot = snapshot_of(floor, seed=self._seed, log_seq=journal.last_seq) if is_due else None
        if step.groups:
            await journal.outcome(step)
            await journal.publish(publishable(step))
        self.audience.on_step(step)
        self._show(feed, step, now_ns)
        for ask in asks:
            ask.settle(floor)
        if snapshot is not None:
            self._next_snapshot_ns = now_ns + SNAPSHOT_EVERY_NS
            place = journal.last_report_place + 1
            await journal.snapshot(msgspec.structs.replace(snapshot, reports_from_seq=place))
        floor.orders.forget(now_ns)
        self._round_ns = self._clock.monotonic_ns()

    def _advance(self, floor: Floor, now_ns: int) -> None:
        behind_ns = now_ns - floor.exchange.sim_ns
        if behind_ns > MOST_BEHIND_NS:
            raise VenueUnavailableError(
                f"the market lost {behind_ns // NS_PER_S} s; a new life begins from the log"
            )
        floor.advance(min(now_ns, floor.exchange.sim_ns + LONGEST_STRIDE_NS))

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
        behind_ns = self._clock.now_ns() - self.floor.exchange.sim_ns
        if self._waiting or behind_ns > PACE_NS:
            # Others must be heard too, also while the market catches up.
            await asyncio.sleep(0)
            return
        try:
            async with asyncio.timeout(PACE_NS / NS_PER_S):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    def _queue(self, ask: Ask) -> None:
        if not self._is_running:
            raise VenueUnavailableError("PRISM is not running")
        self._waiting.append(ask)
        self._wake.set()

    def _take_asks(self) -> list[Ask]:
        # One order at most once in a round: what a second question finds depends on the first.
        asks: list[Ask] = []
        orders: set[OrderId] = set()
        while (
            self._waiting and len(asks) < MOST_IN_ROUND and self._waiting[0].order_id not in orders
        ):
            ask = self._waiting.popleft()
            orders.add(ask.order_id)
            asks.append(ask)
        return asks

    def _may_be_forgotten(self, order_id: OrderId) -> bool:
        orders = self.floor.orders
        return orders.get(order_id) is None and not orders.is_surely_fresh(order_id)

    def _key_of(self, ask: Ask) -> str:
        return ask.symbol if ask.symbol in self._instruments else UNLISTED


def _in_short(request: OrderStatusRequest) -> OrderStatusRequest:
    # Only the id says which order is meant; a disowning is kept in the log and stays short.
    return msgspec.structs.replace(
        request,
        account=AccountId(request.account[:WORD_LENGTH]),
        venue=request.venue[:WORD_LENGTH],
        symbol=request.symbol[:WORD_LENGTH],
    )
