"""What the live gateway does at the exchange, one order at a time.

Nothing is sent whose intent is not in the log, and nothing is sent twice: where no answer
came, the exchange is asked by the name that the order got before it was sent. Only when it
knows none of that name, and a request could not arrive any more, did the order never arrive.
"""

import asyncio
from typing import Final
from weakref import WeakValueDictionary

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, Clock, TimeNs
from trade2026.core.errors import (
    Trade2026Error,
    VenueBusyError,
    VenueRejectedError,
    VenueUnavailableError,
)
from trade2026.core.ids import ExecId, OrderId
from trade2026.core.numbers import Money, Qty
from trade2026.desk.live_log import LiveLog, exec_id_of
from trade2026.desk.live_market import LiveMarket
from trade2026.domain.live.breaker import SLOW_NS, Outcome
from trade2026.domain.live.judge import Market, sending_problem
from trade2026.domain.live.name import client_id_of
from trade2026.domain.live.order import LiveOrder, unspent
from trade2026.domain.live.rules import filter_problem, sent_part, worth_of
from trade2026.model.execution import ExecType
from trade2026.model.instrument import InstrumentKind
from trade2026.model.live import BreakerMoved, ReplacementTaken
from trade2026.model.order import OrderReplaceRequest
from trade2026.ports.exchange import (
    Exchange,
    ExchangeOrder,
    ExchangeState,
    ExchangeStatus,
    ExchangeTrade,
)

_ENDS: Final = {
    ExchangeStatus.FILLED: ExecType.TRADE,
    ExchangeStatus.CANCELED: ExecType.CANCELED,
    ExchangeStatus.REJECTED: ExecType.REJECTED,
    ExchangeStatus.EXPIRED: ExecType.EXPIRED,
}


class LiveWork:
    """Sends, asks, cancels and changes."""

    def __init__(
        self,
        *,
        exchange: Exchange,
        log: LiveLog,
        market: LiveMarket,
        clock: Clock,
        logger: FilteringBoundLogger,
        doubt_ns: int,
    ) -> None:
        """Prepare it.

        Args:
            exchange: where orders go.
            log: the gateway's.
            market: the exchange's.
            clock: ours.
            logger: for what a person may want to know.
            doubt_ns: after this long a request that was sent cannot arrive any more.
        """
        self._exchange = exchange
        self._log = log
        self._market = market
        self._clock = clock
        self._logger = logger
        self._doubt_ns = doubt_ns
        self._wait_until_ns = TimeNs(0)
        self._locks: WeakValueDictionary[OrderId, asyncio.Lock] = WeakValueDictionary()

    def market_of(self, symbol: str) -> Market:
        """Return what the exchange is like at the moment, as far as *symbol* goes."""
        return Market(
            instrument=self._exchange.instruments.get(symbol),
            mid_px=self._market.mids.get(symbol),
            age_ns=self._market.age_ns(symbol),
            wait_until_ns=self._wait_until_ns,
        )

    def is_busy(self, order: LiveOrder) -> bool:
        """Return whether something is being done about *order* right now."""
        return self._lock(order).locked()

    def lets_us_ask(self) -> bool:
        """Return whether the exchange did not say that we ask too often."""
        return self._clock.now_ns() >= self._wait_until_ns

    async def begin(self, order: LiveOrder) -> None:
        """Send a new order, and let its hypothetical part act."""
        async with self._lock(order):
            if order.is_sent:
                await self._send(order)
            else:
                await self._log.report(order, ExecType.NEW, text=f"{order.route} nothing is sent")
            if not order.is_shadow_done:
                await self._market.begin(order)

    async def look(self, order: LiveOrder) -> None:
        """Do what is due about *order*: ask where it is in doubt, cancel, change, catch up."""
        async with self._lock(order):
            if order.is_done:
                return
            await self._market.resume(order)
            if order.is_open_there:
                await self._ask(order)
            if order.is_cancel_asked:
                await self._cancel(order)
            elif order.change is not None and not order.is_in_doubt:
                await self._change(order, order.change)

    async def hear(self, order: LiveOrder, word: ExchangeState | ExchangeTrade) -> None:
        """Take what the exchange says of *order* by itself."""
        async with self._lock(order):
            if isinstance(word, ExchangeTrade):
                await self._book(order, word)
            elif word.client_id == order.client_id:
                await self._told(order, word)

    async def missing(self, order: LiveOrder) -> frozenset[ExecId]:
        """Return what we have booked of *order* under its name now and the exchange does not know.

        Fills that it knows and we have not are booked on the way.

        Raises:
            RefusedError: the question is refused.
            VenueUnavailableError: no answer came.
        """
        async with self._lock(order):
            there = order.venue_order_id
            ours = frozenset(
                one.exec_id
                for one in order.reports
                if one.exec_type is ExecType.TRADE and one.venue_order_id == there
            )
            told = await self._exchange.trades(there, order.request.symbol) if there else ()
            for trade in told:
                await self._book(order, trade)
            return ours - {exec_id_of(one) for one in told}

    async def state(self, order: LiveOrder) -> ExchangeState | None:
        """Return how the exchange says that *order* stands; None where it knows none.

        Raises:
            RefusedError: the question is refused.
            VenueUnavailableError: no answer came.
        """
        request = order.request
        return await self._exchange.find(order.client_id, order.venue_order_id, request.symbol)

    async def note(self, outcome: Outcome) -> None:
        """Let the breaker know."""
        state, now_ns = self._log.state, self._clock.now_ns()
        before, after = state.breaker, state.breaker.note(outcome, now_ns)
        if before.opened_ns != after.opened_ns:
            is_open = after.opened_ns is not None
            self._logger.warning("breaker", is_open=is_open, why=after.why)
            event = BreakerMoved(
                event_id=self._log.new_id(), ts_ns=now_ns, is_open=is_open, why=after.why
            )
            await self._log.write(event)
        state.breaker = after

    async def _send(self, order: LiveOrder) -> None:
        began_ns = self._clock.monotonic_ns()
        request = order.request
        try:
            state = await self._exchange.send(
                ExchangeOrder(
                    client_id=order.client_id,
                    symbol=request.symbol,
                    side=request.side,
                    ord_type=request.ord_type,
                    time_in_force=request.time_in_force,
                    is_post_only=request.is_post_only,
                    qty=order.sent_qty,
                    price=request.price,
                    is_reduce_only=request.is_reduce_only and self._is_future(request.symbol),
                )
            )
        except VenueRejectedError as error:
            await self._refused(order, str(error))
            await self.note(Outcome.REJECTED)
        except VenueBusyError as error:
            self._leave_alone(error)
            await self._refused(order, str(error))
            await self.note(Outcome.FAILED)
        except VenueUnavailableError as error:
            # It may have arrived: it is asked about, and never sent again.
            self._logger.warning("order in doubt", order_id=request.order_id, why=str(error))
            await self.note(Outcome.FAILED)
        else:
            is_slow = self._clock.monotonic_ns() - began_ns > SLOW_NS
            await self._told(order, state)
            await self.note(Outcome.SLOW if is_slow else Outcome.TAKEN)

    def _is_future(self, symbol: str) -> bool:
        listed = self._exchange.instruments.get(symbol)
        return listed is not None and listed.kind is InstrumentKind.LINEAR_FUTURE

    async def _refused(self, order: LiveOrder, text: str) -> None:
        if order.is_replacing and order.change is not None:
            replace_id = order.change.replace_id
            await self._log.report(
                order, ExecType.REPLACE_REJECTED, text=text, replace_id=replace_id
            )
        await self._log.end_part(order, ExecType.REJECTED, text)
        if not order.is_shadow_done:
            await self._market.end(order)

    async def _ask(self, order: LiveOrder) -> None:
        try:
            state = await self._exchange.find(
                order.client_id, order.venue_order_id, order.request.symbol
            )
        except Trade2026Error as error:
            self._trouble(order, error)
            return
        if state is not None:
            await self._told(order, state)
        elif not order.is_acked and self._clock.now_ns() - order.sent_ns > self._doubt_ns:
            text = f"NEVER_ARRIVED the exchange knows none after {self._doubt_ns // NS_PER_S} s"
            await self._refused(order, text)

    async def _told(self, order: LiveOrder, state: ExchangeState) -> None:
        if order.is_real_done:
            return
        if not order.is_acked:
            await self._acked(order, state.venue_order_id)
        if state.filled_qty > order.filled_qty:
            for trade in await self._trades(order):
                await self._book(order, trade)
        if state.status in _ENDS and order.filled_qty >= state.filled_qty:
            await self._log.end_part(order, _ENDS[state.status], "")

    async def _acked(self, order: LiveOrder, venue_order_id: str) -> None:
        change = order.change
        is_change = order.is_replacing and change is not None
        await self._log.report(
            order,
            ExecType.REPLACED if is_change else ExecType.NEW,
            venue_order_id=venue_order_id,
            replace_id=change.replace_id if is_change and change is not None else "",
            text="" if order.shadow_qty == 0 else f"{order.route} the rest is hypothetical",
        )

    async def _book(self, order: LiveOrder, trade: ExchangeTrade) -> None:
        await self._log.book(order, trade)
        if order.is_acked and not order.is_done and order.working_qty == 0:
            await self._log.end_part(order, ExecType.TRADE, "")

    async def _trades(self, order: LiveOrder) -> list[ExchangeTrade]:
        try:
            found = await self._exchange.trades(order.venue_order_id, order.request.symbol)
        except Trade2026Error as error:
            self._trouble(order, error)
            return []
        return list(found)

    async def _cancel(self, order: LiveOrder) -> None:
        if not order.is_shadow_done:
            await self._market.end(order)
        if order.is_open_there and await self._cancel_there(order):
            await self._ask(order)
        if order.change is not None and order.is_real_done and not order.is_done:
            await self._log.settle(order)

    async def _cancel_there(self, order: LiveOrder) -> bool:
        try:
            await self._exchange.cancel(order.client_id, order.venue_order_id, order.request.symbol)
        except VenueRejectedError as error:
            self._trouble(order, error)
            if order.is_acked and order.is_cancel_asked:
                await self._log.report(order, ExecType.CANCEL_REJECTED, text=str(error))
            return False
        except Trade2026Error as error:
            self._trouble(order, error)
            return False
        return True

    async def _change(self, order: LiveOrder, change: OrderReplaceRequest) -> None:
        """Cancel what works, and send what is wanted in its place: no exchange need know how."""
        event, problem = self._replacement(order, change)
        if not problem and order.is_open_there:
            if not await self._cancel_there(order):
                return
            await self._ask(order)
            if order.is_open_there or order.is_done:
                return
            # It may have traded while it was being cancelled.
            event, problem = self._replacement(order, change)
        if problem or event is None:
            await self._log.report(
                order, ExecType.REPLACE_REJECTED, text=problem, replace_id=change.replace_id
            )
            await self._log.settle(order)
            return
        self._market.forget(order)
        await self._log.write(event)
        if order.is_sent and not order.is_real_done:
            await self._send(order)
        else:
            text = f"{order.route} nothing is sent"
            kind, replace_id = ExecType.REPLACED, change.replace_id
            await self._log.report(order, kind, text=text, replace_id=replace_id)
        if not order.is_shadow_done and not order.is_done:
            await self._market.begin(order)

    def _replacement(
        self, order: LiveOrder, change: OrderReplaceRequest
    ) -> tuple[ReplacementTaken | None, str]:
        """Return what takes the place of *order*, or why nothing does."""
        request, market = order.request, self.market_of(order.request.symbol)
        total = request.order_qty if change.order_qty is None else change.order_qty
        price = request.price if change.price is None else change.price
        rest = Qty(total - order.cum_qty)
        if rest <= 0:
            return None, "FILLED as much has traded already"
        listed, mid_px = market.instrument, market.mid_px
        if listed is None or mid_px is None:
            return None, "NO_PRICE the exchange quotes nothing"
        sent = sent_part(self._log.state.rules, order.route, rest, listed.lot_size)
        if not order.route.sends or (not order.is_sent and order.shadow_qty):
            sent = Qty(0)
        changed = msgspec.structs.replace(request, price=price)
        worth = worth_of(changed, sent, mid_px)
        problem = filter_problem(rest, price, listed, worth_of(changed, rest, mid_px))
        if sent and not problem:
            # What works is cancelled first, and does not count twice.
            credit = unspent(order) if order.is_open_there else 0
            problem = filter_problem(sent, price, listed, worth) or sending_problem(
                self._log.state,
                Money(max(0, worth - credit)),
                market,
                reduces=request.is_reduce_only,
                now_ns=self._clock.now_ns(),
                mids=self._market.mids,
            )
        event = ReplacementTaken(
            event_id=self._log.new_id(),
            ts_ns=self._clock.now_ns(),
            order_id=request.order_id,
            replace_id=change.replace_id,
            client_id=client_id_of(request.order_id, change.replace_id) if sent else "",
            order_qty=total,
            price=price,
            sent_qty=sent,
            worth=worth,
        )
        return event, problem

    def _trouble(self, order: LiveOrder, error: Trade2026Error) -> None:
        if isinstance(error, VenueBusyError):
            self._leave_alone(error)
        self._logger.warning(
            "the exchange does not help", order_id=order.request.order_id, why=str(error)
        )

    def _leave_alone(self, error: VenueBusyError) -> None:
        wait_ns = int(error.wait_s * NS_PER_S)
        self._wait_until_ns = TimeNs(max(self._wait_until_ns, self._clock.now_ns() + wait_ns))

    def _lock(self, order: LiveOrder) -> asyncio.Lock:
        lock = self._locks.get(order.request.order_id)
        if lock is None:
            lock = self._locks[order.request.order_id] = asyncio.Lock()
        return lock
