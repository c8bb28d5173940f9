"""The table: 26 components, no port twice, lanes and needs that make sense."""

from collections import Counter

import pytest

from trade2026.catalogue.component import Component, Engine, Group, Lane
from trade2026.catalogue.table import BY_NAME, TABLE, group_members

CONTRACT_PORTS = {
    "NATS": (4222, 8222),
    "Valkey": (6379,),
    "QuestDB": (9000, 8812, 9009),
    "ClickHouse": (8123,),
    "SeaweedFS": (8333, 9333, 8081, 8334, 9334, 8082, 8340, 8341, 2340, 12340),
    "OpenSearch": (9200, 9600),
    "PostgreSQL": (5433,),
    "OPA": (8181,),
    "gateway": (8080,),
    "normalizer": (8091,),
    "sink-ticks": (8111, 9111),
    "sink-alt": (8112, 9112),
    "questdb_writer": (8090, 9090),
    "live-gateway": (8200,),
    "risk": (8103, 9103),
    "oms": (8099, 9099),
    "exeq": (8095, 9095),
    "ptrc": (8109, 9109),
    "pnl": (8100, 9100),
    "hot_cache": (8088, 9088),
    "execution-quality": (8092, 9092),
    "feast-pipeline": (8113, 9113),
    "library": (8350,),
    "authn": (8114,),
    "nginx": (2026,),
    "PRISM": (8360,),
}
"""What the platform promises; a metrics port stands last."""

each_component = pytest.mark.parametrize("component", TABLE, ids=lambda component: component.name)


def ports_of(component: Component) -> tuple[int, ...]:
    metrics = () if component.metrics_port is None else (component.metrics_port,)
    return (*(port.number for port in component.ports), *metrics)


def test_there_are_26_components_and_no_name_twice() -> None:
    assert len(TABLE) == len(BY_NAME) == 26


@each_component
def test_the_ports_are_those_of_the_contract(component: Component) -> None:
    assert ports_of(component) == CONTRACT_PORTS[component.name]


def test_no_port_is_taken_twice() -> None:
    taken = Counter(port for component in TABLE for port in ports_of(component))

    assert [port for port, times in taken.items() if times > 1] == []


@each_component
def test_a_component_needs_only_what_exists_and_never_itself(component: Component) -> None:
    assert set(component.needs) <= set(BY_NAME) - {component.name}


@each_component
def test_what_is_built_needs_nothing_that_is_planned(component: Component) -> None:
    if not component.is_planned:
        assert [need for need in component.needs if BY_NAME[need].is_planned] == []


@each_component
def test_a_component_shares_a_lane_with_all_it_needs_or_stands_at_the_edge(
    component: Component,
) -> None:
    # The edge reaches the others through their own doors, not over a network of its own.
    if component.lanes != (Lane.FRONTEND,):
        for need in component.needs:
            if need != "NATS":
                assert set(component.lanes) & set(BY_NAME[need].lanes), need


def test_planned_components_are_started_by_nobody() -> None:
    started = [component for group in Group for component in group_members(group)]

    assert all(component.engine is not Engine.PLANNED for component in started)
    assert {c.name for c in started} == {c.name for c in TABLE if not c.is_planned}


def test_ports_and_modules_are_found_by_name() -> None:
    nats = BY_NAME["NATS"]

    assert (nats.port(), nats.port("http")) == (4222, 8222)
    assert BY_NAME["feast-pipeline"].module == "feast_pipeline"
    with pytest.raises(KeyError):
        nats.port("grpc")


@each_component
def test_a_health_port_is_a_port_of_the_component(component: Component) -> None:
    assert component.port(component.health_port) > 0
