"""Frames are read by what they say; what cannot be read has a code, never an exception."""

import json

import pytest
from tests import feeds

from trade2026.domain.market.binance import (
    PAYLOAD_LIMIT,
    DepthFrame,
    FaultCode,
    Malformed,
    QuoteFrame,
    SnapshotFrame,
    TradeFrame,
    read_frame,
)

TRADE = feeds.trade(7, "61837.63000000", "0.02000000", 1_723_161_255_342)


def test_each_kind_of_frame_is_read() -> None:
    frames = [
        TRADE,
        feeds.quote(1, "1", "2", "3", "4"),
        feeds.depth(1, 2, [("1", "2")]),
        feeds.snapshot(3, [("1", "2")], []),
    ]

    kinds = [type(read_frame(frame)) for frame in frames]

    assert kinds == [TradeFrame, QuoteFrame, DepthFrame, SnapshotFrame]


def test_the_order_of_the_fields_and_the_envelope_do_not_matter() -> None:
    told = json.loads(TRADE)

    turned = read_frame(json.dumps({"data": told["data"], "stream": told["stream"]}).encode())
    bare = read_frame(json.dumps(told["data"]).encode())
    misnamed = read_frame(TRADE.replace(b"@trade", b"@depth"))

    assert turned == bare == misnamed == read_frame(TRADE)


def test_a_snapshot_is_read_from_an_envelope_too() -> None:
    inner = feeds.snapshot(3, [("1", "2")], [], N=5)

    frame = read_frame(b'{"stream":"btcusdt@depth20","data":' + inner + b"}")

    assert frame == read_frame(inner)
    assert isinstance(frame, SnapshotFrame)
    assert frame.ts_event_ns == 5


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", FaultCode.NOT_JSON),
        (b"@", FaultCode.NOT_JSON),
        (b"{", FaultCode.NOT_JSON),
        (b"\xff\xfe", FaultCode.NOT_JSON),
        (b'{"x":' + b"[" * 100_000, FaultCode.NOT_JSON),
        (b"[" * 100_000, FaultCode.BAD_FIELD),
        (b'{"stream":"btcusdt@trade","data":{"e":"\xff"}}', FaultCode.NOT_JSON),
        (b"[1]", FaultCode.BAD_FIELD),
        (b'{"e":1}', FaultCode.BAD_FIELD),
        (b'{"result":null,"id":1}', FaultCode.UNKNOWN_KIND),
        (b'{"e":"aggTrade"}', FaultCode.UNKNOWN_KIND),
        (b'{"e":"trade"}', FaultCode.BAD_FIELD),
        (feeds.trade(-1, "1", "1", 1), FaultCode.BAD_FIELD),
        (feeds.trade(2**63, "1", "1", 1), FaultCode.BAD_FIELD),
        (feeds.trade(1, "1", "1", 10**13), FaultCode.BAD_FIELD),
        (feeds.depth(1, 2, b=[["1"]]), FaultCode.BAD_FIELD),
        (b" " * (PAYLOAD_LIMIT + 1), FaultCode.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_has_a_code(payload: bytes, code: FaultCode) -> None:
    fault = read_frame(payload)

    assert isinstance(fault, Malformed)
    assert fault.code is code


def test_an_events_time_in_nanoseconds_is_taken_before_milliseconds() -> None:
    plain = read_frame(feeds.depth(1, 2, ms=3))
    exact = read_frame(feeds.depth(1, 2, ms=3, N=3_000_001))
    transacted = read_frame(feeds.depth(1, 2, ms=3, T=2))

    assert isinstance(plain, DepthFrame)
    assert isinstance(exact, DepthFrame)
    assert isinstance(transacted, DepthFrame)
    assert plain.ts_event_ns == 3_000_000
    assert exact.ts_event_ns == 3_000_001
    assert transacted.ts_event_ns == 2_000_000
