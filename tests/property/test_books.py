"""Whatever a book is told, what must hold of a book holds after every message."""

from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.book.follower import Follower
from tests.book.notation import Records, parse, say
from tests.book.play import Seat, mirrored_events, mirrored_message

from trade2026.prism.engine.book import Book
from trade2026.prism.engine.message import (
    BUY,
    MAX_LOTS,
    MAX_TICKS,
    MESSAGE,
    SELL,
    Action,
    Flag,
    Force,
    Kind,
    Phase,
    Stp,
)
from trade2026.prism.engine.reference import ReferenceBook

NUMBERS: Final = st.integers(1, 12)
TICKS: Final = st.integers(495, 505)
LOTS: Final = st.integers(1, 9)
STAYING: Final = st.sampled_from([Force.GTC, Force.DAY, Force.GTD])
ODD: Final = st.sampled_from(
    [0, -1, 1, 2, MAX_TICKS, MAX_TICKS + 1, MAX_LOTS + 1, 2**62, -(2**62), -(2**63)]
)
ODD_SMALL: Final = st.sampled_from([-128, -1, 0, 1, 2, 3, 6, 7, 127])


def rows(action: Action, **columns: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, int]]:
    """Return a strategy for messages that ask *action*, as columns by name."""
    return st.fixed_dictionaries({"action": st.just(action), **columns})


def orders(kind: Kind, **columns: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, int]]:
    """Return a strategy for orders of *kind*."""
    usual: dict[str, st.SearchStrategy[Any]] = {
        "kind": st.just(kind),
        "number": NUMBERS,
        "owner": st.integers(1, 3),
        "side": st.sampled_from([BUY, SELL]),
        "lots": LOTS,
        "force": st.sampled_from(list(Force)),
        "stp": st.sampled_from(list(Stp)),
        "time_ns": st.integers(1, 60),
    }
    return rows(Action.PLACE, **(usual | columns))


LIMITS: Final = orders(Kind.LIMIT, ticks=TICKS)
PATIENT: Final = orders(
    Kind.LIMIT,
    ticks=TICKS,
    force=STAYING,
    display=st.sampled_from([0, 0, 1, 2, 5]),
    flags=st.sampled_from([0, 0, Flag.POST_ONLY]),
)
STOPS: Final = (
    orders(Kind.STOP, trigger=TICKS)
    | orders(Kind.STOP_LIMIT, trigger=TICKS, ticks=TICKS)
    | orders(Kind.TRAILING_STOP, trigger=st.integers(1, 6))
)
CHANGES: Final = (
    rows(Action.CANCEL, number=NUMBERS)
    | rows(Action.REDUCE, number=NUMBERS, lots=st.integers(-1, 6))
    | rows(
        Action.REPLACE,
        number=NUMBERS,
        ticks=TICKS | st.just(0),
        lots=LOTS | st.just(0),
        trigger=st.just(0) | TICKS | st.integers(1, 6),
        stp=st.sampled_from(list(Stp)),
    )
)
RULES: Final = (
    rows(Action.PHASE, ticks=st.sampled_from([Phase.CONTINUOUS, *Phase]))
    | rows(Action.BAND, ticks=st.integers(490, 500), trigger=st.integers(500, 510))
    | rows(Action.BAND)
    | rows(Action.CLOCK, time_ns=st.integers(0, 80))
)
ANYTHING: Final = st.one_of(LIMITS, PATIENT, PATIENT, orders(Kind.MARKET), STOPS, CHANGES, RULES)


@st.composite
def spoilt(draw: st.DrawFn) -> dict[str, int]:
    """Return a message with one value that may be out of bounds."""
    columns = draw(ANYTHING)
    name = draw(st.sampled_from([n for n in MESSAGE.names or () if n != "owner"]))
    return columns | {name: draw(ODD if MESSAGE[name].itemsize == 8 else ODD_SMALL)}


FLOWS: Final = st.lists(st.one_of(ANYTHING, ANYTHING, ANYTHING, spoilt()), min_size=1, max_size=60)
FLOWS_IN_BOUNDS: Final = st.lists(LIMITS | PATIENT | STOPS | CHANGES, min_size=1, max_size=60)
# What a replace's trigger is depends on the order: without it every message has a mirror image.
MIRRORABLE: Final = st.lists(
    st.one_of(LIMITS, PATIENT, STOPS, CHANGES.map(lambda columns: columns | {"trigger": 0})),
    min_size=1,
    max_size=60,
)


def records(flow: list[dict[str, int]]) -> Records:
    """Return a flow as an array of `MESSAGE`."""
    messages = np.zeros(len(flow), MESSAGE)
    for row, columns in enumerate(flow):
        for name, value in columns.items():
            messages[name][row] = value
    return messages


@settings(max_examples=300)
@given(FLOWS)
def test_what_must_hold_holds_after_every_message(flow: list[dict[str, int]]) -> None:
    seat = Seat(ReferenceBook())

    for message in records(flow)[:, None]:
        seat.tell(message)


@pytest.mark.timeout(600)  # The first example may compile all kernels.
@settings(deadline=None)
@given(FLOWS, st.integers(0, 60))
def test_the_compiled_book_is_the_plain_one(flow: list[dict[str, int]], cut: int) -> None:
    messages = records(flow)
    plain, fast = ReferenceBook(), Book(capacity=128)

    plain.process(messages, now=5)
    fast.process(messages[:cut], now=5)
    first = fast.take_events()
    fast.process(messages[cut:])
    events = np.concatenate([first, fast.take_events()])

    assert np.array_equal(events, plain.take_events())
    assert np.array_equal(fast.resting(), plain.resting())
    assert np.array_equal(fast.waiting(), plain.waiting())
    follower = Follower()
    follower.follow(events)
    follower.check(fast)


@given(MIRRORABLE)
def test_mirrored_sides_and_prices_give_a_mirrored_book(flow: list[dict[str, int]]) -> None:
    there, back = ReferenceBook(), ReferenceBook()

    for message in records(flow)[:, None]:
        mirrored = mirrored_message(message, is_offset=message["trigger"][0] < 400)
        there.process(message)
        back.process(mirrored)

        assert np.array_equal(there.take_events(), mirrored_events(back.take_events()))


@given(FLOWS_IN_BOUNDS)
def test_a_line_says_what_a_message_is(flow: list[dict[str, int]]) -> None:
    for message in records(flow):
        line = say(message)

        if not line.startswith("{"):
            assert parse(line)[0].tobytes() == message.tobytes()
