"""Snapshots of a fold as two files in a folder.

A draft is forced to the disk before it takes the newest one's name, and the newest one becomes
the previous one before that: at every moment one whole snapshot has a name, whatever is killed.
"""

import contextlib
import os
from pathlib import Path

from trade2026.core.errors import UnavailableError


class SnapshotFiles:
    """The snapshots of one fold; see `SnapshotStore`."""

    def __init__(self, path: Path) -> None:
        """Name the newest one's file; nothing is read or written."""
        self._newest = path
        self._previous = path.with_suffix(".previous")
        self._draft = path.with_suffix(".new")

    def read(self) -> tuple[bytes, ...]:
        """Return what is kept, newest first; see `SnapshotStore`."""
        found: list[bytes] = []
        for path in (self._newest, self._previous):
            try:
                found.append(path.read_bytes())
            except FileNotFoundError:
                continue
            except OSError as error:
                raise UnavailableError(f"cannot read {path}: {error}") from error
        return tuple(found)

    def write(self, content: bytes) -> None:
        """Keep *content* as the newest; see `SnapshotStore`."""
        try:
            self._newest.parent.mkdir(parents=True, exist_ok=True)
            with self._draft.open("wb") as draft:
                draft.write(content)
                draft.flush()
                os.fsync(draft.fileno())
            if self._newest.exists():
                self._newest.replace(self._previous)
            self._draft.replace(self._newest)
            _sync_folder(self._newest.parent)
        except OSError as error:
            # Half a draft on a full disk is of use to nobody.
            with contextlib.suppress(OSError):
                self._draft.unlink(missing_ok=True)
            raise UnavailableError(f"cannot write {self._newest}: {error}") from error


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
