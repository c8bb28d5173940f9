"""No body, path or query makes any route of any service fail: it is refused, and says so in JSON.

Every operation of every built service is asked, in this process, by an administrator. A 503
is no failure of ours: some services stand here without the servers they need.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
from tests.e2e.locked_doors import WEBSOCKET, Operation
from tests.e2e.test_every_route_is_locked import EVERYWHERE, PATHS, Platform, a_platform

DEEP = 50_000
SHALLOWER = 900
"""Deep enough for an engine that counts, not for the decoder."""
ODD_TEXTS = (
    "\x00",
    "a\x00b",
    "../../etc/passwd",
    "%",
    "*",
    ">",
    "' OR 1=1 --",
    "\u202e\U0001f4a3",
    "9" * 5000,
    "-1",
    "NaN",
    "1e999",
    "x" * 20_000,
)
BODIES: tuple[bytes, ...] = (
    b"",
    b"null",
    b"[]",
    b"7",
    b'"text"',
    b"{",
    b"\xff\xfe",
    b'{"\x00": 1}',
    b'{"username": "\\u0000", "password": "\\u0000"}',
    b'{"username": "\\ud800", "password": "x"}',
    b'{"name": "\\u0000", "password": "long enough to be one"}',
    b'{"spede": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    b'{"input": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    b'{"input": ' + b"[" * SHALLOWER + b"]" * SHALLOWER + b"}",
    b'{"input": ' + b'{"a":' * SHALLOWER + b"1" + b"}" * SHALLOWER + b"}",
    b'{"quantity": ' + b"9" * 5000 + b', "price": 1e999, "symbol": "\\u0000", "side": 1}',
    b'{"reason": "' + b"x" * 100_000 + b'"}',
)
JSON_KINDS = ("application/json", "application/problem+json", "application/vnd.oai.openapi+json")
OWN_KINDS = {
    "/docs": "text/html",
    "/metrics": "text/plain",
    "/": "text/html",
    "/reports/statement": "text/csv",
}
"""Pages that are there for something else than JSON, when all is well."""


def requests_of(operation: Operation) -> Iterator[tuple[str, bytes]]:
    """Yield the paths, with their queries, and bodies to throw at an operation."""
    path = operation.path
    for name, value in PATHS.items():
        path = path.replace(name, value)
    path = path.replace("{order_id}", "x")
    yield from ((path, body) for body in BODIES)
    for text in ODD_TEXTS:
        odd = quote(text, safe="")
        if "{" in operation.path:
            head, _, rest = operation.path.partition("{")
            yield f"{head}{odd}{rest.partition('}')[2].replace('{', '').replace('}', '')}", b"{}"
        for name in {*operation.query, "cursor", "limit"}:
            yield f"{path}?{name}={odd}", b"{}"
    yield f"{path}/%00/nowhere", b""
    yield f"{path}?%00=%ff", b""


def wrong_with(operation: Operation, reply: httpx.Response) -> str:
    """Return what is wrong with a reply, empty when nothing is."""
    if reply.status_code >= 500 and reply.status_code != 503:
        return f"{reply.status_code}: {reply.text[:200]}"
    kind = reply.headers.get("content-type", "").partition(";")[0]
    is_page = reply.is_success and kind == OWN_KINDS.get(operation.path)
    if reply.content and kind not in JSON_KINDS and not is_page:
        return f"{reply.status_code} is {kind}"
    return ""


async def failure(platform: Platform, operation: Operation, target: str, body: bytes) -> str:
    """Return what goes wrong with one request, empty when nothing does."""
    headers = platform.mint.bearer(roles=["admin"], accounts=["*"])
    client = platform.clients[operation.service]
    reply = await client.request(operation.method, target, content=body, headers=headers)
    wrong = wrong_with(operation, reply)
    return wrong and f"{operation.service} {operation.method} {target[:60]} {body[:40]!r}: {wrong}"


async def test_no_request_makes_any_route_fail(tmp_path: Path) -> None:
    async with a_platform(tmp_path) as platform:
        # What every service has is the same code everywhere: asked once.
        shared = {o.name: o for o in platform.operations() if o.name in EVERYWHERE}
        others = [o for o in platform.operations() if o.name not in EVERYWHERE]
        found: list[str] = []
        for operation in [*shared.values(), *others]:
            if operation.method != WEBSOCKET:
                asks = (failure(platform, operation, *ask) for ask in requests_of(operation))
                found += filter(None, await asyncio.gather(*asks))

    assert found == []
