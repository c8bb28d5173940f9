"""The keys that sign access tokens: files that only their owner can read, rotated with overlap.

The newest key signs. The one before it stays published until a rotation later, so that
tokens it signed stay valid to their end. A key's id is a UUIDv7: its age is in its name.

Source: RFC 8037 (Ed25519 in JOSE), RFC 8410 (its PKCS #8 form).
"""

import base64
import os
import stat
from pathlib import Path
from typing import Final
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from trade2026.core.clock import NS_PER_MS, NS_PER_S, Clock
from trade2026.core.errors import StartError
from trade2026.core.ids import Ids
from trade2026.shell.access import Principal
from trade2026.shell.tokens import ALGORITHM, AUDIENCE, ISSUER, Jwk, Jwks

ACCESS_TOKEN_S: Final = 900
KEYS_KEPT: Final = 2
"""The current key and the previous one."""

_PREFIX: Final = "token-key-"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_UUID_MS_SHIFT: Final = 80


class KeyRing:
    """Signs tokens with the newest key of a folder, and publishes it with the one before."""

    def __init__(self, folder: Path, clock: Clock, ids: Ids) -> None:
        """Read the keys in *folder*, and make the first one where there is none.

        Raises:
            StartError: a key cannot be read or written, or others may read it.
        """
        self._folder = folder
        self._clock = clock
        self._ids = ids
        try:
            self._keys = {path.stem.removeprefix(_PREFIX): _read(path) for path in self._paths()}
        except (OSError, ValueError) as error:
            raise StartError(f"cannot read the token keys in {folder}: {error}") from error
        if not self._keys:
            self.rotate()

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Return whether there is a key in *folder* already."""
        return any(folder.glob(f"{_PREFIX}*.pem"))

    def rotate(self) -> str:
        """Make a new key that signs from now on, drop all but the one before; return its id.

        Raises:
            StartError: it cannot be written.
        """
        kid = self._ids.new()
        key = Ed25519PrivateKey.generate()
        try:
            self._write(kid, key)
            self._keys = {**self._keys, kid: key}
            for old in sorted(self._keys)[:-KEYS_KEPT]:
                self._path(old).unlink(missing_ok=True)
                del self._keys[old]
        except OSError as error:
            raise StartError(f"cannot write a token key in {self._folder}: {error}") from error
        return kid

    def age_s(self) -> float:
        """Return how old the current key is, in seconds."""
        made_ms = UUID(self._current()).int >> _UUID_MS_SHIFT
        return (self._clock.now_ns() - made_ms * NS_PER_MS) / NS_PER_S

    def published(self) -> Jwks:
        """Return the public keys, the current one first."""
        return Jwks(tuple(_jwk(kid, self._keys[kid]) for kid in sorted(self._keys, reverse=True)))

    def access_token(
        self, principal: Principal, *, lives_s: int = ACCESS_TOKEN_S, generation: int = 0
    ) -> str:
        """Return a token that speaks for *principal* during *lives_s* seconds.

        Args:
            principal: Who it speaks for.
            lives_s: How long.
            generation: Of the user; the token ends when the user is of a later one.
        """
        now_s = self._clock.now_ns() // NS_PER_S
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": principal.subject,
            "roles": list(principal.roles),
            "accounts": list(principal.accounts),
            "iat": now_s,
            "exp": now_s + lives_s,
            "gen": generation,
            "jti": self._ids.new(),
        }
        kid = self._current()
        return jwt.encode(claims, self._keys[kid], algorithm=ALGORITHM, headers={"kid": kid})

    def _current(self) -> str:
        return max(self._keys)

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob(f"{_PREFIX}*.pem"))

    def _path(self, kid: str) -> Path:
        return self._folder / f"{_PREFIX}{kid}.pem"

    def _write(self, kid: str, key: Ed25519PrivateKey) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = self._path(kid)
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)


def _read(path: Path) -> Ed25519PrivateKey:
    if path.stat().st_mode & _OTHERS:
        raise StartError(f"others may read {path}; run: chmod 600 {path}")
    UUID(path.stem.removeprefix(_PREFIX))
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path.name} is not an Ed25519 key")  # noqa: TRY004 - of the file
    return key


def _jwk(kid: str, key: Ed25519PrivateKey) -> Jwk:
    raw = key.public_key().public_bytes_raw()
    return Jwk(kid=kid, x=base64.urlsafe_b64encode(raw).rstrip(b"=").decode())
