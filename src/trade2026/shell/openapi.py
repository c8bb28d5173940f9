"""The OpenAPI document of a service, and a page that shows it without asking the network.

Exact numbers appear as what they are, a number or a decimal string; each operation says in
`x-action` what the policy is asked, or `public`. WebSocket routes, which OpenAPI does not
know, are listed under `x-websockets`.
"""

import html
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, cast

import msgspec
from litestar import Litestar, Request, Response
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.router import Router
from litestar.routes import HTTPRoute, WebSocketRoute
from litestar.typing import FieldDefinition

from trade2026 import VERSION
from trade2026.shell.access import ACTION_KEY, public
from trade2026.shell.problem import MEDIA_TYPE, ProblemDetails
from trade2026.shell.replies import problem

DOCS_PATH: Final = "/docs"
DECIMAL: Final = r"^-?[0-9]+(\.[0-9]{1,9})?$"
JSON_OBJECT: Final = "json object"
"""Marks raw JSON that is an object, not a number: ``Annotated[msgspec.Raw, JSON_OBJECT]``."""
X_ACTION: Final = "x-action"
X_WEBSOCKETS: Final = "x-websockets"

Describe = Callable[[dict[str, Any]], dict[str, Any]]
"""Makes the document that is shown out of a service's own."""

_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code{font:13px monospace}td{padding:.2rem .8rem;vertical-align:top}tr{border-top:1px solid}"
    "table{border-collapse:collapse}"
)


class ExactSchema(OpenAPISchemaPlugin):
    """Shows `msgspec.Raw` as an exact number, and structs that have one as a default."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """Return whether the field is exact, or a struct whose defaults are."""
        kind = field_definition.annotation
        if kind is msgspec.Raw:
            return True
        # The library's own struct plugin looks defaults up in a set, and Raw has no hash.
        return field_definition.is_subclass_of(msgspec.Struct) and any(
            isinstance(field.default, msgspec.Raw) for field in msgspec.structs.fields(kind)
        )

    def to_openapi_schema(
        self,
        field_definition: FieldDefinition,
        schema_creator: Any,  # noqa: ANN401 - its type is private to the library
    ) -> Schema:
        """Return the schema of the field."""
        if JSON_OBJECT in field_definition.metadata:
            return Schema(type=OpenAPIType.OBJECT, description="Any JSON object, kept exactly.")
        if field_definition.annotation is msgspec.Raw:
            return Schema(
                one_of=[
                    Schema(type=OpenAPIType.NUMBER),
                    Schema(type=OpenAPIType.STRING, pattern=DECIMAL),
                ],
                description="An exact decimal: a JSON number, or a string with one in it.",
            )
        hints = field_definition.get_type_hints(include_extras=True, resolve_generics=True)
        fields = msgspec.structs.fields(field_definition.annotation)
        return schema_creator.create_component_schema(
            field_definition,
            required=sorted(field.encode_name for field in fields if field.required),
            property_fields={
                field.encode_name: FieldDefinition.from_annotation(
                    hints[field.name],
                    name=field.encode_name,
                    **_default_of(field),
                )
                for field in fields
            },
        )


class DocsPage(OpenAPIRenderPlugin):
    """A list of the operations, as one page of HTML that loads nothing."""

    def __init__(self, describe: Describe) -> None:
        """Serve what *describe* makes of the document at the root of the documentation."""
        self._describe = describe
        super().__init__(path="/", favicon="", style=_STYLE)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the page."""
        del openapi_schema
        schema = self._describe(document(request.app))
        title = html.escape(f"{schema['info']['title']} {schema['info']['version']}")
        rows = [_row(*one) for one in _operations(schema)]
        rows += [_row("WS", path, entry) for path, entry in schema[X_WEBSOCKETS].items()]
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f"<style>{self.style}</style></head><body><h1>{title}</h1>"
            '<p>The whole description: <a href="/openapi.json">openapi.json</a></p>'
            "<table><tr><td>method</td><td>path</td><td>action</td><td></td></tr>"
            f"{''.join(rows)}</table></body></html>"
        ).encode()


def openapi_config(service: str, purpose: str, describe: Describe | None) -> OpenAPIConfig:
    """Return the configuration of the document of *service*."""
    router = Router(
        DOCS_PATH,
        route_handlers=[],
        opt=public(),
        include_in_schema=False,
        after_request=_without_foreign_page,
    )
    return OpenAPIConfig(
        title=service,
        version=VERSION,
        description=purpose,
        use_handler_docstrings=True,
        openapi_router=router,
        render_plugins=[DocsPage(describe or _as_it_is)],
    )


def _as_it_is(document: dict[str, Any]) -> dict[str, Any]:
    return document


def document(app: Litestar) -> dict[str, Any]:
    """Return the OpenAPI document of *app*, with what each operation asks of the policy."""
    schema = app.openapi_schema.to_schema()
    sockets: dict[str, dict[str, str]] = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                operations = schema["paths"].get(route.path_format, {})
                if method.lower() in operations:
                    action = handler.opt.get(ACTION_KEY, "")
                    operations[method.lower()][X_ACTION] = action
        elif isinstance(route, WebSocketRoute):
            action = route.route_handler.opt.get(ACTION_KEY, "")
            sockets[route.path_format] = {X_ACTION: cast("str", action)}
    for _, _, operation in _operations(schema):
        _describe_problems(operation["responses"])
    schema[X_WEBSOCKETS] = sockets
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    (_,), made = msgspec.json.schema_components(
        [ProblemDetails], ref_template="#/components/schemas/{name}"
    )
    schemas.update(made)
    return schema


def _without_foreign_page(response: Response[Any]) -> Response[Any]:
    # What is not below the documentation, the library answers with a page of its own.
    if response.status_code != HTTPStatus.NOT_FOUND:
        return response
    body = msgspec.json.encode(problem(HTTPStatus.NOT_FOUND))
    return Response(body, status_code=HTTPStatus.NOT_FOUND, media_type=MEDIA_TYPE)


def _describe_problems(responses: dict[str, Any]) -> None:
    # The library documents its own form of validation error, which is not the one we send.
    responses.pop(str(int(HTTPStatus.BAD_REQUEST)), None)
    responses["default"] = {
        "description": "A problem (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
    }


def _operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, operations in sorted(schema["paths"].items())
        for method, operation in operations.items()
    ]


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    text = operation.get("description") or operation.get("summary") or ""
    cells = (method, path, operation.get(X_ACTION, ""), text)
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"


def _default_of(field: msgspec.structs.FieldInfo) -> dict[str, Any]:
    has_none = field.default is msgspec.NODEFAULT or isinstance(field.default, msgspec.Raw)
    return {} if has_none else {"default": field.default}
