"""The library in memory keeps the contract."""

import pytest
from tests.contract.library.library_contract import LibraryContract, an_entity, keep

from trade2026.adapters.stores.memory_library import MemoryLibrary
from trade2026.ports.library import EntityQuery


@pytest.fixture
def library() -> MemoryLibrary:
    return MemoryLibrary()


class TestMemoryLibrary(LibraryContract):
    """The contract."""


async def test_a_closed_library_has_forgotten_everything(library: MemoryLibrary) -> None:
    await keep(library, an_entity())

    await library.close()

    assert await library.list(EntityQuery()) == []
