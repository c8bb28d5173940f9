"""The routes of the library: entities and their versions, registered, listed and searched.

A configuration is a JSON object that is kept exactly: it never becomes a float on the way.
"""

from collections.abc import Awaitable
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.desk.deeds import DeedTeller
from trade2026.library.registry import Draft, Need, Profile, Registered, Registry
from trade2026.library.semver import parse_version
from trade2026.ports.library import (
    Entity,
    EntityKind,
    EntityQuery,
    EntityVersion,
    Library,
    VersionStatus,
)
from trade2026.shell.access import needs, principal_of
from trade2026.shell.openapi import JSON_OBJECT
from trade2026.shell.problem import ProblemError

PREFIX: Final = "/api/v1"
PAGE_MAX: Final = 200
SEARCH_MAX: Final = 200
REGISTER: Final = "library.register"
"""The deed."""

AnyRequest = Request[Any, Any, Any]
JsonObject = Annotated[msgspec.Raw, JSON_OBJECT]
Limit = Annotated[int, Parameter(ge=1, le=PAGE_MAX)]
Search = Annotated[
    str,
    Parameter(
        max_length=SEARCH_MAX, description="Words that name, description or tags must all have."
    ),
]

_NO_CONFIG: Final = msgspec.Raw(b"{}")


class RequirementBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another entity that is needed, in a range of versions."""

    kind: EntityKind
    name: str
    versions: str = "*"
    """Such as `^1.2`, `~1.2.3`, `>=1.0.0 <2.0.0`, `1.2.3`, or `*`."""


class NewVersion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version to be registered."""

    version: str
    """Semantic version without build metadata."""
    config: JsonObject = _NO_CONFIG
    requirements: tuple[RequirementBody, ...] = ()


class NewEntity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entity to be registered, with its first version."""

    kind: EntityKind
    name: str
    """Lower-case letters, digits, `.`, `_` and `-`; unique within the kind."""
    description: str = ""
    tags: tuple[str, ...] = ()
    version: str = "0.1.0"
    config: JsonObject = _NO_CONFIG
    requirements: tuple[RequirementBody, ...] = ()


class RequirementReply(msgspec.Struct, frozen=True, kw_only=True):
    """What a version needs of another entity."""

    entity_id: str
    kind: EntityKind
    name: str
    versions: str


class VersionReply(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an entity."""

    entity_id: str
    version: str
    status: VersionStatus
    config: JsonObject
    requirements: list[RequirementReply]
    checksum: str
    """SHA-256 of configuration and requirements."""
    created_by: str
    created_ns: int


class EntityReply(msgspec.Struct, frozen=True, kw_only=True):
    """An entity and which versions of it there are."""

    id: str
    kind: EntityKind
    name: str
    description: str
    owner: str
    tags: tuple[str, ...]
    created_ns: int
    latest_version: str
    """The highest release, or the highest pre-release where there is no release."""
    status: VersionStatus
    """Of the latest version."""
    versions: list[str]
    """Highest first."""


class RegisteredReply(msgspec.Struct, frozen=True, kw_only=True):
    """What was registered."""

    entity: EntityReply
    version: VersionReply


class EntityPage(msgspec.Struct, frozen=True, kw_only=True):
    """Entities, the newest first."""

    entities: list[EntityReply]
    next_cursor: str | None
    """Where the next page begins; null on the last one."""


def write_routes(store: Library, registry: Registry, deeds: DeedTeller) -> list[BaseRouteHandler]:
    """Return the routes that register.

    Args:
        store: what is read.
        registry: what registers.
        deeds: told of every version that is registered, and of every refusal.
    """

    async def told(
        by: str, target: str, registering: Awaitable[Registered | None]
    ) -> Registered | None:
        try:
            registered = await registering
        except (InvalidInputError, RefusedError) as error:
            text = str(error)
            await deeds.tell_if_heard(by, REGISTER, target, result="REFUSED", text=text)
            raise
        if registered is not None and registered.is_new:
            entity, version = registered.entity, registered.version
            text = f"{entity.kind} {entity.name} {version.version} {version.checksum}"
            await deeds.tell_if_heard(by, REGISTER, entity.id, text=text)
        return registered

    async def reply(registered: Registered) -> RegisteredReply:
        versions = await store.versions([registered.entity.id])
        return RegisteredReply(
            entity=_entity(registered.entity, list(versions)), version=_version(registered.version)
        )

    @post(f"{PREFIX}/entities", opt=needs("library:write"), status_code=HTTP_201_CREATED)
    async def register(request: AnyRequest, data: NewEntity) -> RegisteredReply:
        """Register an entity with its first version; 409 if there is one of that kind and name."""
        profile = Profile(
            kind=data.kind, name=data.name, description=data.description, tags=data.tags
        )
        draft = _draft(request, data)
        made = registry.register(profile, draft)
        registered = await told(draft.asked_by, f"{data.kind} {data.name}", made)
        assert registered is not None
        return await reply(registered)

    @post(
        f"{PREFIX}/entities/{{entity_id:str}}/versions",
        opt=needs("library:write"),
        status_code=HTTP_201_CREATED,
    )
    async def add_version(
        request: AnyRequest, entity_id: str, data: NewVersion
    ) -> Response[RegisteredReply]:
        """Register a further version; the same content again is 200, other content 409."""
        known, draft = _known_id(entity_id), _draft(request, data)
        registered = await told(draft.asked_by, known, registry.add_version(known, draft))
        if registered is None:
            raise _unknown(entity_id)
        code = HTTP_201_CREATED if registered.is_new else HTTP_200_OK
        return Response(await reply(registered), status_code=code)

    return [register, add_version]


def read_routes(store: Library) -> list[BaseRouteHandler]:
    """Return the routes that list and show."""

    async def known(entity_id: str) -> Entity:
        entity = await store.entity(_known_id(entity_id))
        if entity is None:
            raise _unknown(entity_id)
        return entity

    @get(f"{PREFIX}/entities", opt=needs("library:read"))
    async def entities(
        *,
        kind: EntityKind | None = None,
        status: VersionStatus | None = None,
        q: Search = "",
        tag: str | None = None,
        cursor: str | None = None,
        limit: Limit = 50,
    ) -> EntityPage:
        """List entities, the newest first, by kind, status, tag and words of a search."""
        query = EntityQuery(
            kind=kind,
            status=status,
            words=tuple(_text(q, "q").casefold().split()),
            tag=None if tag is None else _text(tag, "tag"),
            before_id=None if cursor is None else _cursor(cursor),
            limit=limit + 1,
        )
        found = list(await store.list(query))
        page = found[:limit]
        versions: dict[str, list[EntityVersion]] = {entity.id: [] for entity in page}
        for version in await store.versions(list(versions)):
            versions[version.entity_id].append(version)
        return EntityPage(
            entities=[_entity(entity, versions[entity.id]) for entity in page],
            next_cursor=page[-1].id if len(found) > limit else None,
        )

    @get(f"{PREFIX}/entities/{{entity_id:str}}", opt=needs("library:read"))
    async def entity(entity_id: str) -> EntityReply:
        """Return one entity."""
        found = await known(entity_id)
        return _entity(found, list(await store.versions([found.id])))

    @get(f"{PREFIX}/entities/{{entity_id:str}}/versions", opt=needs("library:read"))
    async def versions(entity_id: str) -> list[VersionReply]:
        """List the versions of one entity, the highest first."""
        found = await known(entity_id)
        return [_version(v) for v in _highest_first(list(await store.versions([found.id])))]

    return [entities, entity, versions]


def _draft(request: AnyRequest, data: NewEntity | NewVersion) -> Draft:
    return Draft(
        version=data.version,
        config=bytes(data.config),
        needs=[Need(kind=n.kind, name=n.name, versions=n.versions) for n in data.requirements],
        asked_by=principal_of(request).subject,
    )


def _highest_first(versions: list[EntityVersion]) -> list[EntityVersion]:
    return sorted(versions, key=lambda v: parse_version(v.version).precedence, reverse=True)


def _entity(entity: Entity, versions: list[EntityVersion]) -> EntityReply:
    ordered = _highest_first(versions)
    releases = [version for version in ordered if not parse_version(version.version).pre]
    latest = (releases or ordered)[0]
    return EntityReply(
        **msgspec.structs.asdict(entity),
        latest_version=latest.version,
        status=latest.status,
        versions=[version.version for version in ordered],
    )


def _version(version: EntityVersion) -> VersionReply:
    fields = msgspec.structs.asdict(version)
    fields["config"] = msgspec.Raw(version.config)
    fields["requirements"] = [
        RequirementReply(**msgspec.structs.asdict(need)) for need in version.requirements
    ]
    return VersionReply(**fields)


def _text(text: str, field: str) -> str:
    if "\0" in text:
        raise InvalidInputError(field, "must be text")
    return text


def _canonical_id(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


def _known_id(text: str) -> str:
    found = _canonical_id(text)
    if found is None:
        raise _unknown(text)
    return found


def _cursor(text: str) -> str:
    found = _canonical_id(text)
    if found is None:
        raise InvalidInputError("cursor", "is not one that a page gave")
    return found


def _unknown(entity_id: str) -> ProblemError:
    return ProblemError(404, "Unknown entity", f"no entity {entity_id[:40]}")
