"""Live copies: lossy, bounded, the newest wins; and never in the way of who sends them."""

from tests.contract.bus.messages import a_batch, until
from tests.contract.bus.worlds import World

from trade2026.adapters.bus.watcher import QUEUE_LIMIT
from trade2026.model.market import TradeBatch
from trade2026.model.subjects import LIVE_TRADE, Stream


async def test_a_copy_reaches_every_looker(world: World) -> None:
    bus, other = await world.bus(), await world.bus()
    one: list[tuple[str, str]] = []
    two: list[str] = []
    await bus.watch(LIVE_TRADE, lambda name, batch: one.append((name, batch.symbol)))
    await other.watch(LIVE_TRADE, lambda _, batch: two.append(batch.symbol))

    bus.show(LIVE_TRADE, a_batch("SYNTH"), venue="PRISM", symbol="SYNTH")
    await until(lambda: bool(one and two))

    assert one == [("live.trade.PRISM.SYNTH", "SYNTH")]
    assert two == ["SYNTH"]


async def test_nothing_is_stored_of_a_copy_and_nobody_need_look(world: World) -> None:
    bus = await world.bus()

    bus.show(LIVE_TRADE, a_batch("SYNTH"), venue="PRISM", symbol="SYNTH")

    assert [await world.count(stream) for stream in Stream] == [0] * len(Stream)


async def test_a_flood_loses_the_oldest_and_shows_it(world: World) -> None:
    bus = await world.bus()
    seen: list[int] = []
    watching = await bus.watch(LIVE_TRADE, lambda _, batch: seen.append(int(batch.symbol)))
    count = 4 * QUEUE_LIMIT

    for number in range(count):
        bus.show(LIVE_TRADE, a_batch(str(number)), venue="PRISM", symbol="SYNTH")
    await until(lambda: bool(seen) and seen[-1] == count - 1)

    stats = watching.stats()
    assert seen == sorted(seen)
    assert stats.handled_count == len(seen)
    assert stats.handled_count + stats.dropped_count == count
    assert stats.pending_count == 0


async def test_a_looker_that_fails_is_counted_and_sees_the_next(world: World) -> None:
    bus = await world.bus()
    seen: list[str] = []

    def look(_name: str, batch: TradeBatch) -> None:
        if batch.symbol == "BAD":
            raise ValueError("cannot show it")
        seen.append(batch.symbol)

    watching = await bus.watch(LIVE_TRADE, look)
    for symbol in ("BAD", "GOOD"):
        bus.show(LIVE_TRADE, a_batch(symbol), venue="PRISM", symbol=symbol)
    await until(lambda: bool(seen))

    assert seen == ["GOOD"]
    assert watching.stats().failed_count == 1


async def test_after_stop_nothing_comes(world: World) -> None:
    bus = await world.bus()
    stopped: list[str] = []
    still: list[str] = []
    watching = await bus.watch(LIVE_TRADE, lambda _, batch: stopped.append(batch.symbol))
    await bus.watch(LIVE_TRADE, lambda _, batch: still.append(batch.symbol))

    await watching.stop()
    bus.show(LIVE_TRADE, a_batch("SYNTH"), venue="PRISM", symbol="SYNTH")
    await until(lambda: bool(still))

    assert stopped == []
