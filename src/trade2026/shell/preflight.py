"""What is looked at before anything starts: each fault is one line that says what to do.

Nothing is changed on a machine that cannot run the platform, but that the data directory
may have been made. The directory is claimed by a lock that the kernel frees when its owner
dies, however it dies.
"""

import contextlib
import fcntl
import os
import shutil
import sys
import time
from collections.abc import Collection, Generator
from pathlib import Path
from typing import Final

from trade2026.adapters.infra.probe import is_port_free
from trade2026.adapters.infra.process import NO_USER_NAMESPACES, can_make_user_namespace
from trade2026.catalogue.table import TABLE
from trade2026.core.errors import StartError
from trade2026.shell.addresses import LocalAddresses

PYTHON_MIN: Final = (3, 11)
LAYOUT: Final = 1
"""The layout of a data directory; raised when an older one must be converted."""
LEFTOVER_S: Final = 10.0
"""How long the children of a killed platform may take to end."""

SHOWN_MAX: Final = 3
"""How many of the ports in use are named."""

_MB: Final = 1_000_000
# What may be in a directory before the platform was ever started on it.
_KNOWN_BEFORE: Final = frozenset({"trade2026.toml", "secrets", "logs", "run", "lost+found"})
_POLL_S: Final = 0.1


def require_python(version: tuple[int, int]) -> None:
    """Refuse an interpreter that is too old.

    Raises:
        StartError: it is.
    """
    if version < PYTHON_MIN:
        need, have = (".".join(map(str, parts)) for parts in (PYTHON_MIN, version))
        raise StartError(f"Python {need} or newer is needed, this is {have}; run: make setup")


@contextlib.contextmanager
def claimed(data_dir: Path) -> Generator[None]:
    """Make *data_dir* if needed and hold it against other platforms.

    Raises:
        StartError: it cannot be written, another platform runs on it, it is somebody
            else's directory, or it was made by another layout.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_ours(data_dir)
        lock_path = data_dir / "run" / "lock"
        lock_path.parent.mkdir(mode=0o700, exist_ok=True)
        lock = lock_path.open("a+", encoding="ascii")
    except OSError as error:
        why = f"cannot write in {data_dir}: {error.strerror}"
        raise StartError(f"{why}; choose another --data-dir") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            why = f"a platform runs on {data_dir} already (process {lock.read().strip()})"
            raise StartError(f"{why}; stop it or choose another --data-dir") from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def require_space(data_dir: Path, free_mb_min: int) -> None:
    """Refuse a disk that is nearly full.

    Raises:
        StartError: less than *free_mb_min* million bytes are free.
    """
    free_mb = shutil.disk_usage(data_dir).free // _MB
    if free_mb < free_mb_min:
        why = f"{free_mb} MB are free for {data_dir}, {free_mb_min} MB are needed"
        raise StartError(f"{why}; free some or choose another --data-dir")


def require_ports(
    addresses: LocalAddresses, *, wait_s: float = 0.0, off: Collection[str] = ()
) -> None:
    """Refuse to start when a port of a built component is in use.

    Args:
        addresses: Where the components will be.
        wait_s: How long a port may take to become free: after a platform was killed, its
            children need a moment to end.
        off: Components that will not be started.

    Raises:
        StartError: ports are still in use after that.
    """
    tries = 1 + int(wait_s / _POLL_S)
    taken: list[str] = []
    for attempt in range(tries):
        if attempt:
            time.sleep(_POLL_S)
        taken = [
            f"{port} of {component.name}"
            for component in TABLE
            if not component.is_planned and component.name not in off
            for port in addresses.ports(component.name)
            if not is_port_free(port)
        ]
        if not taken:
            return
    shown, more = ", ".join(taken[:SHOWN_MAX]), len(taken) - SHOWN_MAX
    what = f"port {shown} is" if len(taken) == 1 else f"ports {shown} are"
    if more > 0:
        what = f"ports {shown} and {more} more are"
    raise StartError(f"{what} in use; stop what listens there or choose another --port-offset")


def require_user_namespaces() -> None:
    """Refuse to run as root on a kernel without user namespaces: PostgreSQL needs one.

    Raises:
        StartError: it is so.
    """
    if os.geteuid() == 0 and not can_make_user_namespace():
        raise StartError(NO_USER_NAMESPACES)


def require_machine(
    data_dir: Path,
    addresses: LocalAddresses,
    *,
    free_mb_min: int,
    was_killed: bool,
    off: Collection[str] = (),
) -> None:
    """Look at everything, on a data directory that is claimed.

    Args:
        data_dir: Where the platform will keep its data.
        addresses: Where the components will be.
        free_mb_min: Free space needed, in millions of bytes.
        was_killed: Whether the platform was killed the last time.
        off: Components that will not be started.

    Raises:
        StartError: the machine cannot run the platform; one line says what to do.
    """
    require_python(sys.version_info[:2])
    require_space(data_dir, free_mb_min)
    require_user_namespaces()
    require_ports(addresses, wait_s=LEFTOVER_S if was_killed else 0.0, off=off)


def _require_ours(data_dir: Path) -> None:
    version_path = data_dir / "VERSION"
    if not version_path.exists():
        strange = sorted(p.name for p in data_dir.iterdir() if p.name not in _KNOWN_BEFORE)
        if strange:
            why = f"{data_dir} is not empty ({strange[0]}) and is no data directory of Trade2026"
            raise StartError(f"{why}; choose another --data-dir")
        version_path.write_text(f"{LAYOUT}\n", "ascii")
        return
    text = version_path.read_text("ascii", errors="replace").strip()
    if text == str(LAYOUT):
        return
    age = "a newer" if text.isdigit() and int(text) > LAYOUT else "another"
    why = f"{data_dir} was made by {age} version of Trade2026 (layout {text}, this is {LAYOUT})"
    raise StartError(f"{why}; use that version, or another --data-dir")
