"""Steps beside one another: each once at a time, none kept from its turn, no lane by another."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator

import pytest
from tests.trading import until

from trade2026.desk import aside
from trade2026.desk.aside import Aside


class Site:
    """Steps that are counted, and that end when they may."""

    def __init__(self) -> None:
        self.tasks = list[asyncio.Future[None]]()
        self.aside = Aside(lambda step: self.tasks.append(asyncio.ensure_future(step)))
        self.taken = Counter[str]()
        self.may_end = asyncio.Event()

    def want(self, key: str, lane: str = "lane", *, is_answered: bool = True) -> None:
        async def step() -> bool:
            self.taken[key] += 1
            await self.may_end.wait()
            return is_answered

        self.aside.want(key, lane, step)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "MOST_IN_LANE", 3)
    monkeypatch.setattr(aside, "PAUSE_S", 0.0)


@pytest.fixture
async def site() -> AsyncGenerator[Site]:
    made = Site()
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)


async def test_what_is_wanted_again_while_it_is_under_way_or_waits_is_taken_once(
    site: Site,
) -> None:
    for _ in range(3):
        for number in range(5):
            site.want(str(number))
    await until(lambda: len(site.taken) == 3)
    site.may_end.set()
    await until(lambda: len(site.taken) == 5)

    assert set(site.taken.values()) == {1}


async def test_a_lane_that_is_full_does_not_hold_up_another(site: Site) -> None:
    for number in range(4):
        site.want(str(number))
    site.want("other", "elsewhere")
    await until(lambda: site.taken["other"] == 1)

    assert site.taken.keys() == {"0", "1", "2", "other"}


async def test_who_is_never_answered_keeps_none_from_its_turn(site: Site) -> None:
    site.may_end.set()
    for number in range(5):
        site.want(str(number), is_answered=False)
    site.want("newest")
    await until(lambda: site.taken["newest"] == 1)

    assert max(site.taken.values()) == 1


async def test_what_was_taken_can_be_wanted_again(site: Site) -> None:
    site.may_end.set()
    site.want("one")
    await until(lambda: site.taken["one"] == 1)
    await asyncio.sleep(0)
    site.want("one")
    await until(lambda: site.taken["one"] == 2)


async def test_a_lane_without_answers_is_asked_slowly(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "PAUSE_S", 3600.0)
    site.may_end.set()
    for number in range(8):
        site.want(str(number), is_answered=False)
    await until(lambda: len(site.taken) == 3)
    await asyncio.sleep(0.05)

    assert len(site.taken) == 3
