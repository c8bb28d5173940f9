"""`trade2026 run`: any set of services in this process, without their servers."""

import sys
from pathlib import Path

import click

from trade2026.catalogue.component import Engine, Group
from trade2026.catalogue.table import group_members
from trade2026.cli.options import place_options
from trade2026.shell.logs import LogFormat, LogLevel
from trade2026.shell.runner import RunOptions, run_process

_GROUPS = [group.value for group in Group if group is not Group.INFRASTRUCTURE]


@click.command(short_help="Run services in this process.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--group", type=click.Choice(_GROUPS), help="All services of a group.")
@place_options
@click.option(
    "--log-format",
    type=click.Choice([value.value for value in LogFormat]),
    envvar="TRADE2026_LOG_FORMAT",
    help="Default: console on a terminal, else json.",
)
@click.option(
    "--log-level",
    type=click.Choice([value.value for value in LogLevel]),
    default=LogLevel.INFO.value,
    envvar="TRADE2026_LOG_LEVEL",
    show_default=True,
    help="What is logged.",
)
def run(
    *,
    names: tuple[str, ...],
    group: str | None,
    data_dir: Path,
    port_offset: int,
    log_format: str | None,
    log_level: str,
) -> None:
    """Run services, by NAME or by group, until SIGTERM; their servers must be running."""
    members = group_members(Group(group)) if group else ()
    chosen = [*names, *(c.name for c in members if c.engine is Engine.SERVICE)]
    if not chosen:
        raise click.UsageError("name services, or a --group")
    options = RunOptions(
        data_dir=data_dir,
        port_offset=port_offset,
        log_format=LogFormat(log_format) if log_format else None,
        log_level=LogLevel(log_level),
    )
    sys.exit(run_process(chosen, options))
