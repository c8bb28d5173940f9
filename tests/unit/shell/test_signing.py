"""Keys are kept where only their owner reads, and rotate without ending anybody's session."""

from pathlib import Path

import msgspec
import pytest

from trade2026.core import chance
from trade2026.core.clock import NS_PER_S, VirtualClock
from trade2026.core.errors import StartError
from trade2026.core.ids import Ids
from trade2026.shell.access import Principal
from trade2026.shell.problem import ProblemError
from trade2026.shell.signing import ACCESS_TOKEN_S, KeyRing
from trade2026.shell.tokens import LEEWAY_S, TokenVerifier

TESS = Principal(subject="tess", roles=("trader",), accounts=("default",))


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(1_800_000_000 * NS_PER_S)


@pytest.fixture
def ids(clock: VirtualClock) -> Ids:
    return Ids(clock, chance.stream(1, "ids"))


def ring(folder: Path, clock: VirtualClock, ids: Ids) -> KeyRing:
    return KeyRing(folder, clock, ids)


def verifier_of(keys: KeyRing, clock: VirtualClock) -> TokenVerifier:
    async def source() -> bytes:
        return msgspec.json.encode(keys.published())

    return TokenVerifier(source, clock)


async def principal(verifier: TokenVerifier, token: str) -> Principal:
    """Return whose token it is, apart from when it ends."""
    return msgspec.structs.replace(await verifier.verify(token), expires_ns=None)


async def test_a_token_speaks_for_its_principal_during_fifteen_minutes(
    tmp_path: Path, clock: VirtualClock, ids: Ids
) -> None:
    keys = ring(tmp_path, clock, ids)
    verifier = verifier_of(keys, clock)
    token = keys.access_token(TESS)

    assert await principal(verifier, token) == TESS
    clock.advance((ACCESS_TOKEN_S + LEEWAY_S) * NS_PER_S)
    with pytest.raises(ProblemError, match="expired"):
        await verifier.verify(token)


async def test_after_a_restart_the_same_key_signs(
    tmp_path: Path, clock: VirtualClock, ids: Ids
) -> None:
    before = ring(tmp_path, clock, ids)

    after = ring(tmp_path, clock, ids)

    assert after.published() == before.published()
    assert await principal(verifier_of(after, clock), before.access_token(TESS)) == TESS


async def test_a_rotation_keeps_the_key_before_it_and_no_older(
    tmp_path: Path, clock: VirtualClock, ids: Ids
) -> None:
    keys = ring(tmp_path, clock, ids)
    first = keys.access_token(TESS)
    verifier = verifier_of(keys, clock)

    kid = keys.rotate()
    second = keys.access_token(TESS)
    assert keys.published().keys[0].kid == kid
    assert await principal(verifier, first) == TESS
    assert await principal(verifier, second) == TESS

    keys.rotate()
    clock.advance(3 * NS_PER_S)
    assert await principal(verifier, keys.access_token(TESS)) == TESS
    assert await principal(verifier, second) == TESS
    with pytest.raises(ProblemError, match="unknown key"):
        await verifier.verify(first)
    assert ring(tmp_path, clock, ids).published() == keys.published()


def test_no_more_than_two_keys_are_kept(tmp_path: Path, clock: VirtualClock, ids: Ids) -> None:
    keys = ring(tmp_path, clock, ids)

    for _ in range(3):
        keys.rotate()

    assert len(list(tmp_path.iterdir())) == 2


def test_a_keys_age_is_in_its_name(tmp_path: Path, clock: VirtualClock, ids: Ids) -> None:
    ring(tmp_path, clock, ids)
    clock.advance(100 * NS_PER_S)

    keys = ring(tmp_path, clock, ids)

    assert keys.age_s() == pytest.approx(100, abs=0.01)
    keys.rotate()
    assert keys.age_s() == pytest.approx(0, abs=0.01)


def test_keys_are_readable_by_their_owner_only(
    tmp_path: Path, clock: VirtualClock, ids: Ids
) -> None:
    folder = tmp_path / "secrets"
    ring(folder, clock, ids)

    (file,) = folder.iterdir()

    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    file.chmod(0o644)
    with pytest.raises(StartError, match="chmod 600"):
        ring(folder, clock, ids)


def test_a_published_key_holds_nothing_private(
    tmp_path: Path, clock: VirtualClock, ids: Ids
) -> None:
    published = msgspec.json.decode(msgspec.json.encode(ring(tmp_path, clock, ids).published()))

    assert set(published["keys"][0]) == {"kty", "crv", "use", "alg", "kid", "x"}


@pytest.mark.parametrize("content", [b"", b"not a key"])
def test_a_broken_key_file_is_told_in_one_line(
    tmp_path: Path, clock: VirtualClock, ids: Ids, content: bytes
) -> None:
    ring(tmp_path, clock, ids)
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)

    with pytest.raises(StartError, match="cannot read the token keys") as refused:
        ring(tmp_path, clock, ids)

    assert "\n" not in str(refused.value)


def test_a_folder_that_cannot_be_written_is_told_in_one_line(
    tmp_path: Path, clock: VirtualClock, ids: Ids
) -> None:
    (tmp_path / "secrets").write_text("in the way")

    with pytest.raises(StartError, match="cannot write a token key"):
        ring(tmp_path / "secrets", clock, ids)
