"""Turns: who comes after somebody waits for the end of that, who is behind for its beginning."""

import asyncio
from collections.abc import Awaitable, Callable

from hypothesis import given
from hypothesis import strategies as st

from trade2026.core.turns import Lanes, Turn, Turns

lanes = st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True).map(tuple)
works = st.lists(
    st.tuples(lanes, st.sampled_from([(), ("x",), ("y",), ("x", "y")]), st.integers(0, 4)),
    max_size=12,
)


@given(works=works)
def test_whatever_takes_how_long_lanes_are_kept(
    works: list[tuple[tuple[str, ...], tuple[str, ...], int]],
) -> None:
    told = asyncio.run(_play(works))

    begun = {number: told.index((number, "begun")) for number in range(len(works))}
    ended = {number: told.index((number, "ended")) for number in range(len(works))}
    for number, (after, behind, _) in enumerate(works):
        for earlier in range(number):
            if set(after) & set(works[earlier][0]):
                assert ended[earlier] < begun[number]
            if set(behind) & set(works[earlier][1]):
                assert begun[earlier] < begun[number]


async def _play(
    works: list[tuple[tuple[str, ...], tuple[str, ...], int]],
) -> list[tuple[int, str]]:
    turns, told = Turns(), list[tuple[int, str]]()

    async def work(number: int, turn: Turn, length: int) -> None:
        await turn.come()
        told.append((number, "begun"))
        for _ in range(length):
            await asyncio.sleep(0)
        told.append((number, "ended"))
        turn.end()
        turns.forget(turn)

    async with asyncio.TaskGroup() as tasks:
        for number, (after, behind, length) in enumerate(works):
            turn = turns.draw(Lanes(after=after, behind=behind))
            tasks.create_task(work(number, turn, length))
    assert len(turns) == 0
    return told


async def test_who_shares_no_lane_waits_for_nobody() -> None:
    turns = Turns()
    turns.draw(Lanes(after=("a",), behind=("x",)))

    other = turns.draw(Lanes(after=("b",), behind=("y",)))

    assert await _comes(other.come)


async def test_that_one_did_not_go_well_is_told_to_who_comes_after_and_not_to_who_is_behind() -> (
    None
):
    turns = Turns()
    first = turns.draw(Lanes(after=("a",), behind=("x",)))
    after, behind = turns.draw(Lanes(after=("a",))), turns.draw(Lanes(behind=("x",)))
    assert not await _comes(after.come)
    assert not await _comes(behind.come)

    first.end(went_well=False)

    assert await after.come() is False
    assert await behind.come() is True


async def test_a_turn_that_is_forgotten_has_nobody_after_it() -> None:
    turns = Turns()
    first = turns.draw(Lanes(after=("a",)))
    second = turns.draw(Lanes(after=("a",)))
    turns.forget(first)
    third = turns.draw(Lanes(after=("a",)))
    first.end()
    assert await second.come()
    assert not await _comes(third.come)

    second.end()
    turns.forget(third)

    assert len(turns) == 0


async def _comes(come: Callable[[], Awaitable[bool]]) -> bool:
    try:
        async with asyncio.timeout(0.02):
            await come()
    except TimeoutError:
        return False
    return True
