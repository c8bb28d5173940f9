"""`trade2026 status`: every component, asked at this moment; exit 0 only when all are well."""

import asyncio
import sys
from pathlib import Path

import click
import msgspec

from trade2026.cli.options import place_options
from trade2026.cli.screen import findings_table, screen
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.survey import is_well, survey


@click.command(short_help="Show how every component is.")
@place_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(*, data_dir: Path, port_offset: int, as_json: bool) -> None:
    """Ask every component how it is. Exit code 0 only when all that are built are healthy."""
    findings = asyncio.run(survey(data_dir, LocalAddresses(port_offset)))
    if as_json:
        document = {"healthy": is_well(findings), "components": findings}
        click.echo(msgspec.json.format(msgspec.json.encode(document)).decode())
    else:
        screen().print(findings_table(findings, title=f"Trade2026 in {data_dir}"))
    sys.exit(0 if is_well(findings) else 1)
