"""The C++ side of the benchmark: the plain ladder, and the flow that every contestant reads."""

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine.message import MESSAGE

SOURCE: Final = Path(__file__).parent / "ladder.cpp"
COMPILER: Final = "g++"
OPTIONS: Final = ("-O3", "-march=native", "-std=c++17", "-shared", "-fPIC")

RING: Final = 1 << 16
"""Trades that the ladder keeps."""

TRADE: Final = np.dtype([("maker", "u4"), ("taker", "u4"), ("ticks", "i4"), ("lots", "i4")])
"""A trade as both say it, to compare them."""


def has_compiler() -> bool:
    """Tell whether the ladder can be built here."""
    return shutil.which(COMPILER) is not None


def compiler_version() -> str:
    """Return the first line of what the compiler says of itself."""
    done = subprocess.run([COMPILER, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


class Native:
    """The ladder's source, built into *folder*.

    Raises:
        subprocess.CalledProcessError: the compiler refuses it.
    """

    def __init__(self, folder: Path) -> None:
        built = folder / "ladder.so"
        subprocess.run([COMPILER, *OPTIONS, str(SOURCE), "-o", str(built)], check=True)
        self.library = library = ctypes.CDLL(str(built))
        pointer, count = ctypes.c_void_p, ctypes.c_size_t
        library.make_flow.argtypes = [pointer, count, ctypes.c_uint64]
        library.ladder_new.argtypes, library.ladder_new.restype = [ctypes.c_uint32, count], pointer
        library.ladder_delete.argtypes = [pointer]
        for run in (library.ladder_run, library.ladder_run_ahead):
            run.argtypes = [pointer, pointer, count, count]
        for number in (library.ladder_trade_count, library.ladder_refused_count):
            number.argtypes, number.restype = [pointer], ctypes.c_uint64
        library.ladder_trade_ring.argtypes, library.ladder_trade_ring.restype = [pointer], pointer

    def flow(self, count: int, seed: int) -> NDArray[np.void]:
        """Return *count* `MESSAGE` records, the same for the same *seed*."""
        messages = np.zeros(count, MESSAGE)
        self.library.make_flow(messages.ctypes.data, count, seed)
        return messages


class Ladder:
    """A book in C++. *numbers* is the largest order number; *orders* may rest at a time."""

    def __init__(self, native: Native, *, orders: int, numbers: int, ahead: bool = False) -> None:
        self._library = native.library
        self._run = self._library.ladder_run_ahead if ahead else self._library.ladder_run
        self._ladder: Any = self._library.ladder_new(orders, numbers)
        self._told = 0

    def run(self, messages: NDArray[np.void], start: int, end: int) -> None:
        """Handle the messages of rows *start* to *end*."""
        self._run(self._ladder, messages.ctypes.data, start, end)

    def clear(self) -> None:
        """Forget what happened: the ring does so by itself."""

    def take_trades(self) -> NDArray[np.void]:
        """Return the trades since the last call, `TRADE` records; at most `RING`."""
        count = self._library.ladder_trade_count(self._ladder)
        new = np.arange(self._told, count)
        assert len(new) <= RING, "the ring is too short for a chunk"
        self._told = count
        at = self._library.ladder_trade_ring(self._ladder)
        words = (ctypes.c_byte * (RING * TRADE.itemsize)).from_address(at)
        return np.frombuffer(words, TRADE)[new % RING].copy()

    def close(self) -> None:
        """Give the memory back."""
        self._library.ladder_delete(self._ladder)
