"""The live gateway at work: orders in, modes, the panic button and the way back.

An order is acknowledged when the log has it; what comes of it the reports say. The process may
die at any moment: the fold of the log says what was meant, and the exchange what came of it.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.errors import Trade2026Error
from trade2026.core.ids import OrderId
from trade2026.desk.live_log import LiveLog
from trade2026.desk.live_market import LiveMarket
from trade2026.desk.live_modes import LiveModes
from trade2026.desk.live_work import LiveWork
from trade2026.domain.live.breaker import Outcome
from trade2026.domain.live.judge import Verdict, judge
from trade2026.domain.live.name import client_id_of
from trade2026.domain.live.order import LiveOrder
from trade2026.domain.live.rules import Rules
from trade2026.model.execution import ExecType, VenueAck, VenueOrderStatus
from trade2026.model.live import (
    CancelAsked,
    LiveAck,
    LiveMode,
    LiveStatus,
    OrderDisowned,
    OrderTaken,
    ReplaceAsked,
)
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
)
from trade2026.model.risk import RiskApproved
from trade2026.ports.exchange import (
    Exchange,
    ExchangeBook,
    ExchangeLost,
    ExchangePrint,
    ExchangeState,
    ExchangeTrade,
    Word,
)

SWEEP_EVERY_S: Final = 0.5
FIRST_WORD_S: Final = 0.8
"""How long whoever hands an order over waits for what the exchange says to it."""
POLL_NS: Final = 5 * NS_PER_S
"""How often an order is asked about that the streams should tell of."""
CONNECT_AGAIN_S: Final = 5.0
WORDS_MOST: Final = 100_000
DISOWNED: Final = "DISOWNED the gateway said that it does not know this order, and stays so"
STREAMS_OF_OURS: Final = frozenset({"orders", "trades"})


class LiveDesk:
    """What the gateway does for execution, for its operators, and for orders in doubt."""

    def __init__(
        self,
        *,
        log: LiveLog,
        modes: LiveModes,
        market: LiveMarket,
        work: LiveWork,
        exchange: Exchange,
        clock: Clock,
        logger: FilteringBoundLogger,
    ) -> None:
        self.state = log.state
        self.modes = modes
        self.market = market
        self.exchange = exchange
        self.problem = "not connected yet"
        """Why the exchange is not there; empty while it is."""
        self._log = log
        self._work = work
        self._clock = clock
        self._logger = logger
        self._tasks: asyncio.TaskGroup | None = None
        self._words: asyncio.Queue[Word] = asyncio.Queue(WORDS_MOST)
        self._looked_ns: dict[OrderId, int] = {}
        self._looking: dict[OrderId, bool] = {}
        """Those that are looked at, or wait for it, and whether that is asked for once more."""

    @property
    def rules(self) -> Rules:
        """Return the limits of the configuration."""
        return self.state.rules

    async def on_submit(self, approved: RiskApproved[NewOrderSingle]) -> LiveAck:
        """Take an order in, once: the log has it when this returns, and then it is sent."""
        order = approved.request
        async with self.modes.gate:
            known = self.state.orders.get(order.order_id)
            if known is not None:
                return _taken(known)
            if order.order_id in self.state.disowned:
                return _refused(order.order_id, DISOWNED)
            verdict = self._judged(order, approved.reference_px_nanos)
            if verdict.refusal:
                return _refused(order.order_id, verdict.refusal)
            name = client_id_of(order.order_id) if verdict.sent_qty else ""
            await self._log.write(
                OrderTaken(
                    event_id=self._log.new_id(),
                    ts_ns=self._clock.now_ns(),
                    order=order,
                    route=verdict.route,
                    sent_qty=verdict.sent_qty,
                    worth=verdict.worth,
                    client_id=name,
                )
            )
            taken = self.state.orders[order.order_id]
        if not taken.is_done:
            await self._first_word(self._work.begin(taken))
        return _taken(taken)

    async def on_cancel(self, request: OrderCancelRequest) -> LiveAck:
        """Take a cancel in; it is asked again until the exchange has said how the order stands."""
        order = self.state.orders.get(request.order_id)
        if order is None:
            return _refused(request.order_id, "UNKNOWN_ORDER")
        await self._note_cancel(order)
        await self._first_word(self._look(order))
        return _taken(order)

    async def on_replace(self, request: OrderReplaceRequest) -> LiveAck:
        """Take a change in, once for each name of a change."""
        order = self.state.orders.get(request.order_id)
        if order is None:
            return _refused(request.order_id, "UNKNOWN_ORDER")
        if order.route is LiveMode.MOCK or order.answered(request.replace_id):
            return _taken(order)
        if order.is_done:
            text = "the order has ended"
            kind, replace_id = ExecType.REPLACE_REJECTED, request.replace_id
            await self._log.report(order, kind, text=text, replace_id=replace_id)
            return _taken(order)
        if order.change is None:
            event = ReplaceAsked(
                event_id=self._log.new_id(), ts_ns=self._clock.now_ns(), request=request
            )
            await self._log.write(event)
        await self._first_word(self._look(order))
        return _taken(order)

    async def on_status(self, request: OrderStatusRequest) -> LiveStatus:
        """Return every report there was of an order; without any it is in doubt.

        One that is being taken in is waited for. An unknown one is disowned: who asked ends it,
        and it may be still on its way.
        """
        order = self.state.orders.get(request.order_id)
        if order is None:
            async with self.modes.gate:
                order = self.state.orders.get(request.order_id)
                if order is None:
                    await self._disown(request.order_id)
        status = VenueOrderStatus(
            order_id=request.order_id,
            is_known=order is not None,
            reports=tuple(order.reports) if order else (),
        )
        return LiveStatus(status=status, is_mock=order is not None and _is_mock(order))

    async def panic(self, *, asked_by: str, reason: str) -> int:
        """Stop everything new, cancel everything open, and return how much that is."""
        await self.modes.panic(asked_by=asked_by, reason=reason)
        orders = list(self.state.open_orders())
        for order in orders:
            await self._note_cancel(order)
            self._spawn(self._look(order))
        return len(orders)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self._listen())
            tasks.create_task(self._hear())
            tasks.create_task(self._log.watch())
            try:
                while True:
                    await self._sweep()
                    await asyncio.sleep(SWEEP_EVERY_S)
            finally:
                self._tasks = None

    async def ping(self) -> str:
        """Return what is wrong with the connection, or empty."""
        return self.problem

    async def breaker_ping(self) -> str:
        """Return why nothing may be sent at the moment, or empty."""
        if self.state.is_panicked:
            return "the panic button is in"
        return self.state.breaker.problem(self._clock.now_ns())

    def about(self) -> dict[str, str]:
        """Return what health says besides."""
        return {"mode": self.state.mode, "exchange": self.exchange.name}

    def _judged(self, order: NewOrderSingle, reference_px: int) -> Verdict:
        if self._tasks is None:
            return Verdict(refusal="STARTING the gateway reads its log, or stops")
        if self.problem and self.state.mode is not LiveMode.MOCK:
            return Verdict(refusal=f"NOT_CONNECTED {self.problem}")
        return judge(
            self.state,
            order,
            self._work.market_of(order.symbol),
            reference_px=reference_px,
            now_ns=self._clock.now_ns(),
            mids=self.market.mids,
        )

    async def _disown(self, order_id: OrderId) -> None:
        if order_id not in self.state.disowned:
            event = OrderDisowned(
                event_id=self._log.new_id(), ts_ns=self._clock.now_ns(), order_id=order_id
            )
            await self._log.write(event)

    async def _note_cancel(self, order: LiveOrder) -> None:
        if not order.is_done and not order.is_cancel_asked:
            event = CancelAsked(
                event_id=self._log.new_id(),
                ts_ns=self._clock.now_ns(),
                order_id=order.request.order_id,
            )
            await self._log.write(event)

    async def _listen(self) -> None:
        while True:
            try:
                await self.exchange.connect()
            except Trade2026Error as error:
                self.problem = str(error)
                self._logger.warning("the exchange is not there", why=self.problem)
                await asyncio.sleep(CONNECT_AGAIN_S)
                continue
            self.problem = ""
            self._logger.info("connected", exchange=self.exchange.name)
            await self.exchange.listen(self._put)

    def _put(self, word: Word) -> None:
        if self._words.full():
            # The oldest is lost; what it said of orders, the next poll says again.
            self._words.get_nowait()
        self._words.put_nowait(word)

    async def _hear(self) -> None:
        while True:
            word = await self._words.get()
            match word:
                case ExchangeBook():
                    await self.market.on_book(word)
                case ExchangePrint():
                    await self.market.on_print(word)
                case ExchangeLost():
                    self._logger.warning("a stream broke", stream=word.stream, why=word.why)
                    if word.stream in STREAMS_OF_OURS:
                        # Whatever was said meanwhile is asked for at once.
                        self._looked_ns.clear()
                        await self._work.note(Outcome.LOST)
                case ExchangeState() | ExchangeTrade():
                    await self._hear_of_ours(word)

    async def _hear_of_ours(self, word: ExchangeState | ExchangeTrade) -> None:
        if isinstance(word, ExchangeState):
            order_id = self.state.by_client_id.get(word.client_id)
        else:
            order_id = self.state.by_venue_id.get((word.symbol, word.venue_order_id))
        order = None if order_id is None else self.state.orders.get(order_id)
        if order is None:
            # A fill may come before we know under which number: the next look asks.
            self._looked_ns.clear()
            return
        self._spawn(self._work.hear(order, word))

    async def _sweep(self) -> None:
        if self.problem:
            return
        now_ns = self._clock.monotonic_ns()
        if self._work.lets_us_ask():
            await self._ask_prices()
        for order in list(self.state.open_orders()):
            if self.state.is_panicked and not order.is_cancel_asked:
                # It was being taken in when the button was pressed, or the process died then.
                await self._note_cancel(order)
            order_id = order.request.order_id
            is_urgent = order.is_in_doubt or order.is_cancel_asked or order.change is not None
            due_ns = self._looked_ns.get(order_id, 0) + (NS_PER_S if is_urgent else POLL_NS)
            if now_ns < due_ns or self._work.is_busy(order) or not self._work.lets_us_ask():
                continue
            self._looked_ns[order_id] = now_ns
            self._spawn(self._look(order))
        open_ids = {order.request.order_id for order in self.state.open_orders()}
        self._looked_ns = {k: v for k, v in self._looked_ns.items() if k in open_ids}

    async def _look(self, order: LiveOrder) -> None:
        """Look at an order, and once more if that was asked for meanwhile, however often.

        Not while the exchange wants to be left alone: the sweep does as soon as it may.
        """
        order_id = order.request.order_id
        is_looking = order_id in self._looking
        self._looking[order_id] = True
        if is_looking:
            return
        try:
            while self._looking[order_id] and self._work.lets_us_ask():
                self._looking[order_id] = False
                await self._work.look(order)
        finally:
            if self._looking.pop(order_id):
                self._looked_ns.pop(order_id, None)

    async def _ask_prices(self) -> None:
        for symbol in self.exchange.instruments:
            if self.market.age_ns(symbol) < self.rules.stale_ns // 2:
                continue
            try:
                await self.market.on_book(await self.exchange.book(symbol))
            except Trade2026Error as error:
                self._logger.warning("no price", symbol=symbol, why=str(error))

    def _spawn(self, step: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        if self._tasks is None:
            step.close()
            return None
        return self._tasks.create_task(step)

    async def _first_word(self, step: Coroutine[Any, Any, None]) -> None:
        """Give *step* the time in which exchanges answer; it goes on by itself if it takes more."""
        task = self._spawn(step)
        if task is not None:
            await asyncio.wait({task}, timeout=FIRST_WORD_S)


def _is_mock(order: LiveOrder) -> bool:
    return order.route is LiveMode.MOCK


def _taken(order: LiveOrder) -> LiveAck:
    ack = VenueAck(order_id=order.request.order_id, is_accepted=True)
    return LiveAck(ack=ack, is_mock=_is_mock(order))


def _refused(order_id: OrderId, text: str) -> LiveAck:
    return LiveAck(ack=VenueAck(order_id=order_id, is_accepted=False, text=text))
