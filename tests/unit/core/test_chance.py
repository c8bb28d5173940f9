"""Seeded chance: streams are fixed by seed and name, and know nothing of one another."""

from hypothesis import given
from hypothesis import strategies as st

from trade2026.core import chance


def draws(seed: int, name: str) -> list[int]:
    return [int(n) for n in chance.stream(seed, name).integers(0, 2**62, size=4)]


@given(seed=st.integers(0, 2**128), name=st.text(max_size=20))
def test_a_stream_is_repeated_by_its_seed_and_name(seed: int, name: str) -> None:
    assert draws(seed, name) == draws(seed, name)


def test_another_seed_or_another_name_is_another_stream() -> None:
    streams = [draws(1, "a"), draws(2, "a"), draws(1, "b"), draws(12, ""), draws(1, "2")]

    assert len({tuple(numbers) for numbers in streams}) == len(streams)


def test_a_stream_is_the_same_on_every_machine_and_in_every_version() -> None:
    # Written down once: a change would make every recorded seed tell another story.
    assert draws(2026, "golden") == GOLDEN


def test_a_fresh_seed_is_a_seed_of_its_own() -> None:
    one, other = chance.fresh_seed(), chance.fresh_seed()

    assert one != other
    assert 0 <= one < 2**63


GOLDEN = [2890060466860841434, 1206837483602431416, 4213792467563863836, 2538968121784279088]
