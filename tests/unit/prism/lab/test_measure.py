"""A configuration is measured: every gate that one run can tell, and nothing is made or lost."""

import math

import msgspec
import pytest
from tests.unit.prism.markets import a_config

from trade2026.core.errors import InvalidInputError
from trade2026.domain.realism.battery import GATES
from trade2026.prism.digest import EventDigest
from trade2026.prism.lab.measure import alone, measure
from trade2026.prism.lab.record import START_NS, record

NEEDS_MORE = {
    "IN2", "LB1.mean", "LB1.worst", "LB2", "MS3", "MS3.hour", "MS4", "MS10", "MS10.hours",
    "SF5.own",
}  # fmt: skip
DAYS = 0.8


def test_all_gates_but_those_of_several_runs_are_measured() -> None:
    told: list[float] = []

    found = measure(a_config(), days=DAYS, seed=3, symbol="AAPL", on_progress=told.append)

    assert set(found) == {gate.name for gate in GATES} - NEEDS_MORE
    assert found["IN1.crossed"] == found["IN1.conserved"] == 0.0
    assert found["PF1"] > 0.0
    assert all(math.isfinite(value) for value in found.values())
    assert told[-1] == 1.0
    assert told == sorted(told)


def test_one_seed_is_one_session_and_another_is_another() -> None:
    digests = [EventDigest(START_NS) for _ in range(3)]
    runs = [
        record(alone(a_config(), "AAPL", seed), days=0.01, on_events=digest.add)
        for seed, digest in zip((3, 3, 4), digests, strict=True)
    ]
    one, again, other = (digest.hexdigest() for digest in digests)

    assert one == again != other
    assert runs[0].session.mid.tolist() == runs[1].session.mid.tolist()
    assert [digest.count for digest in digests] == [run.events for run in runs]


def test_a_symbol_among_others_is_the_same_as_alone() -> None:
    both = msgspec.structs.replace(a_config(3), symbols=a_config().symbols[3:5])

    among = record(both, days=0.01, symbol="MSFT")
    alone_ = record(alone(both, "MSFT", 3), days=0.01)

    assert among.session.mid.tolist() == alone_.session.mid.tolist()
    assert among.events > alone_.events


def test_an_unknown_symbol_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="XRP"):
        alone(a_config(), "XRP", 1)
