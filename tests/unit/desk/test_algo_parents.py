"""Of the parents that ended the newest are kept, and of older ones what nobody may forget."""

import pytest
from tests.algos import an_algo
from tests.factories import NOW_NS

from trade2026.core.errors import RefusedError
from trade2026.desk.algo_parents import Parents
from trade2026.domain.execution import step
from trade2026.domain.execution.algorithms import BY_NAME
from trade2026.domain.execution.parent import Parent
from trade2026.domain.execution.report import report_of
from trade2026.model import codec
from trade2026.model.algo import AlgoEvent, AlgoRequest, AlgoStatus, Seen


def asked(number: int) -> AlgoRequest:
    return an_algo(algo_id=f"algo-{number}", cl_algo_id=f"key-{number}")


def life_of(number: int) -> list[AlgoEvent]:
    """Return the log of a parent that was started and at once cancelled."""
    begun = step.started(asked(number), Seen(), None, NOW_NS)
    parents = Parents()
    parents.apply(begun)
    ending = step.ending(
        parents[begun.algo_id], AlgoStatus.CANCELLED, "", asked_by="x", seen=Seen(), ts_ns=NOW_NS
    )
    parents.apply(ending)
    parent = parents[begun.algo_id]
    report = report_of(parent, BY_NAME[parent.request.name], Seen(), NOW_NS)
    return [begun, ending, step.ended(parent, report, NOW_NS)]


def tell(parents: Parents, *numbers: int) -> None:
    for number in numbers:
        for event in life_of(number):
            parents.apply(event)
        parents.end(f"algo-{number}")


def again(parents: Parents, running: list[Parent]) -> Parents:
    """Return what a restart makes of the snapshot of *parents*."""
    made = Parents(ended_kept=2)
    keeper = made.keeper(on_thaw=running.append)
    keeper.thaw(codec.encode(parents.freeze()))
    return made


def ids(parents: Parents) -> list[str]:
    return [one.request.algo_id for one in parents.newest()]


def test_the_oldest_of_those_that_ended_is_forgotten() -> None:
    parents = Parents(ended_kept=2)
    parents.apply(life_of(0)[0])

    tell(parents, 1, 2, 3)

    assert ids(parents) == ["algo-3", "algo-2", "algo-0"]
    assert not parents.end("algo-1")


def test_what_is_forgotten_is_not_worked_again_under_its_key() -> None:
    parents = Parents(ended_kept=2)
    tell(parents, 1, 2, 3)

    for one in (parents, again(parents, [])):
        assert one.begun_as(asked(3)) is not None
        assert one.begun_as(asked(4)) is None
        with pytest.raises(RefusedError, match="long ago"):
            one.begun_as(asked(1))


def test_a_restart_takes_on_what_runs_and_knows_what_ended() -> None:
    parents, running = Parents(ended_kept=2), list[Parent]()
    parents.apply(life_of(0)[0])
    tell(parents, 1, 2, 3)

    made = again(parents, running)

    assert made.freeze() == parents.freeze()
    assert [one.request.algo_id for one in running] == ["algo-0"]


def test_the_log_read_again_changes_nothing() -> None:
    parents = Parents(ended_kept=2)
    tell(parents, 1, 2, 3)
    made = again(parents, [])

    tell(made, 1, 2, 3)

    assert made.freeze() == parents.freeze()
