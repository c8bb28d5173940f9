"""Reading a recorded feed: a gzip file of lines ``<receive time ns> <raw JSON>``.

Lines come in the order in which they were received. A line that does not have this form is
handed on as it is, at the time of the line before: whoever reads the frames counts it, and
nothing is lost in silence. The venue is told from what only one of them sends: USD-M
futures link each depth update to the one before by ``pu``.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from trade2026.core.errors import StartError
from trade2026.model.instrument import BINANCE, BINANCE_USDM

PROBED_LINES: Final = 10_000
"""A depth update comes within so many lines, or the file is not a recording of a book."""

LINE_LIMIT: Final = 512 << 10
"""Bytes of one line; the bus carries no larger message. What is longer comes in pieces."""

_TIME_DIGITS: Final = 19


class RecordedFrame(NamedTuple):
    """One line of a recording."""

    recorded_ns: int
    """When the recorder received it, by the recorder's clock."""
    payload: bytes


class RecordedFeed(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording is of."""

    path: Path
    venue: str
    symbol: str


class _Update(msgspec.Struct):
    e: str
    s: str
    pu: msgspec.Raw = msgspec.Raw(b"")


class _Envelope(msgspec.Struct):
    data: _Update


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)


def open_recording(path: Path) -> RecordedFeed:
    """Return what the recording at *path* is of.

    Raises:
        StartError: there is no such file, or it is not a recording of a venue known here.
    """
    for count, frame in enumerate(read_frames(path)):
        if count >= PROBED_LINES:
            break
        try:
            update = _ENVELOPE.decode(frame.payload).data
        except msgspec.MsgspecError:
            continue
        if update.e == "depthUpdate":
            venue = BINANCE_USDM if update.pu else BINANCE
            return RecordedFeed(path=path, venue=venue, symbol=update.s)
    raise StartError(f"{path} holds no depth update: it is not a recording this can replay")


def read_frames(path: Path) -> Iterator[RecordedFrame]:
    """Yield the frames of the recording at *path*, in order.

    Raises:
        StartError: the file is missing, is not gzip, or ends in the middle.
    """
    recorded_ns = 0
    try:
        with gzip.open(path, "rb") as lines:
            while line := lines.readline(LINE_LIMIT):
                time, _, payload = line.partition(b" ")
                if payload and time.isdigit() and len(time) <= _TIME_DIGITS:
                    recorded_ns = int(time)
                else:
                    payload = line
                yield RecordedFrame(recorded_ns, payload.strip())
    except (OSError, EOFError, zlib.error) as error:
        raise StartError(f"cannot read the recording {path}: {error}") from error
