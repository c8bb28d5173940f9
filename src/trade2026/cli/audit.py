"""`trade2026 audit`: the chain of the audit, read from the log of a running platform.

It is read from its first record, and nothing of what the platform says of it is believed.
"""

import asyncio
import string
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import msgspec
import uvloop
from rich.table import Table

from trade2026.cli.log import open_log
from trade2026.cli.options import place_options
from trade2026.cli.screen import screen
from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.domain.audit.chain import Verification
from trade2026.model.audit import AuditBatch, AuditRecord
from trade2026.model.post_trade import AUDIT_RECORD
from trade2026.ports.bus import Bus, Delivery
from trade2026.shell.addresses import LocalAddresses

HASH_DIGITS: Final = 64


@click.group(short_help="Verify the audit's chain, and show who did what.")
def audit() -> None:
    """Look into the audit: every deed that matters, each record chained to the one before."""


@audit.command(short_help="Walk the whole chain; exit 1 at the first broken record.")
@click.option("--expect", default="", help="A hash written down before, which must be in it.")
@place_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(*, expect: str, data_dir: Path, port_offset: int, as_json: bool) -> None:
    """Walk the chain from its first record; exit 0 only when it is whole.

    The hash of the last record, kept elsewhere and given again as --expect, shows that nothing
    was cut off at the end since.
    """
    if expect and (len(expect) != HASH_DIGITS or not set(expect) <= set(string.hexdigits)):
        raise click.BadParameter(
            f"a hash has {HASH_DIGITS} hexadecimal digits", param_hint="expect"
        )
    walk = Verification(expect.lower())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        problem, _ = runner.run(_read(data_dir, LocalAddresses(port_offset), walk))
    problem = problem or walk.end()
    head = walk.head
    if as_json:
        found = {"count": head.number, "head": head.hash, "is_whole": not problem, "why": problem}
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    elif problem:
        click.echo(f"{problem}; {head.number} records before it are whole")
    else:
        click.echo(f"{head.number} records, chain whole, head {head.hash}")
    sys.exit(1 if problem else 0)


@audit.command(short_help="Show the records, the newest last.")
@click.option("--who", default="", help="Only what this user or component did.")
@click.option("--action", default="", help="Only actions that begin so, such as order.cancel.")
@click.option("--account", default="", help="Only what is about this account.")
@click.option("--target", default="", help="Only what was done to the object with this id.")
@click.option("--since", type=click.DateTime(), help="Only from this time (UTC) on.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@place_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines, with the hashes.")
def show(
    *,
    who: str,
    action: str,
    account: str,
    target: str,
    since: datetime | None,
    limit: int,
    data_dir: Path,
    port_offset: int,
    as_json: bool,
) -> None:
    """Show the newest records that all filters let through."""
    since_ns = 0 if since is None else int(since.replace(tzinfo=UTC).timestamp()) * NS_PER_S
    walk = Verification()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        problem, records = runner.run(_read(data_dir, LocalAddresses(port_offset), walk))
    found = [
        one
        for one in records
        if who in {"", one.deed.who}
        and one.deed.action.startswith(action)
        and account in {"", one.deed.account}
        and target in {"", one.deed.target}
        and one.deed.ts_ns >= since_ns
    ][-limit:]
    if as_json:
        for one in found:
            click.echo(msgspec.json.encode(one).decode())
    else:
        screen().print(_table(found))
    if problem or walk.problem:
        click.echo(f"the chain is broken: {problem or walk.problem}", err=True)
        sys.exit(1)


def _table(records: list[AuditRecord]) -> Table:
    table = Table(title="Audit", title_justify="left", pad_edge=False)
    for name in ("number", "time (UTC)", "who", "action", "on", "account", "result"):
        table.add_column(name, justify="right" if name == "number" else "left")
    table.add_column("what", overflow="fold")
    for one in records:
        deed = one.deed
        row = (deed.who, deed.action, deed.target, deed.account, deed.result, deed.text)
        table.add_row(str(one.number), _told(deed.ts_ns), *row)
    return table


async def _read(
    data_dir: Path, addresses: LocalAddresses, walk: Verification
) -> tuple[str, list[AuditRecord]]:
    bus = await open_log(data_dir, addresses, name="audit")
    try:
        return await walk_chain(bus, walk)
    finally:
        await bus.close()


async def walk_chain(bus: Bus, walk: Verification) -> tuple[str, list[AuditRecord]]:
    """Lead *walk* along the chain; return what is no record at all, and the records.

    The first is empty where everything could be read.
    """
    records: list[AuditRecord] = []

    async def on_batch(batch: AuditBatch, _: Delivery) -> None:
        records.extend(batch.records)
        for record in batch.records:
            walk.add(record)

    fold = await bus.fold(AUDIT_RECORD, on_batch)
    is_halted = fold.stats().is_halted
    await fold.stop()
    problem = f"record {walk.head.number + 1} cannot be read" if is_halted else ""
    return problem, records


def _told(at_ns: TimeNs) -> str:
    second, rest = divmod(at_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}.{rest // 1_000_000:03d}"
