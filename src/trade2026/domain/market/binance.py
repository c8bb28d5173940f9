"""Frames in the dialect of Binance, spot and USD-M futures, as typed records.

`read_frame` turns the bytes of one WebSocket message or REST snapshot into a record, or
into a `Malformed` with a code: never an exception, whatever the bytes. Numbers stay texts
here; `Numerals` makes them exact. PRISM's own feed speaks the same dialect and adds ``N``,
the event's time in nanoseconds, which is taken in place of the milliseconds.

Source: Binance API documentation, "WebSocket Streams" and "Order book" of Spot and of
USD-M Futures: trade, bookTicker, depthUpdate (``U``, ``u``, ``pu``), GET depth.
"""

from enum import StrEnum
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from trade2026.core.clock import NS_PER_MS, TimeNs
from trade2026.core.numbers import INT64_MAX

Id: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=INT64_MAX)]
Millis: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=INT64_MAX // NS_PER_MS)]
Nanos: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=INT64_MAX)]
Levels: TypeAlias = list[tuple[str, str]]

PAYLOAD_LIMIT: Final = 4 << 20
"""Bytes of one frame; a snapshot of 5,000 levels a side has about 300,000."""


class TradeFrame(msgspec.Struct, frozen=True, gc=False):
    """One trade. ``m``: the buyer was the maker, so the seller was the aggressor."""

    s: str
    t: Id
    p: str
    q: str
    T: Millis
    m: bool
    e: Literal["trade"]
    X: str = "MARKET"
    """USD-M: what made the trade; anything but MARKET never met the book."""
    N: Nanos = 0


class QuoteFrame(msgspec.Struct, frozen=True, gc=False):
    """Best bid and offer at update ``u``; spot gives it no time and no ``e``."""

    s: str
    u: Id
    b: str
    B: str
    a: str
    A: str
    e: Literal["bookTicker"] = "bookTicker"
    T: Millis = 0
    N: Nanos = 0


class DepthFrame(msgspec.Struct, frozen=True, gc=False):
    """Absolute quantities of the levels that changed in updates ``U`` to ``u``."""

    s: str
    U: Id
    u: Id
    E: Millis
    b: Levels
    a: Levels
    e: Literal["depthUpdate"]
    pu: Id | None = None
    """USD-M: ``u`` of the update before."""
    T: Millis = 0
    N: Nanos = 0

    @property
    def ts_event_ns(self) -> TimeNs:
        """Return the update's time: the transaction's where given, else the message's."""
        return TimeNs(self.N or (self.T or self.E) * NS_PER_MS)


class SnapshotFrame(msgspec.Struct, frozen=True, gc=False):
    """The book at update ``lastUpdateId``, as the REST interface gives it."""

    last_update_id: Id = msgspec.field(name="lastUpdateId")
    bids: Levels
    asks: Levels
    T: Millis = 0
    E: Millis = 0
    N: Nanos = 0

    @property
    def ts_event_ns(self) -> TimeNs:
        """Return the snapshot's time, 0 where the venue gives none (spot)."""
        return TimeNs(self.N or (self.T or self.E) * NS_PER_MS)


class FaultCode(StrEnum):
    """Why a frame could not be used, for programs."""

    NOT_JSON = "NOT_JSON"
    UNKNOWN_KIND = "UNKNOWN_KIND"
    """It is JSON, but none of the messages this dialect knows."""
    BAD_FIELD = "BAD_FIELD"
    """A field is missing, or of the wrong type or range."""
    BAD_NUMBER = "BAD_NUMBER"
    """A price or quantity is not an exact number within bounds."""
    WRONG_SYMBOL = "WRONG_SYMBOL"
    """The frame is about another instrument than its feed."""
    CROSSED = "CROSSED"
    """The bid is not below the offer."""
    TOO_LARGE = "TOO_LARGE"


class Malformed(msgspec.Struct, frozen=True, kw_only=True):
    """A frame that could not be used, and why."""

    code: FaultCode
    text: str
    """For people."""


Frame: TypeAlias = TradeFrame | QuoteFrame | DepthFrame | SnapshotFrame


class _Enveloped(msgspec.Struct, frozen=True, gc=False):
    """What a combined stream wraps around a frame; each decoder names its own `data`."""


class _Trade(_Enveloped, frozen=True, gc=False):
    data: TradeFrame


class _Quote(_Enveloped, frozen=True, gc=False):
    data: QuoteFrame


class _Depth(_Enveloped, frozen=True, gc=False):
    data: DepthFrame


class _Probe(msgspec.Struct, frozen=True):
    """The fields by which a frame shows its kind."""

    data: msgspec.Raw = msgspec.Raw(b"")
    e: str = ""
    last_update_id: msgspec.Raw = msgspec.field(name="lastUpdateId", default=msgspec.Raw(b""))
    B: msgspec.Raw = msgspec.Raw(b"")


_PROBE: Final = msgspec.json.Decoder(_Probe)
_SNAPSHOT: Final = msgspec.json.Decoder(SnapshotFrame)
_BODIES: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    "trade": msgspec.json.Decoder(TradeFrame),
    "bookTicker": msgspec.json.Decoder(QuoteFrame),
    "depthUpdate": msgspec.json.Decoder(DepthFrame),
}
# The letter behind the @ of a stream's name: trade, bookTicker, depth.
_ENVELOPES: Final[dict[int, Any]] = {
    ord("t"): msgspec.json.Decoder(_Trade).decode,
    ord("b"): msgspec.json.Decoder(_Quote).decode,
    ord("d"): msgspec.json.Decoder(_Depth).decode,
}
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_NAME_END: Final = 64
"""A stream's name begins within so many bytes of the frame."""


def read_frame(payload: bytes) -> Frame | Malformed:
    """Return the record that *payload* holds, or why it holds none.

    The name of the stream picks the decoder. That is a guess to save time: if it does not
    fit, the frame is read by what is in it, so the order of its fields does not matter.
    """
    try:
        # An @ at the very end has nothing behind it; no letter, no decoder.
        decode = _ENVELOPES[payload[payload.find(b"@", 0, _NAME_END) + 1]]
        frame: Frame = decode(payload).data
    except (LookupError, *_UNREADABLE):
        return _read_by_content(payload)
    return frame


def _read_by_content(payload: bytes) -> Frame | Malformed:
    if len(payload) > PAYLOAD_LIMIT:
        return Malformed(
            code=FaultCode.TOO_LARGE, text=f"{len(payload)} bytes, limit {PAYLOAD_LIMIT}"
        )
    try:
        probe = _PROBE.decode(payload)
        body = bytes(probe.data) or payload
        if probe.data:
            probe = _PROBE.decode(body)
        decoder = _decoder_of(probe)
    except _UNREADABLE as error:
        code = FaultCode.NOT_JSON
        if isinstance(error, msgspec.ValidationError):
            code = FaultCode.BAD_FIELD
        return Malformed(code=code, text=str(error)[:200])
    if decoder is None:
        return Malformed(code=FaultCode.UNKNOWN_KIND, text=f"event {probe.e[:40]!r}")
    try:
        frame: Frame = decoder.decode(body)
    except _UNREADABLE as error:
        return Malformed(code=FaultCode.BAD_FIELD, text=str(error)[:200])
    return frame


def _decoder_of(probe: _Probe) -> msgspec.json.Decoder[Any] | None:
    if probe.e:
        return _BODIES.get(probe.e)
    if probe.last_update_id:
        return _SNAPSHOT
    return _BODIES["bookTicker"] if probe.B else None
