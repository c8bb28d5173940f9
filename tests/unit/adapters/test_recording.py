"""A recording is read in order, its venue is told from it, and damage is not hidden."""

import gzip
from pathlib import Path

import pytest
from tests import feeds

from trade2026.adapters.recording import LINE_LIMIT, PROBED_LINES, open_recording, read_frames
from trade2026.core.errors import StartError
from trade2026.model.instrument import BINANCE, BINANCE_USDM


def a_recording(folder: Path, *lines: bytes) -> Path:
    path = folder / "recording.gz"
    path.write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines)))
    return path


def test_frames_come_in_order_with_their_times(tmp_path: Path) -> None:
    path = a_recording(tmp_path, b"5 {}", b'7 {"a": 1}')

    assert list(read_frames(path)) == [(5, b"{}"), (7, b'{"a": 1}')]


def test_a_line_of_another_form_is_handed_on_at_the_time_before(tmp_path: Path) -> None:
    path = a_recording(tmp_path, b"5 {}", b"broken", b"x {}", b"", b"9" * 30 + b" {}")

    frames = list(read_frames(path))

    assert frames == [(5, b"{}"), (5, b"broken"), (5, b"x {}"), (5, b""), (5, b"9" * 30 + b" {}")]


def test_a_line_too_long_for_the_bus_comes_in_pieces(tmp_path: Path) -> None:
    path = a_recording(tmp_path, b"5 " + b"x" * LINE_LIMIT)

    assert [len(payload) for _, payload in read_frames(path)] == [LINE_LIMIT - 2, 2]


@pytest.mark.parametrize(
    ("update", "venue"),
    [(feeds.depth(1, 2), BINANCE), (feeds.depth(1, 2, pu=0), BINANCE_USDM)],
)
def test_the_venue_is_told_from_the_first_depth_update(
    tmp_path: Path, update: bytes, venue: str
) -> None:
    path = a_recording(tmp_path, b"1 " + feeds.snapshot(1, [], []), b"nonsense", b"2 " + update)

    feed = open_recording(path)

    assert (feed.venue, feed.symbol, feed.path) == (venue, feeds.SYMBOL, path)


def test_a_file_without_a_depth_update_is_no_recording(tmp_path: Path) -> None:
    path = a_recording(tmp_path, b"1 " + feeds.trade(1, "1", "1", 1))

    with pytest.raises(StartError, match="no depth update"):
        open_recording(path)


def test_the_depth_update_must_come_early(tmp_path: Path) -> None:
    path = a_recording(tmp_path, *[b"x"] * PROBED_LINES, b"1 " + feeds.depth(1, 2))

    with pytest.raises(StartError, match="no depth update"):
        open_recording(path)


def test_a_missing_or_damaged_file_is_named(tmp_path: Path) -> None:
    whole = a_recording(tmp_path, *[b"1 " + feeds.trade(n, "1", "1", 1) for n in range(500)])
    plain = tmp_path / "plain"
    plain.write_bytes(b"1 {}\n")
    cut = tmp_path / "cut.gz"
    cut.write_bytes(whole.read_bytes()[:-20])

    for path in (tmp_path / "missing.gz", plain, cut):
        with pytest.raises(StartError, match=path.name):
            list(read_frames(path))
