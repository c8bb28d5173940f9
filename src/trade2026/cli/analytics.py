"""`trade2026 analytics`: ask the analytics store, as the user who only reads."""

import asyncio
from pathlib import Path

import click

from trade2026.adapters.analytics.aside import set_aside_unreadable
from trade2026.adapters.analytics.client import AnalyticsClient
from trade2026.cli.options import place_options
from trade2026.core.errors import UnavailableError
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.analytics import analytics_place
from trade2026.shell.secrets import ANALYTICS_READER_SECRET, Secrets


@click.command(short_help="Ask the analytics store in SQL.")
@click.argument("query", required=False)
@place_options
@click.option(
    "--format",
    "answer_format",
    default="PrettyCompact",
    show_default=True,
    help="Any of ClickHouse's, such as CSVWithNames or JSONEachRow.",
)
@click.option(
    "--check",
    "is_check",
    is_flag=True,
    help="Read all that is stored, and set aside what is damaged.",
)
def analytics(
    *, query: str | None, data_dir: Path, port_offset: int, answer_format: str, is_check: bool
) -> None:
    """Print what ClickHouse answers to QUERY, which may only read."""
    if is_check is (query is not None):
        raise click.UsageError("give a QUERY, or --check")
    secrets = Secrets(data_dir)
    if not secrets.has(ANALYTICS_READER_SECRET):
        raise UnavailableError(f"{data_dir} has no analytics yet; start the platform")
    place = analytics_place(LocalAddresses(port_offset), secrets, reads_only=not is_check)
    client = AnalyticsClient(place)
    if query is None:
        click.echo(asyncio.run(_check(client)))
        return
    click.echo(asyncio.run(client.ask(query, answer_format=answer_format)), nl=False)


async def _check(client: AnalyticsClient) -> str:
    aside: list[str] = []
    for table in (await client.ask("SHOW TABLES")).decode().split():
        aside += [f"{table}/{part}" for part in await set_aside_unreadable(client, table)]
    if not aside:
        return "all that is stored can be read"
    return (
        f"damaged, and set aside: {', '.join(aside)}\n"
        "start the platform again: what the log still has of it is then stored again"
    )
