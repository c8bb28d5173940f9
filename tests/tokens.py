"""Real tokens for tests: signed by a key made here, verified as those of authn are."""

import base64

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.errors import UnavailableError
from trade2026.shell.tokens import ALGORITHM, AUDIENCE, ISSUER, Jwk, Jwks


class Mint:
    """Signs tokens and publishes its keys, as authn does."""

    def __init__(self, clock: Clock, *, kid: str = "test-1") -> None:
        self._clock = clock
        self._key = Ed25519PrivateKey.generate()
        self.kid = kid
        self.is_away = False
        self.asked_count = 0

    def token(self, lives_s: int = 900, /, **claims: object) -> str:
        """Return a token of a trader on account `default`, changed by *claims*; None removes."""
        now_s = self._clock.now_ns() // NS_PER_S
        payload: dict[str, object] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "tess",
            "roles": ["trader"],
            "accounts": ["default"],
            "iat": now_s,
            "exp": now_s + lives_s,
            "jti": "1",
        } | claims
        payload = {name: value for name, value in payload.items() if value is not None}
        return jwt.encode(payload, self._key, algorithm=ALGORITHM, headers={"kid": self.kid})

    def bearer(self, lives_s: int = 900, /, **claims: object) -> dict[str, str]:
        """Return the header of a request with such a token."""
        return {"Authorization": f"Bearer {self.token(lives_s, **claims)}"}

    def jwk(self) -> Jwk:
        """Return the public key as a JWK."""
        raw = self._key.public_key().public_bytes_raw()
        return Jwk(kid=self.kid, x=base64.urlsafe_b64encode(raw).rstrip(b"=").decode())

    async def __call__(self) -> bytes:
        """Return the JWKS document, as a key source."""
        self.asked_count += 1
        if self.is_away:
            raise UnavailableError("authn is away")
        return msgspec.json.encode(Jwks((self.jwk(),)))
