"""ClickHouse's HTTP protocol before the embedded engine, as an ASGI application.

Two users: `trade2026`, who writes, and `reader`, who cannot. A GET reads only, whoever asks.
Statements that write run one after another, in the order of their arrival; reading ones run a
few at a time, and a crowd is sent away instead of queued without end. Sessions are not kept:
`session_id` is taken and means nothing.

Source: ClickHouse documentation, "HTTP Interface".
"""

import asyncio
import base64
import binascii
import contextlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from trade2026.adapters.clickhouse.compression import (
    BODY_BYTES_MAX,
    accepted_encoding,
    compressed,
    decompressed,
)
from trade2026.adapters.clickhouse.engine import Answer, Asked, Engine, parameters_of
from trade2026.adapters.clickhouse.rights import DATABASE
from trade2026.adapters.clickhouse.statement import (
    QUERY_CHARS_MAX,
    READONLY,
    Statement,
    read_statement,
)
from trade2026.core.errors import QueryRefusedError

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

RUNNING_MAX: Final = 4
WAITING_MAX: Final = 32
STUCK_S: Final = 90.0
COMPRESS_FROM: Final = 4096

_QUERY_BYTES_MAX: Final = 4 * QUERY_CHARS_MAX
_TOO_MANY_BYTES: Final = 307
_TOO_MANY_QUERIES: Final = 202
_NO_SUCH_SETTING: Final = 115
_SETTING_IS_FIXED: Final = 452
_AUTHENTICATION_FAILED: Final = 516
_BAD_ARGUMENTS: Final = 36
_NOT_IMPLEMENTED: Final = 48

# Of transport, and answered by how this server is; they mean nothing to a query here.
_OF_TRANSPORT: Final = frozenset({
    *("query", "database", "default_format", "query_id", "session_id", "session_timeout"),
    *("session_check", "enable_http_compression", "http_zlib_compression_level", "compress"),
    *("client_protocol_version", "wait_end_of_query", "send_progress_in_http_headers"),
    *("http_headers_progress_interval_ms", "cancel_http_readonly_queries_on_client_close"),
    *("buffer_size", "stacktrace", "readonly", "http_response_buffer_size"),
})  # fmt: skip
_SETTINGS: Final = re.compile(
    r"(?:max_(?:execution_time|threads|memory_usage|result_rows|block_size|insert_block_size"
    r"|rows_to_read|insert_threads|query_size)"
    r"|min_insert_block_size_(?:rows|bytes)|(?:input|output)_format_[a-z0-9_]+"
    r"|date_time_(?:input|output)_format|join_use_nulls|insert_null_as_default"
    r"|extremes|limit|offset|group_by_use_nulls|union_default_mode|cast_[a-z_]+"
    r"|allow_experimental_[a-z_]+|enable_json_type|session_timezone)"
)

# By the code of the error; any other is 500.
_STATUSES: Final = {
    **dict.fromkeys((6, 27, 36, 38, 41, 53, 62, 69, 70, 72, 115, 117, 130, 131, 271, 457), 400),
    **dict.fromkeys((164, 452, 497, 516), 403),
    **dict.fromkeys((46, 47, 60, 73, 81), 404),
    159: 408,
    307: 413,
    48: 501,
    202: 503,
}  # fmt: skip


class Users(msgspec.Struct, frozen=True, kw_only=True):
    """The passwords of the two users."""

    trade2026: str
    reader: str


class _Request(NamedTuple):
    query: dict[str, str]
    headers: dict[str, str]
    may_write: bool


class Application:
    """The server's one ASGI application."""

    def __init__(
        self,
        engine: Engine,
        users: Users,
        *,
        on_stuck: Callable[[Statement], None],
        stuck_s: float = STUCK_S,
    ) -> None:
        """Serve *engine* to *users*.

        Args:
            engine: Whatever it is asked, it is asked from a thread.
            users: Who may ask.
            on_stuck: Called when the engine has not come back from a statement in time: what
                waits behind it would wait for ever.
            stuck_s: That time; longer than any query may take.
        """
        self._engine = engine
        self._on_stuck = on_stuck
        self._stuck_s = stuck_s
        self._passwords = {"trade2026": users.trade2026, "reader": users.reader}
        self._threads = ThreadPoolExecutor(RUNNING_MAX + 1, thread_name_prefix="query")
        self._reading = asyncio.Semaphore(RUNNING_MAX)
        self._writing = asyncio.Lock()
        self._present = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == "http", scope["type"]
        method, path = scope["method"], scope["path"]
        if path == "/ping" or (path == "/" and method == "GET" and not scope["query_string"]):
            await _reply(send, 200, b"Ok.\n", {})
            return
        if path != "/" or method not in {"GET", "POST"}:
            await _reply(send, 404, b"There is no such handle\n", {})
            return
        try:
            await self._serve(scope, receive, send)
        except QueryRefusedError as error:
            await _refuse(send, error, self._engine.version)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        user = self._user_of(headers)
        text = scope["query_string"].decode("latin-1")
        try:
            query = dict(parse_qsl(text, keep_blank_values=True, errors="strict"))
        except ValueError:
            raise QueryRefusedError(_BAD_ARGUMENTS, "the address is not UTF-8") from None
        may_write = user != "reader" and scope["method"] == "POST"
        request = _Request(query, headers, may_write)
        if self._present >= RUNNING_MAX + WAITING_MAX:
            raise QueryRefusedError(_TOO_MANY_QUERIES, "too many queries at once; try again")
        self._present += 1
        try:
            statement, asked = await _read(request, receive)
            answer = await self._run(statement, asked)
        finally:
            self._present -= 1
        await _answer(send, request, statement, asked, answer)

    async def _run(self, statement: Statement, asked: Asked) -> Answer:
        if not statement.is_read and not asked.may_write:
            why = f"{statement.verb}: this user, or a GET, reads only"
            raise QueryRefusedError(READONLY, why)
        turn = self._reading if statement.is_read else self._writing
        async with turn:
            loop = asyncio.get_running_loop()
            run = loop.run_in_executor(self._threads, self._engine.run, statement, asked)
            done, _ = await asyncio.wait([run], timeout=self._stuck_s)
            if not done:
                self._on_stuck(statement)
            return await run

    def _user_of(self, headers: Mapping[str, str]) -> str:
        """Return who asks, once the password is right."""
        user, password = headers.get("x-clickhouse-user", ""), headers.get("x-clickhouse-key", "")
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if not user and scheme.lower() == "basic":
            with contextlib.suppress(binascii.Error, UnicodeDecodeError):
                plain = base64.b64decode(credentials, validate=True).decode("utf-8")
                user, _, password = plain.partition(":")
        right = self._passwords.get(user)
        # A password is compared for an unknown name too: the answer takes as long.
        known = (right or "no such user").encode("utf-8")
        is_same = hmac.compare_digest(known, password.encode("utf-8", "surrogateescape"))
        if right is None or not is_same:
            why = (
                "Authentication failed: password is incorrect, or there is no user with such name."
                " (AUTHENTICATION_FAILED)"
            )
            raise QueryRefusedError(_AUTHENTICATION_FAILED, why)
        return user


async def _read(request: _Request, receive: Receive) -> tuple[Statement, Asked]:
    query, headers = request.query, request.headers
    if headers.get("content-type", "").startswith("multipart/form-data"):
        raise QueryRefusedError(_NOT_IMPLEMENTED, "external tables by form are not here")
    limit = BODY_BYTES_MAX if request.may_write else _QUERY_BYTES_MAX
    raw = await _body(receive, limit)
    encoding = headers.get("content-encoding", "").strip().lower()
    body = await asyncio.to_thread(decompressed, raw, encoding, limit=limit)
    statement, data = _statement_of(query.get("query", ""), body)
    return statement, Asked(
        data=data,
        may_write=request.may_write and not statement.is_read,
        database=query.get("database") or headers.get("x-clickhouse-database") or DATABASE,
        default_format=_default_format(request),
        parameters=parameters_of(query),
        settings=_settings_of(query),
    )


def _statement_of(given: str, body: bytes) -> tuple[Statement, bytes]:
    """Return the statement and an INSERT's data: the body goes on where the address ends."""
    head = given.encode("utf-8", "surrogateescape")
    whole = head + b"\n" + body if head and body else head or body
    # Where an INSERT's data begin the rest may be anything.
    text = whole[:_QUERY_BYTES_MAX].decode("utf-8", "surrogateescape")
    statement = read_statement(text)
    if not statement.input_format:
        if len(whole) > _QUERY_BYTES_MAX:
            raise QueryRefusedError(_TOO_MANY_BYTES, "the query is too long")
        return statement, b""
    begin = len(text[: statement.data_at].encode("utf-8", "surrogateescape"))
    if head and begin == len(head):
        # The line's end between the two is ours.
        begin += 1
    return statement, whole[begin:]


async def _body(receive: Receive, limit: int) -> bytes:
    parts, size = [b""], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise QueryRefusedError(_BAD_ARGUMENTS, "the client has gone")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise QueryRefusedError(_TOO_MANY_BYTES, f"the body has more than {limit} bytes")
        if not message.get("more_body"):
            return b"".join(parts)


def _default_format(request: _Request) -> str:
    wanted = request.query.get("default_format") or request.headers.get("x-clickhouse-format", "")
    if wanted and not wanted.isalnum():
        raise QueryRefusedError(_BAD_ARGUMENTS, "default_format is no name of a format")
    return wanted or "TabSeparated"


def _settings_of(query: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in query.items():
        if name in _OF_TRANSPORT or name.startswith("param_"):
            continue
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise QueryRefusedError(_NO_SUCH_SETTING, f"Unknown setting {name[:64]!r}")
        if not _SETTINGS.fullmatch(name):
            raise QueryRefusedError(_SETTING_IS_FIXED, f"Setting {name} is not for clients")
        found[name] = value
    return found


async def _answer(
    send: Send, request: _Request, statement: Statement, asked: Asked, answer: Answer
) -> None:
    is_wanted = request.query.get("enable_http_compression") == "1"
    accepts = request.headers.get("accept-encoding", "") if is_wanted else ""
    encoding = accepted_encoding(accepts) if len(answer.body) >= COMPRESS_FROM else ""
    body = await asyncio.to_thread(compressed, answer.body, encoding)
    query_id = re.sub(r"[^\w-]", "", request.query.get("query_id", ""), flags=re.ASCII)[:64]
    headers = {
        "content-type": "text/plain; charset=UTF-8",
        "x-clickhouse-format": statement.output_format or asked.default_format,
        "x-clickhouse-query-id": query_id,
        "x-clickhouse-summary": f'{{"read_rows":"{answer.read_rows}"}}',
        "x-clickhouse-timezone": "UTC",
    }
    if encoding:
        headers["content-encoding"] = encoding
    await _reply(send, 200, body, headers)


async def _refuse(send: Send, error: QueryRefusedError, version: str) -> None:
    text = error.why
    if not text.startswith("Code: "):
        text = f"Code: {error.code}. DB::Exception: {text} (version {version})"
    headers = {
        "content-type": "text/plain; charset=UTF-8",
        "x-clickhouse-exception-code": str(error.code),
    }
    if error.code == _AUTHENTICATION_FAILED:
        headers["www-authenticate"] = 'Basic realm="ClickHouse"'
    body = f"{text.rstrip()}\n".encode("utf-8", "replace")
    await _reply(send, _STATUSES.get(error.code, 500), body, headers)


async def _reply(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    lines = {**headers, "content-length": str(len(body)), "x-content-type-options": "nosniff"}
    encoded = [(k.encode("ascii"), v.encode("latin-1", "replace")) for k, v in lines.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
