"""Commands: one handler answers, or the asker gets an error within its time limit."""

import asyncio

import pytest
from tests.contract.bus.messages import ECHO, a_batch, until
from tests.contract.bus.worlds import World

from trade2026.core.errors import (
    BusUnavailableError,
    InvalidInputError,
    RefusedError,
    VenueUnavailableError,
)
from trade2026.model.market import TradeBatch


async def _echo(request: TradeBatch) -> TradeBatch:
    return request


@pytest.fixture(params=["co-located", "apart"])
def is_apart(request: pytest.FixtureRequest) -> bool:
    """Whether the handler is on another bus than the asker: neither must notice."""
    chosen: str = request.param
    return chosen == "apart"


async def test_the_handler_answers(world: World, is_apart: bool) -> None:
    bus = await world.bus()
    served_on = await world.bus() if is_apart else bus
    await served_on.serve(ECHO, _echo)

    answer = await bus.ask(ECHO, a_batch("SYNTH"))

    assert answer == a_batch("SYNTH")


async def test_nobody_serving_is_an_error_at_once(world: World) -> None:
    bus = await world.bus()
    loop = asyncio.get_running_loop()
    begun_s = loop.time()

    with pytest.raises(BusUnavailableError, match="nobody serves"):
        await bus.ask(ECHO, a_batch("SYNTH"), timeout_s=60)

    assert loop.time() - begun_s < 30


async def test_an_answer_that_is_late_is_an_error_and_the_handler_goes_on(
    world: World, is_apart: bool
) -> None:
    bus = await world.bus()
    served_on = await world.bus() if is_apart else bus
    go_on, done = asyncio.Event(), asyncio.Event()

    async def slow(request: TradeBatch) -> TradeBatch:
        await go_on.wait()
        done.set()
        return request

    await served_on.serve(ECHO, slow)

    with pytest.raises(BusUnavailableError, match="within"):
        await bus.ask(ECHO, a_batch("SYNTH"), timeout_s=0.2)
    go_on.set()
    await until(done.is_set)


@pytest.mark.parametrize(
    ("error", "expected", "text"),
    [
        (InvalidInputError("order_qty", "must be positive"), RefusedError, "order_qty: must be"),
        (RefusedError("not today"), RefusedError, "not today"),
        (KeyError("SYNTH"), RefusedError, "KeyError: 'SYNTH'"),
        # The venue may have acted: the asker must not take it for a refusal.
        (VenueUnavailableError("in doubt"), BusUnavailableError, "in doubt"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_what_the_handler_raises_reaches_the_asker_in_words(
    world: World, is_apart: bool, error: Exception, expected: type[Exception], text: str
) -> None:
    bus = await world.bus()
    served_on = await world.bus() if is_apart else bus

    async def fail(_request: TradeBatch) -> TradeBatch:
        raise error

    serving = await served_on.serve(ECHO, fail)

    with pytest.raises(expected, match=text):
        await bus.ask(ECHO, a_batch("SYNTH"))
    assert serving.stats().failed_count == 1


async def test_many_are_answered_at_the_same_time(world: World, is_apart: bool) -> None:
    bus = await world.bus()
    served_on = await world.bus() if is_apart else bus
    in_hand = 0
    all_here = asyncio.Event()

    async def meet(request: TradeBatch) -> TradeBatch:
        nonlocal in_hand
        in_hand += 1
        if in_hand == 20:
            all_here.set()
        await all_here.wait()
        return request

    await served_on.serve(ECHO, meet)
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(bus.ask(ECHO, a_batch(str(n)), timeout_s=15)) for n in range(20)]

    assert [task.result().symbol for task in asked] == [str(n) for n in range(20)]


async def test_more_than_can_be_in_hand_are_turned_away(world: World) -> None:
    bus = await world.bus()
    go_on = asyncio.Event()

    async def stuck(request: TradeBatch) -> TradeBatch:
        await go_on.wait()
        return request

    serving = await bus.serve(ECHO, stuck)
    async with asyncio.TaskGroup() as group:
        for _ in range(1_024):
            group.create_task(bus.ask(ECHO, a_batch("SYNTH"), timeout_s=60))
        await until(lambda: serving.stats().is_slow)
        with pytest.raises(BusUnavailableError, match="no more requests"):
            await bus.ask(ECHO, a_batch("SYNTH"))
        go_on.set()

    assert serving.stats().handled_count == 1_024


async def test_stop_answers_what_is_in_hand_and_takes_no_more(world: World, is_apart: bool) -> None:
    bus = await world.bus()
    served_on = await world.bus() if is_apart else bus
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: TradeBatch) -> TradeBatch:
        begun.set()
        await go_on.wait()
        return request

    serving = await served_on.serve(ECHO, slow)
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(bus.ask(ECHO, a_batch("SYNTH"), timeout_s=15))
        await begun.wait()
        group.create_task(serving.stop())
        await asyncio.sleep(0.02)
        go_on.set()

    assert asked.result() == a_batch("SYNTH")
    with pytest.raises(BusUnavailableError):
        await bus.ask(ECHO, a_batch("SYNTH"), timeout_s=5)


async def test_a_closed_bus_says_so(world: World) -> None:
    bus = await world.bus()

    await bus.close()

    with pytest.raises(BusUnavailableError, match="closed"):
        await bus.ask(ECHO, a_batch("SYNTH"))
