"""A venue that runs for days: what it needs must stay level once its log is as old as it gets.

`python -m benchmarks.prism.soak` drives PRISM with a real log through simulated days on a
clock that is moved on as fast as the market comes along. Outsiders trade meanwhile, through
the platform and through the exchange API: new orders, fills, changes, cancels. The log is
kept for some hours, so that it is cut again and again. In the first half all that is kept
fills up to its bounds; the run fails where anything rises in the second, or where a life that
comes back holds anything else than the one before.
"""

import argparse
import asyncio
import gc
import os
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import structlog

from trade2026.adapters.bus.nats import NatsBus
from trade2026.adapters.bus.streams import migrate_streams
from trade2026.adapters.infra.nats import NatsServer
from trade2026.core import chance
from trade2026.core.clock import NS_PER_S, SystemClock, VirtualClock
from trade2026.core.ids import AccountId, ClOrdId, Ids, OrderId, StrategyId
from trade2026.core.numbers import Px, Qty, parse_nanos
from trade2026.edge.dialect.desk import Desk
from trade2026.edge.dialect.keys import KeyStore
from trade2026.edge.dialect.user_streams import UserStreams
from trade2026.model import codec
from trade2026.model.instrument import PRISM, PRISM_INSTRUMENTS
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrdType,
    Side,
    TimeInForce,
)
from trade2026.model.prism import PrismFunding, PrismLife
from trade2026.model.subjects import Stream
from trade2026.ports.bus import Bus
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.archive import Archive
from trade2026.prism.config import AgentGroup, default_config
from trade2026.prism.holdings import FeeRates
from trade2026.prism.life import House
from trade2026.prism.limits import Limits
from trade2026.prism.memory import recollect
from trade2026.prism.venue import Venue

MINUTE_NS: Final = 60 * NS_PER_S
HOUR_NS: Final = 60 * MINUTE_NS
SYMBOLS: Final = ("BTCUSDT", "AAPL")
AGENTS: Final = (AgentGroup(type_name="mm", count=2), AgentGroup(type_name="noise", count=16))
"""So many that the 10,000 trades that are kept of a symbol are full well before the end."""
SYMBOL: Final = "BTCUSDT"
BOT: Final = AccountId("bot")
ROUND_TRIES: Final = 50
ROUND_S: Final = 0.01
OPEN_MAX: Final = 30
Held = list[tuple[str, str, int, int]]
"""Party, symbol, cash and inventory."""
USER, PASSWORD = "soak", "soak"


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """Something that must stay level: by what share and by how much at least it may rise."""

    name: str
    ratio: float
    least: float


# Candles of minutes are kept for a fortnight: a shorter run sees their number rise. The server
# frees its files in blocks of 8 MB.
LEVELS: Final = (
    Level(name="rss_mb", ratio=0.05, least=8.0),
    Level(name="objects", ratio=0.08, least=5_000),
    Level(name="stream_messages", ratio=0.15, least=200),
    Level(name="stream_mb", ratio=0.25, least=16.0),
    Level(name="snapshot_bytes", ratio=0.20, least=1_000),
    Level(name="states", ratio=0.15, least=5),
    Level(name="recollect_ms", ratio=1.0, least=20),
)


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue needs at one moment."""

    sim_h: float
    rss_mb: float
    objects: int
    """That Python's collector knows."""
    stream_messages: int
    first_seq: int
    stream_mb: float
    """On disk."""
    snapshot_bytes: int
    states: int
    """Whole states on disk."""
    recollect_ms: float
    """What a new life would take to read the log."""
    reports: int
    """That the platform keeps for good: its books."""


class _Keys:
    """A file of keys that is nowhere."""

    def load(self) -> bytes:
        return b""

    def save(self, content: bytes) -> None:
        del content

    def random_text(self, length: int) -> str:
        return "k" * length


class Crowd:
    """Outsiders who trade a little: by the platform, and one past it by the exchange API."""

    def __init__(self, clock: VirtualClock, seed: int) -> None:
        self._ids = Ids(clock, chance.stream(seed, "soak"))
        self._clock = clock
        self._random = np.random.default_rng(seed)
        self._open: deque[tuple[NewOrderSingle, bool]] = deque()
        self.sent = 0

    async def act(self, venue: Venue) -> None:
        """Send one order, and sometimes change or cancel another."""
        is_direct = bool(self._random.random() < 0.3)
        account = BOT if is_direct else AccountId(f"a{self._random.integers(3)}")
        order = self._order(venue, account)
        ack = await venue.submit(order, is_direct=is_direct)
        assert ack.is_accepted, ack.text
        self.sent += 1
        if order.ord_type is OrdType.LIMIT:
            self._open.append((order, is_direct))
            if self._random.random() < 0.5:
                await self._change(venue, order, is_direct=is_direct)
        if len(self._open) > OPEN_MAX:
            await self._cancel(venue, *self._open.popleft())

    def _order(self, venue: Venue, account: AccountId) -> NewOrderSingle:
        order_id = self._ids.new()
        is_limit = bool(self._random.random() < 0.6)
        side = Side.BUY if self._random.random() < 0.5 else Side.SELL
        mid_px = venue.floor.exchange.last_mid_px()[SYMBOL]
        far = 1 - side.sign * 0.02 * float(self._random.random())
        price = Px(int(mid_px * far) // 10**9 * 10**9)
        return NewOrderSingle(
            order_id=OrderId(order_id),
            cl_ord_id=ClOrdId(order_id),
            account=account,
            strategy=StrategyId("direct"),
            venue=PRISM,
            symbol=SYMBOL,
            side=side,
            ord_type=OrdType.LIMIT if is_limit else OrdType.MARKET,
            time_in_force=TimeInForce.GTC,
            order_qty=Qty(parse_nanos("0.01")),
            price=price if is_limit else None,
            transact_time_ns=self._clock.now_ns(),
            sent_by="soak",
        )

    async def _change(self, venue: Venue, order: NewOrderSingle, *, is_direct: bool) -> None:
        assert order.price is not None
        request = OrderReplaceRequest(
            order_id=order.order_id,
            replace_id=self._ids.new(),
            account=order.account,
            venue=PRISM,
            symbol=SYMBOL,
            price=Px(order.price - order.side.sign * 10**9),
            transact_time_ns=self._clock.now_ns(),
        )
        await venue.replace(request, is_direct=is_direct)

    async def _cancel(self, venue: Venue, order: NewOrderSingle, is_direct: bool) -> None:  # noqa: FBT001
        request = OrderCancelRequest(
            order_id=order.order_id,
            account=order.account,
            venue=PRISM,
            symbol=SYMBOL,
            transact_time_ns=self._clock.now_ns(),
        )
        await venue.cancel(request, is_direct=is_direct)


class Soak:
    """A venue on a real log, on a clock that is moved on."""

    def __init__(
        self, folder: Path, connect: Callable[[], Awaitable[Bus]], *, keep_ns: int
    ) -> None:
        self.clock = VirtualClock(SystemClock().now_ns())
        self.samples: list[Sample] = []
        self._folder = folder
        self._connect = connect
        self._keep_ns = keep_ns
        self._crowd = Crowd(self.clock, seed=1)
        self._house = House(
            make_exchange=_make_market,
            instruments={one.symbol: one for one in PRISM_INSTRUMENTS if one.symbol in SYMBOLS},
            fees=FeeRates(),
            limits=Limits(),
            seed=2026,
        )

    async def live(
        self, sim_ns: int, *, step_ns: int, asks: int, samples: int, is_told: bool = False
    ) -> Held:
        """Live one life for so long; return what everybody held at its end.

        Args:
            sim_ns: how long.
            step_ns: by which the clock moves at once.
            asks: orders in a minute.
            samples: how many to take.
            is_told: whether each is printed.
        """
        bus = await self._connect()
        venue = await self._open(bus)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(loop()) for loop in (venue.run, venue.recorder.run)]
            await asyncio.sleep(0)
            await self._welcome_bot(venue, bus)
            begin_ns, steps = self.clock.now_ns(), sim_ns // step_ns
            for number in range(1, steps + 1):
                await self._pass(venue, step_ns)
                for _ in range(_new(number, asks * step_ns, MINUTE_NS)):
                    await self._crowd.act(venue)
                if _new(number, samples, steps):
                    sample = await self._sample((self.clock.now_ns() - begin_ns) / HOUR_NS)
                    self.samples.append(sample)
                    if is_told:
                        print(_row(sample), flush=True)
            await self._until_kept(venue, bus)
            held = held_on(venue)
            for task in running:
                task.cancel()
        await bus.close()
        return held

    async def held_by_next_life(self) -> Held:
        """Begin another life and return what everybody holds in it; it ends at once."""
        bus = await self._connect()
        held = held_on(await self._open(bus))
        await bus.close()
        return held

    async def _open(self, bus: Bus) -> Venue:
        venue = Venue(
            bus=bus,
            clock=self.clock,
            log=structlog.get_logger(),
            house=self._house,
            archive=Archive(self._folder / "prism", structlog.get_logger()),
            keep_ns=self._keep_ns,
        )
        await venue.open()
        return venue

    async def _welcome_bot(self, venue: Venue, bus: Bus) -> None:
        """Have the exchange API listen, and give its one account a balance."""
        keys, users = KeyStore(_Keys()), UserStreams(_Keys().random_text)
        ids = Ids(self.clock, chance.stream(2, "desk"))
        await Desk(venue, keys=keys, users=users, clock=self.clock, ids=ids).open(bus)
        await self._pass(venue, 10 * NS_PER_S)
        amounts = {"USDT": Qty(parse_nanos("1000000")), "BTC": Qty(parse_nanos("20"))}
        await venue.fund(PrismFunding(account=BOT, amounts=amounts))

    async def _pass(self, venue: Venue, step_ns: int) -> None:
        """Let time pass, and the market come along."""
        until_ns = venue.floor.exchange.sim_ns + step_ns - NS_PER_S
        self.clock.advance(step_ns)
        while venue.floor.exchange.sim_ns < until_ns:
            venue.stir()
            await asyncio.sleep(0)

    async def _until_kept(self, venue: Venue, bus: Bus) -> None:
        """Let time pass until the log has a snapshot of the moment at which the market stands."""
        while True:
            await self._pass(venue, 2 * NS_PER_S)
            for _ in range(ROUND_TRIES):
                snapshot = (await recollect(bus)).snapshot
                assert snapshot is not None
                if snapshot.sim_time_ns == venue.floor.exchange.sim_ns:
                    return
                await asyncio.sleep(ROUND_S)

    async def _sample(self, sim_h: float) -> Sample:
        bus = await self._connect()
        started = time.perf_counter()
        found = await recollect(bus)
        took_ms = (time.perf_counter() - started) * 1e3
        inputs = await bus.stream_state(Stream.PRISM_INPUT)
        reports = await bus.stream_state(Stream.REPORTS)
        await bus.close()
        size = len(codec.encode(found.snapshot))
        del found
        gc.collect()
        return Sample(
            sim_h=round(sim_h, 2),
            rss_mb=_rss_mb(),
            objects=len(gc.get_objects()),
            stream_messages=inputs.last_seq - inputs.first_seq + 1,
            first_seq=inputs.first_seq,
            stream_mb=_size_mb(self._folder, "*/PRISM_INPUT/**/*"),
            snapshot_bytes=size,
            states=len(list((self._folder / "prism").glob("*/*.state"))),
            recollect_ms=round(took_ms, 1),
            reports=reports.last_seq,
        )


def _make_market(life: PrismLife) -> AgentMarket:
    config = default_config(life.seed, AGENTS)
    symbols = tuple(one for one in config.symbols if one.instrument.symbol in SYMBOLS)
    return AgentMarket(
        msgspec.structs.replace(config, symbols=symbols),
        start_ns=life.start_ns,
        life=life.draw,
        holdings=life.holdings,
        last_mid_px=life.last_mid_px,
    )


def held_on(venue: Venue) -> Held:
    """Return what everybody holds."""
    return sorted((h.party, h.symbol, h.cash, h.inventory) for h in venue.floor.all_holdings())


def _new(number: int, each: int, whole: int) -> int:
    """Return how many wholes the step *number* completes, where each step is *each* of one."""
    return number * each // whole - (number - 1) * each // whole


def risen(samples: list[Sample], *, warm: int) -> list[str]:
    """Return what has risen since the samples behind the first *warm* ones, empty where nothing.

    The middle of the first third behind them is compared with that of the last third.
    """
    level = samples[warm:]
    third = max(1, len(level) // 3)
    found: list[str] = []
    for one in LEVELS:
        first, last = (
            statistics.median(float(getattr(sample, one.name)) for sample in part)
            for part in (level[:third], level[-third:])
        )
        if last - first > max(one.least, one.ratio * first):
            found.append(f"{one.name} rose from {first:,.1f} to {last:,.1f}")
    return found


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def _size_mb(folder: Path, pattern: str) -> float:
    files = [path for path in folder.glob(f"nats/**/{pattern}") if path.is_file()]
    return round(sum(path.stat().st_size for path in files) / 2**20, 2)


def _row(sample: Sample) -> str:
    values = msgspec.structs.asdict(sample).values()
    return "| " + " | ".join(f"{value:,}" for value in values) + " |"


def table(samples: list[Sample]) -> str:
    """Return the samples as a table in Markdown."""
    names = Sample.__struct_fields__
    lines = ["| " + " | ".join(names) + " |", "|" + "---:|" * len(names)]
    return "\n".join([*lines, *map(_row, samples)])


async def _run(folder: Path, options: argparse.Namespace) -> int:
    server = NatsServer(
        folder, client_port=options.port, http_port=options.port + 1, user=USER, password=PASSWORD
    )
    await server.start()
    try:
        await migrate_streams(server.url, USER, PASSWORD)

        async def connect() -> Bus:
            return await NatsBus.connect(
                url=server.url, user=USER, password=PASSWORD, name="soak", clock=SystemClock()
            )

        soak = Soak(folder, connect, keep_ns=round(options.keep_hours * HOUR_NS))
        started = time.monotonic()
        print("| " + " | ".join(Sample.__struct_fields__) + " |")
        held = await soak.live(
            round(options.days * 24 * HOUR_NS),
            step_ns=round(options.step_s * NS_PER_S),
            asks=options.asks,
            samples=options.samples,
            is_told=True,
        )
        took_s = time.monotonic() - started
        problems = risen(soak.samples, warm=options.samples // 2)
        if await soak.held_by_next_life() != held:
            problems.append("the next life holds something else")
        print(f"{options.days} days in {took_s:,.0f} s")
        print("\n".join(problems) or "level")
        return 1 if problems else 0
    finally:
        await server.stop()


def main() -> None:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=2.0, help="simulated")
    parser.add_argument("--keep-hours", type=float, default=6.0, help="for which the log is kept")
    parser.add_argument("--step-s", type=float, default=10.0, help="by which the clock moves")
    parser.add_argument("--asks", type=int, default=12, help="orders in a simulated minute")
    parser.add_argument("--samples", type=int, default=48)
    parser.add_argument("--port", type=int, default=25_222, help="of a NATS server of its own")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(asyncio.run(_run(Path(folder), options)))


if __name__ == "__main__":
    main()
