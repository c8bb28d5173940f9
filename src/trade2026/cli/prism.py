"""`trade2026 prism`: PRISM's lives, played again from its log."""

import asyncio
import sys
from pathlib import Path

import click
import msgspec
import structlog
import uvloop

from trade2026.cli.log import open_log
from trade2026.cli.options import place_options
from trade2026.prism.archive import Archive
from trade2026.prism.recorded import RecordedLife, read_life
from trade2026.prism.replay import Replayed, play_again
from trade2026.prism.retention import told_time
from trade2026.services.prism import house_of
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.settings import Settings


@click.group(short_help="Play PRISM's lives again from its log.")
def prism() -> None:
    """Look into the exchange simulator's log."""


@prism.command(short_help="Play a life again and compare the hash.")
@place_options
@click.option("--life", type=click.IntRange(min=0), help="Which one; default: the present one.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def replay(*, data_dir: Path, port_offset: int, life: int | None, as_json: bool) -> None:
    """Play one life of a running platform's PRISM again from the log.

    Exits 0 only when it comes to the events that were recorded, by their hash. A life whose
    beginning is not kept any more is played from the oldest whole state of it that is.
    """
    house = house_of(Settings.of_process(data_dir))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        recorded = runner.run(_read(data_dir, LocalAddresses(port_offset), life))
    _tell(play_again(recorded, house), as_json=as_json)


async def _read(data_dir: Path, addresses: LocalAddresses, life: int | None) -> RecordedLife:
    bus = await open_log(data_dir, addresses, name="prism-replay")
    try:
        archive = Archive(data_dir / "prism", structlog.get_logger())
        return await read_life(bus, life, archive)
    finally:
        await bus.close()


def _tell(played: Replayed, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(played)).decode())
    else:
        begin = f"seed {played.seed}"
        if played.seed is None:
            begin = f"the oldest state kept, at {told_time(played.from_ns)} of its time"
        click.echo(
            f"life {played.life} from {begin}: {played.inputs} inputs,"
            f" {played.recorded_events} events"
        )
        click.echo(f"replayed {played.digest}")
        click.echo(f"recorded {played.recorded_digest}")
        click.echo("equal" if played.is_equal else "DIFFERENT")
    sys.exit(0 if played.is_equal else 1)
