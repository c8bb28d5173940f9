"""The watchdog's process: looks at the core every second, from outside, and at the losses.

It runs beside the groups under the same supervisor, and needs nothing of the core's: the core's
ports, the bus and the venue are enough. What it is doing stands in `run/watchdog.json`, by which
the supervisor and risk see that it lives.
"""

import asyncio
import os
from pathlib import Path
from typing import Annotated, Final

import msgspec

from trade2026.adapters.infra.probe import http_get, is_listening
from trade2026.core.clock import NS_PER_S, SystemClock, TimeNs
from trade2026.core.errors import UnavailableError
from trade2026.core.ids import system_ids
from trade2026.core.numbers import NANOS, Money
from trade2026.desk.watchdog import WatchdogDesk
from trade2026.domain.risk.vigil import Sign, Vigil
from trade2026.model.losses import LossMark
from trade2026.model.subjects import LIVE_TICKER
from trade2026.shell.addresses import Addresses, LocalAddresses
from trade2026.shell.logs import service_log
from trade2026.shell.runner import RunOptions, Signals, connect_bus, run_until_signal
from trade2026.shell.settings import (
    PLATFORM,
    WATCHDOG_SECTION,
    PlatformSettings,
    Positive,
    Settings,
)

NAME: Final = "watchdog"
WATCHED: Final = ("risk", "oms")
LOOK_EVERY_S: Final = 0.5
MEASURE_EVERY_S: Final = 1.0
ANSWER_WITHIN_S: Final = 2.0
STALE_NS: Final = 10 * NS_PER_S
"""A state that is older was written by one who does not live any more."""
OK: Final = 200


class WatchdogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of section `watchdog`."""

    silent_s: Positive = 5.0
    """How long the core may be there without an answer."""
    gone_s: Positive = 60.0
    """How long it may be gone: the supervisor starts it again meanwhile."""
    loss_line: Annotated[int, msgspec.Meta(ge=0)] = 100_000
    """In USDT: what an account may lose at the venue within a UTC day."""
    flatten: bool = False
    """Whether positions are closed as well, once the core runs again."""


class WatchdogState(msgspec.Struct, frozen=True, kw_only=True):
    """What the watchdog is doing."""

    pid: int
    ts_ns: TimeNs
    sign: str
    is_pulled: bool
    pulled_scopes: tuple[str, ...]
    marks: list[LossMark]


def watchdog_path(data_dir: Path) -> Path:
    """Return where the watchdog of a data directory writes its state."""
    return data_dir / "run" / "watchdog.json"


def read_watchdog(data_dir: Path) -> WatchdogState | None:
    """Return the watchdog's state, None where there never was one."""
    try:
        return msgspec.json.decode(watchdog_path(data_dir).read_bytes(), type=WatchdogState)
    except (OSError, msgspec.DecodeError):
        return None


async def watchdog_ping(data_dir: Path) -> str:
    """Return what is wrong with the watchdog; nothing where there never was one."""
    state = await asyncio.to_thread(read_watchdog, data_dir)
    age_ns = 0 if state is None else SystemClock().now_ns() - state.ts_ns
    return f"not heard of for {age_ns // NS_PER_S} s" if age_ns > STALE_NS else ""


def run_watchdog(options: RunOptions) -> int:
    """Watch until a signal, and return the process's exit code."""

    async def live(signals: Signals) -> None:
        await _live(options, signals)

    return run_until_signal(NAME, options, live)


async def _live(options: RunOptions, signals: Signals) -> None:
    settings = Settings.of_process(options.data_dir)
    own = settings(WatchdogSettings, WATCHDOG_SECTION)
    platform = settings(PlatformSettings, PLATFORM)
    settings.refuse_unknown([WATCHDOG_SECTION])
    addresses, clock = LocalAddresses(options.port_offset), SystemClock()
    bus = await connect_bus(addresses, options.data_dir, NAME, platform.bus_wait_s)
    silent_ns, gone_ns = int(own.silent_s * NS_PER_S), int(own.gone_s * NS_PER_S)
    desk = WatchdogDesk(
        bus=bus,
        clock=clock,
        ids=system_ids(),
        log=service_log(NAME),
        vigil=Vigil(silent_ns=silent_ns, gone_ns=gone_ns),
        loss_line=Money(own.loss_line * NANOS),
        flatten=own.flatten,
    )
    before = read_watchdog(options.data_dir)
    if before is not None:
        desk.restore(before.marks)
    await bus.watch(LIVE_TICKER, desk.on_ticker)
    async with asyncio.TaskGroup() as tasks:
        loops = [
            tasks.create_task(_look(desk, addresses, options.data_dir)),
            tasks.create_task(_measure(desk)),
        ]
        await signals.wait()
        for loop in loops:
            loop.cancel()
    await bus.close()


async def _look(desk: WatchdogDesk, addresses: Addresses, data_dir: Path) -> None:
    path = watchdog_path(data_dir)
    while True:
        sign = await sign_of(addresses)
        await desk.look(sign)
        state = WatchdogState(
            pid=os.getpid(),
            ts_ns=SystemClock().now_ns(),
            sign=sign,
            is_pulled=desk.vigil.is_pulled,
            pulled_scopes=tuple(desk.pulls),
            marks=desk.marks(),
        )
        # Whole or not at all: others read it at any moment.
        draft = path.with_suffix(".new")
        await asyncio.to_thread(draft.write_bytes, msgspec.json.encode(state))
        await asyncio.to_thread(draft.replace, path)
        await asyncio.sleep(LOOK_EVERY_S)


async def _measure(desk: WatchdogDesk) -> None:
    while True:
        await desk.measure()
        await asyncio.sleep(MEASURE_EVERY_S)


async def sign_of(addresses: Addresses) -> Sign:
    """Return what a look at the core shows: the worst of what its services show."""
    ports = [addresses.port(name) for name in WATCHED]
    signs = await asyncio.gather(*(_sign_of(port) for port in ports))
    return max(signs, key=list(Sign).index)


async def _sign_of(port: int) -> Sign:
    try:
        status, _ = await http_get(port, "/ready", timeout_s=ANSWER_WITHIN_S)
    except UnavailableError:
        return Sign.SILENT if await is_listening(port) else Sign.GONE
    return Sign.READY if status == OK else Sign.BUSY
