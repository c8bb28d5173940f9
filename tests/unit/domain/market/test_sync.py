"""A book is joined to its snapshot and kept in step by the venue's rules, or it is lost."""

import pytest

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Px, Qty
from trade2026.domain.market.sync import BUFFER_LIMIT, STALE_LIMIT, BookSync, Rule, Update
from trade2026.model.market import BookDelta, BookSnapshot, Level

BID, ASK = Level(Px(10), Qty(1)), Level(Px(12), Qty(1))


def an_update(
    first: int, last: int, link: int | None = None, *, bids: tuple[Level, ...] = ()
) -> Update:
    delta = BookDelta(
        ts_event_ns=TimeNs(1), ts_recv_ns=TimeNs(1), prev_seq=0, seq=last, bids=bids, asks=()
    )
    return Update(first_seq=first, link_seq=first - 1 if link is None else link, delta=delta)


def a_snapshot(
    seq: int, bids: tuple[Level, ...] = (BID,), asks: tuple[Level, ...] = (ASK,)
) -> BookSnapshot:
    return BookSnapshot(ts_event_ns=TimeNs(1), ts_recv_ns=TimeNs(1), seq=seq, bids=bids, asks=asks)


def synced(rule: Rule, seq: int = 100) -> BookSync:
    sync = BookSync(rule=rule)
    sync.on_snapshot(a_snapshot(seq))
    return sync


@pytest.mark.parametrize(
    ("rule", "first", "last", "joins"),
    [
        (Rule.SPOT, 101, 105, True),
        (Rule.SPOT, 95, 101, True),
        (Rule.SPOT, 102, 105, False),
        (Rule.USDM, 95, 100, True),
        (Rule.USDM, 100, 105, True),
        (Rule.USDM, 101, 105, False),
    ],
)
def test_the_first_update_must_reach_over_the_snapshots_edge(
    rule: Rule, first: int, last: int, *, joins: bool
) -> None:
    sync = synced(rule)

    advance = sync.on_update(an_update(first, last, link=first - 7))

    assert sync.is_synced is joins
    assert advance.is_lost is not joins
    assert [(delta.prev_seq, delta.seq) for delta in advance.deltas] == ([(100, last)] * joins)


@pytest.mark.parametrize(("rule", "last"), [(Rule.SPOT, 100), (Rule.USDM, 99)])
def test_an_update_that_the_snapshot_contains_is_passed_over(rule: Rule, last: int) -> None:
    sync = synced(rule)

    advance = sync.on_update(an_update(90, last))

    assert (advance.deltas, advance.is_lost, sync.stale_count) == ([], False, 1)


def test_a_book_whose_own_number_is_wrong_does_not_look_in_sync_for_ever() -> None:
    sync = synced(Rule.SPOT, seq=10**15)

    lost = [sync.on_update(an_update(seq, seq)).is_lost for seq in range(1, STALE_LIMIT + 1)]
    again = sync.on_snapshot(a_snapshot(STALE_LIMIT))

    assert lost == [False] * (STALE_LIMIT - 1) + [True]
    assert (again.snapshot is not None, sync.is_synced, sync.gap_count) == (True, True, 1)


def test_stale_updates_between_good_ones_do_no_harm() -> None:
    sync = synced(Rule.SPOT)

    for seq in range(101, 101 + 2 * STALE_LIMIT):
        sync.on_update(an_update(seq, seq))
        sync.on_update(an_update(seq, seq))

    assert (sync.is_synced, sync.stale_count) == (True, 2 * STALE_LIMIT)


@pytest.mark.parametrize(
    ("rule", "first", "link", "follows"),
    [
        (Rule.SPOT, 106, None, True),
        (Rule.SPOT, 107, None, False),
        (Rule.SPOT, 105, None, False),
        (Rule.USDM, 110, 105, True),
        (Rule.USDM, 106, 104, False),
    ],
)
def test_each_update_must_follow_the_one_before(
    rule: Rule, first: int, link: int | None, *, follows: bool
) -> None:
    sync = synced(rule)
    sync.on_update(an_update(100, 105))

    sync.on_update(an_update(first, 120, link))

    assert sync.is_synced is follows
    assert sync.gap_count == (0 if follows else 1)


def test_updates_that_came_before_the_snapshot_are_applied_after_it() -> None:
    sync = BookSync(rule=Rule.SPOT)
    for first in (91, 96, 101, 106):
        sync.on_update(an_update(first, first + 4))

    advance = sync.on_snapshot(a_snapshot(97))

    assert advance.snapshot is not None
    assert [(delta.prev_seq, delta.seq) for delta in advance.deltas] == [
        (97, 100),
        (100, 105),
        (105, 110),
    ]
    assert (sync.is_synced, sync.sync_count, sync.stale_count) == (True, 1, 1)


def test_a_snapshot_too_old_for_what_was_kept_is_not_used_and_the_next_one_is() -> None:
    sync = BookSync(rule=Rule.SPOT)
    sync.on_update(an_update(101, 105))

    old = sync.on_snapshot(a_snapshot(90))
    fitting = sync.on_snapshot(a_snapshot(102))

    assert (old.snapshot, old.is_lost) == (None, False)
    assert [delta.seq for delta in fitting.deltas] == [105]
    assert (sync.is_synced, sync.gap_count) == (True, 0)


def test_the_update_behind_a_gap_waits_for_the_next_snapshot() -> None:
    sync = synced(Rule.SPOT)
    sync.on_update(an_update(105, 110))

    advance = sync.on_snapshot(a_snapshot(107))

    assert [(delta.prev_seq, delta.seq) for delta in advance.deltas] == [(107, 110)]
    assert (sync.is_synced, sync.gap_count, sync.sync_count) == (True, 1, 2)


def test_a_book_that_crosses_itself_is_lost() -> None:
    sync = synced(Rule.SPOT)

    advance = sync.on_update(an_update(101, 102, bids=(Level(Px(12), Qty(1)),)))

    assert (advance.is_lost, advance.deltas, sync.is_synced, sync.gap_count) == (True, [], False, 1)
    assert sync.book.top() == (0, 0, 0, 0)


def test_a_crossed_snapshot_is_not_used() -> None:
    sync = BookSync(rule=Rule.SPOT)

    advance = sync.on_snapshot(a_snapshot(100, bids=(Level(Px(12), Qty(1)),)))

    assert (advance.snapshot, sync.is_synced) == (None, False)


def test_a_snapshot_of_another_moment_does_not_move_a_book_in_sync() -> None:
    sync = synced(Rule.SPOT)

    advance = sync.on_snapshot(a_snapshot(150, bids=()))

    assert (advance.snapshot, advance.is_lost, sync.book.seq) == (None, False, 100)


def test_a_snapshot_of_the_same_moment_must_agree_or_takes_over() -> None:
    sync = synced(Rule.SPOT)

    same = sync.on_snapshot(a_snapshot(100))
    other = sync.on_snapshot(a_snapshot(100, bids=(Level(Px(11), Qty(1)),)))

    assert same.snapshot is None
    assert other.snapshot is not None
    assert (sync.gap_count, sync.book.top().bid_px) == (1, 11)


def test_what_is_kept_for_a_snapshot_is_bounded() -> None:
    sync = BookSync(rule=Rule.SPOT)

    for number in range(3 * BUFFER_LIMIT):
        sync.on_update(an_update(number + 1, number + 1))

    assert len(sync.buffer) <= BUFFER_LIMIT
    assert sync.buffer[-1].delta.seq == 3 * BUFFER_LIMIT
