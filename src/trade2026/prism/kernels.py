"""The kernels of a market, compiled side by side where none are kept: half of the first start."""

import gc
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, cast

from numba import types

from trade2026.prism import loop
from trade2026.prism.agent_type import AgentType
from trade2026.prism.engine.compiled import COMPILING, is_kept
from trade2026.prism.engine.seldom import seldom, seldom_address

_RUN: Final = (types.int64,) * 5
_APART: Final = """
import gc, sys
gc.disable()
sys.path[:] = {path!r}
from trade2026.prism.engine.seldom import seldom_address
seldom_address()
"""


def prepare(agent_types: Sequence[AgentType]) -> None:
    """Compile what a market of *agent_types* needs, unless it is kept from before.

    Another process compiles the one half meanwhile. Where there can be none, or it fails, this
    one does it all.
    """
    with COMPILING:
        if not is_kept(seldom):
            _compile(agent_types)


def _compile(agent_types: Sequence[AgentType]) -> None:
    was_on = gc.isenabled()
    # Compiling makes many objects and little garbage: looking for it takes a tenth of the time.
    gc.disable()
    try:
        with suppress(OSError):
            other = subprocess.Popen(  # noqa: S603 - this interpreter, our own kernel
                [sys.executable, "-c", _APART.format(path=sys.path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            _compile_own(agent_types)
            other.wait()
        seldom_address()
    finally:
        if was_on:
            gc.enable()


def _compile_own(agent_types: Sequence[AgentType]) -> None:
    cast(Any, loop.run).compile(_RUN)
    for agent_type in agent_types:
        agent_type.address()
