"""The platform's own secrets: made at first start, kept in files only their owner can read.

One file a secret, mode 0600, in `<data-dir>/secrets`, mode 0700. A secret is written whole
before it gets its name, so two processes that ask at the same moment get the same one, and
a crash leaves none by half.
"""

import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from trade2026.core.errors import StartError

BUS_USER: Final = "trade2026"
"""The one user of the message bus; its password is the secret `BUS_SECRET`."""
BUS_SECRET: Final = "nats"  # noqa: S105 - the name of the secret, not the secret
OBJECTS_SECRET: Final = "seaweedfs"  # noqa: S105 - as above
"""The secret key of object storage."""
ANALYTICS_SECRET: Final = "clickhouse"  # noqa: S105 - as above
"""The password of the column store's user `trade2026`, who writes."""
ANALYTICS_READER_SECRET: Final = "clickhouse-reader"  # noqa: S105 - as above
"""The same, of its user `reader`, who only reads."""
LENGTH: Final = 32
# Letters and digits that are not mistaken for one another, about 5.8 bits each.
ALPHABET: Final = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def random_text(length: int) -> str:
    """Return letters and digits that nobody can guess."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


class Secrets:
    """The secrets of one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "secrets"

    def has(self, name: str) -> bool:
        """Return whether the secret exists already."""
        return self._path(name).exists()

    def get(self, name: str) -> str:
        """Return the secret, making a random one at the first call.

        Raises:
            StartError: it cannot be written, or others may read it, or it is empty.
        """
        try:
            if not self.has(name):
                self._create(name)
            return self._read(self._path(name))
        except OSError as error:
            why = f"cannot keep secrets in {self._folder}: {error.strerror}"
            raise StartError(why) from None

    def _path(self, name: str) -> Path:
        assert name
        assert Path(name).name == name
        return self._folder / name

    def _create(self, name: str) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Also when the folder was there before.
        self._folder.chmod(0o700)
        path = self._path(name)
        draft = path.with_name(f".{name}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(random_text(LENGTH))
                file.flush()
                os.fsync(file.fileno())
            # A link, because it fails where a rename would replace another's secret.
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(draft)
        finally:
            draft.unlink()

    def _read(self, path: Path) -> str:
        if path.stat().st_mode & _OTHERS:
            raise StartError(f"others may read {path}; run: chmod 600 {path}")
        secret = path.read_text("ascii").strip()
        if not secret:
            raise StartError(f"{path} is empty; write the secret into it again")
        return secret


class SecretFile:
    """A file of secrets that changes while we run: replaced whole, or not at all."""

    def __init__(self, data_dir: Path, name: str) -> None:
        """Keep it as *name* beside the other secrets of *data_dir*."""
        self._path = data_dir / "secrets" / name

    def load(self) -> bytes:
        """Return what was saved last, empty at first.

        Raises:
            StartError: it cannot be read, or others may read it.
        """
        try:
            if self._path.stat().st_mode & _OTHERS:
                raise StartError(f"others may read {self._path}; run: chmod 600 {self._path}")
            return self._path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise StartError(f"cannot read {self._path}: {error.strerror}") from None

    def save(self, content: bytes) -> None:
        """Replace what is kept; it is on the disk when this returns.

        Raises:
            OSError: it cannot be written; what was there before still is.
        """
        folder = self._path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)

    def random_text(self, length: int) -> str:
        """Return letters and digits that nobody can guess."""
        return random_text(length)


def read_credentials(path: Path) -> tuple[str, str]:
    """Return key and secret of somebody else's service, from the two lines of a file.

    Raises:
        StartError: it cannot be read, others may read it, or it has not two lines.
    """
    try:
        if path.stat().st_mode & _OTHERS:
            raise StartError(f"others may read {path}; run: chmod 600 {path}")
        lines = path.read_text("ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not plain text"
        raise StartError(f"cannot read {path}: {why}") from None
    if len(lines) != len(("key", "secret")):
        raise StartError(f"{path}: expected two lines, the key and its secret")
    return lines[0], lines[1]
