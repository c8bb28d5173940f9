"""The API keys of PRISM's participants: who holds which, and their secrets.

A secret is shown once, when it is made, and lives in one file that only its owner can read;
it is needed as it is, because HMAC is symmetric. A key belongs to one account. A key that is
revoked is gone, and so is all that was opened with it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Final, Protocol

import msgspec

from trade2026.core.errors import RefusedError

KEYS_SECRET: Final = "prism-api-keys"  # noqa: S105 - the name of the file
KEY_LENGTH: Final = 64
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

    def __repr__(self) -> str:
        """Return the key without its secret, which must get into no log."""
        return f"ApiKey({self.api_key[:6]}… of {self.account})"


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
        self._making: list[str] = []
        """The accounts of the keys that are being made: each holds its place already."""
        self._changing = asyncio.Lock()
        """One change at a time: each writes the whole file."""

    def find(self, api_key: str) -> ApiKey | None:
        """Return the key that is spelt so, None where there is none (any more)."""
        return self._keys.get(api_key)

    def find_to_revoke(self, api_key: str) -> ApiKey | None:
        """Return the key also where it was revoked and the file did not take it."""
        return self._keys.get(api_key) or self._revoked.get(api_key)

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
        prepare: Callable[[], Awaitable[None]],
    ) -> ApiKey:
        """Make a key of *account*; it is in its file before it is returned.

        Args:
            account: whose it will be.
            label: what it is for.
            created_by: who asked.
            now_ns: when.
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

    async def revoke(self, api_key: str) -> None:
        """Forget the key for good; it counts for nothing from this moment.

        Raises:
            OSError: the file did not take it, so it would count again in the next life; ask again.
        """
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
