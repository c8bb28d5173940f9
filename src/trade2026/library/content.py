"""The content of a version in one canonical form, so that the same content has one checksum.

Keys are sorted, and numbers stay as exact as they were sent: nothing becomes a float.
"""

import hashlib
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from trade2026.core.errors import InvalidInputError
from trade2026.ports.library import Requirement

CONFIG_BYTES_MAX: Final = 100_000

_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number", order="sorted")


def canonical_config(raw: bytes) -> bytes:
    """Return the JSON object *raw* in its canonical form.

    Raises:
        InvalidInputError: it is no JSON object, too large or too deep, or holds a number that
            no number type can.
    """
    if len(raw) > CONFIG_BYTES_MAX:
        raise InvalidInputError("config", f"must be at most {CONFIG_BYTES_MAX} bytes")
    try:
        config = _DECODER.decode(raw)
        canonical = _ENCODER.encode(config)
    except (msgspec.MsgspecError, InvalidOperation, RecursionError, UnicodeError) as error:
        raise InvalidInputError("config", "is not JSON that can be kept exactly") from error
    if not isinstance(config, dict):
        raise InvalidInputError("config", "must be an object")
    return canonical


def checksum_of(config: bytes, requirements: Sequence[Requirement]) -> str:
    """Return the SHA-256 of a version's content, as 64 hexadecimal digits.

    Args:
        config: canonical.
        requirements: in any order.
    """
    needs = [(need.kind, need.name, need.versions) for need in sorted(requirements)]
    return hashlib.sha256(_ENCODER.encode([needs, msgspec.Raw(config)])).hexdigest()
