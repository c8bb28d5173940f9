"""JetStream's own interface, as far as the bus uses it: JSON requests with typed answers.

Source: NATS documentation, "JetStream wire API reference", read 2026-11.
"""

import base64
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from trade2026.adapters.bus.connection import Connection
from trade2026.core.errors import BusUnavailableError

A = TypeVar("A")

API: Final = "$JS.API"
API_TIMEOUT_S: Final = 2.0
NO_MESSAGE: Final = 10037
STREAM_NOT_FOUND: Final = 10059
WRONG_LAST_ID: Final = 10070
WRONG_LAST_SEQ: Final = 10071


class ApiError(msgspec.Struct, frozen=True):
    """What JetStream has against a request."""

    code: int
    err_code: int = 0
    description: str = ""


class JetStreamError(BusUnavailableError):
    """JetStream answered with an error."""

    def __init__(self, subject: str, error: ApiError) -> None:
        super().__init__(f"{subject}: {error.description} ({error.err_code})")
        self.err_code = error.err_code


class PubAck(msgspec.Struct, frozen=True):
    """The log's word that it has an event."""

    stream: str
    seq: int
    duplicate: bool = False


class Delivered(msgspec.Struct, frozen=True):
    """How far a consumer has delivered."""

    consumer_seq: int


class ConsumerInfo(msgspec.Struct, frozen=True):
    """A consumer on the server."""

    name: str
    num_pending: int
    delivered: Delivered


class StreamContent(msgspec.Struct, frozen=True):
    """What a stream holds."""

    messages: int
    bytes: int
    first_seq: int
    last_seq: int
    num_subjects: int = 0


class StreamInfo(msgspec.Struct, frozen=True):
    """A stream on the server."""

    config: dict[str, Any]
    state: StreamContent
    created: datetime


class StoredMessage(msgspec.Struct, frozen=True):
    """A message read from a stream by the interface for that."""

    subject: str
    seq: int
    time: datetime
    """When it was stored, to the microsecond."""
    data: str = ""
    """Base64; and so is the next."""
    hdrs: str = ""

    @property
    def content(self) -> bytes:
        """The bytes that were stored."""
        return base64.b64decode(self.data)

    def header(self, name: str) -> str:
        """Return the header of that name, empty where there is none."""
        for line in base64.b64decode(self.hdrs).decode().split("\r\n"):
            found, _, value = line.partition(":")
            if found == name:
                return value.strip()
        return ""


class StoredAnswer(msgspec.Struct, frozen=True):
    """The answer to a request for one stored message."""

    message: StoredMessage


class Nothing(msgspec.Struct, frozen=True):
    """An answer of which only the absence of an error matters."""


class _Failure(msgspec.Struct, frozen=True):
    error: ApiError | None = None


def read_answer(subject: str, data: bytes, kind: type[A]) -> A:
    """Return JetStream's answer.

    Raises:
        JetStreamError: it is an error.
        BusUnavailableError: it is no answer of JetStream.
    """
    try:
        failure = msgspec.json.decode(data, type=_Failure)
        if failure.error is not None:
            raise JetStreamError(subject, failure.error)
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        raise BusUnavailableError(f"{subject} was not answered by JetStream: {error}") from error


async def call(
    connection: Connection,
    verb: str,
    body: object,
    kind: type[A],
    *,
    timeout_s: float = API_TIMEOUT_S,
) -> A:
    """Ask JetStream for *verb*, such as ``STREAM.INFO.ORDERS``.

    Raises:
        JetStreamError: it refused.
        BusUnavailableError: it did not answer in time.
    """
    subject = f"{API}.{verb}"
    data = b"" if body is None else msgspec.json.encode(body)
    message = await connection.request(subject, data, timeout_s=timeout_s)
    return read_answer(subject, message.data, kind)


async def store(
    connection: Connection,
    subject: str,
    data: bytes,
    *,
    headers: dict[str, str],
    timeout_s: float,
) -> PubAck:
    """Append to the log once.

    Raises:
        JetStreamError: the log refused it.
        BusUnavailableError: the log did not answer in time.
        CodecError: the message is larger than the server takes.
    """
    message = await connection.request(subject, data, timeout_s=timeout_s, headers=headers)
    return read_answer(subject, message.data, PubAck)
