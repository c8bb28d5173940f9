"""Messages as bytes: one version byte, then MessagePack.

Version 1 is the only one so far. A field that is added gets a default, so old messages
still decode; a change that cannot be told by a default gets a new version byte and a
function that lifts the old form. `tests/golden/messages` holds recorded bytes of every
message type that ever was, and a test decodes them all.
"""

from functools import cache
from typing import Any, Final, TypeVar

import msgspec

from trade2026.core.errors import CodecError
from trade2026.core.numbers import VALUE_LIMIT, Value

M = TypeVar("M")

VERSION: Final = 1
_VALUE_BYTES: Final = 16
_HEAD: Final = bytes([VERSION])


def _write_special(item: object) -> object:
    if isinstance(item, Value):
        return int(item).to_bytes(_VALUE_BYTES, "big", signed=True)
    raise CodecError(f"no form for {type(item).__name__}")


def _read_special(kind: type, item: Any) -> object:  # noqa: ANN401 - msgspec hands over any scalar.
    if kind is Value and isinstance(item, bytes) and len(item) == _VALUE_BYTES:
        return Value(int.from_bytes(item, "big", signed=True))
    raise CodecError(f"{kind.__name__} expected, was {type(item).__name__}")


_ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=_write_special)


@cache
def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:  # noqa: ANN401 - unions are no `type`.
    return msgspec.msgpack.Decoder(kind, dec_hook=_read_special)


def encode(message: object) -> bytes:
    """Return *message* as bytes.

    Raises:
        CodecError: the message holds something the wire has no form for.
    """
    try:
        return _HEAD + _ENCODER.encode(message)
    except (OverflowError, TypeError) as error:
        raise CodecError(f"{type(message).__name__} cannot be sent: {error}") from error


def decode(kind: type[M], data: bytes) -> M:
    """Return the message of type *kind* (a struct or a union of structs) that *data* holds.

    Raises:
        CodecError: *data* is empty, of an unknown version, or not such a message.
    """
    if not data or data[0] != VERSION:
        raise CodecError(f"message version {data[:1].hex() or 'none'}, expected {VERSION:02x}")
    try:
        decoded: M = _decoder(kind).decode(memoryview(data)[1:])
    except msgspec.MsgspecError as error:
        raise CodecError(f"not a {getattr(kind, '__name__', kind)}: {error}") from error
    return decoded


assert VALUE_LIMIT == 1 << (8 * _VALUE_BYTES - 1)
