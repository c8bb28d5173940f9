"""The matching kernel against the C++ ladder, and the books that Python can install."""

import statistics
import time
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from benchmarks.prism.gates import Figure
from benchmarks.prism.native import Ladder, Native
from benchmarks.prism.ours import OurBook
from numpy.typing import NDArray

CHUNK: Final = 8_192
"""Messages between two clearings of the tape."""
ORDERS: Final = 1 << 17
"""Orders for which both books have room."""
PREFIX: Final = 100_000
"""Messages of the flow for the peers, which are slower."""


class Contestant(Protocol):
    """A book under measurement."""

    def run(self, messages: NDArray[np.void], start: int, end: int) -> None:
        """Handle rows *start* to *end*."""
        ...

    def clear(self) -> None:
        """Forget what happened."""
        ...

    def close(self) -> None:
        """Give memory back."""
        ...


def seconds(book: Contestant, messages: NDArray[np.void]) -> float:
    """Return what *book* takes of a processor for all messages, in chunks; closes it."""
    run, clear, count = book.run, book.clear, len(messages)
    started = time.thread_time()
    for start in range(0, count, CHUNK):
        run(messages, start, min(count, start + CHUNK))
        clear()
    took = time.thread_time() - started
    book.close()
    return took


def agree(ladder: Ladder, ours: OurBook, messages: NDArray[np.void]) -> tuple[int, int]:
    """Assert that both make the same trades in the same order; return their number and lots."""
    count, trades, lots = len(messages), 0, 0
    for start in range(0, count, CHUNK):
        end = min(count, start + CHUNK)
        ladder.run(messages, start, end)
        ours.run(messages, start, end)
        theirs, mine = ladder.take_trades(), ours.take_trades()
        assert np.array_equal(theirs, mine), f"other trades in rows {start} to {end}"
        trades += len(mine)
        lots += int(mine["lots"].sum())
    ladder.close()
    return trades, lots


def measure(native: Native, messages: NDArray[np.void], repeats: int) -> dict[str, Figure]:
    """Run all in turn, *repeats* times, and compare them within each turn."""
    count = len(messages)

    def ladder(*, ahead: bool = False) -> Ladder:
        return Ladder(native, orders=ORDERS, numbers=count, ahead=ahead)

    def ours() -> OurBook:
        return OurBook(orders=ORDERS)

    trades, lots = agree(ladder(), ours(), messages)
    print(f"same flow: {count:,} messages, {trades:,} trades of {lots:,} lots, equal one by one")
    turns: list[tuple[float, float, float]] = []
    for _ in range(repeats):
        theirs, mine = seconds(ladder(), messages), seconds(ours(), messages)
        turns.append((theirs, mine, seconds(ladder(ahead=True), messages)))
    plain, mine, ahead = (statistics.median(column) for column in zip(*turns, strict=True))
    ratio = statistics.median(b / a for a, b, _ in turns)
    by_ahead = statistics.median(b / c for _, b, c in turns)
    text = (
        f"ours {1e9 * mine / count:.1f} ns, C++ ladder {1e9 * plain / count:.1f} ns a message; "
        f"ratios {' '.join(f'{b / a:.2f}' for a, b, _ in turns)}; "
        f"ladder with our look-ahead {1e9 * ahead / count:.1f} ns, ours is {by_ahead:.2f} x that"
    )
    return {"kernel": Figure(value=ratio, text=text)}


def save_prefix(messages: NDArray[np.void], path: Path, count: int = PREFIX) -> int:
    """Write the first *count* messages for the peers, `(n, 6) int64`; return how many.

    The columns are number, whether it is a cancel, side, whether at the market, ticks, lots.
    """
    part = messages[:count]
    columns = (part["number"], part["action"], part["side"], part["kind"] == 2)
    rows = np.stack([*columns, part["ticks"], part["lots"]], axis=1).astype(np.int64)
    np.save(path, rows)
    return len(rows)
