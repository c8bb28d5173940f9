"""The compiled book gives the events and the state of the plain one, a million times over."""

from dataclasses import dataclass

import numpy as np
import pytest
from tests.contract.book.messages import (
    NUMBER,
    OWNER,
    check_levels,
    check_quantities,
    check_state,
    random_messages,
)

from trade2026.prism.engine.book import Book
from trade2026.prism.engine.event import EventKind, EventReason
from trade2026.prism.engine.reference import ReferenceBook

MESSAGES = 1_000_000
"""Over all flows: so many random messages make the same events in both books."""
CHUNK = 50_000


@dataclass(frozen=True)
class Flow:
    """One kind of market."""

    seed: int
    width: int
    owners: int
    cancels: float


FLOWS = (
    Flow(seed=1, width=20, owners=40, cancels=0.40),  # deep queues at few prices
    Flow(seed=2, width=400, owners=40, cancels=0.40),  # many thin levels
    Flow(seed=3, width=60, owners=3, cancels=0.30),  # owners keep meeting themselves
    Flow(seed=4, width=2_000, owners=100, cancels=0.10),  # grows all the time
    Flow(seed=5, width=100, owners=1_000, cancels=0.45),
)


EACH = MESSAGES // len(FLOWS)


def test_the_flows_have_a_million_messages_together() -> None:
    assert len({flow.seed for flow in FLOWS}) * EACH == MESSAGES >= 1_000_000


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: f"seed-{flow.seed}")
def test_both_books_agree_on_every_message(flow: Flow) -> None:
    messages = random_messages(
        flow.seed, EACH, width=flow.width, owners=flow.owners, cancels=flow.cancels
    )
    plain, fast = ReferenceBook(), Book(capacity=64)
    every: list[np.ndarray] = []
    compared = 0

    for start in range(0, len(messages), CHUNK):
        chunk = messages[start : start + CHUNK]
        plain.process(chunk, now=start)
        fast.process(chunk, now=start)
        events = fast.take_events()
        every.append(events)
        assert np.array_equal(events, plain.take_events())
        assert np.array_equal(fast.resting(), plain.resting())
        check_state(fast)
        compared += len(chunk)

    assert compared == EACH
    events = np.concatenate(every)
    check_quantities(messages, events, fast.resting())
    check_levels(events, fast)
    assert set(np.unique(events["kind"]).tolist()) == {int(kind) for kind in EventKind}
    assert set(np.unique(events["reason"]).tolist()) == {int(reason) for reason in EventReason}


def test_at_one_price_orders_trade_in_the_order_of_their_arrival() -> None:
    messages = random_messages(6, 100_000, width=20, owners=40, cancels=0.3)
    messages[:, NUMBER] = np.where(messages[:, 0] == 0, np.arange(1, len(messages) + 1), 1)
    messages[:, OWNER] = np.arange(len(messages))
    book = Book()

    book.process(messages)

    events = book.take_events()
    trades = events[events["kind"] == EventKind.TRADE]
    last: dict[tuple[int, int], int] = {}
    for side, ticks, maker in trades[["side", "ticks", "maker_number"]].tolist():
        assert maker >= last.get((side, ticks), 0)
        last[side, ticks] = maker
    assert len(trades) > 10_000
