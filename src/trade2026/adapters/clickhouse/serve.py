"""The process of the column store: ``python -m trade2026.adapters.clickhouse.serve FILE``.

The file says where it listens, its folder and the passwords. The port is bound first, then the
kernel is told to hold the process, and only then the engine, with its threads, is loaded.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Final

import msgspec
import uvicorn

import trade2026
from trade2026.adapters.clickhouse.application import Application, Users
from trade2026.adapters.clickhouse.engine import Engine
from trade2026.adapters.clickhouse.sandbox import confine
from trade2026.adapters.clickhouse.statement import Statement
from trade2026.adapters.infra.probe import HOST
from trade2026.core.errors import StartError

BACKLOG: Final = 128
DRAIN_S: Final = 1
CANNOT_START: Final = 2
STUCK: Final = 3


class ServerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the process is told."""

    port: int
    folder: str
    users: Users


def main() -> None:
    """Serve until SIGTERM; a start that fails says why in one line."""
    config = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=ServerConfig)
    try:
        asyncio.run(_serve(config))
    except StartError as error:
        _say(f"trade2026: {error}")
        sys.exit(CANNOT_START)


class _Server(uvicorn.Server):
    """Ends by `finish`: by itself it would die of the signal before the store is closed."""

    def finish(self) -> None:
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def _serve(config: ServerConfig) -> None:
    folder = Path(config.folder)
    listener = _bound(config.port)
    package = Path(trade2026.__file__).parent
    is_held = confine(folder, [Path(sys.prefix), Path(sys.base_prefix), package])
    _say("held by the kernel" if is_held else "this kernel cannot hold it: no Landlock")
    engine = Engine(folder)
    _say(f"ClickHouse {engine.version} on {HOST}:{config.port}")
    if aside := engine.set_aside():
        _say(f"damaged, and set aside: {', '.join(aside)}; who fills the table does so again")
    server = _Server(
        uvicorn.Config(
            Application(engine, config.users, on_stuck=_give_up),
            http="httptools",
            lifespan="off",
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=DRAIN_S,
        )
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.finish)
    await server.serve(sockets=[listener])
    engine.close()
    # A query that still runs would hold the interpreter at its end; it has nobody to answer.
    os._exit(0)


def _give_up(statement: Statement) -> None:
    # Crash-only: the next start finds what was acknowledged.
    _say(f"the engine does not come back from {statement.verb}; given up")
    os._exit(STUCK)


def _bound(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        why = f"port {port} of ClickHouse is in use"
        raise StartError(f"{why}; stop what listens there or choose another port") from None
    listener.setblocking(False)  # noqa: FBT003 - the library's signature
    return listener


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - the process's log


if __name__ == "__main__":
    main()
