"""A lossless topic gives each event once, in order, and never hides that some are missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trade2026.desk.streams_ring import BACKLOG_MAX, TAKE_MAX, Entry, Reader, Ring


def nothing() -> None:
    """Wake nobody."""


def told(ring: Ring, count: int, *, start: int = 1, step: int = 1) -> list[int]:
    """Append *count* events and return their sequences."""
    seqs = list(range(start, start + count * step, step))
    for seq in seqs:
        ring.append(Entry(seq, seq, f"event {seq}"))
    return seqs


def drain(reader: Reader) -> list[int]:
    """Return the sequences of all that is new for the reader."""
    seqs: list[int] = []
    while taken := reader.take():
        seqs += [entry.seq for entry in taken[1]]
        if not taken[1]:
            break
    return seqs


@given(
    gaps=st.lists(st.integers(1, 5), max_size=60),
    limit=st.integers(1, 40),
    cuts=st.lists(st.integers(0, 60), max_size=6),
)
def test_a_client_that_comes_back_misses_nothing_unseen_and_gets_nothing_twice(
    gaps: list[int], limit: int, cuts: list[int]
) -> None:
    ring = Ring(limit=limit)
    reader = Reader(ring, nothing)
    seen: list[int] = []
    lost: list[int] = []
    seqs: list[int] = []

    place = 0
    for number, gap in enumerate(gaps):
        seqs.append((seqs[-1] if seqs else 0) + gap)
        ring.append(Entry(seqs[-1], 0, None))
        if number in cuts:
            reader.close()
            reader = Reader(ring, nothing, after=place)
            if reader.take_gap() is not None:
                lost += [seq for seq in seqs if place < seq <= ring.floor]
            seen += drain(reader)
            place = seen[-1] if seen else ring.floor

    reader.close()
    reader = Reader(ring, nothing, after=place)
    if reader.take_gap() is not None:
        lost += [seq for seq in seqs if place < seq <= ring.floor]
    seen += drain(reader)

    assert seen == [seq for seq in seqs if seq not in lost]


@given(first=st.integers(0, 30), then=st.integers(0, 30))
def test_a_reader_that_stays_gets_every_event_once(first: int, then: int) -> None:
    ring = Ring()
    told(ring, first)
    reader = Reader(ring, nothing)
    assert drain(reader) == []

    seqs = told(ring, then, start=first + 1)

    assert drain(reader) == seqs


def test_the_first_answer_says_where_a_reader_stands() -> None:
    ring = Ring()
    told(ring, 7)

    assert Reader(ring, nothing).take() == (7, [])


def test_an_event_that_comes_again_is_kept_once() -> None:
    ring = Ring()
    told(ring, 3)

    told(ring, 3)

    assert [entry.seq for entry in ring.after(0)] == [1, 2, 3]


@pytest.mark.parametrize(("after", "gap"), [(3, 5), (4, None), (5, None), (9, None), (10, 5)])
def test_a_gap_is_told_where_what_was_asked_for_is_not_there(after: int, gap: int | None) -> None:
    ring = Ring(floor=4)
    told(ring, 5, start=5)
    reader = Reader(ring, nothing, after=after)

    assert reader.take_gap() == gap
    assert reader.take_gap() is None
    assert drain(reader) == [seq for seq in range(5, 10) if gap or seq > after]


def test_old_events_make_room_and_raise_the_floor() -> None:
    ring = Ring(limit=8)

    told(ring, 11)

    assert (ring.floor, ring.oldest_seq, ring.last_seq) == (3, 4, 11)


def test_a_long_way_back_comes_in_pieces() -> None:
    ring = Ring()
    told(ring, 2 * TAKE_MAX + 1)
    reader = Reader(ring, nothing, after=0)

    sizes = [len(taken[1]) for _ in range(3) if (taken := reader.take())]

    assert sizes == [TAKE_MAX, TAKE_MAX, 1]
    assert not reader.is_too_slow


def test_a_reader_that_falls_behind_is_too_slow_and_one_that_catches_up_is_not() -> None:
    ring = Ring()
    told(ring, BACKLOG_MAX + 1)
    resuming, staying = Reader(ring, nothing, after=0), Reader(ring, nothing)

    told(ring, BACKLOG_MAX + 1, start=BACKLOG_MAX + 2)

    assert staying.is_too_slow
    assert resuming.is_too_slow, "what it has not read is about to be dropped"
    drain(staying)
    assert not staying.is_too_slow
