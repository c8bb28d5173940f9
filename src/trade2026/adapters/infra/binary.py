"""Find the server binaries that Python packages brought, and ask them for their version."""

import re
import subprocess
from importlib import metadata
from pathlib import Path

VERSION_TIMEOUT_S = 60.0
"""A large binary that is read from a slow disk for the first time takes its time."""


def packaged_binary(package: str, name: str) -> Path | None:
    """Return the file called *name* that the installed *package* brought, None without one.

    The package is not imported: some of them do things to the machine on import.
    """
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name == name:
            path = Path(str(file.locate())).resolve()
            if path.is_file():
                return path
    return None


def version_of(binary: Path, *question: str) -> str:
    """Return the version that *binary* reports, such as ``2.15.1``; empty when it does not.

    Args:
        binary: The program.
        question: The arguments that ask for it, ``--version`` unless given.
    """
    try:
        answer = subprocess.run(  # noqa: S603 - a binary of ours, no shell
            [str(binary), *(question or ("--version",))],
            capture_output=True,
            text=True,
            timeout=VERSION_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    match = re.search(r"\d+(\.\d+)+", answer.stdout)
    return match.group() if match else ""


def as_numbers(version: str) -> tuple[int, ...]:
    """Return a version's parts, to compare; empty for an unknown version."""
    return tuple(int(part) for part in version.split(".")) if version else ()
