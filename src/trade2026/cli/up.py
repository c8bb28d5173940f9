"""`trade2026 up`: start the whole platform in the foreground until interrupted."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Collection, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

import click

from trade2026.adapters.bus.streams import migrate_streams
from trade2026.cli.options import place_options
from trade2026.cli.precheck import require_settings
from trade2026.cli.screen import findings_table, screen
from trade2026.core.clock import NS_PER_S, SystemClock
from trade2026.core.errors import StartError
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.children import groups, infrastructure
from trade2026.shell.objects import objects_kind
from trade2026.shell.preflight import claimed, require_machine
from trade2026.shell.secrets import BUS_SECRET, BUS_USER, Secrets
from trade2026.shell.settings import (
    PLATFORM,
    ObjectsKind,
    PlatformSettings,
    Settings,
    process_environment,
)
from trade2026.shell.supervisor import Supervisor, read_state
from trade2026.shell.survey import Finding, first_well, is_well, survey
from trade2026.shell.watchdog_unit import watchdog_unit

ADMIN: Final = "admin"
_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_SURVEYS_MAX: Final = 20
_SURVEY_EVERY_S: Final = 0.5


class Source(StrEnum):
    """Where the market data come from."""

    PRISM = "prism"
    REPLAY = "replay"


@click.command(short_help="Start the whole platform and keep it running.")
@place_options
@click.option(
    "--source",
    type=click.Choice([source.value for source in Source]),
    default=None,
    help="Market data: the simulator, or a recorded file.  [default: prism]",
)
@click.option(
    "--objects",
    type=click.Choice([kind.value for kind in ObjectsKind]),
    default=None,
    help="What keeps the lake: SeaweedFS, or files in a folder.  [default: seaweedfs]",
)
@click.option("--file", type=click.Path(path_type=Path), help="The recording to replay.")
@click.option("--speed", type=click.FloatRange(min=0), help="1 is the recorded pace, 0 no pause.")
def up(
    *,
    data_dir: Path,
    port_offset: int,
    source: str | None,
    objects: str | None,
    file: Path | None,
    speed: float | None,
) -> None:
    """Start the servers and the services, and keep them running until Ctrl-C."""
    environment = {**process_environment(), **source_settings(source, file, speed)}
    addresses = LocalAddresses(port_offset)
    with claimed(data_dir):
        given = Settings.of_process(data_dir)
        require_settings(given)
        settings = given(PlatformSettings, PLATFORM)
        kind = objects_kind(data_dir, ObjectsKind(objects) if objects else settings.objects)
        environment["TRADE2026_PLATFORM_OBJECTS"] = kind.value
        off = () if kind is ObjectsKind.SEAWEEDFS else ("SeaweedFS",)
        require_machine(
            data_dir,
            addresses,
            free_mb_min=settings.free_space_mb_min,
            was_killed=read_state(data_dir) is not None,
            off=off,
        )
        why = asyncio.run(_supervise(data_dir, addresses, environment, off))
    if why:
        click.echo(f"trade2026: {why}", err=True)
        sys.exit(1)


def source_settings(source: str | None, file: Path | None, speed: float | None) -> dict[str, str]:
    """Return the settings, as variables of the environment, that tell the children the source.

    Raises:
        StartError: the file is missing, or is given without being asked for.
    """
    if source is None:
        if file is not None or speed is not None:
            raise StartError("--file and --speed need --source replay")
        # Whatever the environment and the settings file say holds.
        return {}
    if source == Source.PRISM:
        if file is not None or speed is not None:
            raise StartError("--file and --speed need --source replay")
        return {"TRADE2026_GATEWAY_SOURCE": Source.PRISM, "TRADE2026_PRISM_MODE": "agents"}
    if file is None:
        raise StartError("--source replay needs --file, the recording to replay")
    if not file.is_file():
        raise StartError(f"there is no file {file}; name a recording with --file")
    found = {
        "TRADE2026_GATEWAY_SOURCE": Source.REPLAY.value,
        "TRADE2026_GATEWAY_FILE": str(file.resolve()),
        "TRADE2026_PRISM_MODE": "paper",
    }
    return found if speed is None else {**found, "TRADE2026_GATEWAY_SPEED": f"{speed:g}"}


def up_title(findings: tuple[Finding, ...], took_s: float) -> str:
    """Return the line over the table of a platform that has started: "up" is all of it, well."""
    if is_well(findings):
        return f"Trade2026 is up after {took_s:.1f} s"
    return f"Trade2026 has started after {took_s:.1f} s, but not all of it is well"


async def _supervise(
    data_dir: Path,
    addresses: LocalAddresses,
    environment: Mapping[str, str],
    off: Collection[str],
) -> str:
    """Run the platform; return why it was given up, empty when it was stopped as asked."""
    clock = SystemClock()
    begin_ns = clock.monotonic_ns()
    secrets = Secrets(data_dir)
    if not secrets.has(ADMIN):
        # Scripts read this line: plain, and out at once.
        _say(f"admin password: {secrets.get(ADMIN)}")

    async def migrate() -> None:
        password = secrets.get(BUS_SECRET)
        await migrate_streams(addresses.url("NATS"), BUS_USER, password)

    async def on_up() -> None:
        # Each was well once; what a newcomer reads as "up" is all of them at one moment.
        findings = await first_well(
            lambda: survey(data_dir, addresses), tries=_SURVEYS_MAX, every_s=_SURVEY_EVERY_S
        )
        took_s = (clock.monotonic_ns() - begin_ns) / NS_PER_S
        with contextlib.suppress(OSError):
            screen().print(findings_table(findings, title=up_title(findings, took_s)))
        _say(f"{addresses.url('nginx')}  (logs in {data_dir / 'logs'}; Ctrl-C stops)")

    supervisor = Supervisor(
        (
            *infrastructure(data_dir, addresses, secrets, {"NATS": migrate}, off=off),
            *groups(data_dir, addresses, environment, off=off),
            watchdog_unit(data_dir, addresses, environment),
        ),
        data_dir=data_dir,
        clock=clock,
        say=_say,
        on_up=on_up,
    )
    loop = asyncio.get_running_loop()
    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, supervisor.stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        # The terminal is gone; under nohup the platform is meant to outlive it.
        loop.add_signal_handler(signal.SIGHUP, supervisor.stop)
    return await supervisor.run()


def _say(line: str) -> None:
    # Nobody need read along: a closed pipe or terminal is no reason to stop trading.
    with contextlib.suppress(OSError):
        click.echo(line)
