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
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
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


class Application:
    """The web application as browsers get it."""

    def __init__(self, bundle: Bundle, without_bundle: FallbackPage) -> None:
        """Serve *bundle*; while it is not built, the page that *without_bundle* makes."""
        self._bundle = bundle
        self._without_bundle = without_bundle

    async def page(self, request: AnyRequest) -> Response[Any]:
        """Return the application's page."""
        index = self._bundle.index
        if index is not None:
            return _file(request, index)
        return Response(
            await self._without_bundle(),
            media_type=MediaType.HTML,
            headers={**SECURITY_HEADERS, "Cache-Control": "no-store"},
        )

    async def page_for_browser(self, request: AnyRequest) -> Response[Any] | None:
        """Return the page if it is built and a browser wants one; None is for programs."""
        is_wanted = self._bundle.index is not None and _wants_page(request)
        return await self.page(request) if is_wanted else None

    def routes(self) -> list[BaseRouteHandler]:
        """Return the routes of the application."""

        @route("/", http_method=_READ, opt=public(), include_in_schema=False)
        async def root(request: AnyRequest) -> Response[Any]:
            """Return the application's page."""
            return await self.page(request)

        @route("/{path:path}", http_method=_READ, opt=public(), include_in_schema=False)
        async def below(request: AnyRequest, path: FromPath[str]) -> Response[Any]:
            """Return a file of the application, or its page to a browser that wants one."""
            found = self._bundle.find(path.removeprefix("/"))
            if found is not None:
                return _file(request, found)
            if not _wants_page(request):
                raise ProblemError(HTTPStatus.NOT_FOUND, "Not Found", "there is no such file")
            return await self.page(request)

        return [root, below]


def _wants_page(request: AnyRequest) -> bool:
    return is_accepted(request.headers.get("accept", ""), _HTML)


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
