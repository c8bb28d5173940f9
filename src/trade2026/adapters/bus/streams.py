"""Bring the server's streams to what the catalogue says, without losing an event.

Missing streams are made; limits that only widen are changed. A change that would discard
something that is stored is refused: a person decides about that.
"""

from typing import Any, Final

from trade2026.adapters.bus.connection import Connection
from trade2026.adapters.bus.jetstream import (
    STREAM_NOT_FOUND,
    JetStreamError,
    StreamInfo,
    call,
)
from trade2026.catalogue.streams import STREAMS, StreamSpec
from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import StartError

API_TIMEOUT_S: Final = 10.0
_UNLIMITED: Final = -1
_FIXED: Final = {
    "retention": "limits",
    "storage": "file",
    "discard": "old",
    "num_replicas": 1,
    "allow_direct": True,
}


async def migrate_streams(url: str, user: str, password: str) -> None:
    """Bring the streams of the server at *url* to what the catalogue says. May be repeated.

    Raises:
        StartError: the server refuses the user, or a change would lose events.
        BusUnavailableError: the server did not answer.
    """
    connection = await Connection.open(url=url, user=user, password=password, name="migrate")
    try:
        await migrate(connection, STREAMS)
    finally:
        await connection.close()


async def migrate(connection: Connection, specs: tuple[StreamSpec, ...]) -> None:
    """Bring the streams of one server to *specs*.

    Raises:
        StartError: a change would lose events; nothing of that stream is changed.
        BusUnavailableError: the server did not answer.
    """
    for spec in specs:
        wanted = config_of(spec)
        try:
            info = await _ask(connection, f"STREAM.INFO.{spec.stream}", None)
        except JetStreamError as error:
            if error.err_code != STREAM_NOT_FOUND:
                raise
            await _ask(connection, f"STREAM.CREATE.{spec.stream}", wanted)
            continue
        if all(info.config.get(key) == value for key, value in wanted.items()):
            continue
        loss = loss_by(wanted, info)
        if loss:
            raise StartError(
                f"stream {spec.stream} holds {info.state.messages} events and the change of its "
                f"{loss} would discard some: copy them elsewhere and delete the stream, or start "
                "the version that made it"
            )
        try:
            await _ask(connection, f"STREAM.UPDATE.{spec.stream}", info.config | wanted)
        except JetStreamError as error:
            raise StartError(f"stream {spec.stream} cannot be changed: {error}") from error


async def _ask(connection: Connection, verb: str, body: object) -> StreamInfo:
    return await call(connection, verb, body, StreamInfo, timeout_s=API_TIMEOUT_S)


def config_of(spec: StreamSpec) -> dict[str, Any]:
    """Return the stream's configuration as the server spells it."""
    return _FIXED | {
        "name": spec.stream.value,
        "description": spec.why,
        "subjects": list(spec.subjects),
        "max_age": (spec.max_age_s or 0) * NS_PER_S,
        "max_bytes": spec.max_bytes or _UNLIMITED,
        "max_msgs": spec.max_msgs or _UNLIMITED,
        "max_msgs_per_subject": spec.max_msgs_per_subject or _UNLIMITED,
        "duplicate_window": spec.duplicate_window_s * NS_PER_S,
    }


def loss_by(wanted: dict[str, Any], info: StreamInfo) -> str:
    """Return the setting whose change could discard stored events, empty when none could.

    An empty stream has nothing to lose. A tighter limit counts as a loss when what is
    stored might not fit it; a subject left out, because its events could no longer be
    told from forgotten ones.
    """
    if not info.state.messages:
        return ""
    for key in ("retention", "storage"):
        if info.config.get(key) != wanted[key]:
            return key
    if not set(info.config.get("subjects", ())) <= set(wanted["subjects"]):
        return "subjects"
    stored = {"max_bytes": info.state.bytes, "max_msgs": info.state.messages}
    for key in ("max_age", "max_bytes", "max_msgs", "max_msgs_per_subject"):
        old, new = info.config.get(key, 0), wanted[key]
        is_tighter = new > 0 and (old <= 0 or new < old)
        if is_tighter and not stored.get(key, new + 1) <= new:
            return key
    return ""
