"""Nanoseconds a message in the compiled order book, and in the plain one that defines it.

``python benchmarks/book.py`` prints a line for each book: the median and the best of seven
runs, after one to warm up. The flow is 60 % orders and 40 % cancels around a wandering price,
a tenth of the orders at the market; making it is not timed, and neither is reading the events.
"""

import statistics
import time

import numpy as np
from numpy.typing import NDArray

from trade2026.core.chance import stream
from trade2026.prism.engine.book import Book
from trade2026.prism.engine.message import BUY, MESSAGE, SELL, Action, Force, Kind
from trade2026.prism.engine.reference import ReferenceBook

MESSAGES = 200_000
RUNS = 7
OWNERS = 40


def flow() -> NDArray[np.void]:
    """Return the messages, the same in every run."""
    luck = stream(1, "benchmarks/book")
    rows = np.arange(MESSAGES)
    is_cancel = luck.random(MESSAGES) < 0.4
    messages = np.zeros(MESSAGES, MESSAGE)
    messages["action"] = np.where(is_cancel, Action.CANCEL, Action.PLACE)
    older = np.maximum(1, rows - luck.integers(0, 500, MESSAGES))
    messages["number"] = np.where(is_cancel, older, rows + 1)
    messages["owner"] = luck.integers(0, OWNERS, MESSAGES)
    messages["side"] = luck.choice([BUY, SELL], MESSAGES)
    messages["kind"] = np.where(luck.random(MESSAGES) < 0.1, Kind.MARKET, Kind.LIMIT)
    messages["force"] = Force.GTC
    centre = 50_000 + np.cumsum(luck.integers(-1, 2, MESSAGES))
    messages["ticks"] = centre - messages["side"] * luck.integers(-10, 40, MESSAGES)
    messages["lots"] = luck.integers(1, 100, MESSAGES)
    return messages


def seconds(book: Book | ReferenceBook, messages: NDArray[np.void]) -> float:
    """Return how long *book* takes for all messages."""
    started = time.perf_counter()
    book.process(messages)
    return time.perf_counter() - started


def report(name: str, times: list[float], events: int) -> None:
    """Print one line of figures."""
    median, best = (1e9 * took / MESSAGES for took in (statistics.median(times), min(times)))
    print(
        f"{name}: {MESSAGES} messages, {events} events, {median:,.0f} ns/message median, ", end=""
    )
    print(f"{best:,.0f} best")


def main() -> None:
    """Measure both books."""
    messages = flow()
    seconds(Book(), messages)
    times: list[float] = []
    events = 0
    for _ in range(RUNS):
        book = Book(capacity=32_768)
        times.append(seconds(book, messages))
        events = len(book.take_events())
    report("compiled", times, events)
    plain = ReferenceBook()
    report("plain", [seconds(plain, messages)], len(plain.take_events()))


if __name__ == "__main__":
    main()
