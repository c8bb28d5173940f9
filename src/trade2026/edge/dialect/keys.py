"""The API keys of PRISM's participants: who holds which, and their secrets.

A secret is shown once, when it is made, and lives in one file that only its owner can read;
it is needed as it is, because HMAC is symmetric. A key belongs to one account and is good
until its time is over. A key that is revoked is gone, and so is all that was opened with it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Final, Protocol

import msgspec

from trade2026.core.errors import RefusedError

KEYS_SECRET: Final = "prism-api-keys"  # noqa: S105 - the name of the file
KEY_LENGTH: Final = 64
_START_LENGTH: Final = 8
KEYS_MAX: Final = 1_000
KEYS_OF_ACCOUNT_MAX: Final = 30
"""As many as Binance gives to one account."""


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key with its secret."""

    api_key: str
    secret: str
    account: str
    label: str
    created_ns: int
    created_by: str
    expires_ns: int | None = None
    """It is good before this time; None: always."""

    def __repr__(self) -> str:
        """Return the key without its secret, which must get into no log."""
        return f"ApiKey({self.start}… of {self.account})"

    @property
    def start(self) -> str:
        """Return how it begins: who reads that can tell it from others, and not use it."""
        return self.api_key[:_START_LENGTH]

    def is_over(self, now_ns: int) -> bool:
        """Return whether its time is over."""
        return self.expires_ns is not None and self.expires_ns <= now_ns


class KeyFile(Protocol):
    """Where the keys are kept between two lives of the process."""

    def load(self) -> bytes:
        """Return what was saved last, empty at first."""
        ...

    def save(self, content: bytes) -> None:
        """Replace what is kept, whole or not at all."""
        ...

    def random_text(self, length: int) -> str:
        """Return letters and digits that nobody can guess."""
        ...


class KeyStore:
    """All keys, in memory and in their file."""

    def __init__(self, file: KeyFile) -> None:
        """Read the keys there are.

        Raises:
            StartError: the file cannot be read, or others may read it.
        """
        self._file = file
        content = file.load()
        keys = msgspec.json.decode(content, type=list[ApiKey]) if content else []
        self._keys = {key.api_key: key for key in keys}
        self._revoked: dict[str, ApiKey] = {}
        """Those that count for nothing any more, and are still in the file."""
        self._over: set[str] = set()
        """Those whose time was over when that was looked at last."""
        self._making: list[str] = []
        """The accounts of the keys that are being made: each holds its place already."""
        self._changing = asyncio.Lock()
        """One change at a time: each writes the whole file."""

    def find(self, api_key: str, now_ns: int) -> ApiKey | None:
        """Return the key that is spelt so, None where there is none (any more)."""
        key = self._keys.get(api_key)
        return None if key is None or key.is_over(now_ns) else key

    def find_to_revoke(self, api_key: str) -> ApiKey | None:
        """Return the key also where its time is over, or the file did not take that it is gone."""
        return self._keys.get(api_key) or self._revoked.get(api_key)

    def made_by(self, user: str) -> list[ApiKey]:
        """Return the keys that *user* made, also those that the file did not take as gone."""
        every = (*self._keys.values(), *self._revoked.values())
        return [key for key in every if key.created_by == user]

    def expire(self, now_ns: int) -> list[str]:
        """Return the keys whose time has come to be over since this was asked last.

        They stay in the file, for their owners to see and to revoke: nothing is thrown away
        because of a clock.
        """
        over = {api_key for api_key, key in self._keys.items() if key.is_over(now_ns)}
        new = sorted(over - self._over)
        self._over = over
        return new

    def all(self) -> list[ApiKey]:
        """Return every key, oldest first."""
        return list(self._keys.values())

    async def create(
        self,
        *,
        account: str,
        label: str,
        created_by: str,
        now_ns: int,
        expires_ns: int | None = None,
        prepare: Callable[[], Awaitable[None]],
    ) -> ApiKey:
        """Make a key of *account*; it is in its file before it is returned.

        Args:
            account: whose it will be.
            label: what it is for.
            created_by: who asked.
            now_ns: when.
            expires_ns: until when it is good; None: always.
            prepare: what must be done before there is a key; not called where there are too
                many, and where it raises there is none.

        Raises:
            RefusedError: there are too many.
        """
        with self._room_for(account):
            await prepare()
            key = ApiKey(
                api_key=self._file.random_text(KEY_LENGTH),
                secret=self._file.random_text(KEY_LENGTH),
                account=account,
                label=label,
                created_ns=now_ns,
                created_by=created_by,
                expires_ns=expires_ns,
            )
            async with self._changing:
                await self._save(key)
        return key

    @contextmanager
    def _room_for(self, account: str) -> Generator[None]:
        accounts = [*(key.account for key in self._keys.values()), *self._making]
        own = accounts.count(account)
        if own >= KEYS_OF_ACCOUNT_MAX:
            raise RefusedError(f"{account} has {own} keys already; revoke one first")
        if len(accounts) >= KEYS_MAX:
            raise RefusedError(f"there are {KEYS_MAX} keys already; revoke some first")
        self._making.append(account)
        try:
            yield
        finally:
            self._making.remove(account)

    async def revoke(self, *api_keys: str) -> None:
        """Forget keys for good; they count for nothing from this moment.

        Raises:
            OSError: the file did not take it, so they would count again in the next life; ask
                again.
        """
        for api_key in api_keys:
            key = self._keys.pop(api_key, None)
            if key is not None:
                self._revoked[api_key] = key
        async with self._changing:
            await self._save()

    async def _save(self, *new: ApiKey) -> None:
        # In the file first: what it does not take, nobody is told of. The disk is slow, and
        # the market must not wait for it; keys may be revoked meanwhile.
        gone = list(self._revoked)
        content = msgspec.json.encode([*self._keys.values(), *new])
        await asyncio.to_thread(self._file.save, content)
        self._keys |= {key.api_key: key for key in new}
        for api_key in gone:
            del self._revoked[api_key]
