"""A small PRISM for tests: two symbols, few agents, a clock that stands still, a log in memory."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Hashable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import structlog
from tests.factories import NOW_NS, an_order, qty
from tests.trading import MortalBus, first_of

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core import chance
from trade2026.core.clock import NS_PER_S, TimeNs, VirtualClock
from trade2026.core.ids import AccountId, Ids, OrderId
from trade2026.core.numbers import NANOS, Px
from trade2026.model import codec
from trade2026.model.execution import ExecType, ExecutionReport, lanes_of
from trade2026.model.instrument import PRISM, PRISM_INSTRUMENTS
from trade2026.model.measure import FillBatch
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderStatusRequest,
    OrdType,
    Side,
    TimeInForce,
)
from trade2026.model.prism import PartyHolding, PrismFill, PrismInput, PrismLife, PrismOutcome
from trade2026.model.subjects import Stream
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.archive import Archive
from trade2026.prism.config import AgentGroup, MarketConfig, default_config
from trade2026.prism.floor import Floor
from trade2026.prism.holdings import FeeRates, party_of
from trade2026.prism.life import House
from trade2026.prism.limits import Limits
from trade2026.prism.opening import PARTY_PREFIX
from trade2026.prism.paper_market import PaperMarket
from trade2026.prism.retention import KEEP_NS
from trade2026.prism.venue import Venue

SYMBOLS = ("BTCUSDT", "AAPL")
CONFIG = MarketConfig(
    seed=7,
    symbols=tuple(s for s in default_config(7).symbols if s.instrument.symbol in SYMBOLS),
    agents=(AgentGroup(type_name="mm", count=2), AgentGroup(type_name="noise", count=3)),
)
AGENT_COUNT = 5
INSTRUMENTS = {i.symbol: i for i in PRISM_INSTRUMENTS if i.symbol in SYMBOLS}


def make_agents(life: PrismLife) -> AgentMarket:
    """Return a small market at the beginning of *life*."""
    return AgentMarket(
        msgspec.structs.replace(CONFIG, seed=life.seed),
        start_ns=life.start_ns,
        life=life.draw,
        holdings=life.holdings,
        last_mid_px=life.last_mid_px,
    )


def make_paper(life: PrismLife) -> PaperMarket:
    """Return a recorded market at the beginning of *life*."""
    return PaperMarket(
        list(INSTRUMENTS.values()),
        start_ns=life.start_ns,
        holdings=life.holdings,
        last_mid_px=life.last_mid_px,
    )


def a_house(*, is_paper: bool = False, limits: Limits | None = None) -> House:
    """Return what all lives of a small PRISM share."""
    return House(
        make_exchange=make_paper if is_paper else make_agents,
        instruments=INSTRUMENTS,
        fees=FeeRates(),
        limits=limits or Limits(),
        seed=CONFIG.seed,
    )


class Prism:
    """One life of a venue on a log that outlives it."""

    def __init__(
        self,
        log: MemoryLog,
        clock: VirtualClock,
        *,
        is_paper: bool = False,
        limits: Limits | None = None,
        archive: Archive | None = None,
        keep_ns: int = KEEP_NS,
    ) -> None:
        self.clock = clock
        self.bus = MortalBus(log, clock, with_codec=True)
        self.bus.died = asyncio.Event()
        self.venue = Venue(
            bus=self.bus,
            clock=clock,
            log=structlog.get_logger(),
            house=a_house(is_paper=is_paper, limits=limits),
            archive=archive,
            keep_ns=keep_ns,
        )

    @property
    def paper(self) -> PaperMarket:
        """Return the recorded market of a paper venue."""
        exchange = self.venue.floor.exchange
        assert isinstance(exchange, PaperMarket)
        return exchange

    async def settle(self) -> None:
        """Let the loop see what happened, and finish a round."""
        self.venue.stir()
        await asyncio.sleep(0.01)


@asynccontextmanager
async def living(
    log: MemoryLog,
    clock: VirtualClock,
    *,
    is_paper: bool = False,
    dies_at: int = -1,
    is_stored: bool = False,
    limits: Limits | None = None,
    archive: Archive | None = None,
    keep_ns: int = KEEP_NS,
) -> AsyncGenerator[Prism]:
    """Run one life until the block ends; it may die at one of its appends, even the first."""
    prism = Prism(log, clock, is_paper=is_paper, limits=limits, archive=archive, keep_ns=keep_ns)
    prism.bus.dies_at, prism.bus.is_stored = dies_at, is_stored
    is_up = asyncio.Event()

    async def live() -> None:
        await prism.venue.open()
        is_up.set()
        await prism.venue.run()

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(live())
        telling = tasks.create_task(prism.venue.recorder.run())
        await first_of(is_up, prism.bus.died)
        await asyncio.sleep(0)
        yield prism
        running.cancel()
        telling.cancel()
        await prism.bus.close()


def a_clock() -> VirtualClock:
    """Return a clock at the time at which tests happen."""
    return VirtualClock(NOW_NS)


class SetClock(VirtualClock):
    """A clock whose time of day is set, forwards and backwards, while time itself passes on."""

    def __init__(self) -> None:
        super().__init__(NOW_NS)
        self.off_ns = 0

    def now_ns(self) -> TimeNs:
        """Return the time of day as the clock was set."""
        return TimeNs(super().now_ns() + self.off_ns)


class Orders:
    """Makes orders with ids of their own, all from one clock."""

    def __init__(self, clock: VirtualClock, seed: int = 0) -> None:
        self._ids = Ids(clock, chance.stream(seed, "orders"))

    def limit(
        self, side: Side, price: str, quantity: str = "0.01", **changes: Any
    ) -> NewOrderSingle:
        """Return a limit order."""
        return self._made(side=side, price=Px(_nanos(price)), order_qty=qty(quantity), **changes)

    def market(self, side: Side, quantity: str = "0.01", **changes: Any) -> NewOrderSingle:
        """Return a market order."""
        return self._made(
            side=side, ord_type=OrdType.MARKET, price=None, order_qty=qty(quantity), **changes
        )

    def _made(self, **changes: Any) -> NewOrderSingle:
        account = AccountId(changes.pop("account", "default"))
        return an_order(order_id=OrderId(self._ids.new()), account=account, **changes)


def _nanos(text: str) -> int:
    return int(qty(text))


def cancel_of(order: NewOrderSingle) -> OrderCancelRequest:
    """Return the request to cancel *order*."""
    return OrderCancelRequest(
        order_id=order.order_id,
        account=order.account,
        venue=PRISM,
        symbol=order.symbol,
        transact_time_ns=NOW_NS,
    )


def status_of(order: NewOrderSingle) -> OrderStatusRequest:
    """Return the question about *order*."""
    return OrderStatusRequest(
        order_id=order.order_id, account=order.account, venue=PRISM, symbol=order.symbol
    )


def published(log: MemoryLog) -> list[ExecutionReport]:
    """Return the reports that the OMS could read, in the order of the log."""
    return [codec.decode(ExecutionReport, r.content) for r in log.records(Stream.REPORTS)]


def inputs(log: MemoryLog) -> list[PrismInput]:
    """Return what is in the log of inputs."""
    return [
        codec.decode(PrismInput, r.content)
        for r in log.records(Stream.PRISM_INPUT)
        if r.subject.startswith("prism.input.")
    ]


def told(log: MemoryLog) -> dict[int, tuple[ExecutionReport, bool]]:
    """Return every report by `report_seq`, with whether it is a direct participant's."""
    found: dict[int, tuple[ExecutionReport, bool]] = {}
    for record in log.records(Stream.PRISM_INPUT):
        if record.subject.startswith("prism.outcome."):
            outcome = codec.decode(PrismOutcome, record.content)
            for report in outcome.reports:
                assert report.report_seq not in found
                is_direct = report.report_seq in outcome.direct_seqs
                found[report.report_seq] = (report, is_direct)
    return found


def sums(holdings: Iterable[PartyHolding]) -> tuple[Counter[str], Counter[str]]:
    """Return cash and inventory over all parties, by symbol."""
    cash, inventory = Counter[str](), Counter[str]()
    for holding in holdings:
        cash[holding.symbol] += holding.cash
        inventory[holding.symbol] += holding.inventory
    return cash, inventory


def check_conserved(prism: Prism, *, agents: int = AGENT_COUNT) -> None:
    """Assert that nobody created or lost anything."""
    check_floor(prism.venue.floor, agents=agents)


def check_floor(floor: Floor, *, agents: int = AGENT_COUNT) -> None:
    """Assert that nobody on the floor created or lost anything."""
    cash, inventory = sums(floor.all_holdings())
    for config in CONFIG.symbols:
        symbol = config.instrument.symbol
        # Agents begin with a whole number of ticks times lots.
        unit = config.instrument.tick_size * config.instrument.lot_size
        first = config.agent_cash * NANOS // unit * unit
        assert cash[symbol] == agents * first
        assert inventory[symbol] == 0


def check_told(prism: Prism, log: MemoryLog) -> None:
    """Assert that what outsiders were told is what happened, once and without a gap."""
    check_reports(prism.venue.floor, told(log), published(log))


def check_reports(
    floor: Floor,
    reports: Mapping[int, tuple[ExecutionReport, bool]],
    public: Sequence[ExecutionReport],
) -> None:
    """Assert that *public* is what *reports* owe the OMS, and that the floor holds as told."""
    assert sorted(reports) == list(range(1, len(reports) + 1))
    owed = [report for report, is_direct in reports.values() if not is_direct]
    assert sorted(public, key=lambda r: r.report_seq) == owed
    newest: dict[Hashable, int] = {}
    for report in public:
        lanes = lanes_of(report).names
        assert report.report_seq > max(newest.get(lane, 0) for lane in lanes)
        newest |= dict.fromkeys(lanes, report.report_seq)
    _check_orders(reports.values())
    _check_holdings(floor, reports.values())


def check_tape(log: MemoryLog) -> None:
    """Assert that every trade that outsiders were told of is on the tape, once, and no other."""
    reported = Counter(
        (r.symbol, r.ts_event_ns, r.last_px, r.last_qty, party_of(r.account, is_direct=is_direct))
        for r, is_direct in told(log).values()
        if r.exec_type is ExecType.TRADE
    )
    taped = [
        (batch.life, batch.symbol, fill)
        for record in log.records(Stream.PRISM_TAPE)
        if record.subject.startswith("prism.fill.")
        for batch in (codec.decode(FillBatch, record.content),)
        for fill in batch.records
    ]
    told_of = Counter(
        (symbol, fill.ts_event_ns, fill.px, fill.qty, party)
        for _, symbol, fill in taped
        for party in (fill.maker, fill.taker)
        if not party.startswith(PARTY_PREFIX)
    )
    assert told_of == reported
    places = [(life, symbol, fill.seq) for life, symbol, fill in taped]
    assert len(places) == len(set(places))
    for life, symbol, fill in outcome_fills(log):
        assert (life, symbol, fill) in taped


def outcome_fills(log: MemoryLog) -> list[tuple[int, str, PrismFill]]:
    """Return the trades that outcomes tell of, with the life whose they are."""
    return [
        (int(outcome.outcome_id.split("-")[1]), symbol, fill)
        for record in log.records(Stream.PRISM_INPUT)
        if record.subject.startswith("prism.outcome.")
        for outcome in (codec.decode(PrismOutcome, record.content),)
        for symbol, fills in outcome.fills.items()
        for fill in fills
    ]


def _check_orders(reports: Iterable[tuple[ExecutionReport, bool]]) -> None:
    cum: Counter[str] = Counter()
    ended: set[str] = set()
    for report, _ in reports:
        if report.exec_type is ExecType.CANCEL_REJECTED:
            continue
        assert report.order_id not in ended
        cum[report.order_id] += report.last_qty
        assert report.cum_qty == cum[report.order_id]
        is_open = report.exec_type in {ExecType.NEW, ExecType.TRADE} and report.leaves_qty
        if not is_open:
            assert report.leaves_qty == 0
            ended.add(report.order_id)


def _check_holdings(floor: Floor, reports: Iterable[tuple[ExecutionReport, bool]]) -> None:
    cash, inventory = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for report, is_direct in reports:
        key = (party_of(report.account, is_direct=is_direct), report.symbol)
        signed = report.side.sign * report.last_qty
        inventory[key] += signed
        cash[key] -= signed * report.last_px + report.fee * NANOS
        cash["fees", report.symbol] += report.fee * NANOS
    held = {(h.party, h.symbol): h for h in floor.all_holdings()}
    for key, amount in cash.items():
        assert key not in held or held[key].cash == amount
        assert key in held or amount == 0
    for key, amount in inventory.items():
        assert key not in held or held[key].inventory == amount


IOC = TimeInForce.IOC
FOK = TimeInForce.FOK
SECOND = NS_PER_S
