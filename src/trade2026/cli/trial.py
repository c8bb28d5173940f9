"""The process of a dry run over HTTP: reads its ask, judges the day, answers; see `risk dry-run`.

It is bounded before it reads anything: an address space of its own, the last turn of the
processor, and no life without its parent.

Source: prctl(2), PR_SET_PDEATHSIG; setrlimit(2), RLIMIT_AS.
"""

import asyncio
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from trade2026.cli.risk import judge_day
from trade2026.core.errors import Trade2026Error
from trade2026.edge.dry_run import told
from trade2026.model.trial import TrialAnswer, TrialAsk
from trade2026.shell.addresses import LocalAddresses

MEMORY_BYTES: Final = 2 << 30
NICE: Final = 10
_PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Carry one dry run out over the platform that the arguments name."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    os.nice(NICE)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    data_dir, port_offset = sys.argv[1:]
    ask = msgspec.json.decode(sys.stdin.buffer.read(), type=TrialAsk)
    answer = answer_of(ask, Path(data_dir), LocalAddresses(int(port_offset)))
    sys.stdout.buffer.write(msgspec.json.encode(answer))


def answer_of(ask: TrialAsk, data_dir: Path, addresses: LocalAddresses) -> TrialAnswer:
    """Return what a dry run finds, or why it cannot be done."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(judge_day(ask, data_dir, addresses))
    except Trade2026Error as error:
        return TrialAnswer(error=str(error))
    return TrialAnswer(found=msgspec.Raw(msgspec.json.encode(told(found))))


if __name__ == "__main__":
    main()
