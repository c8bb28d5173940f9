"""WebSockets of the dialect without a network, from whatever address a test wants."""

import asyncio
from typing import Any, Self

import msgspec
from litestar.types import ASGIApp


class Caller:
    """One WebSocket to *app*. It is over, also for the application, when its block ends."""

    def __init__(self, app: ASGIApp, path: str, *, address: str = "10.0.0.1") -> None:
        self._app: Any = app
        self._scope: dict[str, Any] = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [],
            "subprotocols": [],
            "client": (address, 1),
            "server": ("127.0.0.1", 1),
            "scheme": "ws",
            "root_path": "",
            "state": {},
        }
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        """Connect."""
        talk = self._app(self._scope, self._sent.get, self._told.put)
        self._talk = asyncio.ensure_future(talk)
        await self._sent.put({"type": "websocket.connect"})
        assert (await self._told.get())["type"] == "websocket.accept"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up."""
        await self._sent.put({"type": "websocket.disconnect", "code": 1000})
        await self._talk

    async def asked(self, **message: Any) -> Any:
        """Send a request and return its answer, or the code that the other side closes with."""
        await self.say(**message)
        while True:
            told = await self.heard()
            if isinstance(told, int) or told.get("id") == message["id"]:
                return told

    async def say(self, **message: Any) -> None:
        """Send a request."""
        text = msgspec.json.encode(message).decode()
        await self._sent.put({"type": "websocket.receive", "text": text, "bytes": None})

    async def heard(self) -> Any:
        """Return the next message, or the code that the other side closes with."""
        told = await self._told.get()
        return (
            told["code"] if told["type"] == "websocket.close" else msgspec.json.decode(told["text"])
        )
