"""How many recorded frames a second the normalising stage takes on one core.

``TRADE2026_DATA=<folder> python benchmarks/normaliser.py`` prints a line for each recording:
the median and the best of five runs, after one to warm up. Reading the file is not timed;
frames come in batches of 500, as from the log.
"""

import os
import statistics
import sys
import time
from pathlib import Path

from trade2026.adapters.recording import open_recording, read_frames
from trade2026.core.clock import TimeNs
from trade2026.domain.market import normalizer
from trade2026.domain.market.feed import FeedState, open_feed
from trade2026.domain.market.numeral import Numerals
from trade2026.model.market import RawBatch, RawFrame

RECORDINGS = ("binance-spot-btcusdt-20240808.gz", "binance-usdm-btcusdt-20240808.gz")
BATCH = 500
RUNS = 5


def batches_of(path: Path) -> list[RawBatch]:
    """Return the recording as the batches the log would hold."""
    feed = open_recording(path)
    frames = [
        RawFrame(ts_recv_ns=TimeNs(frame.recorded_ns), payload=frame.payload)
        for frame in read_frames(path)
    ]
    return [
        RawBatch(
            venue=feed.venue,
            symbol=feed.symbol,
            session="benchmark",
            first_index=start,
            frames=tuple(frames[start : start + BATCH]),
        )
        for start in range(0, len(frames), BATCH)
    ]


def run(batches: list[RawBatch]) -> tuple[float, FeedState]:
    """Return the seconds that one pass takes, and the state it ends in."""
    state = open_feed(batches[0].venue, batches[0].symbol)
    assert state is not None
    numerals = Numerals()
    started = time.perf_counter()
    for batch in batches:
        normalizer.step(state, batch, numerals)
    return time.perf_counter() - started, state


def main() -> int:
    """Print the rates; exit with 1 where the data are missing or a book is out of sync."""
    folder = os.environ.get("TRADE2026_DATA", "")  # noqa: TID251 - a benchmark has no settings.
    if not folder:
        print("TRADE2026_DATA does not name the folder of recordings", file=sys.stderr)
        return 1
    for name in RECORDINGS:
        batches = batches_of(Path(folder) / name)
        frames = sum(len(batch.frames) for batch in batches)
        run(batches)
        times: list[float] = []
        for _ in range(RUNS):
            seconds, state = run(batches)
            times.append(seconds)
            if not state.sync.is_synced or state.sync.gap_count or state.counts.malformed:
                print(f"{name}: the book is not in sync", file=sys.stderr)
                return 1
        median = frames / statistics.median(times)
        best = frames / min(times)
        print(f"{name}: {frames} frames, {median:,.0f} frames/s median, {best:,.0f} best")
    return 0


if __name__ == "__main__":
    sys.exit(main())
