"""What is remembered of the newest things."""

from hypothesis import given
from hypothesis import strategies as st

from trade2026.core.newest import Newest


@given(keys=st.lists(st.integers(0, 20)), most=st.integers(1, 10))
def test_it_keeps_what_a_plain_dict_would_that_drops_its_first_key(
    keys: list[int], most: int
) -> None:
    plain = dict[int, int]()
    newest = Newest[int, int](most)
    for number, key in enumerate(keys):
        plain[key] = number
        if len(plain) > most:
            del plain[next(iter(plain))]
        newest.keep(key, number)
    assert list(newest.items()) == list(plain.items())


def test_it_begins_with_what_it_is_given() -> None:
    newest = Newest[str, int](2, [("a", 1), ("b", 2)])
    newest.keep("c", 3)
    assert list(newest.items()) == [("b", 2), ("c", 3)]
