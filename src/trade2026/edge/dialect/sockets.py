"""The dialect's WebSockets: streams at `/ws` and `/stream`, requests at `/ws-api/v3`.

`/ws/<stream>` sends bare messages, `/stream?streams=<a>/<b>` says which stream each is of;
both take SUBSCRIBE, UNSUBSCRIBE and LIST_SUBSCRIPTIONS. What stands in the path and is no
stream, such as a client's number for its connection, means nothing.

Source: Binance Spot API, "WebSocket Streams" and "WebSocket API".
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.handlers import BaseRouteHandler

from trade2026.edge.dialect.connection import SLOW, Connection
from trade2026.edge.dialect.desk import Desk
from trade2026.edge.dialect.streams import STREAMS_MAX
from trade2026.edge.dialect.ws_api import answer_text
from trade2026.shell.access import public

AnySocket = WebSocket[Any, Any, Any]
TRY_LATER: Final = 1013

OnText = Callable[[str], Awaitable[None]]


class _Ask(msgspec.Struct):
    method: str
    params: list[str] = []
    id: int | str | None = None


def socket_routes(desk: Desk) -> list[BaseRouteHandler]:
    """Return the WebSocket routes."""

    @websocket(["/ws", "/ws/{path:path}"], opt=public())
    async def bare(socket: AnySocket, path: str = "") -> None:
        await _stream(desk, socket, path, is_combined=False)

    @websocket(["/stream", "/stream/{path:path}"], opt=public())
    async def combined(socket: AnySocket, path: str = "", streams: str = "") -> None:
        await _stream(desk, socket, f"{path}/{streams}", is_combined=True)

    @websocket("/ws-api/v3", opt=public())
    async def api(socket: AnySocket) -> None:
        connection = Connection(is_combined=False)
        address = address_of(socket)

        async def on_text(text: str) -> None:
            await answer_text(desk, connection, text, address=address)

        await _serve(desk, socket, connection, on_text)

    handlers: list[Any] = [bare, combined, api]
    return handlers


def address_of(socket: AnySocket) -> str:
    """Return where a connection comes from."""
    return socket.client.host if socket.client else ""


async def _stream(desk: Desk, socket: AnySocket, names: str, *, is_combined: bool) -> None:
    connection = Connection(is_combined=is_combined)

    async def on_text(text: str) -> None:
        if connection.may_ask(desk.clock.monotonic_ns()):
            connection.offer_plain(_asked(desk, connection, text))
        else:
            connection.end(SLOW)

    await _serve(desk, socket, connection, on_text, names=names)


def _asked(desk: Desk, connection: Connection, text: str) -> dict[str, Any]:
    try:
        ask = msgspec.json.decode(text, type=_Ask)
    except (msgspec.DecodeError, RecursionError):
        return _refusal(None, 3, "Invalid JSON: expected a method, params and an id")
    result: object = None
    match ask.method:
        case "LIST_SUBSCRIPTIONS":
            result = sorted(connection.streams)
        case "GET_PROPERTY":
            result = connection.is_combined
        case "SUBSCRIBE" | "UNSUBSCRIBE":
            problem = _change(desk, connection, ask)
            if problem:
                return _refusal(ask.id, 2, f"Invalid request: {problem}")
        case _:
            return _refusal(ask.id, 2, f"Invalid request: unknown method {ask.method[:40]}")
    return {"result": result, "id": ask.id}


def _change(desk: Desk, connection: Connection, ask: _Ask) -> str:
    """Subscribe or unsubscribe, all or nothing; return why not."""
    keys = [name for name in ask.params if desk.users.has(name)]
    names = [name for name in ask.params if not desk.users.has(name)]
    unknown = [name for name in names if not desk.hub.is_stream(name)]
    if unknown:
        return f"unknown stream {unknown[0][:80]}"
    if ask.method == "UNSUBSCRIBE":
        for name in names:
            desk.hub.unsubscribe(connection, name)
        for name in keys:
            desk.users.leave_key(connection, name)
        return ""
    if len(connection.streams | set(names)) > STREAMS_MAX:
        return f"at most {STREAMS_MAX} streams"
    for name in names:
        desk.hub.subscribe(connection, name)
    for name in keys:
        desk.users.listen_by_key(connection, name)
    return ""


def _refusal(ask_id: int | str | None, code: int, text: str) -> dict[str, Any]:
    return {"error": {"code": code, "msg": text}, "id": ask_id}


async def _serve(
    desk: Desk, socket: AnySocket, connection: Connection, on_text: OnText, *, names: str = ""
) -> None:
    await socket.accept()
    hub = desk.hub
    address = address_of(socket)
    if not desk.rates.connect(address, desk.clock.now_ns()):
        await socket.close(code=TRY_LATER, reason="too many connections")
        return
    try:
        for name in names.split("/"):
            if desk.users.has(name):
                desk.users.listen_by_key(connection, name)
            elif hub.is_stream(name) and len(connection.streams) < STREAMS_MAX:
                hub.subscribe(connection, name)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(_read(socket, connection, on_text))
            while (message := await connection.next_message()) is not None:
                await socket.send_data(message, mode="text")
            reading.cancel()
            await socket.close(code=connection.close_code)
    except* (WebSocketDisconnect, ConnectionError):
        pass
    finally:
        desk.rates.disconnect(address)
        hub.leave(connection)
        desk.users.leave(connection)


async def _read(socket: AnySocket, connection: Connection, on_text: OnText) -> None:
    while not connection.close_code:
        await on_text(str(await socket.receive_data(mode="text")))
