"""A book rebuilt from what the normaliser tells, the plain way, as any taker would."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from trade2026.adapters.recording import open_recording, read_frames
from trade2026.core.clock import TimeNs
from trade2026.core.numbers import parse_nanos
from trade2026.domain.market.normalizer import BookPart
from trade2026.model.market import Level, RawBatch, RawFrame

BATCH = 500

Top = tuple[int, int, int, int]
"""Bid price and quantity, offer price and quantity."""


class Follower:
    """Two dictionaries, and the sequence number they stand at."""

    def __init__(self) -> None:
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.seq = -1

    def follow(self, part: BookPart) -> Iterator[tuple[int, Top]]:
        """Yield the sequence number and the top after each delta of *part*."""
        if part.snapshot is not None:
            self.bids = {level.px: level.qty for level in part.snapshot.bids}
            self.asks = {level.px: level.qty for level in part.snapshot.asks}
            self.seq = part.snapshot.seq
        for delta in part.deltas:
            assert delta.prev_seq == self.seq
            self.seq = delta.seq
            _put(self.bids, delta.bids)
            _put(self.asks, delta.asks)
            yield self.seq, self.top()

    def top(self) -> Top:
        """Return the best bid and offer."""
        bid, ask = max(self.bids), min(self.asks)
        return bid, self.bids[bid], ask, self.asks[ask]


def _put(side: dict[int, int], levels: tuple[Level, ...]) -> None:
    for level in levels:
        side[level.px] = level.qty
        if not level.qty:
            del side[level.px]


def payloads_of(path: Path) -> list[bytes]:
    """Return the recording's frames."""
    return [frame.payload for frame in read_frames(path)]


def batches_of(path: Path, payloads: list[bytes]) -> list[RawBatch]:
    """Return *payloads* as batches of the venue that the recording at *path* is of."""
    feed = open_recording(path)
    return [
        RawBatch(
            venue=feed.venue,
            symbol=feed.symbol,
            session="recorded",
            first_index=start,
            frames=tuple(
                RawFrame(ts_recv_ns=TimeNs(start + place), payload=payload)
                for place, payload in enumerate(payloads[start : start + BATCH])
            ),
            is_replay=True,
        )
        for start in range(0, len(payloads), BATCH)
    ]


class _Ticker(msgspec.Struct):
    u: int
    b: str
    B: str
    a: str
    A: str


class _Envelope(msgspec.Struct):
    data: _Ticker


def quoted_tops(payloads: list[bytes]) -> list[tuple[int, Top]]:
    """Return what the venue itself says its top was, by update id, read another way."""
    decode = msgspec.json.Decoder(_Envelope).decode
    found: list[tuple[int, Top]] = []
    for payload in payloads:
        if b"@bookTicker" in payload:
            data = decode(payload).data
            top = (
                parse_nanos(data.b),
                parse_nanos(data.B),
                parse_nanos(data.a),
                parse_nanos(data.A),
            )
            found.append((data.u, top))
    return sorted(found)
