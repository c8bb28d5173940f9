"""Dry runs over HTTP are taken in one after another, and what the last found is kept."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
import structlog
from tests.factories import NOW_NS
from tests.trading import until

from trade2026.core import chance
from trade2026.core.clock import TimeNs, VirtualClock
from trade2026.core.errors import RefusedError, UnavailableError
from trade2026.core.ids import Ids
from trade2026.desk.trials import KEPT_MOST, TrialDesk, TrialState
from trade2026.model.trial import TrialAnswer, TrialAsk

ASK = TrialAsk(begin_ns=TimeNs(0), end_ns=NOW_NS, limits={})


class Elsewhere:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.breaks = False
        self.asked: list[TrialAsk] = []

    async def carry(self, ask: TrialAsk) -> TrialAnswer:
        self.asked.append(ask)
        await self.go.wait()
        if self.breaks:
            raise UnavailableError("it broke")
        return TrialAnswer()


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


@pytest.fixture
async def desk(elsewhere: Elsewhere) -> AsyncGenerator[TrialDesk]:
    clock = VirtualClock(NOW_NS)
    ids = Ids(clock, chance.stream(1, "ids"))
    desk = TrialDesk(elsewhere.carry, clock, ids, structlog.get_logger())
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(desk.run())
        yield desk
        running.cancel()


async def is_over(desk: TrialDesk, run_id: str) -> None:
    await until(lambda: (found := desk.get(run_id)) is not None and found.ended_ns is not None)


async def test_one_goes_on_at_a_time(desk: TrialDesk, elsewhere: Elsewhere) -> None:
    first = desk.begin(ASK, "ann")
    with pytest.raises(RefusedError, match="another"):
        desk.begin(ASK, "bob")
    await until(lambda: bool(elsewhere.asked))
    with pytest.raises(RefusedError, match="another"):
        desk.begin(ASK, "bob")

    assert desk.get(first.run_id) == first
    elsewhere.go.set()
    await is_over(desk, first.run_id)
    found = desk.get(first.run_id)
    assert found is not None
    assert (found.state, found.asked_by) == (TrialState.DONE, "ann")
    assert desk.begin(ASK, "bob").state is TrialState.RUNNING


async def test_one_that_breaks_says_why_and_hinders_no_other(
    desk: TrialDesk, elsewhere: Elsewhere
) -> None:
    elsewhere.breaks = True
    elsewhere.go.set()
    first = desk.begin(ASK, "ann")
    await is_over(desk, first.run_id)

    found = desk.get(first.run_id)
    assert found is not None
    assert (found.state, found.answer.error) == (TrialState.FAILED, "it broke")
    desk.begin(ASK, "ann")


async def test_the_last_few_are_kept(desk: TrialDesk, elsewhere: Elsewhere) -> None:
    elsewhere.go.set()
    names: list[str] = []
    for _ in range(KEPT_MOST + 1):
        names.append(desk.begin(ASK, "ann").run_id)
        await is_over(desk, names[-1])

    assert desk.get(names[0]) is None
    assert all(desk.get(name) for name in names[1:])
