"""What the library keeps: entities, their versions, and what these require of one another.

An entity is known by its kind and name; a version of it never changes once it is registered.
A requirement names another entity and a range of its versions.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Protocol

import msgspec


class EntityKind(StrEnum):
    """What an entity is."""

    STRATEGY = "strategy"
    PIPELINE = "pipeline"
    MODEL = "model"
    FEATURE_SET = "feature_set"
    TRANSFORMER = "transformer"
    VALIDATOR = "validator"
    OPTIMIZER = "optimizer"


class VersionStatus(StrEnum):
    """How far a version has come."""

    REGISTERED = "registered"


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy, a model, or another thing that is kept in versions."""

    id: str
    """A UUIDv7."""
    kind: EntityKind
    name: str
    description: str
    owner: str
    """Who registered it."""
    tags: tuple[str, ...]
    created_ns: int

    @property
    def search_text(self) -> str:
        """Return what a search looks in, without regard to case."""
        return "\n".join((self.name, self.description, *self.tags)).casefold()


class Requirement(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What a version needs of another entity."""

    entity_id: str
    kind: EntityKind
    name: str
    versions: str
    """The range as it was sent, such as ``^1.2``."""


class EntityVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an entity."""

    entity_id: str
    version: str
    """Semantic version, without build metadata."""
    status: VersionStatus = VersionStatus.REGISTERED
    config: bytes
    """Canonical JSON: sorted keys, numbers as exact as they came."""
    requirements: tuple[Requirement, ...] = ()
    """Sorted."""
    checksum: str
    """SHA-256 of the content, as 64 hexadecimal digits."""
    created_by: str
    created_ns: int


class EntityQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which entities to list, the newest first."""

    kind: EntityKind | None = None
    status: VersionStatus | None = None
    """Those with a version of that status."""
    words: tuple[str, ...] = ()
    """Case-folded; each must stand in the entity's search text."""
    tag: str | None = None
    before_id: str | None = None
    """Only entities registered before that one."""
    limit: int = 50


class Changing(Protocol):
    """A change of the library: what is read in it holds until the change is kept."""

    async def find(self, kind: EntityKind, name: str) -> Entity | None:
        """Return the entity of that kind and name."""
        ...

    async def entity(self, entity_id: str) -> Entity | None:
        """Return the entity of that id."""
        ...

    async def versions(self, entity_id: str) -> Sequence[EntityVersion]:
        """Return all versions of an entity, in the order they were registered."""
        ...

    async def edges(self) -> Sequence[tuple[str, str]]:
        """Return each pair of ids of which any version of the first requires the second."""
        ...

    async def add_entity(self, entity: Entity) -> None:
        """Add an entity; its kind and name are free."""
        ...

    async def add_version(self, version: EntityVersion) -> None:
        """Add a version of an entity that is there."""
        ...


class Library(Protocol):
    """What the library asks of its store. Every method may raise `UnavailableError`."""

    def changing(self) -> AbstractAsyncContextManager[Changing]:
        """Give the sole right to change; all is kept at the end of the block, or nothing.

        Raises:
            UnavailableError: the store did not answer; whether the change is kept is unknown.
        """
        ...

    async def list(self, query: EntityQuery) -> Sequence[Entity]:
        """Return the entities that *query* asks for, the newest first."""
        ...

    async def entity(self, entity_id: str) -> Entity | None:
        """Return the entity of that id."""
        ...

    async def versions(self, entity_ids: Sequence[str]) -> Sequence[EntityVersion]:
        """Return all versions of these entities, in the order they were registered."""
        ...

    async def is_reachable(self) -> bool:
        """Return whether the store answers at this moment."""
        ...

    async def close(self) -> None:
        """Leave."""
        ...
