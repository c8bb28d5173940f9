"""`trade2026 watchdog`: watch the core from outside, and stop trading when it must be."""

import sys
from pathlib import Path

import click

from trade2026.cli.options import place_options
from trade2026.shell.runner import RunOptions
from trade2026.shell.watchdog import run_watchdog


@click.command(short_help="Watch the core, and stop trading when it is silent.")
@place_options
def watchdog(*, data_dir: Path, port_offset: int) -> None:
    """Watch a running platform's core until SIGTERM; `trade2026 up` does so by itself."""
    sys.exit(run_watchdog(RunOptions(data_dir=data_dir, port_offset=port_offset)))
