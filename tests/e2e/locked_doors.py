"""Every route of every built service, found by asking the services themselves.

Operations come from each application's routing table and its OpenAPI document, so a route
that somebody adds is found without anybody listing it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import BaseRouteHandler
from litestar.routes import ASGIRoute, HTTPRoute, WebSocketRoute

from trade2026.shell.access import ACTION_KEY, PUBLIC
from trade2026.shell.openapi import document

WEBSOCKET = "WS"
ANY = "ANY"

ACCOUNT_FIELDS = frozenset({"account", "accounts", "scope"})
"""Parameters and fields of bodies that name an account."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a sender can ask of a service."""

    service: str
    method: str
    """Of HTTP; `WS` for a WebSocket, `ANY` for a mounted application."""
    path: str
    """With its parameters in braces."""
    action: str
    """What the policy is asked; empty where the route says nothing."""
    query: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    """Names of the body's fields."""

    @property
    def is_public(self) -> bool:
        """Return whether it needs no token."""
        return self.action == PUBLIC

    @property
    def name(self) -> str:
        """Return how the lists of this test spell it."""
        return f"{self.method} {self.path}"

    @property
    def names_account(self) -> bool:
        """Return whether a sender says which account it is about."""
        return bool(ACCOUNT_FIELDS & {*self.query, *self.fields}) or "{account}" in self.path

    @property
    def names_order(self) -> bool:
        """Return whether it is about one order, which is of one account."""
        return "{order_id}" in self.path


def operations_of(service: str, app: Litestar) -> Iterator[Operation]:
    """Yield every operation of *app*, those included that its documentation leaves out."""
    schema = document(app)
    for route in app.routes:
        match route:
            case HTTPRoute():
                for method, (handler, _) in route.route_handler_map.items():
                    if method == "OPTIONS":
                        # Made by the library: it tells the methods of a path, and nothing else.
                        continue
                    described = schema["paths"].get(route.path_format, {}).get(method.lower(), {})
                    yield Operation(
                        service=service,
                        method=method,
                        path=route.path_format,
                        action=_action(handler),
                        query=tuple(p["name"] for p in described.get("parameters", ())),
                        fields=tuple(_fields(described, schema)),
                    )
            case WebSocketRoute():
                yield Operation(
                    service=service,
                    method=WEBSOCKET,
                    path=route.path_format,
                    action=_action(route.route_handler),
                )
            case ASGIRoute():
                yield Operation(
                    service=service,
                    method=ANY,
                    path=route.path_format,
                    action=_action(route.route_handler),
                )


def _action(handler: BaseRouteHandler) -> str:
    return str(handler.opt.get(ACTION_KEY, ""))


def _fields(described: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    for content in described.get("requestBody", {}).get("content", {}).values():
        for part in _parts(content["schema"], schema):
            yield from part.get("properties", {})


def _parts(part: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield part
    if "$ref" in part:
        yield from _parts(schema["components"]["schemas"][part["$ref"].rpartition("/")[2]], schema)
    for kind in ("oneOf", "anyOf", "allOf"):
        for one in part.get(kind, ()):
            yield from _parts(one, schema)
    if "items" in part:
        yield from _parts(part["items"], schema)
