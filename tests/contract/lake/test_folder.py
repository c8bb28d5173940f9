"""A folder keeps the contract of object storage, and so does the lake in it."""

from pathlib import Path

import pytest
from tests.contract.lake.storage_contract import StorageContract, TickTableContract

from trade2026.adapters.objects.place import FolderPlace


@pytest.fixture
def place(tmp_path: Path) -> FolderPlace:
    return FolderPlace(path=tmp_path / "objects")


class TestFolder(StorageContract):
    """The objects."""


class TestLakeInAFolder(TickTableContract):
    """The table."""
