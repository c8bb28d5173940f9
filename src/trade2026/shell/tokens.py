"""Access tokens are verified here, locally, with the public keys that authn publishes.

A token is an EdDSA (Ed25519) JWT. The keys come by HTTP from authn's JWKS and are kept: while
authn is away, known keys go on verifying. An unknown key id asks authn again, at most every
few seconds, so that strangers with invented keys cannot make us hammer it. With the keys
comes which users have changed: their older tokens end within `FRESH_S`. Times are judged by
the platform's clock.

Source: RFC 7519 (JWT), RFC 7517 (JWK), RFC 8037 (EdDSA), RFC 8725 (best practice).
"""

import asyncio
import hashlib
from typing import Final, Literal, Protocol

import httpx
import jwt
import msgspec

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.errors import UnavailableError
from trade2026.core.newest import Newest
from trade2026.shell.access import Principal
from trade2026.shell.addresses import Addresses
from trade2026.shell.problem import ProblemError

ALGORITHM: Final = "EdDSA"
ISSUER: Final = "trade2026"
AUDIENCE: Final = "trade2026"
LEEWAY_S: Final = 5
FRESH_S: Final = 5
"""After this long the keys and the revocations are asked for again, by the next request."""

_ASK_AGAIN_NS: Final = 3 * NS_PER_S
_FETCH_TIMEOUT_S: Final = 2.0
_REMEMBERED_COUNT: Final = 1024
_TOKEN_CHARS_MAX: Final = 8192


class _Claims(msgspec.Struct, frozen=True):
    sub: str
    exp: int
    iat: int
    roles: tuple[str, ...]
    accounts: tuple[str, ...]
    gen: int = 0


class Jwk(msgspec.Struct, frozen=True, kw_only=True):
    """A public Ed25519 key. Source: RFC 8037, section 2."""

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    use: Literal["sig"] = "sig"
    alg: Literal["EdDSA"] = ALGORITHM
    kid: str
    x: str
    """The key, base64url without padding."""


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of a subject of a generation before *gen* have ended."""

    sub: str
    """The digest of its name: strangers read this list."""
    gen: int


class Jwks(msgspec.Struct, frozen=True):
    """The keys that verify tokens: the current one, and the previous until its tokens end."""

    keys: tuple[Jwk, ...]
    revoked: tuple[Revocation, ...] = ()
    """Subjects that changed so lately that an older token could still be around."""


def digest_of(subject: str) -> str:
    """Return what stands for the name of *subject* in a list of revocations."""
    return hashlib.sha256(subject.encode()).hexdigest()


class KeySource(Protocol):
    """Where the public keys come from."""

    async def __call__(self) -> bytes:
        """Return the JWKS document.

        Raises:
            UnavailableError: it cannot be had now.
        """
        ...


def keys_over_http(addresses: Addresses) -> KeySource:
    """Return the source that asks authn of this deployment."""
    # Made once: reading the certificates of the system holds a process up for some 20 ms.
    tls = httpx.create_ssl_context(trust_env=False)

    async def fetch() -> bytes:
        url = f"{addresses.url('authn')}/jwks"
        try:
            # A client a call, which leaves nothing to close.
            async with httpx.AsyncClient(
                timeout=_FETCH_TIMEOUT_S, trust_env=False, verify=tls
            ) as client:
                reply = await client.get(url)
                reply.raise_for_status()
        except httpx.HTTPError as error:
            raise UnavailableError(f"authn gave no keys: {error}") from error
        return reply.content

    return fetch


class TokenVerifier:
    """Tells who sent a token, or why nobody valid did."""

    def __init__(self, source: KeySource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._generations: dict[str, int] = {}
        self._fetched_ns: int | None = None
        self._asked_ns: int | None = None
        self._asking = asyncio.Lock()
        self._remembered = Newest[str, _Claims](_REMEMBERED_COUNT)

    async def verify(self, token: str) -> Principal:
        """Return the principal that *token* speaks for.

        Raises:
            ProblemError: 401, the token is not valid; 503, no key could be had to tell.
        """
        claims = self._remembered.get(token)
        if claims is None or self._is_stale():
            claims = await self._verified(token)
            self._remembered.keep(token, claims)
        self._require_current(claims)
        return Principal(
            subject=claims.sub,
            roles=claims.roles,
            accounts=claims.accounts,
            expires_ns=claims.exp * NS_PER_S,
        )

    async def _verified(self, token: str) -> _Claims:
        if len(token) > _TOKEN_CHARS_MAX:
            raise _unauthorised("the token is too long")
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError as error:
            raise _unauthorised("this is not a token") from error
        kid = header.get("kid")
        if header.get("alg") != ALGORITHM or not isinstance(kid, str):
            raise _unauthorised("the token is not signed as ours are")
        key = await self._key(kid)
        try:
            payload = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={
                    "require": ["exp", "iat", "aud", "iss", "sub"],
                    # Times are judged below, by the platform's clock instead of the library's.
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            return msgspec.convert(payload, _Claims)
        except jwt.InvalidTokenError as error:
            raise _unauthorised(str(error)) from error
        except msgspec.ValidationError as error:
            raise _unauthorised(f"the token's claims are malformed: {error}") from error

    def _require_current(self, claims: _Claims) -> None:
        now_s = self._clock.now_ns() // NS_PER_S
        if claims.exp + LEEWAY_S <= now_s:
            raise _unauthorised("the token has expired")
        if claims.iat - LEEWAY_S > now_s:
            raise _unauthorised("the token is of the future")
        if self._generations and claims.gen < self._generations.get(digest_of(claims.sub), 0):
            raise _unauthorised("the user was changed; sign in again")

    async def _key(self, kid: str) -> jwt.PyJWK:
        # Only a sender of an unknown key waits for a question under way: should authn hang,
        # everybody else goes on with the keys we have.
        if kid not in self._keys or (self._is_stale() and not self._asking.locked()):
            async with self._asking:
                # Another request may have brought the key while this one waited.
                is_due = self._is_older_than(self._asked_ns, _ASK_AGAIN_NS)
                if is_due and (kid not in self._keys or self._is_stale()):
                    await self._fetch()
        if kid in self._keys:
            return self._keys[kid]
        if not self._keys:
            raise ProblemError(503, "Service Unavailable", "no key to verify tokens: authn is away")
        raise _unauthorised("the token is signed by an unknown key")

    async def _fetch(self) -> None:
        self._asked_ns = self._clock.monotonic_ns()
        try:
            published = msgspec.json.decode(await self._source(), type=Jwks)
            keys = _keys_in(published)
        except (UnavailableError, ValueError, jwt.PyJWTError):
            # The keys we have go on: a token must not fail because authn restarts.
            return
        self._fetched_ns = self._asked_ns
        self._keys = keys
        self._generations = {one.sub: one.gen for one in published.revoked}
        # A key that is gone must take the tokens it signed with it.
        self._remembered.clear()

    def _is_stale(self) -> bool:
        return self._is_older_than(self._fetched_ns, FRESH_S * NS_PER_S)

    def _is_older_than(self, then_ns: int | None, age_ns: int) -> bool:
        return then_ns is None or self._clock.monotonic_ns() - then_ns >= age_ns


def _keys_in(published: Jwks) -> dict[str, jwt.PyJWK]:
    if not published.keys:
        raise ValueError("no keys")
    return {
        key.kid: jwt.PyJWK.from_dict(msgspec.to_builtins(key), ALGORITHM) for key in published.keys
    }


def _unauthorised(detail: str) -> ProblemError:
    return ProblemError(401, "Unauthorized", detail)
