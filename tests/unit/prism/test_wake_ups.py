"""Whoever is due first wakes first, whatever the number of agents and whenever they wake next."""

from hypothesis import given, settings
from hypothesis import strategies as st

from trade2026.prism.engine.compiled import entry
from trade2026.prism.floorplan import (
    AGENT_BITS,
    DUES,
    due_in,
    market_of,
    new_market,
    plan,
    postpone,
)
from trade2026.prism.loop import wake_next

Wake = tuple[int, int]


@entry
def wake_again(market: int, time: int) -> int:
    """Let whoever is due first be due at *time*; return who that was."""
    its = market_of(market)
    who = due_in(its, 0).who
    wake_next(its, time, who)
    return who


def crowd(symbols: int, agents: int) -> list[int]:
    return [symbol << AGENT_BITS | agent for symbol in range(symbols) for agent in range(agents)]


@settings(deadline=None)  # its first example waits for the kernel to be compiled
@given(st.integers(1, 3), st.integers(1, 9), st.data())
def test_the_first_by_time_then_number_wakes_always(
    symbols: int, agents: int, data: st.DataObject
) -> None:
    market, who = new_market(symbols, agents, 0), crowd(symbols, agents)
    # Few times, so that many fall together.
    times = data.draw(st.lists(st.integers(0, 5), min_size=len(who), max_size=len(who)))
    wakes = dict(zip(who, times, strict=True))
    plan(market, [(time, one) for one, time in wakes.items()])

    for pause in data.draw(st.lists(st.integers(0, 4), max_size=60)):
        time, first = min((time, one) for one, time in wakes.items())
        assert wake_again(market.ctypes.data, time + pause) == first
        wakes[first] = time + pause

    assert sorted(DUES.view(market).tolist()) == sorted((t, one) for one, t in wakes.items())


@settings(deadline=None)  # its first example waits for the kernel to be compiled
@given(st.integers(1, 3), st.integers(1, 9), st.data())
def test_who_is_postponed_wakes_later_and_all_others_as_before(
    symbols: int, agents: int, data: st.DataObject
) -> None:
    market, who = new_market(symbols, agents, 0), crowd(symbols, agents)
    times = data.draw(st.lists(st.integers(0, 9), min_size=len(who), max_size=len(who)))
    away = data.draw(st.sets(st.sampled_from(who)))
    plan(market, list(zip(times, who, strict=True)))

    postpone(market, away, 5)

    expected = sorted(
        (max(time, 5) if one in away else time, one) for time, one in zip(times, who, strict=True)
    )
    woken: list[int] = [wake_again(market.ctypes.data, 100 + at) for at in range(len(who))]
    assert woken == [one for _, one in expected]
