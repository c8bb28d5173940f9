"""Bodies are decompressed whole, whatever frames they come in, and never without end."""

import gzip
import zlib
from typing import Any, cast

import pyarrow as pa
import pytest

from trade2026.adapters.clickhouse.compression import accepted_encoding, compressed, decompressed
from trade2026.core.errors import QueryRefusedError

ENCODINGS = ["lz4", "zstd", "gzip", "deflate"]
DATA = b"".join(b"%d," % n for n in range(400_000))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_was_compressed_comes_back(encoding: str) -> None:
    assert decompressed(compressed(DATA, encoding), encoding) == DATA


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_frame_of_a_body_is_read(encoding: str) -> None:
    body = b"".join(compressed(part, encoding) for part in (DATA, b"second", b"third"))

    assert decompressed(body, encoding) == DATA + b"secondthird"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_body_that_holds_too_much_is_refused(encoding: str) -> None:
    body = compressed(bytes(5_000_000), encoding)

    with pytest.raises(QueryRefusedError, match="more than 1000000 bytes"):
        decompressed(body, encoding, limit=1_000_000)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_body_that_was_cut_off_or_is_something_else_is_refused(encoding: str) -> None:
    for body in (compressed(DATA, encoding)[:-9], b"something else"):
        with pytest.raises(QueryRefusedError):
            decompressed(body, encoding)


def test_an_unknown_encoding_is_refused_and_none_is_taken_as_it_is() -> None:
    with pytest.raises(QueryRefusedError, match="'br' is none of lz4"):
        decompressed(b"", "br")
    assert decompressed(b"plain", "") == b"plain"


def test_an_answer_is_compressed_by_the_cheapest_that_the_client_knows() -> None:
    assert accepted_encoding("gzip, deflate, br, zstd;q=0.9") == "zstd"
    assert accepted_encoding("br, identity") == ""
    assert gzip.decompress(compressed(b"a", "gzip")) == b"a"
    assert zlib.decompress(compressed(b"a", "deflate")) == b"a"
    assert cast("Any", pa).decompress(compressed(b"a", "lz4"), 1, codec="lz4", asbytes=True) == b"a"
