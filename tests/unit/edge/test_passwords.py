"""Passwords are hashed by argon2id, and verifying tells nothing by its work."""

from typing import Literal

import pytest
from argon2 import PasswordHasher

from trade2026.core.errors import InvalidInputError
from trade2026.edge.passwords import LENGTH_MAX, LENGTH_MIN, Passwords

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class CountingHasher(PasswordHasher):
    """Counts the hashes it is asked to verify."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified_count = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - as inherited
        self.verified_count += 1
        return super().verify(hash, password)


async def test_only_the_right_password_matches() -> None:
    passwords = Passwords(QUICK)
    kept = await passwords.hash("correct horse battery")

    assert await passwords.matches("correct horse battery", kept)
    assert not await passwords.matches("correct horse batterz", kept)
    assert not await passwords.matches("", kept)


async def test_the_hash_is_argon2id_of_the_recommended_cost_with_a_salt() -> None:
    passwords = Passwords()

    first, second = [await passwords.hash("correct horse battery") for _ in range(2)]

    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert first != second


async def test_an_unknown_user_costs_as_much_as_a_wrong_password() -> None:
    hasher = CountingHasher()
    passwords = Passwords(hasher)

    assert not await passwords.matches("anything", None)
    assert not await passwords.matches("x" * (LENGTH_MAX + 1), None)
    assert hasher.verified_count == 2


@pytest.mark.parametrize("length", [0, LENGTH_MIN - 1, LENGTH_MAX + 1])
async def test_a_password_of_a_wrong_length_is_refused(length: int) -> None:
    with pytest.raises(InvalidInputError, match="12 to 256"):
        await Passwords(QUICK).hash("x" * length)


async def test_a_hash_that_is_none_matches_nothing() -> None:
    assert not await Passwords(QUICK).matches("correct horse battery", "not a hash")
