"""What every server of the platform has as a child process, whatever it serves."""

import os
from pathlib import Path

from trade2026.adapters.infra.process import ChildProcess


class LocalServer:
    """A server that runs as a child; the subclass starts it.

    Args:
        stop_s: how long it may take to stop by itself, in seconds; then it is killed.
    """

    def __init__(self, stop_s: float) -> None:
        self._stop_s = stop_s
        self._child: ChildProcess | None = None
        self._version = ""

    @property
    def pid(self) -> int | None:
        """The process id, None before the first start."""
        return None if self._child is None else self._child.pid

    @property
    def process(self) -> ChildProcess | None:
        """The child process, None before the first start."""
        return self._child

    @property
    def version(self) -> str:
        """The version of the program, empty before the first start."""
        return self._version

    async def stop(self) -> None:
        """Stop the server; what it acknowledged is in its files."""
        if self._child is not None:
            await self._child.stop(self._stop_s)


def write_private(path: Path, text: str) -> None:
    """Write *text* to a new file that only this user reads; one that was there before is gone."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
