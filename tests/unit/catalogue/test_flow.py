"""Data flows one way: every subject has its giver and its takers, every loop is declared."""

from typing import Any, Final

import pytest

from trade2026.catalogue.flow import flow_of
from trade2026.catalogue.table import BY_NAME, TABLE
from trade2026.model.subjects import SUBJECTS, Command, Event, Live

ORDER: Final = (
    "authn",
    "library",
    "gateway",
    "normalizer",
    "risk",
    "oms",
    "exeq",
    "live-gateway",
    "PRISM",
    "ptrc",
    "pnl",
    "hot_cache",
    "sink-ticks",
    "nginx",
)
"""The flow: market data in, prices, checks, orders, execution, venue, positions, P&L, stores,
screens."""

Subject = Command[Any, Any] | Event[Any] | Live[Any]


def pattern_of(subject: Subject) -> str:
    return subject.pattern


each_subject = pytest.mark.parametrize("subject", SUBJECTS, ids=pattern_of)


@each_subject
def test_a_subject_has_a_giver_and_a_taker_that_exist_and_are_built(subject: Subject) -> None:
    assert subject.takers
    for name in (subject.giver, *subject.takers):
        assert not BY_NAME[name].is_planned, name


@each_subject
def test_no_taker_is_named_twice_and_every_loop_ends_at_a_taker(subject: Subject) -> None:
    assert len(set(subject.takers)) == len(subject.takers)
    assert set(subject.fed_back) <= set(subject.takers)


@each_subject
def test_a_command_has_one_handler(subject: Subject) -> None:
    assert len(subject.takers) == 1 or not isinstance(subject, Command)


@each_subject
def test_only_declared_loops_go_back(subject: Subject) -> None:
    giver = ORDER.index(subject.giver)

    back = {name for name in subject.takers if ORDER.index(name) <= giver}

    assert back == set(subject.fed_back)


@pytest.mark.parametrize("component", TABLE, ids=lambda component: component.name)
def test_a_components_flow_is_that_of_the_subjects(component: Any) -> None:
    flow = flow_of(component)

    for subject in SUBJECTS:
        is_taker = component.name in subject.takers
        is_loop = component.name in subject.fed_back
        assert (subject.pattern in flow.gives) == (subject.giver == component.name)
        assert (subject.pattern in flow.takes) == (is_taker and not is_loop)
        assert (subject.pattern in flow.fed_back) == is_loop


def test_a_planned_component_touches_no_subject() -> None:
    for component in TABLE:
        if component.is_planned:
            flow = flow_of(component)
            assert flow.gives + flow.takes + flow.fed_back == ()
