"""The library port in this process, for tests and for a platform without a database."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from trade2026.ports.library import Entity, EntityKind, EntityQuery, EntityVersion


class MemoryLibrary:
    """Entities that end with the process."""

    def __init__(self) -> None:
        self._entities: dict[str, Entity] = {}
        self._versions: list[EntityVersion] = []
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def changing(self) -> AsyncGenerator["_Change"]:
        """Give the sole right to change; all is kept at the end of the block, or nothing."""
        async with self._lock:
            change = _Change(dict(self._entities), list(self._versions))
            yield change
            self._entities, self._versions = change.all_entities, change.all_versions

    async def list(self, query: EntityQuery) -> Sequence[Entity]:
        """Return the entities that *query* asks for, the newest first."""
        found = [entity for entity in self._entities.values() if self._matches(entity, query)]
        return sorted(found, key=lambda entity: entity.id, reverse=True)[: query.limit]

    async def entity(self, entity_id: str) -> Entity | None:
        """Return the entity of that id."""
        return self._entities.get(entity_id)

    async def versions(self, entity_ids: Sequence[str]) -> Sequence[EntityVersion]:
        """Return all versions of these entities, in the order they were registered."""
        return [version for version in self._versions if version.entity_id in entity_ids]

    async def is_reachable(self) -> bool:
        """Return True: memory is always there."""
        return True

    async def close(self) -> None:
        """Forget everything."""
        self._entities.clear()
        self._versions.clear()

    def _matches(self, entity: Entity, query: EntityQuery) -> bool:
        statuses = {v.status for v in self._versions if v.entity_id == entity.id}
        return (
            query.kind in {None, entity.kind}
            and (query.status is None or query.status in statuses)
            and all(word in entity.search_text for word in query.words)
            and (query.tag is None or query.tag in entity.tags)
            and (query.before_id is None or entity.id < query.before_id)
        )


class _Change:
    def __init__(self, entities: dict[str, Entity], versions: list[EntityVersion]) -> None:
        self.all_entities = entities
        self.all_versions = versions

    async def find(self, kind: EntityKind, name: str) -> Entity | None:
        found = (e for e in self.all_entities.values() if (e.kind, e.name) == (kind, name))
        return next(found, None)

    async def entity(self, entity_id: str) -> Entity | None:
        return self.all_entities.get(entity_id)

    async def versions(self, entity_id: str) -> Sequence[EntityVersion]:
        return [version for version in self.all_versions if version.entity_id == entity_id]

    async def edges(self) -> Sequence[tuple[str, str]]:
        pairs = {(v.entity_id, r.entity_id) for v in self.all_versions for r in v.requirements}
        return sorted(pairs)

    async def add_entity(self, entity: Entity) -> None:
        self.all_entities[entity.id] = entity

    async def add_version(self, version: EntityVersion) -> None:
        self.all_versions.append(version)
