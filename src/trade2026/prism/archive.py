"""Whole states of PRISM's market on disk: at least one a simulated minute, to go on from later.

Each file is one state, complete or not there: it is written beside its place and moved into
it, and its checksum stands in front. The oldest go where there are too many. The log stays
the truth; a lost or damaged file only makes a fork begin further back, or not at all.
"""

import os
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import CodecError
from trade2026.model import codec
from trade2026.model.prism import PrismMark
from trade2026.prism.agent_market import AgentMarket, AgentMarketState
from trade2026.prism.floor import Floor
from trade2026.prism.floor_state import FloorState

KEEP_EVERY_NS: Final = 60 * NS_PER_S
"""Of simulation time."""

_SUFFIX: Final = ".state"
_PART: Final = ".part"
_LIFE: Final = "life-"
_NAME: Final = re.compile(r"([0-9]{20})-([0-9]{12})", re.ASCII)
_CHECK_BYTES: Final = 16
_QUICK: Final = 1


class WholeState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the course of a life depends on from one moment on."""

    life: int
    rules: str
    mark: PrismMark
    market: AgentMarketState
    floor: FloorState


class Place(NamedTuple):
    """Of a kept state."""

    sim_ns: int
    log_seq: int
    """The last input that is inside."""


class Archive:
    """The states that are kept, of all lives.

    Args:
        folder: of PRISM alone.
        log: for what cannot be read or written.
        most_files: kept altogether.
        most_bytes: kept altogether.
    """

    def __init__(
        self,
        folder: Path,
        log: FilteringBoundLogger,
        *,
        most_files: int = 3_000,
        most_bytes: int = 512 * 1024 * 1024,
    ) -> None:
        self._folder = folder
        self._log = log
        self._most_files = most_files
        self._most_bytes = most_bytes
        self._sizes: dict[Path, int] | None = None
        """By path, the oldest first; read from the disk when it is first needed."""

    def write(self, state: WholeState) -> bool:
        """Keep *state*, let go of what is too much, and return whether it is kept.

        The market goes on where it is not.
        """
        content = zlib.compress(codec.encode(state), _QUICK)
        path = self._path(state.life, Place(state.mark.sim_ns, state.mark.log_seq))
        try:
            sizes = self._known()
            _put(path, _check(content) + content)
            sizes[path] = _CHECK_BYTES + len(content)
        except OSError as error:
            self._log.warning("a state of the market is not kept", reason=str(error))
            return False
        self._let_go(sizes)
        return True

    def drop_before(self, log_seq: int) -> None:
        """Let go of states that go on from inputs at or before *log_seq*: those are not kept."""
        try:
            sizes = self._known()
        except OSError as error:
            self._log.warning("old states cannot be looked through", reason=str(error))
            return
        for path in list(sizes):
            place = _place_of(path)
            if place is not None and place.log_seq < log_seq:
                self._remove(path, sizes)

    def places(self, life: int) -> list[Place]:
        """Return the places of the states of *life*, in order."""
        folder = self._folder / f"{_LIFE}{life:08}"
        return sorted(filter(None, map(_place_of, folder.glob(f"*{_SUFFIX}"))))

    def newest(self, life: int, sim_ns: int, log_seq: int | None = None) -> WholeState | None:
        """Return the newest state of *life* up to *sim_ns*, None where there is none.

        Args:
            life: which one.
            sim_ns: simulation time.
            log_seq: if given, without the input at that place or any behind it.
        """
        for place in reversed(self.places(life)):
            if place.sim_ns > sim_ns or (log_seq is not None and place.log_seq >= log_seq):
                continue
            if (state := self.read(life, place)) is not None:
                return state
        return None

    def oldest(self, life: int, log_seq: int) -> WholeState | None:
        """Return the oldest state of *life* that has the input at *log_seq* inside, or None."""
        for place in self.places(life):
            if place.log_seq >= log_seq and (state := self.read(life, place)) is not None:
                return state
        return None

    def read(self, life: int, place: Place) -> WholeState | None:
        """Return one state, None where it cannot be read; a line says why."""
        path = self._path(life, place)
        try:
            raw = path.read_bytes()
            return codec.decode(WholeState, zlib.decompress(_checked(raw)))
        except (OSError, CodecError, zlib.error) as error:
            self._log.warning(
                "a state of the market is passed over", file=path.name, reason=str(error)
            )
            return None

    def _path(self, life: int, place: Place) -> Path:
        name = f"{place.sim_ns:020}-{place.log_seq:012}{_SUFFIX}"
        return self._folder / f"{_LIFE}{life:08}" / name

    def _known(self) -> dict[Path, int]:
        if self._sizes is None:
            for rest in self._folder.glob(f"{_LIFE}*/*{_PART}"):
                rest.unlink(missing_ok=True)
            self._sizes = {path: path.stat().st_size for path in self._all()}
        return self._sizes

    def _all(self) -> Iterator[Path]:
        for folder in sorted(self._folder.glob(f"{_LIFE}*")):
            yield from sorted(folder.glob(f"*{_SUFFIX}"))

    def _let_go(self, sizes: dict[Path, int]) -> None:
        total = sum(sizes.values())
        for path in list(sizes)[:-1]:
            if len(sizes) <= self._most_files and total <= self._most_bytes:
                return
            total -= self._remove(path, sizes)

    def _remove(self, path: Path, sizes: dict[Path, int]) -> int:
        """Let go of one file and return its size: 0 where it stays, and is counted on."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self._log.warning("an old state stays", file=path.name, reason=str(error))
            return 0
        # A folder that has others in it stays, and one that somebody removed is gone.
        with suppress(OSError):
            path.parent.rmdir()
        return sizes.pop(path)


def state_of(floor: Floor, mark: PrismMark, rules: str) -> WholeState:
    """Return all of *floor*, whose events were drained, with its market of agents.

    Args:
        floor: as it stands.
        mark: where it stands.
        rules: by which it got there.
    """
    market = floor.exchange
    assert isinstance(market, AgentMarket)
    return WholeState(
        life=floor.life, rules=rules, mark=mark, market=market.state(), floor=floor.state()
    )


def _place_of(path: Path) -> Place | None:
    """Return where the state of that name stands, None for a name that is not one."""
    found = _NAME.fullmatch(path.stem)
    return None if found is None else Place(int(found[1]), int(found[2]))


def _put(path: Path, content: bytes) -> None:
    """Have *content* whole on the disk at *path*, or leave nothing of it.

    The log behind a state is let go of once it is here, so the disk itself must have it.
    """
    _make_folder(path.parent)
    part = path.with_suffix(_PART)
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    # Its name too.
    _sync_folder(path.parent)


def _make_folder(folder: Path) -> None:
    if folder.exists():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    # Where a folder can be opened: on Windows it cannot.
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _checked(raw: bytes) -> bytes:
    check, content = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
    if check != _check(content):
        raise CodecError("its checksum is wrong")
    return content


def _check(content: bytes) -> bytes:
    return blake2b(content, digest_size=_CHECK_BYTES).digest()
