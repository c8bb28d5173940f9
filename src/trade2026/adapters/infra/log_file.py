"""The end of a child's log, for people: what it said last.

A line of JSON, as our own processes write it, is told in short; any other is shown as it is.
"""

from pathlib import Path
from typing import Any, Final

import msgspec

LOG_BYTES_MAX: Final = 10 * 1024 * 1024
TAIL_BYTES: Final = 64 * 1024
WORDS_MAX: Final = 300
_HEADERS: Final = frozenset({"ts", "level", "event", "exception"})


def rotate(path: Path) -> None:
    """Set a log that has grown too large aside, as `<name>.1`."""
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        path.replace(path.with_name(path.name + ".1"))


def tail(path: Path, lines: int) -> str:
    """Return the last *lines* lines of the log; empty when there is none."""
    return "\n".join(_told(line) for line in _last_lines(path, lines))


def last_words(path: Path) -> str:
    """Return what the log says last in one short line; empty when there is none."""
    for line in _last_lines(path, 1):
        fields = _fields(line)
        if fields is None:
            return line.strip()[:WORDS_MAX]
        exception = str(fields.get("exception", "")).strip()
        # The last line of a traceback is the error itself.
        words = fields.get("reason") or exception.rpartition("\n")[2] or fields.get("event", "")
        return str(words)[:WORDS_MAX]
    return ""


def _last_lines(path: Path, count: int) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return text.rstrip().splitlines()[-count:]


def _fields(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return None


def _told(line: str) -> str:
    fields = _fields(line)
    if fields is None:
        return line
    head = " ".join(str(fields.get(name, "")) for name in ("ts", "level", "event"))
    rest = " ".join(f"{name}={value}" for name, value in fields.items() if name not in _HEADERS)
    exception = str(fields.get("exception", "")).rstrip()
    return f"{head} {rest}".strip() + (f"\n{exception}" if exception else "")
