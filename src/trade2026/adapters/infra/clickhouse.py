"""ClickHouse as a child process: the embedded engine, served by a process of our own.

No package brings a server's binary; the engine comes as a library of which one process may
open a folder. That process is this child, and everybody else talks to it by HTTP, as to any
ClickHouse.
"""

import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Final

import trade2026
from trade2026.adapters.infra.probe import HOST, converse, require_port
from trade2026.adapters.infra.process import ChildProcess, Launch
from trade2026.adapters.infra.server import LocalServer, write_private
from trade2026.core.errors import StartError, UnavailableError

PACKAGE: Final = "chdb-core-lite"
SERVE: Final = "trade2026.adapters.clickhouse.serve"
WRITER: Final = "trade2026"
READER: Final = "reader"
READY_S: Final = 120.0
"""Long, because a store that was killed first looks through its parts."""
STOP_S: Final = 3.0
_ANSWER: Final = b"\r\n\r\n1\n"


class ClickHouseServer(LocalServer):
    """The server of one data directory."""

    def __init__(self, data_dir: Path, *, port: int, password: str, reader_password: str) -> None:
        """Describe the server; its users are `WRITER` and `READER`."""
        self._folder = data_dir / "clickhouse"
        self._port = port
        self._passwords = {WRITER: password, READER: reader_password}
        self._config_path = self._folder / "server.json"
        self._log_path = data_dir / "logs" / "clickhouse.log"
        super().__init__(STOP_S)

    async def start(self) -> None:
        """Start the server and return when a query works.

        Raises:
            StartError: no library, a port in use, or it did not become ready.
        """
        try:
            self._version = metadata.version(PACKAGE)
        except metadata.PackageNotFoundError:
            raise StartError("no ClickHouse that runs here; run: make setup") from None
        require_port("ClickHouse", self._port)
        self._write_config()
        launch = Launch(
            name="ClickHouse",
            argv=[sys.executable, "-m", SERVE, str(self._config_path)],
            log_path=self._log_path,
            # The whole of it: nothing of the user's is for a process that answers queries.
            environment={"PYTHONPATH": str(Path(trade2026.__file__).parents[1])},
        )
        self._child = ChildProcess(launch)
        self._child.start()
        await self._child.until_ready(self.check, deadline_s=READY_S)

    async def check(self) -> str:
        """Return what is wrong with the server, empty when all is well."""
        if self._child is not None and not self._child.is_running:
            return "the process has ended"
        lines = (
            "GET /?query=SELECT%201 HTTP/1.0",
            f"Host: {HOST}:{self._port}",
            f"X-ClickHouse-User: {READER}",
            f"X-ClickHouse-Key: {self._passwords[READER]}",
        )
        request = "\r\n".join((*lines, "", "")).encode("ascii")
        try:
            answer = await converse(self._port, request)
        except UnavailableError as error:
            return str(error)
        if answer.endswith(_ANSWER):
            return ""
        body = answer.partition(b"\r\n\r\n")[2].decode("utf-8", "replace").strip()
        return body[:200] or "what answers is not ClickHouse"

    def _write_config(self) -> None:
        # The passwords lie beside the folder that the process may still read once it serves.
        store = self._folder / "store"
        for folder in (self._folder, store):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        document = {
            "port": self._port,
            "folder": str(store.resolve()),
            "users": self._passwords,
        }
        write_private(self._config_path, json.dumps(document))
