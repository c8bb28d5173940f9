"""One run: clients ask, things go wrong, then all is calm and everything must add up."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

from tests.factories import a_quote
from tests.simulation.audit import Told, check_fills, check_orders, read_books
from tests.simulation.faults import FaultyBus, Luck, Way
from tests.simulation.loop import LoopClock, VirtualLoop
from tests.simulation.venue import SimulatedVenue
from tests.trading import LOG, Desks, a_resting_ask, an_ask

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core import chance
from trade2026.core.clock import TimeNs
from trade2026.core.errors import RefusedError, UnavailableError
from trade2026.core.ids import OrderId
from trade2026.core.numbers import Qty, parse_nanos
from trade2026.desk.ask import OrderAsk
from trade2026.desk.closing import Closer
from trade2026.desk.kill import KillDesk
from trade2026.domain.oms.change import Change
from trade2026.model.instrument import PRISM
from trade2026.model.order import Side
from trade2026.model.risk import GLOBAL_SCOPE, TradingMode
from trade2026.model.subjects import KILL_REPORT, ORDERS_CLEAR, ORDERS_EVENT, RISK_CONTROL

T = TypeVar("T")

CLIENTS: Final = 3
ACTS: Final = 8
"""Of each client."""
CRASHES_MAX: Final = 4
STOPS_SHARE: Final = 0.5
"""Of the ends of processes: those that are told to stop, and not killed."""
WORST_WITHIN_MS: Final = 5_000
"""How long the worst moment for it is waited for."""
INTAKES_LAST_S: Final = 1.0
"""How much longer than its loops the intakes of a stopped process take events at most."""
STORM_S: Final = 20.0
"""For how long things go wrong."""
CALM_S: Final = 120.0
"""Within which everything must have come to rest afterwards."""
PATIENCE_S: Final = 5.0
"""After which a client asks again."""
KILLED_SHARE: Final = 0.5
"""Of the seeds: those in which somebody presses the kill switch, and resumes."""
KILLED_WITHIN_S: Final = 30.0
"""Of calm, after which nothing of a killed scope may be open but what was sent after the resume."""
SCOPES: Final = (GLOBAL_SCOPE, "account:default", "strategy:manual", "symbol:BTCUSDT")
PRICES: Final = ("59999.99", "60000.01")
LOT: Final = Qty(parse_nanos("0.01"))


class World:
    """Everything that outlives the process."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed = seed
        self.log = MemoryLog()
        self.clock = LoopClock()
        self.luck = Luck(chance.stream(seed, "luck"))
        self.venue = SimulatedVenue(self.log, chance.stream(seed, "venue"))
        self.core: Desks | None = None
        self.bus: FaultyBus | None = None
        self.lives = 0
        self.acknowledged: dict[str, OrderId] = {}
        """Order by client's key."""
        self._archive = folder / "orders.db"
        self._stream = chance.stream(seed, "world")
        self._ends = chance.stream(seed, "ends")
        self._resumed_ns: TimeNs | None = None
        """When it was asked that a kill be over; None where nobody pressed the kill switch."""
        self._is_stopped = False
        """Whether the process was told to stop, and not killed."""
        self._tasks = asyncio.TaskGroup()
        """All that goes on here: where one of them fails, the run fails."""

    def spawn(self, step: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start what goes on whichever process dies."""
        return self._tasks.create_task(step)

    async def play(self) -> Told:
        """Play the whole run, and compare at its end."""
        async with self._tasks:
            endless = [
                self.spawn(work)
                for work in (
                    self.venue.trade(),
                    self._fresh_prices(),
                    self._absences(),
                    self._live(),
                )
            ]
            clients = [self.spawn(self._client(number)) for number in range(CLIENTS)]
            killer = self.spawn(self._kill())
            await self.spawn(self._storm())
            self.luck.calm, self.luck.is_away = True, False
            async with asyncio.timeout(CALM_S):
                await asyncio.gather(*clients, killer)
                await self._check_kill()
                await self._rest()
            told = await self._audited()
            for work in endless:
                work.cancel()
        return told

    # The supervisor.

    async def _live(self) -> None:
        while True:
            async with self._process() as ended:
                await ended.wait()
            await asyncio.sleep(0.2)

    @asynccontextmanager
    async def _process(self) -> AsyncGenerator[asyncio.Event]:
        self.bus = bus = FaultyBus(self.log, self.clock, self.luck)
        way = Way(self.venue, bus, self.luck, self.spawn)
        core = Desks(bus, self.clock, way, life=self.lives, archive=self._archive)
        kills = KillDesk(bus=bus, clock=self.clock, ids=core.ids, log=LOG, risk=core.risk)
        self.lives += 1
        self._ended = ended = asyncio.Event()

        async def live() -> None:
            try:
                await core.begin()
                await bus.fold(KILL_REPORT, kills.on_report)
                await bus.fold(RISK_CONTROL, kills.on_control)
                await bus.serve(ORDERS_CLEAR, Closer(core.oms).on_clear)
                core.risk.book.quote(PRISM, "BTCUSDT", a_quote(*PRICES), self.clock.now_ns())
                self.core = core
                async with asyncio.TaskGroup() as desks:
                    desks.create_task(kills.run())
                    desks.create_task(core.run())
            except* UnavailableError:
                # As a process that cannot go on: it ends, and is started again.
                bus.is_dead = True
            finally:
                ended.set()

        running = self.spawn(live())
        try:
            yield ended
        finally:
            is_stopped, self._is_stopped, self.core = self._is_stopped, False, None
            bus.is_dead |= not is_stopped
            running.cancel()
            try:
                await asyncio.gather(running, return_exceptions=True)
                # Of one that is told to stop, the intakes end after the loops, and then it commits.
                if is_stopped:
                    await asyncio.sleep(INTAKES_LAST_S * float(self._ends.random()))
                await bus.close()
                await core.ptrc.close()
                if is_stopped:
                    bus.is_dead = True
                    await core.oms.journal.close()
            finally:
                core.end()

    async def _storm(self) -> None:
        times = sorted(STORM_S * self._stream.random(int(self._stream.integers(CRASHES_MAX + 1))))
        for time_s in times:
            await asyncio.sleep(max(0.0, float(time_s) - asyncio.get_running_loop().time()))
            if self.bus is not None:
                self._is_stopped = float(self._ends.random()) < STOPS_SHARE
                if self._is_stopped:
                    await self._until_a_wish_is_unheard(self.bus)
                self.bus.is_stopping = self._is_stopped
                self.bus.is_dead, self.core = not self._is_stopped, None
                self._ended.set()
        await asyncio.sleep(max(0.0, STORM_S - asyncio.get_running_loop().time()))

    async def _until_a_wish_is_unheard(self, bus: FaultyBus) -> None:
        """Wait a while for the worst moment to stop a process in, and have the order trade then."""
        for _ in range(WORST_WITHIN_MS):
            working = [order_id for order_id in bus.unheard if self.venue.is_working(order_id)]
            if working:
                self.spawn(self.venue.act_on(working[0]))
                return
            await asyncio.sleep(0.001)

    async def _absences(self) -> None:
        while not self.luck.calm:
            await asyncio.sleep(float(self._stream.exponential(8.0)))
            self.luck.is_away = not self.luck.calm
            await asyncio.sleep(float(self._stream.exponential(1.5)))
            self.luck.is_away = False

    async def _fresh_prices(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            if self.core is not None:
                now_ns = self.clock.now_ns()
                self.core.risk.book.quote(PRISM, "BTCUSDT", a_quote(*PRICES), now_ns)

    # The kill switch.

    async def _kill(self) -> None:
        stream = chance.stream(self.seed, "kill")
        if stream.random() >= KILLED_SHARE:
            return
        scope = SCOPES[int(stream.integers(len(SCOPES)))]
        await asyncio.sleep(STORM_S * float(stream.random()))
        await self._switch(scope, TradingMode.HALTED)
        # Else the market would soon have ended what the kill has missed.
        self.venue.is_quiet = True
        await asyncio.sleep(float(stream.exponential(3.0)))
        self._resumed_ns = self.clock.now_ns()
        await self._switch(scope, TradingMode.NORMAL)

    async def _switch(self, scope: str, mode: TradingMode) -> None:
        await self._until_said(
            lambda core: core.risk.switch(
                scope=scope,
                mode=mode,
                cancel_open=mode is TradingMode.HALTED,
                reason="a test",
                asked_by="tess",
            )
        )

    async def _check_kill(self) -> None:
        """Check that a kill left nothing open: all scopes there are cover every order here."""
        if self._resumed_ns is None:
            return
        await asyncio.sleep(KILLED_WITHIN_S)
        assert self.core is not None, "nothing ends a process in calm"
        for order in self.core.oms.journal.orders.open_orders():
            is_later = order.sent_ns is not None and order.sent_ns >= self._resumed_ns
            assert is_later, f"{order.request.order_id} outlived a kill, {order.status}"
        self.venue.is_quiet = False

    # The clients.

    async def _client(self, number: int) -> None:
        stream = chance.stream(self.seed, f"client-{number}")
        own: list[str] = []
        for act in range(ACTS):
            await asyncio.sleep(float(stream.exponential(1.0)))
            drawn, key = stream.random(), f"{number}-{act}"
            if drawn < 0.6 or not own:
                side = Side.BUY if stream.random() < 0.5 else Side.SELL
                make = an_ask if stream.random() < 0.4 else a_resting_ask
                qty = Qty(LOT * int(stream.integers(1, 4)))
                await self._place(make(key, side=side, order_qty=qty))
                own.append(key)
                continue
            order_id = self.acknowledged[own[int(stream.integers(len(own)))]]
            larger = Change(order_qty=Qty(LOT * int(stream.integers(1, 6))), key=key)
            if drawn < 0.8:
                await self._until_said(lambda core, i=order_id: core.oms.cancel(i, "tess"))
            else:
                await self._until_said(
                    lambda core, i=order_id, c=larger: core.oms.replace(i, c, "tess")
                )

    async def _place(self, ask: OrderAsk) -> None:
        for _ in range(2):
            # The second time is one that did not hear the first answer.
            said = await self._until_said(lambda core: core.oms.submit(ask))
            assert said is not None
            order, _ = said
            key = str(ask.cl_ord_id)
            known = self.acknowledged.setdefault(key, order.request.order_id)
            assert known == order.request.order_id, f"{key} has two orders"

    async def _until_said(self, ask: Callable[[Desks], Awaitable[Any]]) -> Any:
        """Ask again and again until there is an answer; None where it is a refusal."""
        while True:
            if self.core is not None:
                task = self.spawn(_answer(ask(self.core)))
                await asyncio.wait({task}, timeout=PATIENCE_S)
                # One that is cut off, or never ends, is what a client of a killed process sees.
                if task.done() and not task.cancelled():
                    answer = task.result()
                    if not isinstance(answer, UnavailableError):
                        return answer
                task.cancel()
            await asyncio.sleep(0.3)

    # The end.

    async def _rest(self) -> None:
        """Return when nothing is open any more and everybody has read the log, and told of it."""
        while True:
            core = self.core
            if core is not None:
                for order in core.oms.journal.orders.open_orders():
                    with suppress(RefusedError, UnavailableError):
                        await core.oms.cancel(order.request.order_id, "tess")
                seq = self.log.last_seq(ORDERS_EVENT.stream)
                is_read = core.handled[core.ptrc.on_journal] == seq == core.risk.book.accounts.seq
                if not core.oms.journal.orders.open_orders() and is_read:
                    await core.ptrc.keeper().settle()
                    return
            await asyncio.sleep(0.5)

    async def _audited(self) -> Told:
        assert self.core is not None
        books = await read_books(self.log, self.clock)
        check_orders(self.core, self.venue, books, self.acknowledged)
        await check_fills(self.core, self.venue, books)
        return Told(
            seed=self.seed,
            orders=len(books.keys),
            fills=len(self.venue.trades()),
            lives=self.lives,
            events=books.ledger.seq,
        )


async def _answer(asking: Awaitable[Any]) -> Any:
    """Return the answer, None where it is a refusal, and the error where nobody answers."""
    try:
        return await asking
    except RefusedError:
        return None
    except UnavailableError as error:
        return error


def run(seed: int) -> Told:
    """Play one seed.

    Raises:
        ExceptionGroup: of AssertionError where something does not add up, of TimeoutError where
            something never came to rest, and of whatever else ended what should have gone on.
        DeadlockError: everybody waits for everybody.
    """
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        asyncio.Runner(loop_factory=VirtualLoop) as runner,
    ):

        async def play() -> Told:
            return await World(seed, Path(folder)).play()

        return runner.run(play())
