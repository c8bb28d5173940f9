"""Run services in one process: build, start in order, watch, drain, or die.

Crash-only: a loop that raises, or a broken invariant, ends the process at once, without a
stop hook that would save a state nobody can trust. The supervisor starts it again and it
rebuilds itself from the log. `except Exception` stands in this file and in no other.
"""

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

from trade2026.adapters.bus.nats import NatsBus
from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.core.clock import SystemClock
from trade2026.core.errors import BusUnavailableError, SettingsError, StartError
from trade2026.core.ids import system_ids
from trade2026.ports.bus import Bus
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.builds import builds_of
from trade2026.shell.guard import Doorkeeper
from trade2026.shell.logs import LogFormat, LogLevel, configure_logs, service_log
from trade2026.shell.runtime import Surroundings, running
from trade2026.shell.secrets import BUS_SECRET, BUS_USER, Secrets
from trade2026.shell.settings import PLATFORM, PlatformSettings, Settings
from trade2026.shell.tokens import TokenVerifier, keys_over_http

EXIT_OK: Final = 0
EXIT_REFUSED: Final = 2
"""The process cannot start as asked; one line says why. Starting again does not help."""
EXIT_CRASHED: Final = 70
"""A broken invariant or an unforeseen error; starting again may help. BSD's EX_SOFTWARE."""

BUS_CLOSE_LIMIT_S: Final = 0.8
COLLECT_AFTER: Final = (20_000, 10, 20)
"""So many new objects, and so many collections of the younger ones, before one is made."""
HARD_END_S: Final = 6.0
"""This long after the signal, or a crash, the process ends, whatever hangs."""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How to run services in this process."""

    data_dir: Path
    port_offset: int = 0
    log_format: LogFormat | None = None
    log_level: LogLevel = LogLevel.INFO


def run_process(names: Sequence[str], options: RunOptions) -> int:
    """Run the services called *names* until a signal, and return the process's exit code."""

    async def live(signals: Signals) -> None:
        await _run(names, options, signals)

    return run_until_signal("+".join(names), options, live)


def run_until_signal(
    name: str, options: RunOptions, live: Callable[["Signals"], Awaitable[None]]
) -> int:
    """Run *live* until SIGTERM or SIGINT, and return the process's exit code.

    Args:
        name: of the process, in its log.
        options: how to log.
        live: ends when its signals say so.

    Returns:
        `EXIT_OK` after a graceful stop, `EXIT_REFUSED` or `EXIT_CRASHED`.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_until_signal(name, options, live))


async def _until_signal(
    name: str, options: RunOptions, live: Callable[["Signals"], Awaitable[None]]
) -> int:
    configure_logs(options.log_format, options.log_level)
    log = service_log(name)
    signals = Signals()
    log.info("starting")
    try:
        await live(signals)
    except (StartError, SettingsError) as error:
        log.error("cannot start", reason=str(error))  # noqa: TRY400 - one line is asked for
        return EXIT_REFUSED
    except asyncio.CancelledError:
        # The signal came before everything was up.
        log.info("stopped while starting")
        return EXIT_OK
    except Exception:
        log.critical("crashed", exc_info=True)
        asyncio.get_running_loop().call_later(HARD_END_S, os._exit, EXIT_CRASHED)
        return EXIT_CRASHED
    return EXIT_OK


async def _run(names: Sequence[str], options: RunOptions, signals: "Signals") -> None:
    settings = Settings.of_process(options.data_dir)
    platform = settings(PlatformSettings, PLATFORM)
    addresses = LocalAddresses(options.port_offset)
    builds = builds_of(names)
    clock = SystemClock()
    bus = await connect_bus(addresses, options.data_dir, "+".join(names), platform.bus_wait_s)
    surroundings = Surroundings(
        bus=bus,
        doorkeeper=Doorkeeper(TokenVerifier(keys_over_http(addresses), clock), RegoPolicy()),
        data_dir=options.data_dir,
        settings=settings,
        addresses=addresses,
        clock=clock,
        ids=system_ids(),
    )
    async with running(builds, surroundings, http=True):
        settle_memory()
        await signals.wait()
    # Only after a graceful stop: a process that crashed leaves without another word.
    try:
        async with asyncio.timeout(BUS_CLOSE_LIMIT_S):
            await bus.close()
    except TimeoutError:
        service_log(names[0]).warning("bus not closed in time", limit_s=BUS_CLOSE_LIMIT_S)


def settle_memory() -> None:
    """Leave what the start has made out of every collection from here on.

    A service holds its fold for as long as it lives, and a full collection walks through all of
    it while nobody is answered.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


async def connect_bus(addresses: LocalAddresses, data_dir: Path, name: str, wait_s: float) -> Bus:
    """Return a connection to the bus of the platform in *data_dir*.

    Raises:
        StartError: nobody answers within *wait_s* seconds.
    """
    url = addresses.url("NATS")
    try:
        return await NatsBus.connect(
            url=url,
            user=BUS_USER,
            password=Secrets(data_dir).get(BUS_SECRET),
            name=name,
            clock=SystemClock(),
            timeout_s=wait_s,
        )
    except BusUnavailableError as error:
        raise StartError(f"the bus at {url} is not there after {wait_s:g} s") from error


class Signals:
    """SIGTERM and SIGINT: a graceful stop, or the end of the start when not yet up."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._is_up = False
        self._stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._on_signal)

    async def wait(self) -> None:
        """Return when the process is told to stop."""
        self._is_up = True
        await self._stop.wait()

    def _on_signal(self) -> None:
        if self._stop.is_set():
            return
        self._stop.set()
        self._loop.call_later(HARD_END_S, os._exit, EXIT_CRASHED)
        if not self._is_up:
            assert self._task is not None
            self._task.cancel()
