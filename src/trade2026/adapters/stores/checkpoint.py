"""A service's checkpoint: one file, replaced as a whole.

A process killed in the middle of writing leaves the file before. Losing the file costs a
longer start, never data, so it is not forced to the disk.
"""

from pathlib import Path

from trade2026.core.errors import StartError


class CheckpointFile:
    """The newest checkpoint of one service."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is read or written."""
        self._path = path

    def read(self) -> bytes | None:
        """Return what was written last, or None where nothing was.

        Raises:
            StartError: the file is there but cannot be read.
        """
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StartError(f"cannot read {self._path}: {error}") from error

    def write(self, content: bytes) -> None:
        """Replace the file.

        Raises:
            StartError: the folder cannot be written.
        """
        draft = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(content)
            draft.replace(self._path)
        except OSError as error:
            raise StartError(f"cannot write {self._path}: {error}") from error
