"""The audit's chain: whole as it is written, and whoever touches a record is found."""

import hashlib
import json
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories import NOW_NS
from tests.strategies import messages

from trade2026.domain.audit.chain import GENESIS, Head, Sourced, Verification, head_of, seal
from trade2026.model.audit import AuditRecord, Deed


def a_deed(number: int) -> Deed:
    return Deed(ts_ns=NOW_NS, who="tess", action="order.cancel", target=f"order-{number}")


def a_chain(count: int) -> list[AuditRecord]:
    deeds = (
        Sourced(deed=a_deed(n), source="orders.event.*", source_seq=n) for n in range(1, count + 1)
    )
    return list(seal(Head(), deeds))


def verified(records: Sequence[AuditRecord], expected: str = "") -> Verification:
    walk = Verification(expected)
    for record in records:
        walk.add(record)
    return walk


def test_a_chain_as_it_was_written_is_whole() -> None:
    chain = a_chain(5)

    walk = verified(chain)

    assert walk.end() == ""
    assert walk.head == head_of(chain[-1])
    assert walk.head.number == 5
    assert chain[0].before == GENESIS


def test_written_in_parts_it_is_the_same_chain() -> None:
    deeds = [Sourced(deed=a_deed(n), source="a", source_seq=n) for n in range(1, 6)]

    first = seal(Head(), deeds[:2])
    rest = seal(head_of(first[-1]), deeds[2:])

    assert first + rest == seal(Head(), deeds)


# Anybody can compute it with nothing but JSON and SHA-256.
@given(deed=messages(Deed), source=st.text(max_size=10), seq=st.integers(1, 10**9))
def test_the_hash_is_what_the_page_says(deed: Deed, source: str, seq: int) -> None:
    (record,) = seal(Head(), [Sourced(deed=deed, source=source, source_seq=seq)])

    told = (deed.ts_ns, deed.who, deed.action, deed.target, deed.account, deed.result, deed.text)
    text = json.dumps([1, GENESIS, source, seq, *told], ensure_ascii=False, separators=(",", ":"))
    assert record.hash == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "field", ["who", "action", "target", "account", "result", "text"], ids=lambda name: name
)
def test_a_changed_byte_of_a_deed_is_found(field: str) -> None:
    chain = a_chain(5)
    deed = chain[2].deed
    changed = msgspec.structs.replace(deed, **{field: f"{getattr(deed, field)}x"})
    chain[2] = msgspec.structs.replace(chain[2], deed=changed)

    walk = verified(chain)

    assert walk.end().startswith("record 3 was changed")
    assert walk.head.number == 2


@pytest.mark.parametrize(
    "change",
    [
        {"number": 4},
        {"source": "other"},
        {"source_seq": 9},
        {"before": "f" * 64},
        {"hash": "f" * 64},
        {"deed": msgspec.structs.replace(a_deed(3), ts_ns=1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_other_change_is_found(change: dict[str, object]) -> None:
    chain = a_chain(5)
    chain[2] = msgspec.structs.replace(chain[2], **change)

    assert "record 3" in verified(chain).end()


@pytest.mark.parametrize("place", [0, 2])
def test_a_record_taken_out_is_found(place: int) -> None:
    chain = a_chain(5)
    del chain[place]

    assert verified(chain).end().startswith(f"record {place + 1} is missing")


def test_two_records_that_change_places_are_found() -> None:
    chain = a_chain(5)
    chain[1], chain[2] = chain[2], chain[1]

    assert verified(chain).end().startswith("record 2 is missing")


def test_who_seals_a_forged_record_anew_is_found_at_the_next() -> None:
    chain = a_chain(5)
    forged = Sourced(deed=a_deed(99), source="orders.event.*", source_seq=3)
    chain[2:3] = seal(head_of(chain[1]), [forged])

    assert verified(chain).end() == "record 4 does not follow the record before it"


def test_the_same_event_twice_is_found() -> None:
    once = Sourced(deed=a_deed(1), source="a", source_seq=1)

    assert "out of its turn" in verified(seal(Head(), [once, once])).end()


def test_an_end_that_was_cut_off_is_found_by_a_hash_written_down_before() -> None:
    chain = a_chain(5)
    expected = chain[-1].hash

    assert verified(chain, expected).end() == ""
    assert verified(chain[:4]).end() == ""
    assert "its end was cut off" in verified(chain[:4], expected).end()


def test_a_chain_that_has_grown_since_still_has_the_hash() -> None:
    chain = a_chain(5)

    assert verified(chain, chain[2].hash).end() == ""
    assert verified(chain, GENESIS).end() == ""


@given(count=st.integers(2, 12), data=st.data())
def test_no_record_can_be_left_out_repeated_or_moved(count: int, data: st.DataObject) -> None:
    chain = a_chain(count)
    others = st.lists(st.sampled_from(chain), min_size=1, max_size=count + 2)
    forged = data.draw(others.filter(lambda records: records != chain[: len(records)]))

    assert verified(forged, chain[-1].hash).end()
