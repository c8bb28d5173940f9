"""Whether a request is really from the owner of a key, and from now.

The signature is HMAC-SHA256 over the parameters exactly as they were sent, the signature
itself left out; it is compared in constant time. The timestamp must lie within the window
that the sender allows, five seconds where it says nothing, so that what was overheard once
cannot be sent again after that.

Source: Binance Spot API, "Request security": SIGNED endpoint security, timing security.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final

from trade2026.edge.dialect.errors import DialectError, bad_signature, missing
from trade2026.edge.dialect.params import Params

WINDOW_MS: Final = 5_000
WINDOW_MAX_MS: Final = 60_000
AHEAD_MAX_MS: Final = 1_000
"""How far a sender's clock may be ahead of ours."""
SIGNATURE: Final = "signature"

_IN_FORM: Final = re.compile(r"(?:^|&)signature=[^&]*")
_HEX: Final = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


def sign(secret: str, payload: str) -> str:
    """Return the signature of *payload* in lower-case hexadecimal."""
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def form_payload(query: str, body: str) -> str:
    """Return what the sender of a request over HTTP has signed: the query, then the body."""
    return "".join(_IN_FORM.sub("", part).removeprefix("&") for part in (query, body))


def sorted_payload(values: Mapping[str, str]) -> str:
    """Return what the sender of a request over the WebSocket API has signed."""
    return "&".join(f"{name}={values[name]}" for name in sorted(values) if name != SIGNATURE)


def check_signature(secret: str, payload: str, signature: str) -> None:
    """Return if *signature* is that of *payload*.

    Raises:
        DialectError: it is missing, malformed or another.
    """
    if not signature:
        raise missing(SIGNATURE)
    if _HEX.fullmatch(signature) is None:
        raise bad_signature()
    if not hmac.compare_digest(sign(secret, payload), signature.lower()):
        raise bad_signature()


def check_time(params: Params, now_ms: int) -> None:
    """Return if the request was made now, within the window that its sender allows.

    Raises:
        DialectError: it was not, or it does not say when it was made.
    """
    timestamp = params.integer("timestamp")
    if timestamp is None:
        raise missing("timestamp")
    window = params.integer("recvWindow")
    window = WINDOW_MS if window is None else window
    if not 0 < window <= WINDOW_MAX_MS:
        raise DialectError(-1131, "recvWindow must be less than 60000.")
    if timestamp >= now_ms + AHEAD_MAX_MS:
        text = "Timestamp for this request was 1000ms ahead of the server's time."
        raise DialectError(-1021, text)
    if now_ms - timestamp > window:
        raise DialectError(-1021, "Timestamp for this request is outside of the recvWindow.")
