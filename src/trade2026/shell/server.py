"""HTTP servers inside one event loop: bound first, served together, drained at the end.

Ports are bound before anything starts, so that one in use is told at once and by name.
"""

import asyncio
import contextlib
import socket
from collections.abc import Generator
from typing import Final

import uvicorn

from trade2026.core.errors import StartError
from trade2026.shell.asgi import App

HOST: Final = "127.0.0.1"
BACKLOG: Final = 512
_DATE_EVERY_S: Final = 1.0


def bind(owner: str, port: int) -> socket.socket:
    """Return a socket bound to *port* of the loopback address; 0 is any free port.

    Raises:
        StartError: the port is in use; the text says what to do.
    """
    # With the protocol named, or the event loop does not switch Nagle's delay off: 40 ms a reply.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise StartError(
            f"{owner}: port {port} is in use; stop what uses it, or choose another --port-offset"
        ) from error
    listener.setblocking(False)  # noqa: FBT003 - the library's signature
    return listener


class HttpServer(uvicorn.Server):
    """One listening server, ended by `finish` instead of by signals."""

    def __init__(self, app: App, listener: socket.socket, *, drain_s: float) -> None:
        """Serve *app* on *listener* once `run` is awaited."""
        super().__init__(
            uvicorn.Config(
                app,
                loop="none",
                http="httptools",
                ws="websockets-sansio",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                backlog=BACKLOG,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=max(1, round(drain_s)),
                ws_max_size=65_536,
            )
        )
        self._listener = listener
        self._finish = asyncio.Event()
        self._listening = asyncio.Event()

    @property
    def port(self) -> int:
        """Return the port that it listens on."""
        port: int = self._listener.getsockname()[1]
        return port

    async def run_until_finished(self) -> None:
        """Serve until `finish`, then finish the running requests within their limit."""
        try:
            await self.serve(sockets=[self._listener])
        finally:
            self._listener.close()

    async def until_listening(self) -> None:
        """Return when connections are accepted; `run_until_finished` is under way."""
        await self._listening.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        self._listening.set()

    def finish(self) -> None:
        """Stop accepting, and end `run_until_finished` when the running requests are done."""
        self.should_exit = True
        self._finish.set()

    async def main_loop(self) -> None:
        """Keep the date header right until `finish`.

        The library's own loop wakes ten times a second, for each server of the process.
        """
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DATE_EVERY_S):
                    await self._finish.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals to the process."""
        yield
