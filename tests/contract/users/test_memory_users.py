"""The store of users in memory keeps the contract."""

import pytest
from tests.contract.users.users_contract import UsersContract, a_user

from trade2026.adapters.stores.memory_users import MemoryUsers


@pytest.fixture
def users() -> MemoryUsers:
    return MemoryUsers()


class TestMemoryUsers(UsersContract):
    """The contract."""


async def test_a_closed_store_has_forgotten_everything(users: MemoryUsers) -> None:
    await users.create(a_user())

    await users.close()

    assert await users.all() == []
