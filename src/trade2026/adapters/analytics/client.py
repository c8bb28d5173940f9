"""Ask ClickHouse by HTTP, whichever it is: the embedded one, or a server of its own.

Source: ClickHouse documentation, "HTTP Interface".
"""

import ssl
from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

import httpx

from trade2026.core.errors import QueryRefusedError, UnavailableError

DATABASE: Final = "trade2026"
CONNECT_TIMEOUT_S: Final = 5.0
TIMEOUT_S: Final = 30.0
WHY_CHARS_MAX: Final = 300

UNREADABLE: Final = frozenset({32, 33, 40, 117, 246, 271})
"""ATTEMPT_TO_READ_AFTER_EOF, CANNOT_READ_ALL_DATA, CHECKSUM_DOESNT_MATCH, INCORRECT_DATA,
CORRUPTED_DATA, CANNOT_DECOMPRESS: the bytes on the disk are not what was written."""
_REMEDY: Final = "a part of the store is damaged; run: trade2026 analytics --check"

_OK: Final = 200
_BUSY: Final = 503
_UNKNOWN_CODE: Final = 1002


@cache
def _tls() -> ssl.SSLContext:
    # Made once: it takes longer than most questions.
    return httpx.create_ssl_context()


class AnalyticsPlace(NamedTuple):
    """Where ClickHouse is, and as whom it is asked."""

    url: str
    user: str
    password: str


class AnalyticsClient:
    """Asks one ClickHouse; nothing is kept open between two questions."""

    def __init__(self, place: AnalyticsPlace) -> None:
        self._place = place
        self._headers = {
            "X-ClickHouse-User": place.user,
            "X-ClickHouse-Key": place.password,
            "X-ClickHouse-Database": DATABASE,
        }

    async def ask(
        self,
        query: str,
        *,
        parameters: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
        data: bytes = b"",
        answer_format: str = "TabSeparated",
    ) -> bytes:
        """Return the answer to *query*.

        Args:
            query: With ``{name:Type}`` where a parameter stands.
            parameters: Their values, as `escaped` makes them.
            settings: Of ClickHouse, for this query.
            data: Of an INSERT with a FORMAT.
            answer_format: Where the query names none.

        Raises:
            UnavailableError: no answer; whether anything was done is unknown.
            QueryRefusedError: ClickHouse said no.
        """
        address = {"default_format": answer_format, **(settings or {})}
        address |= {f"param_{name}": value for name, value in (parameters or {}).items()}
        if data:
            address["query"] = query
        timeout = httpx.Timeout(TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
        try:
            async with httpx.AsyncClient(timeout=timeout, trust_env=False, verify=_tls()) as http:
                answer = await http.post(
                    self._place.url,
                    params=address,
                    headers=self._headers,
                    content=data or query.encode("utf-8"),
                )
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise UnavailableError(f"ClickHouse: {why[:WHY_CHARS_MAX]}") from None
        if answer.status_code == _OK:
            return answer.content
        why = answer.text.strip().partition("\n")[0][:WHY_CHARS_MAX]
        if answer.status_code == _BUSY:
            raise UnavailableError(f"ClickHouse: {why}")
        text = answer.headers.get("x-clickhouse-exception-code", "")
        code = int(text) if text.isdigit() else _UNKNOWN_CODE
        if code in UNREADABLE and not data:
            why = f"{_REMEDY} ({why[:WHY_CHARS_MAX]})"
        raise QueryRefusedError(code, why)


def escaped(value: str) -> str:
    """Return the text *value* as a parameter's value, in which a backslash has a meaning."""
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
