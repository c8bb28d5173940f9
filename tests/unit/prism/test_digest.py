"""The hash over events does not depend on portions, and tells any two courses apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trade2026.prism.digest import BLOCK, EventDigest
from trade2026.prism.engine.event import MARKET_EVENT


def some_events(count: int, *, start_ns: int = 0) -> NDArray[np.void]:
    events = np.zeros(count, MARKET_EVENT)
    events["seq"] = np.arange(1, count + 1)
    events["time_ns"] = start_ns + np.arange(count) * 7
    events["lots"] = np.arange(count) % 13
    return events


def hash_of(*portions: NDArray[np.void], start_ns: int = 0) -> str:
    digest = EventDigest(start_ns)
    for portion in portions:
        digest.add(portion)
    return digest.hexdigest()


@given(cuts=st.lists(st.integers(0, 3 * BLOCK), max_size=6))
def test_portions_do_not_matter(cuts: list[int]) -> None:
    events = some_events(3 * BLOCK)

    portions = np.split(events, sorted(cuts))

    assert hash_of(*portions) == hash_of(events)


@pytest.mark.parametrize("name", MARKET_EVENT.names or ())
@pytest.mark.parametrize("row", [0, BLOCK, 2 * BLOCK])
def test_a_change_of_any_field_is_seen(name: str, row: int) -> None:
    events = some_events(2 * BLOCK + 1)
    changed = events.copy()
    changed[name][row] += 1

    assert hash_of(changed) != hash_of(events)


def test_the_order_is_seen_and_the_count_kept() -> None:
    events = some_events(5)
    digest = EventDigest(0)
    digest.add(events)

    assert hash_of(events[::-1]) != digest.hexdigest()
    assert digest.count == 5


def test_times_count_from_the_beginning() -> None:
    assert hash_of(some_events(9, start_ns=500), start_ns=500) == hash_of(some_events(9))


def test_a_digest_goes_on_from_its_state() -> None:
    events = some_events(2 * BLOCK)
    first = EventDigest(3)
    first.add(events[: BLOCK + 5])

    second = EventDigest.from_state(first.state())
    second.add(events[BLOCK + 5 :])

    assert second.hexdigest() == hash_of(events, start_ns=3)
    assert second.count == 2 * BLOCK
