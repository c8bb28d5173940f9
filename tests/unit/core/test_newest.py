"""What is remembered of the newest things."""

from hypothesis import given
from hypothesis import strategies as st

from trade2026.core.newest import Newest


@given(keys=st.lists(st.integers(0, 40)), least=st.integers(1, 16))
def test_it_keeps_the_newest_and_a_quarter_more_at_most(keys: list[int], least: int) -> None:
    plain = dict[int, int]()
    newest = Newest[int, int](least)
    forgotten = list[int]()
    for number, key in enumerate(keys):
        before = newest.get(key)
        gone = newest.keep(key, number)
        # A key that is known keeps its place; one that was forgotten comes anew.
        if before is None:
            plain.pop(key, None)
        plain[key] = number
        forgotten += gone
        there = list(newest.items())
        assert there == list(plain.items())[len(plain) - len(there) :]
        assert min(least, len(plain)) <= len(there) <= least * 5 // 4
        assert not set(gone) & set(newest.values())
    assert len(set(forgotten)) == len(forgotten)


def test_it_begins_with_what_it_is_given() -> None:
    newest = Newest[str, int](2, [("a", 1), ("b", 2)])
    assert newest.keep("c", 3) == [1]
    assert list(newest.items()) == [("b", 2), ("c", 3)]
