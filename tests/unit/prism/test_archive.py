"""States of the market on disk: whole or not there, bounded, and never trusted blindly."""

import os
import shutil
from errno import EACCES, ENOSPC
from pathlib import Path

import pytest
import structlog
from tests.prism import a_house, make_agents
from tests.unit.prism.markets import START_NS

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.model.prism import PrismMark
from trade2026.prism.archive import Archive, WholeState
from trade2026.prism.floor_state import FloorState
from trade2026.prism.life import blank_life


def a_state(sim_s: int, *, life: int = 0, log_seq: int = 0) -> WholeState:
    sim_ns = TimeNs(START_NS + sim_s * NS_PER_S)
    market = make_agents(blank_life(a_house(), life, sim_ns))
    return WholeState(
        life=life,
        rules="rules",
        mark=PrismMark(sim_ns=sim_ns, log_seq=log_seq, events=0, digest=""),
        market=market.state(),
        floor=FloorState(last_number=3, owners={"a": 1}, orders=(), holdings=(), report_seq=9),
    )


def an_archive(folder: Path, **bounds: int) -> Archive:
    return Archive(folder / "prism", structlog.get_logger(), **bounds)


def a_full_disk(file: int) -> None:
    raise OSError(ENOSPC, "no space left", str(file))


def times(archive: Archive, life: int) -> list[int]:
    return [place.sim_ns for place in archive.places(life)]


def ns(sim_s: int) -> int:
    return START_NS + sim_s * NS_PER_S


def test_the_newest_state_up_to_a_time_comes_back_whole(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    states = [a_state(sim_s, log_seq=sim_s) for sim_s in (0, 60, 120)]
    for state in states:
        archive.write(state)

    again = an_archive(tmp_path)

    assert times(again, 0) == [ns(0), ns(60), ns(120)]
    assert again.newest(0, ns(119)) == states[1]
    assert again.newest(0, ns(10**6)) == states[2]
    assert again.newest(0, ns(10**6), 60) == states[0]
    assert again.newest(0, ns(-1)) is None
    assert again.newest(1, ns(60)) is None


def test_a_damaged_or_half_written_state_is_passed_over(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    for sim_s in (0, 60, 120):
        archive.write(a_state(sim_s))
    newest = tmp_path / "prism" / "life-00000000" / f"{ns(120):020}-{0:012}.state"
    content = bytearray(newest.read_bytes())
    content[-3] ^= 1
    newest.write_bytes(content)
    newest.with_name(f"{ns(60):020}-{0:012}.state").write_bytes(b"short")
    newest.with_name(f"{ns(180):020}-{0:012}.part").write_bytes(b"cut off")
    newest.with_name("stranger.state").write_bytes(b"what")

    found = archive.newest(0, ns(200))

    assert found is not None
    assert found.mark.sim_ns == ns(0)


def test_the_oldest_go_where_there_are_too_many_and_the_newest_stays(tmp_path: Path) -> None:
    archive = an_archive(tmp_path, most_files=3)
    for life, sim_s in ((0, 0), (0, 60), (1, 120), (1, 180), (2, 240)):
        archive.write(a_state(sim_s, life=life))

    assert times(archive, 0) == []
    assert not (tmp_path / "prism" / "life-00000000").exists()
    assert times(archive, 1) == [ns(120), ns(180)]

    tiny = an_archive(tmp_path, most_bytes=1)
    tiny.write(a_state(300, life=2))
    assert [times(tiny, life) for life in range(3)] == [[], [], [ns(300)]]


def test_a_disk_that_takes_nothing_does_not_end_the_market(tmp_path: Path) -> None:
    (tmp_path / "prism").write_text("a file, not a folder")

    assert not an_archive(tmp_path).write(a_state(0))

    assert an_archive(tmp_path).newest(0, ns(1)) is None


def test_a_disk_that_is_full_keeps_no_halves_nor_what_a_crash_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = an_archive(tmp_path)
    archive.write(a_state(0))
    (folder,) = (tmp_path / "prism").iterdir()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", a_full_disk)
        assert not archive.write(a_state(60))

    assert len(list(folder.iterdir())) == 1

    (folder / f"{ns(120):020}-{0:012}.part").write_bytes(b"half")
    assert an_archive(tmp_path).write(a_state(180))
    assert not list(folder.glob("*.part"))
    assert times(archive, 0) == [ns(0), ns(180)]


def test_the_disk_is_told_of_a_state_and_of_the_folders_that_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noted(number: int) -> None:
        synced.append(os.fstat(number).st_ino)

    synced: list[int] = []
    archive = an_archive(tmp_path)
    monkeypatch.setattr(os, "fsync", noted)
    for sim_s in (0, 60):
        archive.write(a_state(sim_s))

    (folder,) = (tmp_path / "prism").iterdir()
    files = [one.stat().st_ino for one in sorted(folder.iterdir())]
    own, above = folder.stat().st_ino, folder.parent.stat().st_ino
    # The folders before what is in them: a write that fails leaves them named.
    assert synced == [tmp_path.stat().st_ino, above, files[0], own, files[1], own]


def test_a_file_that_cannot_be_removed_is_counted_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(path: Path, *, missing_ok: bool) -> None:
        raise OSError(EACCES, "not allowed", str(path), missing_ok)

    archive = an_archive(tmp_path, most_files=2)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", cannot)
        for sim_s in (0, 60, 120, 180):
            assert archive.write(a_state(sim_s))
        assert len(times(archive, 0)) == 4

    archive.write(a_state(240))
    assert times(archive, 0) == [ns(180), ns(240)]


def test_states_that_somebody_else_removed_are_no_hindrance(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    for life in (0, 1):
        assert archive.write(a_state(60, life=life, log_seq=5))
    shutil.rmtree(tmp_path / "prism" / "life-00000000")

    archive.drop_before(6)

    assert not list((tmp_path / "prism").iterdir())
    assert archive.write(a_state(120, life=1, log_seq=7))


def test_a_state_is_small(tmp_path: Path) -> None:
    archive = an_archive(tmp_path)
    archive.write(a_state(0))

    (path,) = (tmp_path / "prism").rglob("*.state")
    assert path.stat().st_size < 200_000
