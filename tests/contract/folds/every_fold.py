"""Every fold that begins from a snapshot, behind one face, and a log in which each has a state."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import structlog
from tests.algos import an_algo
from tests.factories import NOW_NS, an_order
from tests.live import RULES
from tests.trading import PlainVenue, a_resting_ask, an_ask, running_core, until

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.adapters.calendars.exchange import ExchangeCalendar
from trade2026.adapters.stores.memory import MemoryCache
from trade2026.adapters.stores.order_archive import SqliteOrderArchive
from trade2026.adapters.stores.snapshot_files import SnapshotFiles
from trade2026.core import chance
from trade2026.core.clock import NS_PER_S, TimeNs, VirtualClock
from trade2026.core.ids import EventId, Ids, OrderId
from trade2026.core.numbers import Money, Qty
from trade2026.desk.algos import Algos
from trade2026.desk.day import DayBooks
from trade2026.desk.day_reader import day_of, keeper_of
from trade2026.desk.equity import EquityDesk
from trade2026.desk.hot_cache import HotCache
from trade2026.desk.ledger import LedgerDesk
from trade2026.desk.live_log import LiveLog
from trade2026.desk.orders import OmsSettings, OrderDesk
from trade2026.desk.risk import RiskDesk
from trade2026.desk.snapshots import EVENTS_MOST, LEAST_NS, Keeper, Snapshots
from trade2026.desk.streams_hub import Hub
from trade2026.domain.live.state import LiveState
from trade2026.domain.risk.book import RiskBook
from trade2026.model.execution import ExecType
from trade2026.model.instrument import LIVE, PRISM_INSTRUMENTS
from trade2026.model.live import LiveMode, OrderTaken
from trade2026.model.live_subjects import LIVE_EVENT
from trade2026.model.subjects import ALGO_EVENT, ORDERS_EVENT, POSITION_EVENT, Event, Stream
from trade2026.ports.bus import Delivery, Subscription

LOG = structlog.get_logger()
STREAMS = (Stream.ORDERS, Stream.POSITIONS, Stream.ALGOS, Stream.LIVE)


class Made(msgspec.Struct):
    """A fold as its service makes it."""

    keeper: Keeper[Any]
    reads: tuple[tuple[Event[Any], Any], ...]
    close: Callable[[], None] = lambda: None


def _ledger(bus: LocalBus, clock: VirtualClock, _: Path) -> Made:
    # As processes have it: every life makes other ids.
    desk = LedgerDesk(bus, clock, Ids(clock, chance.stream(chance.fresh_seed(), "ids")), LOG)
    reads = ((POSITION_EVENT, desk.on_own_event), (ORDERS_EVENT, desk.on_journal))
    return Made(desk.keeper(), reads)


def _risk(bus: LocalBus, clock: VirtualClock, _: Path) -> Made:
    ids = Ids(clock, chance.stream(1, "ids"))
    book = RiskBook(instruments=PRISM_INSTRUMENTS)
    desk = RiskDesk(bus=bus, clock=clock, ids=ids, log=LOG, book=book)
    return Made(desk.keeper(), ((ORDERS_EVENT, desk.on_journal),))


def _equity(bus: LocalBus, clock: VirtualClock, _: Path) -> Made:
    desk = EquityDesk(bus=bus, clock=clock, log=LOG)
    return Made(desk.keeper(), ((POSITION_EVENT, desk.on_position),))


def _algos(bus: LocalBus, clock: VirtualClock, folder: Path) -> Made:
    orders = OrderDesk(
        bus=bus,
        clock=clock,
        ids=Ids(clock, chance.stream(1, "ids")),
        log=LOG,
        settings=OmsSettings(),
        calendar=ExchangeCalendar(),
        archive=SqliteOrderArchive(folder / "orders.db"),
    )
    algos = Algos(bus=bus, clock=clock, log=LOG, orders=orders)
    return Made(algos.keeper(), ((ALGO_EVENT, algos.on_event),), orders.journal.orders.close)


def _positions(_: LocalBus, clock: VirtualClock, __: Path) -> Made:
    desk = HotCache(MemoryCache(clock), clock, LOG, "one")
    return Made(desk.keeper(), ((POSITION_EVENT, desk.on_position),))


def _streams(*_: object) -> Made:
    hub = Hub()
    reads = ((ORDERS_EVENT, hub.on_journal), (POSITION_EVENT, hub.on_position))
    return Made(hub.keeper(), reads)


def _day(*_: object) -> Made:
    books = DayBooks(day_of(NOW_NS), ExchangeCalendar().settles_ns)
    return Made(keeper_of(books), ((ORDERS_EVENT, books.on_event),))


def _live(bus: LocalBus, clock: VirtualClock, _: Path) -> Made:
    log = a_live_log(bus, clock)
    return Made(log.keeper(), ((LIVE_EVENT, log.on_event),))


def a_live_log(bus: LocalBus, clock: VirtualClock) -> LiveLog:
    """Return the live gateway's log at the beginning of a life."""
    ids = Ids(clock, chance.stream(1, "ids"))
    return LiveLog(bus=bus, clock=clock, ids=ids, log=LOG, state=LiveState(RULES))


MAKERS: dict[str, Callable[[LocalBus, VirtualClock, Path], Made]] = {
    "ledger": _ledger,
    "risk": _risk,
    "equity": _equity,
    "algos": _algos,
    "positions": _positions,
    "streams": _streams,
    "day": _day,
    "live": _live,
}


class Life:
    """One life of a fold.

    Args:
        fold: its name.
        log: the platform's.
        folder: for its snapshots.
        pace_ns: how much time passes with every event; then a snapshot is due after each.
    """

    def __init__(self, fold: str, log: MemoryLog, folder: Path, pace_ns: int = 0) -> None:
        self._pace_ns = pace_ns
        self.clock = VirtualClock(NOW_NS)
        self.bus = LocalBus(log, self.clock, with_codec=True)
        self.path = folder / f"{fold}.snapshot"
        self.read = 0
        """Events that were handed to the fold."""
        self.subscriptions: list[Subscription] = []
        self.made = MAKERS[fold](self.bus, self.clock, folder)
        self.snapshots = Snapshots(
            self.made.keeper,
            store=SnapshotFiles(self.path),
            bus=self.bus,
            clock=self.clock,
            log=LOG,
            most=1 if pace_ns else EVENTS_MOST,
            least_ns=0 if pace_ns else LEAST_NS,
        )

    @property
    def state(self) -> object:
        """Return all that the fold has come to."""
        return self.made.keeper.freeze()

    async def begin(self) -> "Life":
        """Read what the log has."""
        for subject, handler in self.made.reads:

            async def count(event: Any, delivery: Delivery, handler: Any = handler) -> None:
                self.read += 1
                await handler(event, delivery)
                if self._pace_ns:
                    self.clock.advance(self._pace_ns)
                    # The thread that writes has its turn.
                    await asyncio.sleep(0.01)

            begin = await self.snapshots.begin(subject)()
            follow = self.snapshots.following(subject, count)
            self.subscriptions.append(await self.bus.fold(subject, follow, from_seq=begin))
        return self

    async def end(self) -> None:
        """Die without a last snapshot."""
        await self.bus.close()
        self.made.close()


async def a_log() -> MemoryLog:
    """Return a log in which an account has traded, rests orders and runs an algorithm.

    Some orders went to a live exchange.
    """
    log = MemoryLog()
    async with running_core(log, PlainVenue(log)) as core:
        for name in ("first", "second"):
            await core.oms.submit(an_ask(f"fills-{name}"))
            order, _ = await core.oms.submit(a_resting_ask(f"rests-{name}"))
            await core.oms.cancel(order.request.order_id, "tess")
            await core.oms.submit(a_resting_ask(f"stays-{name}"))
            await core.algos.start(an_algo(algo_id=f"algo-{name}", cl_algo_id=f"key-{name}"))
        seq = await core.bus.last_seq(ORDERS_EVENT.stream)
        await until(lambda: core.ptrc.ledger.seq >= seq)
        # What the ledger has booked is told to the others.
        await asyncio.sleep(0.1)
        await _go_live(core.bus, core.clock)
    return log


async def _go_live(bus: LocalBus, clock: VirtualClock) -> None:
    live = a_live_log(bus, clock)
    for number in range(6):
        taken = OrderTaken(
            event_id=live.new_id(),
            ts_ns=clock.now_ns(),
            order=an_order(order_id=OrderId(f"live-{number}"), venue=LIVE),
            route=LiveMode.LIVE,
            sent_qty=Qty(1),
            worth=Money(1),
            client_id=f"c{number}",
        )
        await live.write(taken)
        await live.report(live.state.orders[taken.order.order_id], ExecType.NEW)


def copy_of(log: MemoryLog, part: float = 1, later_ns: int = 0) -> MemoryLog:
    """Return the log as an operator brought it back: its first *part* of each stream.

    Args:
        log: of which.
        part: 1 is all of it.
        later_ns: how much later the second half of what is left was stored.
    """
    made = MemoryLog()
    made.created_ns = log.created_ns
    for stream in STREAMS:
        kept = log.records(stream)[: int(len(log.records(stream)) * part)]
        for record in kept:
            is_late = record.seq > len(kept) // 2
            made.append(
                stream,
                record.subject,
                record.content,
                EventId(f"copy-{record.seq}"),
                now_ns=record.appended_ns + later_ns * is_late,  # type: ignore[arg-type]
            )
    return made


def other_platform(log: MemoryLog) -> MemoryLog:
    """Return a log of the same events on another platform."""
    made = copy_of(log)
    made.created_ns = TimeNs(log.created_ns + NS_PER_S)
    return made
