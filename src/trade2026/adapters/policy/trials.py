"""Dry runs in a process of their own, which has its bounds: memory, time, and the last turn.

The process reads its ask from its input and answers on its output, both in JSON. It ends with
its parent, and is ended where it takes too long.
"""

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Final

import msgspec

from trade2026.core.errors import UnavailableError
from trade2026.model.trial import TrialAnswer, TrialAsk

LIMIT_S: Final = 600.0
"""How long one may take."""
WORKER: Final = "trade2026.cli.trial"


class TrialProcess:
    """Carries dry runs out over the logs of a platform.

    Args:
        data_dir: of the platform.
        port_offset: of the platform.
        limit_s: how long one may take.
    """

    def __init__(self, data_dir: Path, port_offset: int, limit_s: float = LIMIT_S) -> None:
        self._place = (str(data_dir), str(port_offset))
        self._limit_s = limit_s

    async def carry(self, ask: TrialAsk) -> TrialAnswer:
        """Return what a dry run finds.

        Raises:
            UnavailableError: its process took too long, or broke.
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", WORKER, *self._place),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
        )
        try:
            async with asyncio.timeout(self._limit_s):
                reply, _ = await process.communicate(msgspec.json.encode(ask))
            return msgspec.json.decode(reply, type=TrialAnswer)
        except TimeoutError:
            raise UnavailableError(f"the dry run took longer than {self._limit_s:g} s") from None
        except (OSError, msgspec.DecodeError):
            text = "the process of the dry run broke, or needed more memory than it may have"
            raise UnavailableError(text) from None
        finally:
            await _end(process)


async def _end(process: Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
