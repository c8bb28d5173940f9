"""Whatever a book is told, in however many portions, it does what the plain book does."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.book.messages import check_levels, check_state

from trade2026.prism.engine.book import Book
from trade2026.prism.engine.message import BUY, MAX_LOTS, MAX_TICKS, SELL, Action, Force, Kind
from trade2026.prism.engine.reference import ReferenceBook

NUMBERS = st.integers(1, 12) | st.sampled_from([-7, 0, 2**62, -(2**62)])
TICKS = st.integers(95, 105) | st.sampled_from([0, -1, 1, MAX_TICKS, MAX_TICKS + 1])
LOTS = st.integers(1, 9) | st.sampled_from([0, -1, MAX_LOTS, MAX_LOTS + 1])

PLACES = st.tuples(
    st.just(int(Action.PLACE)),
    NUMBERS,
    st.integers(1, 3),
    st.sampled_from([BUY, SELL]),
    st.sampled_from([int(Kind.LIMIT)] * 4 + [int(Kind.MARKET)]),
    st.sampled_from([int(Force.GTC)] * 3 + [int(Force.IOC), int(Force.FOK)]),
    TICKS,
    LOTS,
)
CANCELS = st.tuples(st.just(int(Action.CANCEL)), NUMBERS, *[st.just(0)] * 6)


@settings(deadline=None)  # The first example compiles.
@given(st.lists(PLACES | CANCELS, min_size=1, max_size=60), st.integers(0, 60))
def test_the_compiled_book_is_the_plain_one(rows: list[tuple[int, ...]], cut: int) -> None:
    messages = np.array(rows, np.int64)
    plain, fast = ReferenceBook(), Book(capacity=64)

    plain.process(messages)
    fast.process(messages[:cut])
    first = fast.take_events()
    fast.process(messages[cut:])
    events = np.concatenate([first, fast.take_events()])

    assert np.array_equal(events, plain.take_events())
    assert np.array_equal(fast.resting(), plain.resting())
    check_state(plain)
    check_levels(events, plain)


@given(st.lists(PLACES, min_size=1, max_size=60))
def test_mirrored_sides_and_prices_give_a_mirrored_book(rows: list[tuple[int, ...]]) -> None:
    there, back = ReferenceBook(), ReferenceBook()
    inside = [row for row in rows if 0 < row[6] < 200]
    mirrored = [(*row[:3], -row[3], *row[4:6], 200 - row[6], row[7]) for row in inside]

    there.process(np.array(inside, np.int64).reshape(-1, 8))
    back.process(np.array(mirrored, np.int64).reshape(-1, 8))

    for side in (BUY, SELL):
        levels = there.depth(side, 100)
        levels[:, 0] = 200 - levels[:, 0]
        assert np.array_equal(levels, back.depth(-side, 100))
