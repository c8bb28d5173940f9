"""What the dialect answers when it says no: Binance's codes, texts and HTTP statuses.

Bots act on the code, and often on the text; both are as documented.

Source: Binance Spot API, "Error codes for Binance", and "Filter failures".
"""

from http import HTTPStatus
from typing import Any, Final

from trade2026.core.clock import NS_PER_S


class DialectError(Exception):
    """A refusal in the dialect's words.

    Args:
        code: Negative, as documented.
        text: As documented.
        status: Of HTTP.
        data: Further detail, where the dialect has it.
        retry_s: After how many seconds to come back, where time helps.
    """

    def __init__(
        self,
        code: int,
        text: str,
        status: int = HTTPStatus.BAD_REQUEST,
        data: dict[str, Any] | None = None,
        retry_s: int = 0,
    ) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.status = int(status)
        self.data = data
        self.retry_s = retry_s

    def body(self) -> dict[str, Any]:
        """Return what is sent."""
        body: dict[str, Any] = {"code": self.code, "msg": self.text}
        return body if self.data is None else {**body, "data": self.data}


def too_many(code: int, text: str, *, now_ns: int, left_s: int) -> DialectError:
    """Return the refusal of a sender who may come back in *left_s* seconds."""
    data = {"retryAfter": (now_ns // NS_PER_S + left_s) * 1_000}
    return DialectError(code, text, HTTPStatus.TOO_MANY_REQUESTS, data, left_s)


def unknown_status() -> DialectError:
    """Return the answer where PRISM stopped before the outcome was in its log."""
    text = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."  # noqa: E501 - one sentence of the dialect
    return DialectError(-1007, text, HTTPStatus.SERVICE_UNAVAILABLE)


def missing(name: str) -> DialectError:
    """Return the refusal of a request without a parameter that it needs."""
    text = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    return DialectError(-1102, text)


def illegal(name: str, legal: str) -> DialectError:
    """Return the refusal of a parameter with characters that it cannot have."""
    return DialectError(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
    )


def malformed() -> DialectError:
    """Return the refusal of parameters that are not spelt as names and values."""
    return DialectError(-1100, "Illegal characters found in a parameter.")


def not_required(name: str) -> DialectError:
    """Return the refusal of a parameter that does not go with the others."""
    return DialectError(-1106, f"Parameter '{name}' sent when not required.")


def not_valid(name: str) -> DialectError:
    """Return the refusal of a parameter whose value means nothing."""
    return DialectError(-1130, f"Data sent for parameter '{name}' is not valid.")


def too_precise(name: str) -> DialectError:
    """Return the refusal of a number finer than anything is counted in."""
    return DialectError(-1111, f"Parameter '{name}' has too much precision.")


def bad_symbol() -> DialectError:
    """Return the refusal of a symbol that is not listed."""
    return DialectError(-1121, "Invalid symbol.")


def unknown_order() -> DialectError:
    """Return the answer to a question about an order that is not there."""
    return DialectError(-2013, "Order does not exist.")


def cancel_rejected() -> DialectError:
    """Return the refusal of a cancel of what does not work."""
    return DialectError(-2011, "Unknown order sent.")


def bad_key_format() -> DialectError:
    """Return the refusal of a request without a key."""
    return DialectError(-2014, "API-key format invalid.", HTTPStatus.UNAUTHORIZED)


def bad_key() -> DialectError:
    """Return the refusal of a key that is unknown, revoked or over."""
    text = "Invalid API-key, IP, or permissions for action."
    return DialectError(-2015, text, HTTPStatus.UNAUTHORIZED)


def bad_signature() -> DialectError:
    """Return the refusal of a request that is not signed with its key's secret."""
    return DialectError(-1022, "Signature for this request is not valid.")


_FILTER_OF: Final = {
    "LOT_SIZE": "LOT_SIZE",
    "MIN_QTY": "LOT_SIZE",
    "MAX_QTY": "LOT_SIZE",
    "TICK_SIZE": "PRICE_FILTER",
    "MIN_NOTIONAL": "NOTIONAL",
    "MAX_NOTIONAL": "NOTIONAL",
    "TOO_MANY_ORDERS": "MAX_NUM_ORDERS",
    "OUT_OF_BAND": "PERCENT_PRICE",
}

_WORDS_OF: Final = {
    "INSUFFICIENT_BALANCE": (-2010, "Account has insufficient balance for requested action."),
    "WOULD_TRADE": (-2010, "Order would immediately match and take."),
    "BAD_DISPLAY": (-1013, "Filter failure: ICEBERG_PARTS"),
    "BAD_STOP": (-1013, "Filter failure: PRICE_FILTER"),
    "NO_MARKET": (-1013, "Market is closed."),
    "NOT_TRADING": (-1013, "Market is closed."),
    "WRONG_PHASE": (-1013, "Market is closed."),
    "BAD_PRICE": (-1013, "Invalid price."),
    "NOT_SUPPORTED": (-2010, "This symbol does not support this kind of order."),
}


def refused_by_venue(text: str) -> DialectError:
    """Return the dialect's words for the venue's *text*, whose first word is a code."""
    code = text.partition(" ")[0]
    if code in _FILTER_OF:
        return DialectError(-1013, f"Filter failure: {_FILTER_OF[code]}")
    if code == "UNKNOWN_SYMBOL":
        return bad_symbol()
    number, words = _WORDS_OF.get(code, (-2010, text))
    return DialectError(number, words)
