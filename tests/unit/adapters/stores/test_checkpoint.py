"""A checkpoint is replaced as a whole, and its absence is not an error."""

from pathlib import Path

import pytest

from trade2026.adapters.stores.checkpoint import CheckpointFile
from trade2026.core.errors import StartError


def test_there_is_none_before_the_first(tmp_path: Path) -> None:
    assert CheckpointFile(tmp_path / "service" / "checkpoint").read() is None


def test_the_newest_is_read_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "service" / "checkpoint")

    file.write(b"first")
    file.write(b"second")

    assert file.read() == b"second"
    assert [path.name for path in (tmp_path / "service").iterdir()] == ["checkpoint"]


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_bytes(b"")
    (tmp_path / "folder").mkdir()

    with pytest.raises(StartError, match="cannot write"):
        CheckpointFile(blocked / "checkpoint").write(b"x")
    with pytest.raises(StartError, match="cannot read"):
        CheckpointFile(tmp_path / "folder").read()
