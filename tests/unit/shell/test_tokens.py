"""Only a current token of ours, signed by a known key, names a principal."""

import asyncio

import jwt
import pytest
from tests.ports import free_port
from tests.tokens import Mint

from trade2026.core.clock import NS_PER_S, VirtualClock
from trade2026.shell.access import Principal
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.problem import ProblemError
from trade2026.shell.tokens import AUDIENCE, ISSUER, LEEWAY_S, TokenVerifier, keys_over_http

START_NS = 1_800_000_000 * NS_PER_S


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START_NS)


@pytest.fixture
def mint(clock: VirtualClock) -> Mint:
    return Mint(clock)


@pytest.fixture
def verifier(mint: Mint, clock: VirtualClock) -> TokenVerifier:
    return TokenVerifier(mint, clock)


async def status_of(verifier: TokenVerifier, token: str) -> int:
    """Return 200 if *token* is taken, else the status of the problem."""
    try:
        await verifier.verify(token)
    except ProblemError as problem:
        return problem.status
    return 200


async def test_a_valid_token_names_its_principal(mint: Mint, verifier: TokenVerifier) -> None:
    principal = await verifier.verify(mint.token())

    assert principal == Principal(
        subject="tess",
        roles=("trader",),
        accounts=("default",),
        expires_ns=START_NS + 900 * NS_PER_S,
    )


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "elsewhere"},
        {"iss": "elsewhere"},
        {"exp": None},
        {"aud": None},
        {"iss": None},
        {"sub": None},
        {"iat": None},
        {"roles": None},
        {"accounts": None},
        {"roles": "admin"},
        {"accounts": "*"},
        {"sub": 7},
        {"exp": "never"},
        {"iat": START_NS // NS_PER_S + 3600},
    ],
)
async def test_a_token_with_a_wrong_or_missing_claim_is_refused(
    mint: Mint, verifier: TokenVerifier, claims: dict[str, object]
) -> None:
    assert await status_of(verifier, mint.token(**claims)) == 401


async def test_a_token_ends_at_its_expiry_and_the_leeway(
    mint: Mint, verifier: TokenVerifier, clock: VirtualClock
) -> None:
    token = mint.token(60)

    clock.advance((60 + LEEWAY_S) * NS_PER_S - 1)
    assert await status_of(verifier, token) == 200
    clock.advance(1)
    assert await status_of(verifier, token) == 401


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "ä.ö.ü", "." * 9000, "e30.e30."])
async def test_what_is_no_token_is_refused(verifier: TokenVerifier, token: str) -> None:
    assert await status_of(verifier, token) == 401


async def test_another_signature_under_a_known_key_id_is_refused(
    mint: Mint, verifier: TokenVerifier, clock: VirtualClock
) -> None:
    forger = Mint(clock, kid=mint.kid)

    assert await status_of(verifier, forger.token()) == 401


async def test_a_changed_token_is_refused_even_after_the_true_one(
    mint: Mint, verifier: TokenVerifier
) -> None:
    head, _, signature = mint.token().split(".")
    other = mint.token(roles=["admin"]).split(".")[1]
    await verifier.verify(mint.token())

    assert await status_of(verifier, f"{head}.{other}.{signature}") == 401


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
async def test_only_the_one_algorithm_is_taken(
    mint: Mint, verifier: TokenVerifier, clock: VirtualClock, algorithm: str
) -> None:
    now_s = clock.now_ns() // NS_PER_S
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "eve", "iat": now_s, "exp": now_s + 60}
    key = "" if algorithm == "none" else mint.jwk().x
    token = jwt.encode(
        claims | {"roles": [], "accounts": []}, key, algorithm, headers={"kid": mint.kid}
    )

    assert await status_of(verifier, token) == 401


async def test_known_keys_go_on_while_authn_is_away(
    mint: Mint, verifier: TokenVerifier, clock: VirtualClock
) -> None:
    await verifier.verify(mint.token())
    mint.is_away = True
    clock.advance(24 * 3600 * NS_PER_S)

    assert await status_of(verifier, mint.token()) == 200
    assert await status_of(verifier, Mint(clock, kid="other").token()) == 401


async def test_without_any_key_the_answer_is_that_nobody_can_tell(
    mint: Mint, verifier: TokenVerifier, clock: VirtualClock
) -> None:
    mint.is_away = True
    assert await status_of(verifier, mint.token()) == 503

    mint.is_away = False
    clock.advance(3 * NS_PER_S)
    assert await status_of(verifier, mint.token()) == 200


async def test_invented_key_ids_cannot_make_it_ask_without_end(
    mint: Mint, verifier: TokenVerifier, clock: VirtualClock
) -> None:
    await verifier.verify(mint.token())

    for number in range(50):
        assert await status_of(verifier, Mint(clock, kid=f"invented-{number}").token()) == 401
        clock.advance(NS_PER_S // 10)

    assert mint.asked_count == 1 + 5 // 3


async def test_a_rotated_key_is_fetched_and_the_old_one_ends_with_it(
    mint: Mint, verifier: TokenVerifier, clock: VirtualClock
) -> None:
    old_token = mint.token()
    await verifier.verify(old_token)
    rotated = Mint(clock, kid="test-2")
    mint.jwk = rotated.jwk  # What it publishes from now on.
    clock.advance(3 * NS_PER_S)

    assert await status_of(verifier, rotated.token()) == 200
    assert await status_of(verifier, old_token) == 401


async def test_a_withdrawn_key_is_noticed_without_a_new_one(
    mint: Mint, verifier: TokenVerifier, clock: VirtualClock
) -> None:
    token = mint.token(3600)
    await verifier.verify(token)
    rotated = Mint(clock, kid="test-2")
    mint.jwk = rotated.jwk  # What it publishes from now on.

    clock.advance(600 * NS_PER_S)

    assert await status_of(verifier, token) == 401


async def test_requests_that_come_together_ask_for_the_keys_once(
    mint: Mint, verifier: TokenVerifier
) -> None:
    tokens = [mint.token(jti=str(number)) for number in range(20)]

    statuses = await asyncio.gather(*(status_of(verifier, token) for token in tokens))

    assert set(statuses) == {200}
    assert mint.asked_count == 1


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys":[]}',
        b'{"keys":[1]}',
        b'{"keys":[{"kid":"a","x":"?"}]}',
        b"\xff",
    ],
)
async def test_a_broken_key_document_is_as_good_as_none(
    mint: Mint, clock: VirtualClock, document: bytes
) -> None:
    async def source() -> bytes:
        return document

    assert await status_of(TokenVerifier(source, clock), mint.token()) == 503


async def test_over_http_an_authn_that_is_away_gives_no_keys(
    mint: Mint, clock: VirtualClock
) -> None:
    class Nowhere(LocalAddresses):
        def port(self, component: str, port: str = "") -> int:
            del component, port
            return free_port()

    verifier = TokenVerifier(keys_over_http(Nowhere()), clock)

    assert await status_of(verifier, mint.token()) == 503
