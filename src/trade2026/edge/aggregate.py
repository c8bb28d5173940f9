"""One OpenAPI document of all services, as they are reached through this door.

Each service describes itself; here their paths get ``/api/<service>`` in front, and their
schemas and operation ids the service's name, so that nothing collides. A service that is away
keeps its last description and is named in the document's own.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias, cast

import msgspec

from trade2026 import VERSION
from trade2026.catalogue.table import BY_NAME
from trade2026.edge.proxy import OWN_NAME, PREFIX, SERVICES, Proxy
from trade2026.shell.http import OPENAPI_PATH
from trade2026.shell.openapi import X_WEBSOCKETS
from trade2026.shell.problem import ProblemError

REFRESH_S: Final = 60.0
RETRY_S: Final = 2.0
"""While a service is away."""
ASK_LIMIT_S: Final = 5.0

_REF: Final = re.compile(r"#/components/(\w+)/(.+)")
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch", "head", "options", "trace"})

Document: TypeAlias = dict[str, Any]


class ApiBook:
    """The descriptions of the services, kept fresh."""

    def __init__(self, proxy: Proxy) -> None:
        """Ask for the descriptions through *proxy*."""
        self._proxy = proxy
        self._names = sorted(set(SERVICES.values()), key=list(BY_NAME).index)
        self._documents: dict[str, Document] = {}
        self._away = set(self._names)
        self._whole: Document | None = None

    async def keep(self) -> None:
        """Ask for the descriptions again and again."""
        while True:
            await self.refresh()
            await asyncio.sleep(RETRY_S if self._away else REFRESH_S)

    async def refresh(self) -> None:
        """Ask every service for its description."""
        answers = await asyncio.gather(*(self._ask(name) for name in self._names))
        found = dict(zip(self._names, answers, strict=True))
        before = (self._documents, self._away)
        self._away = {name for name, document in found.items() if document is None}
        self._documents = self._documents | {
            name: one for name, one in found.items() if one is not None
        }
        if before != (self._documents, self._away):
            self._whole = None

    def document(self, own: Document) -> Document:
        """Return the whole document; *own* describes the edge itself and never changes."""
        # A tenth of a second of work that every other request would wait for.
        if self._whole is None:
            self._whole = merged(own, self._documents, away=sorted(self._away))
        return self._whole

    async def _ask(self, name: str) -> Document | None:
        try:
            async with asyncio.timeout(ASK_LIMIT_S):
                return msgspec.json.decode(await self._proxy.get(name, OPENAPI_PATH), type=Document)
        except (ProblemError, TimeoutError, msgspec.DecodeError):
            return None


def merged(own: Document, documents: Mapping[str, Document], *, away: list[str]) -> Document:
    """Return one document of all.

    Args:
        own: The edge's, whose paths are as they are.
        documents: By component id.
        away: Components that do not answer at the moment.
    """
    text = "Everything behind this door. WebSockets other than the edge's are not reached here."
    if away:
        text += f" Away at the moment: {', '.join(away)}."
    sections: dict[str, dict[str, Any]] = {}
    paths: dict[str, Any] = {}
    tags = [{"name": OWN_NAME, "description": BY_NAME[OWN_NAME].purpose}]
    _add(own, OWN_NAME, "", paths, sections)
    for name, document in documents.items():
        tags.append({"name": name, "description": BY_NAME[name].purpose})
        _add(document, name, f"{PREFIX}/{BY_NAME[name].module}", paths, sections)
    return {
        "openapi": own.get("openapi", "3.1.0"),
        "info": {"title": "Trade2026", "version": VERSION, "description": text},
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": sections,
        X_WEBSOCKETS: own.get(X_WEBSOCKETS, {}),
    }


def _add(
    document: Document,
    name: str,
    prefix: str,
    paths: dict[str, Any],
    sections: dict[str, dict[str, Any]],
) -> None:
    module = BY_NAME[name].module
    spaced = _spaced(document, module)
    for path, operations in spaced.get("paths", {}).items():
        paths[prefix + path] = operations
        for operation in _operations(operations):
            operation["tags"] = [name]
            if "operationId" in operation:
                operation["operationId"] = f"{module}_{operation['operationId']}"
    for section, members in spaced.get("components", {}).items():
        named = {f"{module}.{key}": value for key, value in members.items()}
        sections.setdefault(section, {}).update(named)


def _operations(operations: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (operation for method, operation in operations.items() if method in _METHODS)


def _spaced(node: Any, module: str) -> Any:  # noqa: ANN401 - any JSON.
    """Return a copy in which every reference points into the module's own names."""
    if isinstance(node, dict):
        entries = cast("Document", node)
        return {key: _spaced(value, module) for key, value in entries.items()}
    if isinstance(node, list):
        return [_spaced(one, module) for one in cast("list[Any]", node)]
    # Not only under `$ref`: a discriminator's mapping refers to schemas as well.
    found = _REF.fullmatch(node) if isinstance(node, str) else None
    return node if found is None else f"#/components/{found[1]}/{module}.{found[2]}"
