"""A message as the NATS protocol has it, and what its subject and headers may not be."""

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from trade2026.core.errors import CodecError

LINE_END: Final = b"\r\n"
_VERSION: Final = b"NATS/1.0"
_STATUS_LENGTH: Final = 3
_SEPARATOR: Final = re.compile(r"[ \t\r\n\0]")


class Message(msgspec.Struct, frozen=True):
    """A message as it came from the server."""

    subject: str
    reply: str
    data: bytes
    head: bytes = b""
    """The headers as they were sent: looked into only where somebody asks for one."""

    @property
    def status(self) -> str:
        """What the server itself says with it, such as 503; empty where it is somebody's."""
        if not self.head.startswith(b" ", len(_VERSION)):
            return ""
        begin = len(_VERSION) + 1
        return self.head[begin : begin + _STATUS_LENGTH].decode("ascii", "replace")

    def header(self, name: str) -> str:
        """Return the header of that name, empty where there is none."""
        begin = self.head.find(b"\r\n%b:" % name.encode())
        if begin < 0:
            return ""
        begin += len(LINE_END) + len(name) + 1
        return self.head[begin : self.head.find(LINE_END, begin)].decode("utf-8", "replace").strip()


Take = Callable[[Message], None]


def check_subject(subject: str) -> None:
    """Refuse what would be more than one word on a line.

    Raises:
        CodecError: it is.
    """
    if not subject or _SEPARATOR.search(subject):
        raise CodecError(f"{subject!r} is no subject")


def head_of(headers: Mapping[str, str]) -> bytes:
    """Return *headers* as they are sent.

    Raises:
        CodecError: one is more than a line.
    """
    lines = [_VERSION.decode()]
    for name, value in headers.items():
        if "\r" in value or "\n" in value:
            raise CodecError(f"the header {name} is more than a line")
        lines.append(f"{name}: {value}")
    return "\r\n".join((*lines, "", "")).encode()
