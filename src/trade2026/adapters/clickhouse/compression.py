"""Bodies as they come over the wire: compressed by what stock clients use, never without end.

Clients send several compressed frames one after another; all of them are read, or rows would
be lost without a word. Arrow, which knows the codecs, is a large library: it is loaded at the
first body that needs it.

Source: RFC 9110, section 8.4; LZ4 frame format 1.6, "several frames concatenated".
"""

import zlib
from typing import Any, Final, cast

from trade2026.core.errors import QueryRefusedError

BODY_BYTES_MAX: Final = 256_000_000
"""Of one body, after it is decompressed."""

TOO_LARGE: Final = 307
"""TOO_MANY_BYTES in ClickHouse's list."""
CANNOT_DECOMPRESS: Final = 271
NOT_IMPLEMENTED: Final = 48

_CHUNK: Final = 1_048_576
_ARROW_CODECS: Final = frozenset({"lz4", "zstd"})
_ZLIB_BITS: Final = {"gzip": 31, "deflate": 15}
_ENCODINGS: Final = ("lz4", "zstd", "gzip", "deflate")
"""What an answer may be compressed by, the cheapest first."""


def decompressed(body: bytes, encoding: str, *, limit: int = BODY_BYTES_MAX) -> bytes:
    """Return what *body*, compressed by *encoding*, holds; an empty encoding is none.

    Raises:
        QueryRefusedError: it is not that, holds more than *limit* bytes, or the encoding is
            not known.
    """
    if encoding in {"", "identity"}:
        return body
    if encoding in _ZLIB_BITS:
        return _inflated(body, _ZLIB_BITS[encoding], limit)
    if encoding not in _ARROW_CODECS:
        known = ", ".join(_ENCODINGS)
        raise QueryRefusedError(
            NOT_IMPLEMENTED, f"Content-Encoding {encoding!r} is none of {known}"
        )
    arrow = _arrow()
    read, size = [b""], 0
    try:
        with arrow.CompressedInputStream(arrow.BufferReader(body), encoding) as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                _require_room(size, limit)
                read.append(chunk)
    except OSError as error:
        raise QueryRefusedError(CANNOT_DECOMPRESS, f"the body is not {encoding}: {error}") from None
    return b"".join(read)


def accepted_encoding(accepts: str) -> str:
    """Return by what to compress an answer for a client that *accepts*; empty is not at all."""
    wanted = {part.partition(";")[0].strip().lower() for part in accepts.split(",")}
    return next((one for one in _ENCODINGS if one in wanted), "")


def compressed(body: bytes, encoding: str) -> bytes:
    """Return *body* compressed by *encoding*, one that `accepted_encoding` returned."""
    if not encoding:
        return body
    if encoding in _ZLIB_BITS:
        packer = zlib.compressobj(wbits=_ZLIB_BITS[encoding])
        return packer.compress(body) + packer.flush()
    packed: bytes = _arrow().compress(body, codec=encoding, asbytes=True)
    return packed


def _inflated(body: bytes, bits: int, limit: int) -> bytes:
    read, size = [b""], 0
    try:
        while body:
            unpacker = zlib.decompressobj(wbits=bits)
            rest = body
            while not unpacker.eof:
                chunk = unpacker.decompress(rest, _CHUNK)
                if not chunk and not rest and not unpacker.eof:
                    raise QueryRefusedError(CANNOT_DECOMPRESS, "the body ends too early")
                size += len(chunk)
                _require_room(size, limit)
                read.append(chunk)
                rest = unpacker.unconsumed_tail
            body = unpacker.unused_data
    except zlib.error as error:
        raise QueryRefusedError(CANNOT_DECOMPRESS, f"the body is not compressed: {error}") from None
    return b"".join(read)


def _require_room(size: int, limit: int) -> None:
    if size > limit:
        raise QueryRefusedError(TOO_LARGE, f"the body holds more than {limit} bytes")


def _arrow() -> Any:  # noqa: ANN401 - the library comes without types
    import pyarrow as pa  # noqa: PLC0415 - see above

    return cast("Any", pa)
