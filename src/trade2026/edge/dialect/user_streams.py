"""Who hears of an account's orders and balances: by listen key, or by the WebSocket API.

A listen key is good for an hour and is kept alive by its owner; one account has one. Whoever
listens by a key that is revoked or expired is told so and is let go.

Source: Binance Spot API, "User Data Streams".
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.edge.dialect.connection import Connection
from trade2026.edge.dialect.errors import DialectError, too_many

LISTEN_KEY_LENGTH: Final = 60
LISTEN_NS: Final = 3_600 * NS_PER_S
LISTEN_KEYS_MAX: Final = 1_000
GONE: Final = DialectError(-1125, "This listenKey does not exist.")


class _Listener(msgspec.Struct, frozen=True, eq=False):
    connection: Connection
    api_key: str
    listen_key: str
    """Empty for one of the WebSocket API."""
    number: int
    """Of the subscription within its connection."""


class _ListenKey(msgspec.Struct):
    api_key: str
    account: str
    expires_ns: int


class UserStreams:
    """All listen keys, and everybody who listens."""

    def __init__(self, random_text: Callable[[int], str]) -> None:
        self._random_text = random_text
        self._listen_keys: dict[str, _ListenKey] = {}
        self._listeners: dict[str, list[_Listener]] = {}

    def start(self, api_key: str, account: str, now_ns: int) -> str:
        """Return a listen key of the account: the one it has, kept alive, or a new one.

        Raises:
            DialectError: there are too many.
        """
        self.expire(now_ns)
        for listen_key, one in self._listen_keys.items():
            if one.api_key == api_key:
                one.expires_ns = now_ns + LISTEN_NS
                return listen_key
        if len(self._listen_keys) >= LISTEN_KEYS_MAX:
            first_ns = min(one.expires_ns for one in self._listen_keys.values())
            left_s = -(-(first_ns - now_ns) // NS_PER_S)
            text = "Too many listen keys are in use."
            raise too_many(-1003, text, now_ns=now_ns, left_s=left_s)
        listen_key = self._random_text(LISTEN_KEY_LENGTH)
        self._listen_keys[listen_key] = _ListenKey(api_key, account, now_ns + LISTEN_NS)
        return listen_key

    def keep(self, listen_key: str, account: str, now_ns: int) -> None:
        """Let a listen key live for another hour.

        Raises:
            DialectError: there is none of that account.
        """
        self._own(listen_key, account).expires_ns = now_ns + LISTEN_NS

    def close(self, listen_key: str, account: str) -> None:
        """End a listen key.

        Raises:
            DialectError: there is none of that account.
        """
        self._own(listen_key, account)
        self._end(listen_key)

    def has(self, listen_key: str) -> bool:
        """Return whether the listen key is good at this moment."""
        return listen_key in self._listen_keys

    def listen_by_key(self, connection: Connection, listen_key: str) -> None:
        """Have *connection* hear what the listen key is for; it is good."""
        one = self._listen_keys[listen_key]
        listeners = self._listeners.setdefault(one.account, [])
        if not any(o.connection is connection and o.listen_key == listen_key for o in listeners):
            listeners.append(_Listener(connection, one.api_key, listen_key, 0))

    def listen(self, connection: Connection, api_key: str, account: str, number: int) -> None:
        """Have *connection* of the WebSocket API hear of *account* as its subscription *number*."""
        self._listeners.setdefault(account, []).append(_Listener(connection, api_key, "", number))

    def leave(self, connection: Connection, number: int | None = None) -> None:
        """Let one subscription of *connection* go, or all of them."""
        self._let_go(
            lambda one: one.connection is connection and (number is None or one.number == number)
        )

    def leave_key(self, connection: Connection, listen_key: str) -> None:
        """Have *connection* hear no more of what the listen key is for."""
        self._let_go(lambda one: one.connection is connection and one.listen_key == listen_key)

    def has_listener(self, account: str) -> bool:
        """Return whether anybody hears of *account*."""
        return account in self._listeners

    def tell(self, account: str, event: dict[str, Any]) -> None:
        """Tell everybody who listens."""
        for one in self._listeners.get(account, ()):
            if one.listen_key:
                one.connection.offer(one.listen_key, msgspec.json.encode(event))
            else:
                one.connection.offer_plain({"subscriptionId": one.number, "event": event})

    def expire(self, now_ns: int) -> None:
        """End every listen key whose hour is over."""
        for listen_key in [k for k, one in self._listen_keys.items() if one.expires_ns <= now_ns]:
            self._end(listen_key)

    def end_of(self, api_key: str) -> None:
        """End everything that was opened with a key that is revoked."""
        for listen_key in [k for k, one in self._listen_keys.items() if one.api_key == api_key]:
            self._end(listen_key)
        for listeners in list(self._listeners.values()):
            for one in listeners:
                if one.api_key == api_key:
                    one.connection.end()
        self._let_go(lambda one: one.api_key == api_key)

    def _own(self, listen_key: str, account: str) -> _ListenKey:
        one = self._listen_keys.get(listen_key)
        if one is None or one.account != account:
            raise GONE
        return one

    def _end(self, listen_key: str) -> None:
        account = self._listen_keys.pop(listen_key).account
        for one in self._listeners.get(account, ()):
            if one.listen_key == listen_key:
                event = {"e": "listenKeyExpired", "listenKey": listen_key}
                one.connection.offer(listen_key, msgspec.json.encode(event))
                one.connection.end()
        self._let_go(lambda one: one.listen_key == listen_key)

    def _let_go(self, is_gone: Callable[[_Listener], bool]) -> None:
        for account, listeners in list(self._listeners.items()):
            left = [one for one in listeners if not is_gone(one)]
            if left:
                self._listeners[account] = left
            else:
                del self._listeners[account]
