"""The library port on PostgreSQL.

Whoever changes the library holds one lock to the end of the transaction: what a requirement
was judged by, such as that there is no circle, still holds when it is kept.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import msgspec

from trade2026.adapters.stores.postgres import Postgres, Row, Session
from trade2026.ports.library import (
    Entity,
    EntityKind,
    EntityQuery,
    EntityVersion,
    Requirement,
    VersionStatus,
)

# Any number will do that no other lock of the database has.
_CHANGE_LOCK: Final = 2026_0002

_COLUMNS: Final = "id, kind, name, description, owner, tags, created_ns"
_FIND: Final = f"SELECT {_COLUMNS} FROM entities WHERE kind = $1 AND name = $2"  # noqa: S608 - constants
_ENTITY: Final = f"SELECT {_COLUMNS} FROM entities WHERE id = $1"  # noqa: S608 - constants
_LIST: Final = (
    f"SELECT {_COLUMNS} FROM entities AS e"  # noqa: S608 - constants
    " WHERE ($1::text IS NULL OR kind = $1)"
    " AND ($2::text IS NULL OR EXISTS"
    " (SELECT 1 FROM entity_versions AS v WHERE v.entity_id = e.id AND v.status = $2))"
    " AND NOT EXISTS (SELECT 1 FROM unnest($3::text[]) AS word WHERE strpos(search_text, word) = 0)"
    " AND ($4::text IS NULL OR $4 = ANY (tags))"
    " AND ($5::uuid IS NULL OR id < $5)"
    " ORDER BY id DESC LIMIT $6"
)
_VERSIONS: Final = (
    "SELECT * FROM entity_versions WHERE entity_id = ANY ($1::uuid[]) ORDER BY number"
)
_REQUIREMENTS: Final = (
    "SELECT r.entity_id, r.version, r.required_id, r.versions, e.kind, e.name"
    " FROM entity_requirements AS r JOIN entities AS e ON e.id = r.required_id"
    " WHERE r.entity_id = ANY ($1::uuid[])"
)
_EDGES: Final = "SELECT DISTINCT entity_id, required_id FROM entity_requirements"


class PostgresLibrary:
    """The library in the platform's database; its tables exist already."""

    def __init__(self, database: Postgres) -> None:
        self._database = database

    @asynccontextmanager
    async def changing(self) -> AsyncGenerator["_Change"]:
        """Give the sole right to change; all is kept at the end of the block, or nothing.

        Raises:
            UnavailableError: the server did not answer; whether the change is kept is unknown.
        """
        async with self._database.transaction() as session:
            await session.execute("SELECT pg_advisory_xact_lock($1)", _CHANGE_LOCK)
            yield _Change(session)

    async def list(self, query: EntityQuery) -> Sequence[Entity]:
        """Return the entities that *query* asks for, the newest first."""
        rows = await self._database.fetch(
            _LIST,
            *(query.kind, query.status, list(query.words), query.tag),
            *(query.before_id, query.limit),
        )
        return [_entity(row) for row in rows]

    async def entity(self, entity_id: str) -> Entity | None:
        """Return the entity of that id."""
        return await _one(self._database, entity_id)

    async def versions(self, entity_ids: Sequence[str]) -> Sequence[EntityVersion]:
        """Return all versions of these entities, in the order they were registered."""
        return await _versions(self._database, entity_ids)

    async def is_reachable(self) -> bool:
        """Return whether the store answers at this moment."""
        return await self._database.is_reachable()

    async def close(self) -> None:
        """Leave."""
        await self._database.close()


class _Change:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, kind: EntityKind, name: str) -> Entity | None:
        row = await self._session.fetchrow(_FIND, kind, name)
        return None if row is None else _entity(row)

    async def entity(self, entity_id: str) -> Entity | None:
        return await _one(self._session, entity_id)

    async def versions(self, entity_id: str) -> Sequence[EntityVersion]:
        return await _versions(self._session, [entity_id])

    async def edges(self) -> Sequence[tuple[str, str]]:
        rows = await self._session.fetch(_EDGES)
        return sorted((str(row["entity_id"]), str(row["required_id"])) for row in rows)

    async def add_entity(self, entity: Entity) -> None:
        await self._session.execute(
            "INSERT INTO entities (id, kind, name, description, owner, tags, search_text,"
            " created_ns) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            *(entity.id, entity.kind, entity.name, entity.description, entity.owner),
            *(list(entity.tags), entity.search_text, entity.created_ns),
        )

    async def add_version(self, version: EntityVersion) -> None:
        await self._session.execute(
            "INSERT INTO entity_versions (entity_id, version, status, config, checksum,"
            " created_by, created_ns) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            *(version.entity_id, version.version, version.status, version.config.decode()),
            *(version.checksum, version.created_by, version.created_ns),
        )
        for need in version.requirements:
            await self._session.execute(
                "INSERT INTO entity_requirements (entity_id, version, required_id, versions)"
                " VALUES ($1, $2, $3, $4)",
                *(version.entity_id, version.version, need.entity_id, need.versions),
            )


async def _one(source: Session, entity_id: str) -> Entity | None:
    row = await source.fetchrow(_ENTITY, entity_id)
    return None if row is None else _entity(row)


async def _versions(source: Session, entity_ids: Sequence[str]) -> Sequence[EntityVersion]:
    ids = list(entity_ids)
    rows = await source.fetch(_VERSIONS, ids)
    needs: dict[tuple[UUID, str], list[Requirement]] = {}
    # Read second: a version is kept together with its requirements and never changes, so those
    # of every version that was read are there.
    for row in await source.fetch(_REQUIREMENTS, ids):
        needs.setdefault((row["entity_id"], row["version"]), []).append(
            Requirement(
                entity_id=str(row["required_id"]),
                kind=EntityKind(row["kind"]),
                name=row["name"],
                versions=row["versions"],
            )
        )
    return [_version(row, needs.get((row["entity_id"], row["version"]), ())) for row in rows]


def _entity(row: Mapping[str, Any]) -> Entity:
    return msgspec.convert({**row, "id": str(row["id"])}, Entity)


def _version(row: Row, requirements: Sequence[Requirement]) -> EntityVersion:
    return EntityVersion(
        entity_id=str(row["entity_id"]),
        version=row["version"],
        status=VersionStatus(row["status"]),
        config=row["config"].encode(),
        requirements=tuple(sorted(requirements)),
        checksum=row["checksum"],
        created_by=row["created_by"],
        created_ns=row["created_ns"],
    )
