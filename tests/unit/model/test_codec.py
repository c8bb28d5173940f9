"""Messages as bytes: every type there and back, old recordings, and hostile bytes."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.golden import record
from tests.strategies import message_kinds, messages

from trade2026.core.errors import CodecError
from trade2026.core.numbers import VALUE_LIMIT, Qty, Value
from trade2026.model.codec import VERSION, decode, encode
from trade2026.model.journal import JournalEvent
from trade2026.model.position import CashChanged
from trade2026.model.risk import RiskRequest

HEAD = bytes([VERSION])
EXAMPLES = record.examples()
RECORDINGS = sorted(record.FOLDER.glob("*.txt"))


def _name(kind: Any) -> str:
    # A union is known by its first member.
    first = getattr(kind, "__args__", (kind,))[0]
    return getattr(kind, "__name__", f"Union of {first.__name__}")


@pytest.mark.parametrize("kind", message_kinds(), ids=_name)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_message_comes_back_as_it_was_sent(kind: Any, data: st.DataObject) -> None:
    message = data.draw(messages(kind))

    assert decode(kind, encode(message)) == message


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_recorded_message_still_reads_as_it_did(path: Any) -> None:
    data, shown = record.read(path)
    kind, _ = EXAMPLES[path.stem]

    assert repr(decode(kind, data)) == shown


def test_every_message_type_has_a_recording() -> None:
    # A new type: run `python -m tests.golden.record`.
    assert {path.stem for path in RECORDINGS} >= set(EXAMPLES)


def test_recording_again_replaces_nothing() -> None:
    assert record.record() == []


@pytest.mark.parametrize("head", [b"", b"\x00", b"\x02", b"\xff"])
def test_another_version_or_none_is_refused(head: bytes) -> None:
    with pytest.raises(CodecError, match=f"message version {head.hex() or 'none'}, expected 01"):
        decode(RiskRequest, head + encode(EXAMPLES["RiskRequest"][1])[1:] if head else b"")


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused_and_nothing_else(data: bytes) -> None:
    try:
        decode(JournalEvent, HEAD + data)  # pyright: ignore[reportArgumentType] - a union.
    except CodecError:
        return


@given(cut=st.integers(0, 400))
def test_a_message_cut_short_is_refused(cut: int) -> None:
    data = encode(EXAMPLES["OrderReported"][1])

    with pytest.raises(CodecError):
        decode(JournalEvent, data[: min(cut, len(data) - 1)])  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("value", [0, 1, -1, 2**64, -(2**64), VALUE_LIMIT - 1, -VALUE_LIMIT])
def test_a_value_travels_in_sixteen_bytes_and_stays_a_value(value: int) -> None:
    sent = Value(value)

    data = encode(sent)

    assert len(data) == 1 + 2 + 16
    assert decode(Value, data) == sent
    assert type(decode(Value, data)) is Value


@pytest.mark.parametrize("value", [VALUE_LIMIT, -VALUE_LIMIT - 1])
def test_a_value_beyond_sixteen_bytes_cannot_be_sent(value: int) -> None:
    message: CashChanged = EXAMPLES["PositionEvent"][1].cash

    with pytest.raises(CodecError, match="CashChanged cannot be sent"):
        encode(msgspec.structs.replace(message, cash=Value(value)))


def test_an_integer_beyond_64_bits_cannot_be_sent() -> None:
    report = EXAMPLES["ExecutionReport"][1]

    with pytest.raises(CodecError, match="ExecutionReport cannot be sent"):
        encode(msgspec.structs.replace(report, last_qty=Qty(2**65)))


def test_what_has_no_form_on_the_wire_cannot_be_sent() -> None:
    with pytest.raises(CodecError, match="no form for object"):
        encode(object())


@pytest.mark.parametrize("wrong", [b"\x00" * 15, b"\x00" * 17, 5, "text", None])
def test_a_value_of_another_form_is_refused(wrong: object) -> None:
    data = HEAD + msgspec.msgpack.encode(wrong)

    with pytest.raises(CodecError, match="Value expected, was"):
        decode(Value, data)


def test_another_message_is_refused_with_its_name() -> None:
    with pytest.raises(CodecError, match="not a RiskRequest"):
        decode(RiskRequest, encode(EXAMPLES["Alert"][1]))
