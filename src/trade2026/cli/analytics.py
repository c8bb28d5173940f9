"""`trade2026 analytics`: ask the analytics store, as the user who only reads."""

import asyncio
from pathlib import Path

import click

from trade2026.adapters.analytics.client import AnalyticsClient
from trade2026.cli.options import place_options
from trade2026.core.errors import UnavailableError
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.analytics import analytics_place
from trade2026.shell.secrets import ANALYTICS_READER_SECRET, Secrets


@click.command(short_help="Ask the analytics store in SQL.")
@click.argument("query")
@place_options
@click.option(
    "--format",
    "answer_format",
    default="PrettyCompact",
    show_default=True,
    help="Any of ClickHouse's, such as CSVWithNames or JSONEachRow.",
)
def analytics(*, query: str, data_dir: Path, port_offset: int, answer_format: str) -> None:
    """Print what ClickHouse answers to QUERY, which may only read."""
    secrets = Secrets(data_dir)
    if not secrets.has(ANALYTICS_READER_SECRET):
        raise UnavailableError(f"{data_dir} has no analytics yet; start the platform")
    place = analytics_place(LocalAddresses(port_offset), secrets, reads_only=True)
    found = asyncio.run(AnalyticsClient(place).ask(query, answer_format=answer_format))
    click.echo(found, nl=False)
