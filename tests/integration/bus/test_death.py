"""The process of a consumer dies: its successor goes on in order, and a killer is found out."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.contract.bus.messages import PATIENCE_S, deposit
from tests.contract.bus.worlds import PASSWORD, USER
from tests.integration.bus.conftest import Site

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
NOBODY_DIES = -1
POISON = "poison 2 3 processes died while they handled it"


@asynccontextmanager
async def _life(site: Site, fatal: int) -> AsyncGenerator[Process, None]:
    """Run one life of the consumer; it is killed at the end if it has not died by itself."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.integration.bus.mortal", site.server.url, USER, PASSWORD, str(fatal)),
        stdout=PIPE,
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _read(process: Process, is_enough: Callable[[list[str]], bool]) -> list[str]:
    """Return the lines the life wrote until they are enough or it died."""
    assert process.stdout is not None
    lines: list[str] = []
    async with asyncio.timeout(PATIENCE_S):
        while not is_enough(lines):
            line = await process.stdout.readline()
            if not line:
                break
            lines.append(line.decode().rstrip())
    return lines


async def test_a_killed_consumer_loses_nothing_and_keeps_the_order(site: Site) -> None:
    bus = await site.bus()
    for number in range(300):
        await deposit(bus, "a", number)

    lives: list[list[str]] = []
    for enough in (60, 120, 10_000):
        async with _life(site, NOBODY_DIES) as process:
            lives.append(
                await _read(
                    process,
                    lambda lines, enough=enough: len(lines) == enough or "a 299" in lines,
                )
            )

    numbers = [[int(line.split()[1]) for line in life] for life in lives]
    assert all(life == list(range(life[0], life[0] + len(life))) for life in numbers)
    assert numbers[0][0] == 0
    assert numbers[1][0] <= numbers[0][-1] + 1
    # The second life went on where the first was, give or take what was not written down yet.
    assert numbers[1][0] > 0
    assert {number for life in numbers for number in life} == set(range(300))


async def test_an_event_that_kills_its_process_is_poisoned_and_its_neighbours_are_not(
    site: Site,
) -> None:
    bus = await site.bus()
    for number in (1, 2, 3):
        await deposit(bus, "bad", number)
        await deposit(bus, "good", 10 * number)

    deaths = 0
    lines: list[str] = []
    while POISON not in lines:
        async with _life(site, fatal=2) as process:
            lines += await _read(process, lambda lines: {POISON, "good 30"} <= set(lines))
        deaths += 1
        assert deaths <= 10
    await deposit(bus, "good", 40)
    async with _life(site, fatal=2) as process:
        lines += await _read(process, lambda lines: "good 40" in lines)
        # It is not tried again, so this process lives; a handled deposit proves it later.
        await asyncio.sleep(1.5)
        survived = process.returncode is None

    # Each life rings once: the one before may have died before anybody heard.
    assert [line for line in lines if line.startswith("poison")] == [POISON, POISON]
    assert "good 30" in lines
    assert "bad 3" not in lines
    assert survived
