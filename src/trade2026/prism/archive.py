"""Whole states of PRISM's market on disk: at least one a simulated minute, to go on from later.

Each file is one state, complete or not there: it is written beside its place and moved into
it, and its checksum stands in front. The oldest go where there are too many. The log stays
the truth; a lost or damaged file only makes a fork begin further back, or not at all.
"""

import zlib
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import CodecError
from trade2026.model import codec
from trade2026.model.prism import PrismMark
from trade2026.prism.agent_market import AgentMarket, AgentMarketState
from trade2026.prism.floor import Floor, FloorState

KEEP_EVERY_NS: Final = 60 * NS_PER_S
"""Of simulation time."""

_SUFFIX: Final = ".state"
_LIFE: Final = "life-"
_CHECK_BYTES: Final = 16
_QUICK: Final = 1


class WholeState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the course of a life depends on from one moment on."""

    life: int
    rules: str
    mark: PrismMark
    market: AgentMarketState
    floor: FloorState


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

    def write(self, state: WholeState) -> None:
        """Keep *state*, and let go of what is too much; the market goes on where that fails."""
        content = zlib.compress(codec.encode(state), _QUICK)
        path = self._folder / f"{_LIFE}{state.life:08}" / f"{state.mark.sim_ns:020}{_SUFFIX}"
        part = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(_check(content) + content)
            part.replace(path)
            sizes = self._known()
            sizes[path] = len(content)
            self._let_go(sizes)
        except OSError as error:
            self._log.warning("a state of the market is not kept", reason=str(error))

    def times(self, life: int) -> list[int]:
        """Return the simulation times of the states of *life*, in order."""
        folder = self._folder / f"{_LIFE}{life:08}"
        return sorted(int(path.stem) for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdigit())

    def newest(self, life: int, sim_ns: int, log_seq: int | None = None) -> WholeState | None:
        """Return the newest state of *life* up to *sim_ns*, None where there is none.

        Args:
            life: which one.
            sim_ns: simulation time.
            log_seq: if given, without the input at that place or any behind it.
        """
        for at in reversed(self.times(life)):
            if at > sim_ns:
                continue
            state = self.read(life, at)
            if state is not None and (log_seq is None or state.mark.log_seq < log_seq):
                return state
        return None

    def read(self, life: int, sim_ns: int) -> WholeState | None:
        """Return one state, None where it cannot be read; a line says why."""
        path = self._folder / f"{_LIFE}{life:08}" / f"{sim_ns:020}{_SUFFIX}"
        try:
            raw = path.read_bytes()
            return codec.decode(WholeState, zlib.decompress(_checked(raw)))
        except (OSError, CodecError, zlib.error) as error:
            self._log.warning(
                "a state of the market is passed over", file=path.name, reason=str(error)
            )
            return None

    def _known(self) -> dict[Path, int]:
        if self._sizes is None:
            self._sizes = {path: path.stat().st_size for path in self._all()}
        return self._sizes

    def _all(self) -> Iterator[Path]:
        for folder in sorted(self._folder.glob(f"{_LIFE}*")):
            yield from sorted(folder.glob(f"*{_SUFFIX}"))

    def _let_go(self, sizes: dict[Path, int]) -> None:
        total = sum(sizes.values())
        while len(sizes) > 1 and (len(sizes) > self._most_files or total > self._most_bytes):
            oldest = next(iter(sizes))
            total -= sizes.pop(oldest)
            oldest.unlink(missing_ok=True)
            if not any(oldest.parent.iterdir()):
                oldest.parent.rmdir()


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


def _checked(raw: bytes) -> bytes:
    check, content = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
    if check != _check(content):
        raise CodecError("its checksum is wrong")
    return content


def _check(content: bytes) -> bytes:
    return blake2b(content, digest_size=_CHECK_BYTES).digest()
