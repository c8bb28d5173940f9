"""`trade2026 report`: the statement of a day, as CSV or PDF, from the log of a running platform."""

import asyncio
import sys
from pathlib import Path

import click
import uvloop

from trade2026.adapters.calendars.exchange import ExchangeCalendar
from trade2026.adapters.documents.pdf import as_pdf
from trade2026.cli.audit import walk_chain
from trade2026.cli.day import DAY
from trade2026.cli.log import open_log
from trade2026.cli.options import place_options
from trade2026.desk.day import Day, fold_day
from trade2026.desk.rules import rules_of
from trade2026.desk.statement import statement_of
from trade2026.domain.audit.chain import Verification
from trade2026.domain.report.table import as_csv
from trade2026.model.report import Report
from trade2026.shell.addresses import LocalAddresses


@click.command(short_help="Write the statement of a day.")
@click.argument("day", type=DAY)
@click.option("--format", "form", type=click.Choice(["csv", "pdf"]), default="csv")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="A file; else standard output."
)
@click.option("--account", default="", help="Only this account.")
@place_options
def report(
    *, day: Day, form: str, out: Path | None, account: str, data_dir: Path, port_offset: int
) -> None:
    """Write the statement of DAY, such as 2026-11-26 (UTC): cash, positions, P&L, trades, breaches.

    Everything is folded from the log, and the audit's chain is walked.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        made = runner.run(_make(day, account, data_dir, LocalAddresses(port_offset)))
    content = as_pdf(made) if form == "pdf" else as_csv(made).encode()
    if out is None:
        sys.stdout.buffer.write(content)
    else:
        out.write_bytes(content)
        click.echo(f"{out}: {len(content)} bytes")


async def _make(day: Day, account: str, data_dir: Path, addresses: LocalAddresses) -> Report:
    rules = rules_of(data_dir)
    bus = await open_log(data_dir, addresses, name="report")
    try:
        books = await fold_day(bus, day, ExchangeCalendar().settles_ns)
        stale_ns = rules.stale_ns
        sheet = books.sheet() if stale_ns is None else await books.priced_sheet(bus, stale_ns)
        walk = Verification()
        await walk_chain(bus, walk)
    finally:
        await bus.close()
    breaches = rules.judge(sheet)
    return statement_of(books, breaches, walk.head, lambda one: account in {"", one})
