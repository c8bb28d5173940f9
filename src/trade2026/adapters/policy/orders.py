"""The port of policies for orders on a Rego engine in a process of its own.

About 200 us for an order. Fail closed: anything but a set of well-formed reasons is no answer, and
so is one that takes too long; then the process is ended, and `start` begins another.

Source: Open Policy Agent, "Policy Language".
"""

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Any, Final

import msgspec

from trade2026.core.errors import InvalidInputError, PolicyUnavailableError
from trade2026.model.policy import OrderQuestion, PolicyWord

LOAD_WITHIN_S: Final = 20.0
"""Of a process and its policy: it imports an engine, on a busy machine."""
WORDS_MOST: Final = 32
_LINE_BYTES: Final = 1 << 20
_WORKER: Final = str(Path(__file__).with_name("worker.py"))


class _Answer(msgspec.Struct):
    value: Any = None
    error: str = ""


class RegoOrderPolicy:
    """One policy, judging one order after another.

    Args:
        rego: its text.
        limit_s: how long it may take for an order.
    """

    def __init__(self, rego: str, limit_s: float) -> None:
        self._rego = rego
        self._limit_s = limit_s
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    @property
    def is_ready(self) -> bool:
        """Return whether its process is there."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start its process, in the place of one that has ended.

        Raises:
            InvalidInputError: the policy cannot be read, or defines no refusals.
            PolicyUnavailableError: the process does not come up.
        """
        await self.stop()
        process = await asyncio.create_subprocess_exec(
            # By its file and isolated: it needs the engine and nothing of us, and starts sooner.
            *(sys.executable, "-I", _WORKER),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            limit=_LINE_BYTES,
        )
        answer = await _exchange(process, msgspec.json.encode(self._rego), LOAD_WITHIN_S)
        if answer.error:
            await _end(process)
            raise InvalidInputError("policy", answer.error)
        self._process = process

    async def judge(self, question: OrderQuestion) -> tuple[PolicyWord, ...]:
        """Return the policy's reasons against an order; none lets it pass.

        Raises:
            PolicyUnavailableError: it was too slow, broke, or said nothing usable.
        """
        line = msgspec.json.encode(question)
        async with self._turn:
            process = self._process
            if process is None or process.returncode is not None:
                raise PolicyUnavailableError("it is being started again")
            answer = await _exchange(process, line, self._limit_s)
        if answer.error:
            raise PolicyUnavailableError(answer.error)
        try:
            words = msgspec.convert(answer.value, tuple[PolicyWord, ...])
        except msgspec.ValidationError as error:
            raise PolicyUnavailableError(
                f"its refusals are not as they must be: {error}"
            ) from error
        if len(words) > WORDS_MOST:
            raise PolicyUnavailableError(f"it gave more than {WORDS_MOST} refusals")
        return words

    async def stop(self) -> None:
        """End its process."""
        process, self._process = self._process, None
        if process is not None:
            await _end(process)


async def _end(process: Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _exchange(process: Process, line: bytes, limit_s: float) -> _Answer:
    """Return the answer to *line*; whoever does not get one finds the process ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    is_answered = False
    try:
        async with asyncio.timeout(limit_s):
            process.stdin.write(line + b"\n")
            await process.stdin.drain()
            reply = await process.stdout.readuntil(b"\n")
        answer = msgspec.json.decode(reply, type=_Answer)
        is_answered = True
    except TimeoutError as error:
        raise PolicyUnavailableError(f"it took longer than {limit_s} s") from error
    except (OSError, EOFError, asyncio.LimitOverrunError, msgspec.DecodeError) as error:
        raise PolicyUnavailableError("its process broke") from error
    finally:
        if not is_answered:
            # Whatever it says later must not pass for the answer to another question.
            await _end(process)
    return answer
