"""The web application at every path that is nothing else, with the headers that guard it.

A path of the application that a browser asks for as a page gets the application's page, which
finds its way by the address. Anything else that is not a file of the bundle is not found.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from litestar import HttpMethod, MediaType, Request, Response, route
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath

from trade2026.edge.assets import Asset, Bundle, is_accepted
from trade2026.shell.access import public
from trade2026.shell.problem import ProblemError

AnyRequest = Request[Any, Any, Any]
FallbackPage = Callable[[], Awaitable[str]]

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self' ws: ; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
"""`X-Content-Type-Options` is written by every service's front."""

_HTML: Final = "text/html"
_READ: Final = [HttpMethod.GET, HttpMethod.HEAD]


def application_routes(bundle: Bundle, without_bundle: FallbackPage) -> list[BaseRouteHandler]:
    """Return the application's routes; *without_bundle* makes the page while it is not built."""

    async def page(request: AnyRequest) -> Response[Any]:
        index = bundle.index
        if index is not None:
            return _file(request, index)
        return Response(
            await without_bundle(),
            media_type=MediaType.HTML,
            headers={**SECURITY_HEADERS, "Cache-Control": "no-store"},
        )

    @route("/", http_method=_READ, opt=public(), include_in_schema=False)
    async def root(request: AnyRequest) -> Response[Any]:
        """Return the application's page."""
        return await page(request)

    @route("/{path:path}", http_method=_READ, opt=public(), include_in_schema=False)
    async def below(request: AnyRequest, path: FromPath[str]) -> Response[Any]:
        """Return a file of the application, or its page to a browser that wants one."""
        found = bundle.find(path.removeprefix("/"))
        if found is not None:
            return _file(request, found)
        if not is_accepted(request.headers.get("accept", ""), _HTML):
            raise ProblemError(HTTPStatus.NOT_FOUND, "Not Found", "there is no such file")
        return await page(request)

    return [root, below]


def _file(request: AnyRequest, asset: Asset) -> Response[Any]:
    coding, body = asset.body_for(request.headers.get("accept-encoding", ""))
    headers = {
        **SECURITY_HEADERS,
        "Cache-Control": asset.cache_control,
        "ETag": asset.etag,
        "Vary": "Accept-Encoding",
    }
    known = request.headers.get("if-none-match", "")
    if asset.etag in {tag.strip().removeprefix("W/") for tag in known.split(",")}:
        return Response(None, status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if coding:
        headers["Content-Encoding"] = coding
    return Response(body, media_type=asset.mime_type, headers=headers)
