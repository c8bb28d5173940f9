"""Registering entities and versions: what is refused, and what is kept.

A version never changes. The same content sent again is the same version; other content under
the same number is a conflict. A requirement must name an entity that is there and has a
version in the range, and entities must not require one another in a circle, whatever the
version: what is required comes first.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from trade2026.core.clock import Clock
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.ids import Ids
from trade2026.library.content import canonical_config, checksum_of
from trade2026.library.semver import parse_range, parse_version
from trade2026.ports.library import (
    Changing,
    Entity,
    EntityKind,
    EntityVersion,
    Library,
    Requirement,
)

DESCRIPTION_MAX: Final = 4_000
TAGS_MAX: Final = 20
REQUIREMENTS_MAX: Final = 50
VERSIONS_MAX: Final = 1_000
"""Of one entity."""

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?", re.ASCII)


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement as it is asked for."""

    kind: EntityKind
    name: str
    versions: str = "*"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A version to be registered."""

    version: str
    config: bytes
    """Any JSON object."""
    needs: Sequence[Need] = ()
    asked_by: str


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """An entity to be registered."""

    kind: EntityKind
    name: str
    """Lower-case letters, digits, `.`, `_` and `-`."""
    description: str = ""
    tags: Sequence[str] = ()


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """A version in the library, and whether it is there only since now."""

    entity: Entity
    version: EntityVersion
    is_new: bool


class Registry:
    """Registers entities and versions, one change after another."""

    def __init__(self, store: Library, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def register(self, profile: Profile, draft: Draft) -> Registered:
        """Register an entity with its first version.

        Raises:
            InvalidInputError: a field is wrong, or a requirement cannot be met.
            RefusedError: there is an entity of that kind and name.
        """
        entity = Entity(
            id=self._ids.new(),
            kind=profile.kind,
            name=_name(profile.name, "name"),
            description=_description(profile.description),
            owner=draft.asked_by,
            tags=_tags(profile.tags),
            created_ns=self._clock.now_ns(),
        )
        async with self._store.changing() as change:
            if await change.find(entity.kind, entity.name) is not None:
                raise RefusedError(f"there is a {entity.kind} {entity.name} already")
            version = await self._version(change, entity, draft)
            await change.add_entity(entity)
            await change.add_version(version)
        return Registered(entity=entity, version=version, is_new=True)

    async def add_version(self, entity_id: str, draft: Draft) -> Registered | None:
        """Register a further version; None where there is no such entity.

        Raises:
            InvalidInputError: a field is wrong, or a requirement cannot be met.
            RefusedError: the version is there with other content, or there are too many.
        """
        async with self._store.changing() as change:
            entity = await change.entity(entity_id)
            if entity is None:
                return None
            kept = await change.versions(entity_id)
            version = await self._version(change, entity, draft)
            same = next((v for v in kept if v.version == version.version), None)
            if same is not None and same.checksum == version.checksum:
                return Registered(entity=entity, version=same, is_new=False)
            if same is not None:
                raise RefusedError(f"{entity.name} {same.version} is there with other content")
            if len(kept) >= VERSIONS_MAX:
                raise RefusedError(f"{entity.name} has {VERSIONS_MAX} versions, the most there are")
            await change.add_version(version)
        return Registered(entity=entity, version=version, is_new=True)

    async def _version(self, change: Changing, entity: Entity, draft: Draft) -> EntityVersion:
        version = str(parse_version(draft.version))
        config = canonical_config(draft.config)
        requirements = await _requirements(change, entity, draft.needs)
        return EntityVersion(
            entity_id=entity.id,
            version=version,
            config=config,
            requirements=requirements,
            checksum=checksum_of(config, requirements),
            created_by=draft.asked_by,
            created_ns=self._clock.now_ns(),
        )


async def _requirements(
    change: Changing, entity: Entity, needs: Sequence[Need]
) -> tuple[Requirement, ...]:
    if len(needs) > REQUIREMENTS_MAX:
        raise InvalidInputError("requirements", f"must be at most {REQUIREMENTS_MAX}")
    requirements: dict[str, Requirement] = {}
    for place, need in enumerate(needs):
        field = f"requirements[{place}]"
        name = _name(need.name, f"{field}.name")
        wanted = parse_range(need.versions, f"{field}.versions")
        if (need.kind, name) == (entity.kind, entity.name):
            raise InvalidInputError(field, f"{name} would require itself")
        required = await change.find(need.kind, name)
        if required is None:
            raise InvalidInputError(field, f"there is no {need.kind} {name}")
        if required.id in requirements:
            raise InvalidInputError(field, f"{need.kind} {name} is required twice")
        kept = await change.versions(required.id)
        if not any(wanted.has(parse_version(v.version)) for v in kept):
            raise InvalidInputError(field, f"no version of {name} is in {need.versions}")
        requirements[required.id] = Requirement(
            entity_id=required.id, kind=need.kind, name=name, versions=need.versions
        )
    if requirements:
        circle = find_circle(entity.id, tuple(requirements), await change.edges())
        if circle is not None:
            name = requirements[circle].name
            raise InvalidInputError("requirements", f"{name} requires {entity.name} itself")
    return tuple(sorted(requirements.values()))


def find_circle(
    entity_id: str, required_ids: Sequence[str], edges: Sequence[tuple[str, str]]
) -> str | None:
    """Return the one of *required_ids* that leads back to *entity_id*, None where none does.

    Args:
        entity_id: what shall require them.
        required_ids: what it shall require.
        edges: each pair of which the first requires the second already.
    """
    onward: dict[str, list[str]] = {}
    for first, second in edges:
        onward.setdefault(first, []).append(second)
    seen: set[str] = set()
    for start in required_ids:
        waiting = [start]
        while waiting:
            current = waiting.pop()
            if current == entity_id:
                return start
            if current not in seen:
                seen.add(current)
                waiting.extend(onward.get(current, ()))
    return None


def _name(text: str, field: str) -> str:
    if _NAME.fullmatch(text) is None:
        why = "must be 1 to 64 lower-case letters, digits, '.', '_' or '-', none of these outside"
        raise InvalidInputError(field, why)
    return text


def _description(text: str) -> str:
    if len(text) > DESCRIPTION_MAX:
        raise InvalidInputError("description", f"must be at most {DESCRIPTION_MAX} characters")
    if not all(character.isprintable() or character in "\n\t" for character in text):
        raise InvalidInputError("description", "must be printable text")
    return text


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    if len(tags) > TAGS_MAX:
        raise InvalidInputError("tags", f"must be at most {TAGS_MAX}")
    return tuple(sorted({_name(tag, f"tags[{place}]") for place, tag in enumerate(tags)}))
