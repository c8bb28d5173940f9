"""A tape gives back what was written on it, in the shape that leaves the engine."""

import numpy as np

from trade2026.prism.engine.event import (
    COLUMNS,
    MARKET_EVENT,
    grown_tape,
    new_tape,
    take_events,
)


def test_taking_events_empties_the_tape() -> None:
    tape = new_tape(4)
    tape[0, 0] = 2
    tape[1] = np.arange(COLUMNS)
    tape[2] = np.arange(COLUMNS) + 20

    events = take_events(tape)

    assert events.dtype == MARKET_EVENT
    assert [tuple(event) for event in events.tolist()] == [
        tuple(range(COLUMNS)),
        tuple(range(20, 20 + COLUMNS)),
    ]
    assert len(take_events(tape)) == 0


def test_a_grown_tape_keeps_its_events() -> None:
    tape = new_tape(2)
    tape[0, 0] = 2
    tape[2] = 9

    grown = grown_tape(tape)

    assert len(grown) == 5
    assert take_events(grown).tolist() == take_events(tape).tolist()
