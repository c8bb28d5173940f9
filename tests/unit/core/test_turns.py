"""Turns: who comes after somebody waits for the end of that, who is behind for its beginning."""

import asyncio

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

    async def work(number: int, turn: Turn, come: asyncio.Event, length: int) -> None:
        await come.wait()
        turn.begin()
        told.append((number, "begun"))
        for _ in range(length):
            await asyncio.sleep(0)
        told.append((number, "ended"))
        turn.end()
        turns.forget(turn)

    async with asyncio.TaskGroup() as tasks:
        for number, (after, behind, length) in enumerate(works):
            come = asyncio.Event()
            turn = turns.draw(Lanes(after=after, behind=behind), come.set)
            tasks.create_task(work(number, turn, come, length))
    assert len(turns) == 0
    return told


class Worker:
    """One turn, and whether it has come."""

    def __init__(self, turns: Turns, lanes: Lanes) -> None:
        self.has_come = False
        self.turn = turns.draw(lanes, self._come)

    def _come(self) -> None:
        assert not self.has_come, "it comes once"
        self.has_come = True


def test_who_shares_no_lane_waits_for_nobody() -> None:
    turns = Turns()
    Worker(turns, Lanes(after=("a",), behind=("x",)))

    assert Worker(turns, Lanes(after=("b",), behind=("y",))).has_come


def test_that_one_did_not_go_well_is_told_to_who_comes_after_and_not_to_who_is_behind() -> None:
    turns = Turns()
    first = Worker(turns, Lanes(after=("a",), behind=("x",)))
    after, behind = Worker(turns, Lanes(after=("a",))), Worker(turns, Lanes(behind=("x",)))
    assert not after.has_come
    assert not behind.has_come

    first.turn.end(went_well=False)

    assert after.has_come
    assert behind.has_come
    assert after.turn.begin() is False
    assert behind.turn.begin() is True


def test_who_is_drawn_behind_what_has_ended_hears_how_it_went_and_waits_no_more() -> None:
    turns = Turns()
    first = Worker(turns, Lanes(after=("a",), behind=("x",)))
    first.turn.begin()
    assert Worker(turns, Lanes(behind=("x",))).has_come
    first.turn.end(went_well=False)

    late = Worker(turns, Lanes(after=("a",)))

    assert late.has_come
    assert late.turn.begin() is False


def test_a_turn_that_is_forgotten_has_nobody_after_it() -> None:
    turns = Turns()
    first, second = (Worker(turns, Lanes(after=("a",))) for _ in range(2))
    turns.forget(first.turn)
    third = Worker(turns, Lanes(after=("a",)))
    first.turn.end()
    assert second.has_come
    assert not third.has_come

    second.turn.end()
    turns.forget(third.turn)

    assert third.has_come
    assert len(turns) == 0
