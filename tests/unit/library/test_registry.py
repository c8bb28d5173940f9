"""What may be registered: no name twice, no version changed, nothing missing, no circle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trade2026.adapters.stores.memory_library import MemoryLibrary
from trade2026.core import chance
from trade2026.core.clock import VirtualClock
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.ids import Ids
from trade2026.library import registry as rules
from trade2026.library.registry import Draft, Need, Profile, Registry, find_circle
from trade2026.ports.library import EntityKind, EntityQuery


@pytest.fixture
def store() -> MemoryLibrary:
    return MemoryLibrary()


@pytest.fixture
def registry(store: MemoryLibrary) -> Registry:
    clock = VirtualClock(1)
    return Registry(store, clock, Ids(clock, chance.stream(1, "ids")))


def a_profile(name: str = "alpha", **changes: object) -> Profile:
    return Profile(**{"kind": EntityKind.MODEL, "name": name, **changes})  # pyright: ignore[reportArgumentType] - any field


def a_draft(version: str = "1.0.0", *needs: Need, config: bytes = b"{}") -> Draft:
    return Draft(version=version, config=config, needs=needs, asked_by="tess")


def need(name: str, versions: str = "*") -> Need:
    return Need(kind=EntityKind.MODEL, name=name, versions=versions)


async def registered(registry: Registry, name: str, *needs: Need) -> str:
    found = await registry.register(a_profile(name), a_draft("1.0.0", *needs))
    return found.entity.id


async def test_an_entity_is_registered_with_its_first_version(
    registry: Registry, store: MemoryLibrary
) -> None:
    profile = a_profile(description="Finds\nit", tags=("b", "a", "b"))

    found = await registry.register(profile, a_draft(config=b'{ "x": 1 }'))

    assert found.is_new
    assert (found.entity.owner, found.entity.tags) == ("tess", ("a", "b"))
    assert (found.version.version, found.version.config) == ("1.0.0", b'{"x":1}')
    assert await store.list(EntityQuery()) == [found.entity]
    assert await store.versions([found.entity.id]) == [found.version]


async def test_a_kind_and_name_is_registered_once(registry: Registry) -> None:
    await registry.register(a_profile(), a_draft())

    with pytest.raises(RefusedError, match="already"):
        await registry.register(a_profile(), a_draft("2.0.0"))
    assert (await registry.register(a_profile(kind=EntityKind.STRATEGY), a_draft())).is_new


async def test_the_same_version_again_is_the_same_and_another_content_a_conflict(
    registry: Registry, store: MemoryLibrary
) -> None:
    first = await registry.register(a_profile(), a_draft(config=b'{"a":1,"b":2}'))

    again = await registry.add_version(first.entity.id, a_draft(config=b'{"b": 2, "a": 1}'))

    assert again is not None
    assert (again.is_new, again.version) == (False, first.version)
    with pytest.raises(RefusedError, match="other content"):
        await registry.add_version(first.entity.id, a_draft(config=b'{"a":1}'))
    assert await store.versions([first.entity.id]) == [first.version]


async def test_a_version_of_an_unknown_entity_is_not_registered(registry: Registry) -> None:
    assert await registry.add_version("nobody", a_draft()) is None


async def test_a_requirement_is_met_by_what_is_there(registry: Registry) -> None:
    beta = await registered(registry, "beta")
    await registry.add_version(beta, a_draft("1.3.0"))

    found = await registry.register(a_profile(), a_draft("1.0.0", need("beta", "^1.2")))

    (kept,) = found.version.requirements
    assert (kept.entity_id, kept.name, kept.versions) == (beta, "beta", "^1.2")


@pytest.mark.parametrize(
    ("wanted", "field", "why"),
    [
        ([need("gamma")], "requirements[0]", "no model gamma"),
        ([need("beta", "^2")], "requirements[0]", "no version of beta"),
        ([need("beta"), need("beta")], "requirements[1]", "twice"),
        ([need("beta", "nonsense")], "requirements[0].versions", "comparator"),
        ([need("Beta")], "requirements[0].name", "lower-case"),
        ([need("alpha")], "requirements[0]", "itself"),
        ([need("beta")] * 51, "requirements", "at most 50"),
    ],
)
async def test_a_requirement_that_cannot_be_met_is_refused_and_nothing_is_kept(
    registry: Registry, store: MemoryLibrary, wanted: list[Need], field: str, why: str
) -> None:
    await registered(registry, "beta")

    with pytest.raises(InvalidInputError, match=why) as refused:
        await registry.register(a_profile(), a_draft("1.0.0", *wanted))

    assert refused.value.field == field
    assert [entity.name for entity in await store.list(EntityQuery())] == ["beta"]


async def test_a_circle_of_requirements_is_refused(registry: Registry) -> None:
    a = await registered(registry, "a")
    b = await registered(registry, "b", need("a"))
    await registered(registry, "c", need("b"))

    with pytest.raises(InvalidInputError, match="c requires a itself"):
        await registry.add_version(a, a_draft("2.0.0", need("c")))
    # A diamond is no circle.
    await registered(registry, "d", need("a"))
    diamond = await registry.add_version(b, a_draft("2.0.0", need("d"), need("a")))
    assert diamond is not None
    assert diamond.is_new


@pytest.mark.parametrize(
    ("profile", "field"),
    [
        (a_profile(""), "name"),
        (a_profile("Alpha"), "name"),
        (a_profile("-alpha"), "name"),
        (a_profile("a" * 65), "name"),
        (a_profile(description="x" * 4_001), "description"),
        (a_profile(description="\0"), "description"),
        (a_profile(tags=["a"] * 21), "tags"),
        (a_profile(tags=["fine", "not fine"]), "tags[1]"),
    ],
)
async def test_a_malformed_profile_is_refused_with_its_field(
    registry: Registry, profile: Profile, field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await registry.register(profile, a_draft())

    assert refused.value.field == field


async def test_an_entity_has_no_more_versions_than_the_limit(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "VERSIONS_MAX", 2)
    alpha = await registered(registry, "alpha")
    await registry.add_version(alpha, a_draft("1.0.1"))

    with pytest.raises(RefusedError, match="the most"):
        await registry.add_version(alpha, a_draft("1.0.2"))
    again = await registry.add_version(alpha, a_draft("1.0.1"))
    assert again is not None


nodes = st.integers(0, 5).map(str)


@given(edges=st.lists(st.tuples(nodes, nodes), max_size=12), entity=nodes, wanted=st.sets(nodes))
def test_a_circle_is_found_exactly_where_there_is_a_way_back(
    edges: list[tuple[str, str]], entity: str, wanted: set[str]
) -> None:
    reach = {node: {node} for node in map(str, range(6))}
    for _ in range(6):
        for first, second in edges:
            for reached in reach.values():
                if first in reached:
                    reached.add(second)

    found = find_circle(entity, sorted(wanted), edges)

    ways_back = {node for node in wanted if entity in reach[node]}
    assert (found is not None) == bool(ways_back)
    assert found is None or found in ways_back
