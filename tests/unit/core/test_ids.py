"""UUIDv7 ids: sorted, unique, the same by seed, well-formed, whatever the clock does."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from trade2026.core import chance
from trade2026.core.clock import NS_PER_MS, TimeNs, VirtualClock
from trade2026.core.ids import Ids, system_ids, time_of

START_NS = 1_790_000_000_123 * NS_PER_MS


class JumpingClock:
    """A clock that may be set back, as a machine's can."""

    def __init__(self) -> None:
        self.time_ns = START_NS

    def now_ns(self) -> TimeNs:
        return TimeNs(self.time_ns)

    def monotonic_ns(self) -> int:
        return self.time_ns


def ids_of(seed: int, clock: VirtualClock | JumpingClock | None = None) -> Ids:
    return Ids(clock or VirtualClock(START_NS), chance.stream(seed, "ids"))


def test_an_id_tells_when_it_was_made() -> None:
    assert time_of(ids_of(1).new()) == START_NS
    assert time_of("order-1") is None
    assert time_of("8c1f0e1a-9b8c-4d2e-8f3a-1b2c3d4e5f60") is None


def test_an_id_is_a_uuid_of_version_7_in_canonical_text() -> None:
    text = ids_of(1).new()

    made = UUID(text)
    assert str(made) == text
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"


def test_an_id_tells_its_millisecond_and_its_fraction() -> None:
    clock = VirtualClock(START_NS + NS_PER_MS // 2)

    number = UUID(ids_of(1, clock).new()).int

    assert number >> 80 == START_NS // NS_PER_MS
    assert number >> 64 & 0xFFF == 1 << 11


def test_the_same_seed_and_clock_make_the_same_ids() -> None:
    one, other = ids_of(7), ids_of(7)

    assert [one.new() for _ in range(5)] == [other.new() for _ in range(5)]
    assert ids_of(7).new() != ids_of(8).new()


@given(jumps_ns=st.lists(st.integers(-(10**10), 10**10), max_size=50))
def test_ids_strictly_increase_even_when_the_clock_steps_back(jumps_ns: list[int]) -> None:
    clock = JumpingClock()
    ids = ids_of(3, clock)
    made = [ids.new()]
    for jump_ns in jumps_ns:
        clock.time_ns += jump_ns
        made.append(ids.new())

    assert made == sorted(set(made))
    assert {UUID(text).version for text in made} == {7}


def test_more_ids_than_a_millisecond_has_fractions_still_increase() -> None:
    ids = ids_of(3)

    made = [ids.new() for _ in range(5_000)]

    assert made == sorted(set(made))


def test_the_machines_ids_are_unpredictable() -> None:
    assert system_ids().new()[-12:] != system_ids().new()[-12:]
