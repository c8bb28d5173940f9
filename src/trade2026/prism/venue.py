"""PRISM as a venue: what outsiders may ask of it, and what they are told.

Everything that changes something goes through the rounds of the market, `rounds.py`. What
nobody remembers is looked for in the log first.

An id that a status question did not find is disowned in the log, so an order that arrives
late under it is never executed.
"""

from typing import Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import Clock
from trade2026.core.errors import RefusedError
from trade2026.core.ids import EventId, OrderId, time_of
from trade2026.model.execution import VenueAck, VenueOrderStatus
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
)
from trade2026.model.prism import PrismControl, PrismFunding, PrismLife, PrismMark, PrismRung
from trade2026.ports.bus import Bus
from trade2026.prism.archive import Archive
from trade2026.prism.ask import (
    CancelAsk,
    ControlAsk,
    FundAsk,
    ReplaceAsk,
    StatusAsk,
    SubmitAsk,
    disowned,
    refusal,
)
from trade2026.prism.audience import Audience
from trade2026.prism.control import Controls
from trade2026.prism.door import in_short, is_id, unsendable
from trade2026.prism.doubt import BEFORE_NS, Doubts
from trade2026.prism.floor import Floor
from trade2026.prism.history import History
from trade2026.prism.life import House
from trade2026.prism.log_search import Found, LogSearch
from trade2026.prism.outside import SKEW_NS
from trade2026.prism.recorder import Recorder
from trade2026.prism.retention import KEEP_NS, told_time
from trade2026.prism.rounds import Rounds

_AHEAD: Final = "TOO_EARLY the id was made by a clock that is more than a minute ahead of ours"


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
        keep_ns: int = KEEP_NS,
    ) -> None:
        """Make a venue that is not open.

        Args:
            bus: with the log.
            clock: of the wall.
            log: for what goes wrong, and for lives that begin.
            house: what all its lives share.
            archive: of whole states; None keeps none, and there is nothing to fork then.
            keep_ns: for how long its log is kept, on the wall.
        """
        self._clock = clock
        self._rounds = Rounds(
            bus=bus, clock=clock, log=log, house=house, archive=archive, keep_ns=keep_ns
        )
        self._doubts = Doubts(bus, self._place_before, lambda: self.floor.orders.forgotten_seq)
        self._log_search = LogSearch(bus, lambda: self.cut.log_seq)

    @property
    def floor(self) -> Floor:
        """Return the floor of this life. Only after `open`."""
        return self._rounds.here.floor

    @property
    def recorder(self) -> Recorder:
        """Return what tells the log of the market."""
        return self._rounds.crier.recorder

    @property
    def life(self) -> PrismLife:
        """Return what this life began with."""
        return self._rounds.here.life

    @property
    def controls(self) -> Controls:
        """Return how time passes, and who changed what. Only after `open`."""
        return self._rounds.here.controls

    @property
    def history(self) -> History:
        """Return what this life was asked. Only after `open`."""
        return self._rounds.here.history

    @property
    def is_open(self) -> bool:
        """Return whether this life has begun."""
        return self._rounds.is_open

    @property
    def mark(self) -> PrismMark:
        """Return where this life stands. Only after `open`."""
        return self._rounds.mark

    @property
    def cut(self) -> PrismRung:
        """Return where what is kept of the log begins: behind this place, after this time."""
        return self._rounds.retention.cut

    @property
    def agent_count(self) -> int:
        """Return how many agents trade in each symbol."""
        return self._rounds.agent_count

    def listen(self, audience: Audience) -> None:
        """Have *audience* told of every step from here on, in the place of whom was before."""
        self._rounds.audience = audience

    async def open(self) -> None:
        """Come back from the log: book what was told, cancel what worked, tell what was owed."""
        await self._rounds.open()

    async def run(self) -> None:
        """Own the market until cancelled."""
        await self._rounds.run()

    async def ping(self) -> str:
        """Return what is wrong: empty, or that the last round or the last snapshot is long ago."""
        return await self._rounds.ping()

    async def control(self, control: PrismControl, control_id: EventId) -> None:
        """Do something to the market as a whole; returns when it is done.

        Raises:
            InvalidInputError: a value is wrong; names the field.
            RefusedError: it cannot be done at this moment, or not with such a market.
            VenueUnavailableError: PRISM stopped before it was done.
        """
        ask = ControlAsk(control_id, control, self.controls)
        self._rounds.add(ask)
        await ask.answer

    async def submit(self, order: NewOrderSingle, *, is_direct: bool = False) -> VenueAck:
        """Take an order in; the same `order_id` again is acknowledged, not repeated.

        Raises:
            RefusedError: it may have come when the log was not kept from yet.
            VenueUnavailableError: PRISM stopped before the outcome was in the log.
        """
        if problem := unsendable(order):
            return refusal(order.order_id, problem)
        if self._is_far_ahead(order.order_id):
            return refusal(order.order_id, _AHEAD)
        if self._may_be_forgotten(order.order_id):
            found = await self._search(order.order_id)
            if found.is_known:
                return VenueAck(order_id=order.order_id, is_accepted=True)
            if found.is_disowned:
                return disowned(order.order_id)
        ask = SubmitAsk(order, is_direct)
        ask.look(self.floor)
        self._rounds.add(ask)
        return await ask.answer

    async def cancel(self, request: OrderCancelRequest, *, is_direct: bool = False) -> VenueAck:
        """Take out what is left of an order; whether anything was, its reports say.

        Raises:
            VenueUnavailableError: PRISM stopped before the outcome was in the log.
        """
        return await self._change(CancelAsk(request, is_direct))

    async def replace(self, request: OrderReplaceRequest, *, is_direct: bool = False) -> VenueAck:
        """Change a working order; what came of it, its reports say. Once for each `replace_id`.

        Raises:
            VenueUnavailableError: PRISM stopped before the outcome was in the log.
        """
        return await self._change(ReplaceAsk(request, is_direct))

    async def _change(self, ask: CancelAsk | ReplaceAsk) -> VenueAck:
        if problem := unsendable(ask.request):
            return refusal(ask.order_id, problem)
        self._rounds.add(ask)
        return await ask.answer

    async def status(
        self, request: OrderStatusRequest, *, is_direct: bool = False
    ) -> VenueOrderStatus:
        """Return every report ever made of an order. An unknown one is disowned for good.

        Raises:
            RefusedError: it may have come when the log was not kept from yet, or its id was made
                by a clock that is ahead.
            VenueUnavailableError: PRISM stopped before the answer was in the log.
        """
        if not is_id(request.order_id):
            # Such an order is never taken, so this needs no place in the log to stay true.
            return VenueOrderStatus(order_id=request.order_id, is_known=False)
        if self._is_far_ahead(request.order_id):
            raise RefusedError(_AHEAD)
        request = in_short(request)
        ask = StatusAsk(request, is_direct)
        known = self.floor.orders.get(request.order_id)
        is_partly_known = known is not None and known.is_partly_known
        if is_partly_known or self._may_be_forgotten(request.order_id):
            found = await self._search(request.order_id)
            ask.older = tuple(found.reports)
            if found.is_known and self.floor.orders.get(request.order_id) is None:
                # An order of the other world is not the asker's, and no less known for that.
                is_own = found.is_direct is is_direct
                reports = ask.older if is_own else ()
                return VenueOrderStatus(order_id=request.order_id, is_known=is_own, reports=reports)
        ask.look(self.floor)
        self._rounds.add(ask)
        return await ask.answer

    async def fund(self, funding: PrismFunding) -> str:
        """Give a direct participant its balance; return why not, empty where it has one.

        Raises:
            VenueUnavailableError: PRISM stopped before it was in the log.
        """
        ask = FundAsk(funding)
        self._rounds.add(ask)
        return await ask.answer

    def stir(self) -> None:
        """Have the loop look at the market at once: something may have filled."""
        self._rounds.stir()

    async def _search(self, order_id: OrderId) -> Found:
        """Return what the log says of an order that memory does not know, or not wholly.

        Raises:
            RefusedError: it may have come when the log was not kept from yet.
            BusUnavailableError: the log did not answer.
        """
        was_just_made = self._was_just_made(order_id)
        while True:
            if not was_just_made:
                self._check_kept(order_id)
            found = await self._look_up(order_id)
            # The log may have been cut while it was read, and memory have let go of what came.
            if not was_just_made:
                self._check_kept(order_id)
            if found.is_known or found.is_disowned or not self._may_have_missed(order_id, found):
                return found

    async def _look_up(self, order_id: OrderId) -> Found:
        known, at_ns = self.floor.orders.get(order_id), time_of(order_id)
        if known is None and at_ns is not None and self._is_of_now(at_ns):
            place = await self._doubts.place_of(order_id)
            if place.seq is None:
                return Found(until_seq=place.read_seq)
            return await self._log_search.find(order_id, from_seq=place.seq)
        # Nobody can say when an id of another kind was made: all that is kept is read for it.
        begin_seq = self.cut.log_seq if at_ns is None else self._place_before(at_ns - SKEW_NS)
        from_seq = (known.input_seq if known is not None else 0) or begin_seq + 1
        return await self._log_search.find(order_id, from_seq=from_seq)

    def _check_kept(self, order_id: OrderId) -> None:
        came_ns = (time_of(order_id) or 0) - SKEW_NS
        is_cut = self.cut.log_seq > 0 and came_ns <= self.cut.at_ns
        if is_cut and self.floor.orders.get(order_id) is None:
            # Whether it ever came nobody can say: neither taken as new nor called unknown.
            raise RefusedError(
                f"what became of order {order_id} is not known any more:"
                f" PRISM's log is kept from {told_time(self.cut.at_ns)} on"
            )

    def _may_have_missed(self, order_id: OrderId, found: Found) -> bool:
        """Return whether the id may stand behind what was read, and be forgotten already."""
        orders = self.floor.orders
        is_remembered = orders.get(order_id) is not None or orders.is_disowned(order_id)
        return not is_remembered and orders.forgotten_seq > found.until_seq

    def _is_of_now(self, at_ns: int) -> bool:
        """Return whether ids of a time come often: those of fresh orders, after a clock was set.

        Those of another time come seldom, and are looked for in one reading of the log.
        """
        return abs(at_ns - self._clock.now_ns()) <= BEFORE_NS

    def _place_before(self, at_ns: int) -> int:
        # Another retention holds in every life.
        return self._rounds.retention.place_before(at_ns)

    def _was_just_made(self, order_id: OrderId) -> bool:
        """Return whether the id has our time in it, which was set back from behind the cut.

        By the first reading of that time it would be older than all that is kept, and who asks
        for so old a one does not do so just when that time comes again.
        """
        now_ns = self._clock.now_ns()
        is_now = abs((time_of(order_id) or 0) - now_ns) <= SKEW_NS
        return is_now and self.cut.at_ns > now_ns

    def _is_far_ahead(self, order_id: OrderId) -> bool:
        orders = self.floor.orders
        return orders.get(order_id) is None and orders.is_far_ahead(order_id, self._clock.now_ns())

    def _may_be_forgotten(self, order_id: OrderId) -> bool:
        orders = self.floor.orders
        if orders.get(order_id) is not None or orders.is_disowned(order_id):
            return False
        return not orders.is_surely_fresh(order_id)
