"""Start everything, start again what dies, and stop everything in order.

A unit is started as soon as those it needs are ready; a server that does not start the first
time ends the whole start. A child that dies is started again after a wait; one that keeps
dying ends the whole platform, loudly, with its last words. At the end the services stop
before the servers they use, so that what they have in hand is finished.
"""

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, cast

import msgspec

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.errors import StartError
from trade2026.shell.backoff import Backoff
from trade2026.shell.children import Unit

LAST_LINES: Final = 10
WAITING_S: Final = 5.0
STILL_S: Final = 60.0
STARTING: Final = "starting"
REFUSED_EXIT: Final = 2
"""A process ends with this when its machine or its settings are wrong: no retry helps."""


class UnitState(msgspec.Struct, frozen=True, kw_only=True):
    """One child, as the state file tells."""

    name: str
    pid: int | None
    restarts: int
    since_ns: int
    wrong: str


class SupervisorState(msgspec.Struct, frozen=True, kw_only=True):
    """The state file: there while a supervisor runs, or after it was killed."""

    pid: int
    since_ns: int
    units: list[UnitState]


def state_path(data_dir: Path) -> Path:
    """Return where the supervisor of a data directory writes its state."""
    return data_dir / "run" / "supervisor.json"


def read_state(data_dir: Path) -> SupervisorState | None:
    """Return the supervisor's state, None when there is none."""
    try:
        return msgspec.json.decode(state_path(data_dir).read_bytes(), type=SupervisorState)
    except (OSError, msgspec.DecodeError):
        return None


class Supervisor:
    """Keeps units running until it is asked to stop."""

    def __init__(
        self,
        units: Sequence[Unit],
        *,
        data_dir: Path,
        clock: Clock,
        say: Callable[[str], None],
        on_up: Callable[[], Awaitable[None]],
        backoff: Backoff | None = None,
        still_s: float = STILL_S,
    ) -> None:
        """Take charge of *units*; nothing is started.

        Args:
            units: Of wave 0, the infrastructure, and of higher ones.
            data_dir: Where the state file goes.
            clock: For the times of death and the state file.
            say: Tells the user one line.
            on_up: Awaited once, when everything is up.
            backoff: When and how often the dead are started again.
            still_s: How often it is said that a child started again is not ready yet.
        """
        self._units = tuple(units)
        self._state_path = state_path(data_dir)
        self._clock = clock
        self._say = say
        self._was_ready = {unit.name: asyncio.Event() for unit in self._units}
        self._on_up = on_up
        self._backoff = backoff or Backoff()
        self._still_s = still_s
        self._stop = asyncio.Event()
        self._changed = asyncio.Event()
        self._gave_up = ""
        self._begin_ns = clock.now_ns()

    def stop(self) -> None:
        """Ask `run` to stop everything and to return."""
        self._stop.set()

    async def run(self) -> str:
        """Start and keep everything until asked to stop; return why it gave up, or nothing.

        Raises:
            StartError: the first start failed; everything is stopped again.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                keeping = tasks.create_task(self._keep_all())
                await self._stop.wait()
                keeping.cancel()
        except ExceptionGroup as errors:
            raise _first(errors) from None
        finally:
            await self._stop_all()
        return self._gave_up

    async def _keep_all(self) -> None:
        self._record()
        async with asyncio.TaskGroup() as tasks:
            for unit in self._units:
                tasks.create_task(self._keep(unit))
            tasks.create_task(self._tell_when_up())

    async def _keep(self, unit: Unit) -> None:
        for name in unit.needs:
            await self._was_ready[name].wait()
        if unit.wave == 0:
            # Not tried again: it is the machine that is not ready, and the user is looking.
            await self._start(unit)
        # One more than may be: enough to see that it is time to give up.
        deaths_ns: deque[int] = deque(maxlen=self._backoff.restarts_max + 1)
        failed_starts = 0
        is_running = unit.wave == 0
        while True:
            why = await self._live(unit, is_running=is_running)
            is_running = False
            deaths_ns.append(self._clock.monotonic_ns())
            if not unit.restarts and not unit.since_ns and _has_refused(unit):
                raise StartError(why)
            failed_starts = 0 if unit.since_ns else failed_starts + 1
            unit.since_ns, unit.wrong = 0, why
            self._record()
            delay_s = self._backoff.delay_s(deaths_ns, failed_starts=failed_starts)
            if delay_s is None:
                self._give_up(unit, why, len(deaths_ns))
                return
            self._say(f"{why}; starting it again in {delay_s:.1f} s")
            await asyncio.sleep(delay_s)
            unit.restarts += 1

    async def _live(self, unit: Unit, *, is_running: bool) -> str:
        """Return why the unit's life ended."""
        try:
            if not is_running:
                await self._start(unit)
        except StartError as error:
            return str(error)
        process = unit.server.process
        assert process is not None
        return f"{unit.name} ended with {await process.wait()}"

    async def _start(self, unit: Unit) -> None:
        unit.wrong = STARTING
        begin_ns = self._clock.monotonic_ns()
        await unit.server.start()
        if not self._was_ready[unit.name].is_set():
            await unit.prepare()
            self._was_ready[unit.name].set()
        unit.since_ns, unit.wrong = self._clock.now_ns(), ""
        self._record()
        self._changed.set()
        took_s = (self._clock.monotonic_ns() - begin_ns) / NS_PER_S
        self._say(f"{unit.name} is {'back' if unit.restarts else 'ready'} after {took_s:.1f} s")

    async def _tell_when_up(self) -> None:
        while waiting := [unit for unit in self._units if unit.wrong]:
            self._changed.clear()
            try:
                async with asyncio.timeout(WAITING_S):
                    await self._changed.wait()
            except TimeoutError:
                for unit in waiting:
                    why = await unit.server.check()
                    self._say(f"waiting for {unit.name} ({why or unit.wrong})")
        await self._on_up()
        while True:
            await asyncio.sleep(self._still_s)
            for unit in self._units:
                if unit.wrong == STARTING:
                    self._say(f"{unit.name} is still starting ({await unit.server.check()})")

    def _give_up(self, unit: Unit, why: str, deaths: int) -> None:
        process = unit.server.process
        last = process.log_tail(LAST_LINES) if process else ""
        self._gave_up = f"gave up: {why}, {deaths} times; see {unit.log_path}\n{last}".rstrip()
        self._stop.set()

    async def _stop_all(self) -> None:
        for wave in sorted({unit.wave for unit in self._units}, reverse=True):
            async with asyncio.TaskGroup() as tasks:
                for unit in self._units:
                    if unit.wave == wave:
                        tasks.create_task(unit.server.stop())
        self._state_path.unlink(missing_ok=True)

    def _record(self) -> None:
        state = SupervisorState(
            pid=os.getpid(),
            since_ns=self._begin_ns,
            units=[
                UnitState(
                    name=unit.name,
                    pid=unit.server.process.pid if unit.server.process else None,
                    restarts=unit.restarts,
                    since_ns=unit.since_ns,
                    wrong=unit.wrong,
                )
                for unit in self._units
            ],
        )
        # Whole or not at all: the status command reads it at any moment.
        draft = self._state_path.with_suffix(".new")
        try:
            self._state_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(msgspec.json.encode(state))
            draft.replace(self._state_path)
        except OSError as error:
            # A full disk must not stop what still runs for want of a note about it.
            self._say(f"cannot write {self._state_path}: {error.strerror}")


def _has_refused(unit: Unit) -> bool:
    process = unit.server.process
    return process is not None and process.exit_code == REFUSED_EXIT


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = errors.exceptions[0]
    while isinstance(inner, BaseExceptionGroup):
        inner = cast("BaseExceptionGroup[BaseException]", inner).exceptions[0]
    return inner
