"""Whatever a snapshot has become, its fold says so in a line and comes to what the log comes to."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs
from tests.contract.folds.every_fold import MAKERS, Life, a_log, copy_of, other_platform

from trade2026 import desk
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S
from trade2026.desk.snapshots import Image
from trade2026.model import codec

FOLDS = pytest.mark.parametrize("fold", MAKERS)


@pytest.fixture
async def log() -> MemoryLog:
    """Return a log of which every fold has a state."""
    return await a_log()


def _newest(folder: Path, fold: str) -> Path:
    return folder / f"{fold}.snapshot"


def _previous(folder: Path, fold: str) -> Path:
    return folder / f"{fold}.previous"


async def _alone(fold: str, log: MemoryLog, folder: Path) -> tuple[object, int]:
    """Return what the log alone comes to, and how many events that takes."""
    (folder / "alone").mkdir(exist_ok=True)
    life = await Life(fold, log, folder / "alone").begin()
    await life.end()
    return life.state, life.read


async def _two_snapshots(fold: str, log: MemoryLog, folder: Path) -> None:
    """Leave one of half of the log, and one of most of it before that half's in age."""
    for part in (0.5, 0.8):
        life = await Life(fold, copy_of(log, part), folder).begin()
        await life.snapshots.take()
        await life.end()


async def _restarted(fold: str, log: MemoryLog, folder: Path) -> tuple[Life, list[str]]:
    """Return the fold after a restart, and why snapshots were not used."""
    with capture_logs() as told:
        life = await Life(fold, log, folder).begin()
    await life.end()
    warned = [one for one in told if one["log_level"] == "warning"]
    assert {one["event"] for one in warned} <= {"a snapshot is not used"}
    assert {one["fold"] for one in warned} <= {fold}
    return life, [one["why"] for one in warned]


def _flip(content: bytes) -> bytes:
    return content[:-1] + bytes((content[-1] ^ 1,))


def _again(content: bytes, **changes: object) -> bytes:
    """Return the snapshot with something else in it, and a digest that fits."""
    image = codec.decode(Image, content[32:])
    record = codec.encode(msgspec.structs.replace(image, **changes))
    return hashlib.sha256(record).digest() + record


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a bit": (_flip, "it is damaged"),
    "a bit of the digest": (lambda content: _flip(content[:32]) + content[32:], "it is damaged"),
    "truncated": (lambda content: content[: len(content) // 2], "it is damaged"),
    "cut to its digest": (lambda content: content[:32], "it is damaged"),
    "empty": (lambda _: b"", "it is damaged"),
    "noise": (lambda content: bytes(len(content)), "it is damaged"),
    "an older form": (lambda one: _again(one, form="0" * 64), "another version"),
    "another fold": (lambda one: _again(one, fold="other"), "another fold"),
    "another state": (lambda one: _again(one, state=b"\xff"), "version ff"),
    "half a state": (lambda one: _again(one, state=codec.decode(Image, one[32:]).state[:9]), ""),
    "no record": (lambda _: hashlib.sha256(b"x").digest() + b"x", ""),
}


def test_no_fold_is_left_out() -> None:
    named: set[str] = set()
    for path in Path(desk.__file__).parent.glob("*.py"):
        text = path.read_text()
        named.update(re.findall(r'(?:\bfold=|DAY_FOLD: Final = )"(\w+)"', text))

    assert named == set(MAKERS)


@FOLDS
async def test_the_newest_that_is_whole_is_used(fold: str, log: MemoryLog, tmp_path: Path) -> None:
    await _two_snapshots(fold, log, tmp_path)
    state, count = await _alone(fold, log, tmp_path)

    life, why = await _restarted(fold, log, tmp_path)

    assert (life.state, why) == (state, [])
    assert 0 < life.read < count // 2


@FOLDS
@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_one_is_told_of_and_the_one_before_it_is_used(
    fold: str, damage: str, log: MemoryLog, tmp_path: Path
) -> None:
    await _two_snapshots(fold, log, tmp_path)
    state, count = await _alone(fold, log, tmp_path)
    spoil, said = DAMAGES[damage]
    path = _newest(tmp_path, fold)
    path.write_bytes(spoil(path.read_bytes()))

    life, (why,) = await _restarted(fold, log, tmp_path)

    assert said in why
    assert life.state == state
    assert 0 < life.read < count


@FOLDS
async def test_where_none_is_whole_the_log_is_folded(
    fold: str, log: MemoryLog, tmp_path: Path
) -> None:
    await _two_snapshots(fold, log, tmp_path)
    for path in (_newest(tmp_path, fold), _previous(tmp_path, fold)):
        path.write_bytes(_flip(path.read_bytes()))

    life, why = await _restarted(fold, log, tmp_path)

    assert why == ["it is damaged", "it is damaged"]
    assert (life.state, life.read) == await _alone(fold, log, tmp_path)


@FOLDS
async def test_those_of_another_platform_are_not_used(
    fold: str, log: MemoryLog, tmp_path: Path
) -> None:
    await _two_snapshots(fold, log, tmp_path)
    other = other_platform(log)

    life, why = await _restarted(fold, other, tmp_path)

    assert len(why) == 2
    assert all("another log" in one for one in why)
    assert (life.state, life.read) == await _alone(fold, other, tmp_path)


@FOLDS
async def test_those_that_are_ahead_of_the_log_are_not_used(
    fold: str, log: MemoryLog, tmp_path: Path
) -> None:
    await _two_snapshots(fold, log, tmp_path)
    older = copy_of(log, 0.3)

    life, why = await _restarted(fold, older, tmp_path)

    assert len(why) == 2
    assert all("ahead of the log" in one for one in why)
    assert (life.state, life.read) == await _alone(fold, older, tmp_path)


@FOLDS
async def test_those_of_a_log_that_went_on_otherwise_are_not_used(
    fold: str, log: MemoryLog, tmp_path: Path
) -> None:
    await _two_snapshots(fold, log, tmp_path)
    other = copy_of(log, 1, later_ns=NS_PER_S)

    life, (why,) = await _restarted(fold, other, tmp_path)

    # The one before it stands where both logs are the same.
    assert "the log is another one" in why
    state, count = await _alone(fold, other, tmp_path)
    assert life.state == state
    assert 0 < life.read < count
