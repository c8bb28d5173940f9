"""What every store of the library promises; each implementation's test class inherits it."""

import asyncio
from collections.abc import Sequence
from itertools import count

import msgspec
import pytest

from trade2026.ports.library import (
    Entity,
    EntityKind,
    EntityQuery,
    EntityVersion,
    Library,
    Requirement,
    VersionStatus,
)

NOW_NS = 1_800_000_000_000_000_000
_NUMBERS = count(1)


def an_entity(name: str = "alpha", **changes: object) -> Entity:
    """Return a strategy; later ones have higher ids."""
    entity = Entity(
        id=f"00000000-0000-7000-8000-{next(_NUMBERS):012x}",
        kind=EntityKind.STRATEGY,
        name=name,
        description="Follows the Trend",
        owner="tess",
        tags=("crypto", "slow"),
        created_ns=NOW_NS,
    )
    return msgspec.structs.replace(entity, **changes)


def a_version(entity: Entity, version: str = "1.0.0", **changes: object) -> EntityVersion:
    """Return a version."""
    kept = EntityVersion(
        entity_id=entity.id,
        version=version,
        config=b'{"a":1.10,"b":"\\u0000\xc3\xa9","c":1E+400}',
        checksum="0" * 64,
        created_by="tess",
        created_ns=NOW_NS,
    )
    return msgspec.structs.replace(kept, **changes)


def needing(*entities: Entity) -> tuple[Requirement, ...]:
    """Return requirements of any version of *entities*, sorted."""
    return tuple(
        sorted(
            Requirement(entity_id=e.id, kind=e.kind, name=e.name, versions="*") for e in entities
        )
    )


async def keep(library: Library, *entities: Entity) -> None:
    """Keep *entities*, each with a first version."""
    async with library.changing() as change:
        for entity in entities:
            await change.add_entity(entity)
            await change.add_version(a_version(entity))


async def names(library: Library, **query: object) -> Sequence[str]:
    """Return the names of the entities that a query finds."""
    found = await library.list(msgspec.convert(query, EntityQuery))
    return [entity.name for entity in found]


class LibraryContract:
    """Tests that take the fixture `library` of the implementation, an empty store."""

    async def test_what_was_kept_is_found_as_it_was(self, library: Library) -> None:
        beta, alpha = an_entity("beta", kind=EntityKind.MODEL), an_entity(description="")
        first = a_version(alpha, requirements=needing(beta))
        await keep(library, beta)

        async with library.changing() as change:
            await change.add_entity(alpha)
            await change.add_version(first)

        assert await library.entity(alpha.id) == alpha
        assert await library.versions([alpha.id]) == [first]
        assert await library.versions([beta.id, alpha.id]) == [a_version(beta), first]
        assert await library.versions([]) == []
        assert await library.entity(an_entity().id) is None

    async def test_a_change_reads_what_is_kept_and_what_it_adds(self, library: Library) -> None:
        beta, alpha = an_entity("beta"), an_entity("alpha")
        await keep(library, beta)

        async with library.changing() as change:
            await change.add_entity(alpha)
            await change.add_version(a_version(alpha, requirements=needing(beta)))
            await change.add_version(a_version(alpha, "1.1.0", requirements=needing(beta)))
            found = await change.find(EntityKind.STRATEGY, "alpha")
            other = await change.find(EntityKind.MODEL, "alpha")
            by_id = await change.entity(beta.id)
            versions = await change.versions(alpha.id)
            edges = await change.edges()

        assert (found, other, by_id) == (alpha, None, beta)
        assert [version.version for version in versions] == ["1.0.0", "1.1.0"]
        assert edges == [(alpha.id, beta.id)]

    async def test_a_change_that_fails_keeps_nothing(self, library: Library) -> None:
        alpha = an_entity()

        with pytest.raises(RuntimeError):
            await self._keep_and_fail(library, alpha)

        assert await library.entity(alpha.id) is None
        assert await library.versions([alpha.id]) == []

    async def _keep_and_fail(self, library: Library, entity: Entity) -> None:
        async with library.changing() as change:
            await change.add_entity(entity)
            await change.add_version(a_version(entity))
            raise RuntimeError

    async def test_changes_come_one_after_another(self, library: Library) -> None:
        seen: list[bool] = []

        async def register() -> None:
            async with library.changing() as change:
                is_free = await change.find(EntityKind.STRATEGY, "alpha") is None
                seen.append(is_free)
                if is_free:
                    await asyncio.sleep(0.01)
                    await change.add_entity(an_entity())

        await asyncio.gather(*(register() for _ in range(5)))

        assert sorted(seen) == [False] * 4 + [True]
        assert len(await library.list(EntityQuery())) == 1

    async def test_a_list_is_the_newest_first_in_pages(self, library: Library) -> None:
        entities = [an_entity(name) for name in "abcde"]
        await keep(library, *entities)

        first = await library.list(EntityQuery(limit=2))
        second = await library.list(EntityQuery(limit=2, before_id=first[-1].id))

        assert [entity.name for entity in (*first, *second)] == ["e", "d", "c", "b"]

    async def test_a_list_is_of_what_was_asked_for(self, library: Library) -> None:
        await keep(
            library,
            an_entity("trend", tags=("crypto",)),
            an_entity("reversal", description="Fades the ÉLAN of 100%_it", tags=()),
            an_entity("net", kind=EntityKind.MODEL, description="", tags=("deep",)),
        )

        assert await names(library, kind="model") == ["net"]
        assert await names(library, status=VersionStatus.REGISTERED) == [
            *("net", "reversal", "trend")
        ]
        assert await names(library, tag="crypto") == ["trend"]
        assert await names(library, tag="cry") == []
        assert await names(library, words=["follows", "trend"]) == ["trend"]
        assert await names(library, words=["élan"]) == ["reversal"]
        assert await names(library, words=["100%_"]) == ["reversal"]
        assert await names(library, words=["%"], kind="model") == []
        assert await names(library, words=["deep"]) == ["net"]
        assert await names(library, words=["' OR true --"]) == []

    async def test_a_store_that_answers_is_reachable(self, library: Library) -> None:
        assert await library.is_reachable()
