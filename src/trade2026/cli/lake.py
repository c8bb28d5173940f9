"""`trade2026 lake`: what the lake holds, read from its own tables and from nothing else.

While the platform runs the tables are read where they are; a lake in a folder can be read
when nothing runs.
"""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from rich.table import Table

from trade2026.adapters.infra.probe import is_port_free
from trade2026.adapters.lake.reading import newest_rows, summary_of, table_names
from trade2026.adapters.objects.place import Place, S3Place
from trade2026.cli.options import place_options
from trade2026.cli.screen import screen
from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import UnavailableError
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.objects import objects_place
from trade2026.shell.secrets import OBJECTS_SECRET, Secrets

LIMIT: Final = 20
LIMIT_MAX: Final = 10_000_000

_TIME: Final = "ts_event_ns"
_HIDDEN: Final = frozenset({"dt", "ts_recv_ns", "stream_seq", "batch_pos"})
"""Of no use to the eye; JSON has them."""


@click.group(short_help="Look into the lake of ticks.")
def lake() -> None:
    """Look into the lake: the Delta tables on object storage."""


@lake.command("ls", short_help="List the tables.")
@place_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_tables(*, data_dir: Path, port_offset: int, as_json: bool) -> None:
    """List the tables with their rows, files, bytes, version, symbols and days."""
    place = _place(data_dir, port_offset)
    names = asyncio.run(table_names(place))
    summaries = [summary_of(place, name) for name in names]
    if as_json:
        document = {"tables": summaries}
        click.echo(msgspec.json.format(msgspec.json.encode(document)).decode())
        return
    table = Table(title="Lake", title_justify="left", pad_edge=False)
    for heading in ("table", "rows", "files", "bytes", "version", "symbols", "days"):
        table.add_column(heading, justify="left" if heading in {"table", "days"} else "right")
    for one in summaries:
        days = (
            one.first_day if one.first_day == one.last_day else f"{one.first_day} to {one.last_day}"
        )
        numbers = (one.rows, one.files, one.bytes, one.version, one.symbols)
        table.add_row(one.table, *(f"{number:,}" for number in numbers), days)
    screen().print(table)


@lake.command("show", short_help="Show the newest rows of a table.")
@click.argument("table")
@place_options
@click.option("--symbol", help="Rows of this symbol only.")
@click.option("--kind", type=click.Choice(["trade", "quote"]), help="Rows of this kind only.")
@click.option("--limit", type=click.IntRange(1, LIMIT_MAX), default=LIMIT, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one row a line.")
def show(
    *,
    table: str,
    data_dir: Path,
    port_offset: int,
    symbol: str | None,
    kind: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show the newest rows of TABLE, the newest last."""
    place = _place(data_dir, port_offset)
    rows = newest_rows(place, table, limit=limit, symbol=symbol, kind=kind)
    if as_json:
        # Exact numbers, as everywhere: a reader decides what to make of them.
        encoder = msgspec.json.Encoder(decimal_format="number")
        for row in rows:
            click.echo(encoder.encode(row).decode())
        return
    names = list(dict.fromkeys(name for row in rows for name in row if name not in _HIDDEN))
    shown = Table(pad_edge=False)
    for name in names:
        shown.add_column("time (UTC)" if name == _TIME else name, no_wrap=True)
    for row in rows:
        shown.add_row(*(_text(name, row.get(name)) for name in names))
    screen().print(shown, markup=False)


def _place(data_dir: Path, port_offset: int) -> Place:
    if not (data_dir / "VERSION").exists():
        raise UnavailableError(f"{data_dir} has never held a platform; name one by --data-dir")
    addresses, secrets = LocalAddresses(port_offset), Secrets(data_dir)
    if not secrets.has(OBJECTS_SECRET) and not (data_dir / "objects").is_dir():
        raise UnavailableError(f"{data_dir} has no lake yet; start the platform")
    place = objects_place(data_dir, None, addresses, secrets)
    if isinstance(place, S3Place) and is_port_free(addresses.port("SeaweedFS")):
        why = f"SeaweedFS does not answer at {place.url}"
        raise UnavailableError(f"{why}; start the platform, or give its --port-offset")
    return place


def _text(name: str, value: Any) -> str:  # noqa: ANN401 - whatever the table holds.
    if value is None:
        return ""
    if name == _TIME:
        seconds, ns = divmod(value, NS_PER_S)
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{ns // 1_000:06d}"
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)
