"""A short run of the fuzzer, as `make fuzz` runs it, and its own parts."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from tests.book.notation import Records, parse
from tests.fuzz.flow import Flow
from tests.fuzz.shrink import shrunk

from trade2026.prism.engine.event import EventKind, EventReason
from trade2026.prism.engine.message import MESSAGE, Action
from trade2026.prism.engine.reference import ReferenceBook

ROOT: Final = Path(__file__).parents[2]


@pytest.mark.timeout(600)  # A cold start compiles all kernels anew.
def test_both_books_agree_on_random_messages_with_bounds_checked() -> None:
    # A process of its own: Numba reads its switch when it is imported.
    settings = ["NUMBA_BOUNDSCHECK=1", f"PYTHONPATH={ROOT / 'src'}"]
    asked = ["--seed", "1", "--messages", "100000", "--each", "10000"]
    done = subprocess.run(
        ["env", *settings, sys.executable, "-m", "tests.fuzz", *asked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "with bounds checks" in done.stdout
    assert "100,000 messages of 10 seeds" in done.stdout
    assert "both books agree" in done.stdout


def test_a_seed_tells_the_same_whenever_it_is_asked() -> None:
    one, other, third = Flow(7), Flow(7), Flow(8)

    first = one.chunk(500)

    assert np.array_equal(first, other.chunk(500))
    assert not np.array_equal(first, third.chunk(500))
    assert not np.array_equal(first, one.chunk(500))


def test_the_flows_make_every_kind_of_event_for_every_reason() -> None:
    kinds: set[int] = set()
    reasons: set[int] = set()
    for seed in range(12):
        book, flow = ReferenceBook(), Flow(seed)
        book.process(flow.chunk(2_000))
        events = book.take_events()
        kinds |= set(events["kind"].tolist())
        reasons |= set(events["reason"].tolist())

    assert kinds == set(EventKind)
    assert reasons == set(EventReason)


def test_what_fails_is_made_short() -> None:
    messages = Flow(3).chunk(400)
    messages[[20, 150, 390]] = [parse(f"reduce #{n} by 1")[0] for n in (1, 2, 3)]
    messages["number"][messages["action"] == Action.PLACE] = 9
    tries: list[int] = []

    def is_failing(part: Records) -> bool:
        assert part.dtype == MESSAGE
        tries.append(len(part))
        reduced = part["number"][part["action"] == Action.REDUCE].tolist()
        return [n for n in reduced if n in {1, 2, 3}] == [1, 2, 3]

    short = shrunk(messages, is_failing)

    assert short["number"].tolist() == [1, 2, 3]
    assert len(tries) < 200
