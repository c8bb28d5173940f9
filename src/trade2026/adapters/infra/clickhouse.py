"""ClickHouse as a child process: the embedded engine, served by a process of our own.

No package brings a server's binary; the engine comes as a library of which one process may
open a folder. That process is this child, and everybody else talks to it by HTTP, as to any
ClickHouse.
"""

import json
import os
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Final

import trade2026
from trade2026.adapters.infra.probe import HOST, converse, require_port
from trade2026.adapters.infra.process import BEHIND, ChildProcess, Launch
from trade2026.adapters.infra.server import LocalServer, write_private
from trade2026.core.errors import StartError, UnavailableError

PACKAGE: Final = "chdb-core-lite"
SERVE: Final = "trade2026.adapters.clickhouse.serve"
WRITER: Final = "trade2026"
READER: Final = "reader"
VERSION_FILE: Final = "VERSION"
"""In the store's folder: which ClickHouse made it. It goes where the folder goes."""
FIRST_VERSION: Final = "26.5"
"""What made a store in which nothing says so."""
READY_S: Final = 120.0
"""Long, because a store that was killed first looks through its parts."""
STOP_S: Final = 3.0
_ANSWER: Final = b"\r\n\r\n1\n"


class ClickHouseServer(LocalServer):
    """The server of one data directory."""

    def __init__(self, data_dir: Path, *, port: int, password: str, reader_password: str) -> None:
        """Describe the server; its users are `WRITER` and `READER`."""
        self._folder = data_dir / "clickhouse"
        self._store = self._folder / "store"
        self._port = port
        self._passwords = {WRITER: password, READER: reader_password}
        self._config_path = self._folder / "server.json"
        self._log_path = data_dir / "logs" / "clickhouse.log"
        super().__init__(STOP_S)

    async def start(self) -> None:
        """Start the server and return when a query works.

        Raises:
            StartError: no library, a port in use, data of another version, or it did not
                become ready.
        """
        try:
            self._version = metadata.version(PACKAGE)
        except metadata.PackageNotFoundError:
            raise StartError("no ClickHouse that runs here; run: make setup") from None
        require_port("ClickHouse", self._port)
        self._require_same_version()
        self._write_config()
        launch = Launch(
            name="ClickHouse",
            argv=[sys.executable, "-m", SERVE, str(self._config_path)],
            log_path=self._log_path,
            # The whole of it: nothing of the user's is for a process that answers queries.
            environment={"PYTHONPATH": str(Path(trade2026.__file__).parents[1])},
            niceness=BEHIND,
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

    def _require_same_version(self) -> None:
        """Make the store's folder at the first start; refuse one that others made, untouched."""
        path, ours = self._store / VERSION_FILE, release_of(self._version)
        # Under another name first: half a version would be another one.
        draft = path.with_suffix(".new")
        made_by = ours
        try:
            if path.exists():
                made_by = path.read_text("ascii", errors="replace").strip()
            elif self._store.exists() and {*self._store.iterdir()} - {draft}:
                made_by = FIRST_VERSION
            if made_by == ours and not path.exists():
                for folder in (self._folder, self._store):
                    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                _put(path, draft, f"{ours}\n")
        except OSError as error:
            raise StartError(f"ClickHouse: {path}: {error.strerror}") from None
        if made_by != ours:
            why = f"{self._store} was made by ClickHouse {made_by[:20]!r}, this is {ours}"
            raise StartError(
                f"{why}; use the version it was made by, or move that folder away and start again:"
                " what the log of events still has is stored anew"
            )

    def _write_config(self) -> None:
        # The passwords lie beside the folder that the process may still read once it serves.
        document = {
            "port": self._port,
            "folder": str(self._store.resolve()),
            "users": self._passwords,
        }
        write_private(self._config_path, json.dumps(document))


def _put(path: Path, draft: Path, text: str) -> None:
    """Have *text* whole on the disk at *path*, by way of *draft* beside it."""
    with draft.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    # Its name too, and the folder's own; where a folder can be opened: on Windows it cannot.
    for folder in (path.parent, path.parent.parent):
        with suppress(OSError):
            number = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(number)
            finally:
                os.close(number)


def release_of(version: str) -> str:
    """Return which release a version is of, such as 26.5: within one the store is the same."""
    return ".".join(version.split(".")[:2])
