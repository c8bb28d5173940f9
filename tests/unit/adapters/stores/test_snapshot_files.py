"""Whatever is killed while a snapshot is written, a whole one has a name."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from trade2026.adapters.stores.snapshot_files import SnapshotFiles
from trade2026.core.errors import UnavailableError

LENGTH = 2_000_000
WRITER = f"""
import sys
from pathlib import Path
from trade2026.adapters.stores.snapshot_files import SnapshotFiles
files, number = SnapshotFiles(Path(sys.argv[1])), 0
while True:
    files.write(number.to_bytes(8, "big") * {LENGTH // 8})
    print(number, flush=True)
    number += 1
"""


def test_the_newest_comes_first_and_the_one_before_it_is_kept(tmp_path: Path) -> None:
    files = SnapshotFiles(tmp_path / "made" / "sum.snapshot")
    assert files.read() == ()

    for content in (b"one", b"two", b"three"):
        files.write(content)

    assert files.read() == (b"three", b"two")
    assert SnapshotFiles(tmp_path / "made" / "sum.snapshot").read() == (b"three", b"two")


def test_a_death_between_the_two_renames_leaves_the_one_before(tmp_path: Path) -> None:
    files = SnapshotFiles(tmp_path / "sum.snapshot")
    files.write(b"one")
    (tmp_path / "sum.snapshot").rename(tmp_path / "sum.previous")
    (tmp_path / "sum.new").write_bytes(b"tw")

    assert files.read() == (b"one",)
    files.write(b"two")
    assert files.read() == (b"two", b"one")


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    files = SnapshotFiles(tmp_path / "file" / "sum.snapshot")

    with pytest.raises(UnavailableError, match="cannot write"):
        files.write(b"one")
    with pytest.raises(UnavailableError, match="cannot read"):
        files.read()


@pytest.mark.parametrize("after_ms", [3, 7, 11, 19, 31, 53])
def test_a_writer_killed_at_any_moment_leaves_a_whole_one_no_older_than_it_said(
    tmp_path: Path, after_ms: int
) -> None:
    path = tmp_path / "sum.snapshot"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(3)]
        time.sleep(after_ms / 1e3)
        writer.kill()
        said += [int(line) for line in writer.stdout.read().split()]

    kept = SnapshotFiles(path).read()

    assert all(one == one[:8] * (LENGTH // 8) for one in kept)
    assert int.from_bytes(kept[0][:8], "big") >= said[-1]
