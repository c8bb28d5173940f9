"""A whole running platform under test: started as its user would, asked over HTTP, killed by pid.

Every platform gets a data directory and a port offset of its own, so that several may stand
side by side with one that is in use.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, Self

import httpx

from trade2026.catalogue.table import TABLE

ROOT = Path(__file__).parents[2]
START_S = 120.0
"""Generous: the first start compiles kernels, on a busy machine."""
STOP_S = 15.0
STEP_S = 0.05
EPHEMERAL_FIRST = 32_768
"""The first port that Linux gives to outgoing connections."""


def free_offset() -> int:
    """Return a port offset at which every port of the catalogue is free."""
    ports = [p.number for c in TABLE for p in c.ports] + [
        c.metrics_port for c in TABLE if c.metrics_port
    ]
    # Below the range from which connections take their own ports, which come and go.
    offsets = range(10_000, EPHEMERAL_FIRST - max(ports), 137)
    turn = os.getpid() % len(offsets)
    for offset in [*offsets[turn:], *offsets[:turn]]:
        if all(_is_free(port + offset) for port in ports):
            return offset
    raise AssertionError("no free range of ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Platform:
    """One platform, from `trade2026 up` to its end."""

    def __init__(
        self, data_dir: Path, *arguments: str, offset: int | None = None, by_make: bool = False
    ) -> None:
        self._by_make = by_make
        self.data_dir = data_dir
        self.offset = free_offset() if offset is None else offset
        self.output = data_dir.with_suffix(".out")
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._password = ""
        self._token = ""
        self._token_at = 0.0
        self._http = httpx.Client(timeout=15, trust_env=False)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop()
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._http.close()

    @property
    def pid(self) -> int:
        """Return the supervisor's process."""
        assert self._process is not None
        return self._process.pid

    @property
    def password(self) -> str:
        """Return the password that the first start printed."""
        return self._password

    def start(self) -> None:
        """Start the platform and return when it says that it is up."""
        argv = [sys.executable, "-m", "trade2026", "up", "--data-dir", str(self.data_dir)]
        argv += ["--port-offset", str(self.offset), *self._arguments]
        if self._by_make:
            argv = ["make", "--no-print-directory", "-C", str(ROOT), "up"]
            argv += [f"DATA_DIR={self.data_dir}", f"PORT_OFFSET={self.offset}"]
        with self.output.open("wb") as output:
            # A group of its own, so that Ctrl-C reaches all of it as from a terminal.
            self._process = subprocess.Popen(
                argv, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.wait_for(lambda: "logs in" in self.said(), START_S, "platform up")
        for line in self.said().splitlines():
            if line.startswith("admin password: "):
                self._password = line.removeprefix("admin password: ")

    def said(self) -> str:
        """Return everything the platform printed since its start."""
        return self.output.read_text("utf-8")

    def stop(self) -> float:
        """Stop as Ctrl-C does, and return how long it took, in seconds."""
        assert self._process is not None
        if self._process.poll() is not None:
            return 0.0
        begin = time.monotonic()
        os.killpg(self._process.pid, signal.SIGINT)
        self._process.wait(STOP_S)
        return time.monotonic() - begin

    def wait_for(self, condition: Any, limit_s: float, what: str) -> None:
        """Return when *condition* holds; fail with what the platform said when it never does."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            if condition():
                return
            assert self._process is not None
            assert self._process.poll() is None, f"the platform ended:\n{self.said()}"
            time.sleep(STEP_S)
        status = self.cli("status").stdout
        logs = self.last_logs()
        raise AssertionError(f"no {what} within {limit_s} s:\n{self.said()}\n{status}\n{logs}")

    def last_logs(self) -> str:
        """Return the end of every log, for a failure's report."""
        logs = sorted((self.data_dir / "logs").glob("*.log"))
        ends = (f"--- {log.name}\n" + log.read_text("utf-8", "replace")[-1500:] for log in logs)
        return "\n".join(ends)

    def url(self, component: str, path: str) -> str:
        """Return the address of a component's path."""
        port = {c.name: c for c in TABLE}[component].ports[0].number
        return f"http://127.0.0.1:{port + self.offset}{path}"

    def call(
        self, method: str, component: str, path: str, *, json: Any = None, token: str | None = None
    ) -> httpx.Response:
        """Ask a component, as admin unless another token is given; an empty one sends none."""
        token = self.token() if token is None else token
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return self._http.request(method, self.url(component, path), json=json, headers=headers)

    def get(self, component: str, path: str) -> Any:
        """Return what a component answers to a GET that must succeed."""
        reply = self.call("GET", component, path)
        assert reply.status_code == 200, f"{path}: {reply.status_code} {reply.text}"
        return reply.json()

    def order(self, **body: Any) -> httpx.Response:
        """Place an order."""
        return self.call("POST", "oms", "/orders", json=body)

    def token(self) -> str:
        """Return an access token of the admin, renewed before it ends."""
        if not self._token or time.monotonic() - self._token_at > 300:
            login = {"username": "admin", "password": self._password}
            reply = self._http.post(self.url("authn", "/login"), json=login)
            assert reply.status_code in {200, 201}, reply.text
            self._token, self._token_at = reply.json()["access_token"], time.monotonic()
        return self._token

    def process_of(self, name: str) -> int:
        """Return the pid of a server or of a group, from the supervisor's state."""
        status = self.state()
        return next(unit["pid"] for unit in status["units"] if unit["name"] == name)

    def state(self) -> Any:
        """Return the supervisor's state."""
        return httpx.Response(
            200, content=(self.data_dir / "run" / "supervisor.json").read_bytes()
        ).json()

    def kill(self, name: str) -> int:
        """Kill a server or a group with SIGKILL, and return the pid it had."""
        pid = self.process_of(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def is_healthy(self) -> bool:
        """Return whether every built component is healthy at this moment."""
        return self.cli("status", "--json").returncode == 0

    def cli(
        self, command: str, *arguments: str, timeout_s: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of `trade2026` on this platform."""
        # The place comes last: a command may be of two words.
        argv = [sys.executable, "-m", "trade2026", command, *arguments]
        argv += ["--data-dir", str(self.data_dir), "--port-offset", str(self.offset)]
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=timeout_s)


@contextlib.contextmanager
def running_platform(data_dir: Path, *arguments: str, by_make: bool = False) -> Generator[Platform]:
    """Start a platform in *data_dir*, yield it, and stop it.

    Args:
        data_dir: its own.
        arguments: further ones of `trade2026 up`.
        by_make: start it by the README's first command, `make up`, without arguments.
    """
    with Platform(data_dir, *arguments, by_make=by_make) as platform:
        yield platform
