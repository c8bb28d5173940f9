"""`trade2026 replay`: fold the whole log of orders again and compare it with the live ledger.

The log alone decides what everybody holds. This folds it from its first event into a ledger
of its own, prints its hash, and asks the running platform for the hash of its ledger at the
same place in the log. With a day it folds what had happened by the end of that day.
"""

import asyncio
import sys
from pathlib import Path
from typing import Final

import click
import msgspec
import uvloop

from trade2026.cli.day import DAY
from trade2026.cli.log import open_log, require_held
from trade2026.cli.options import place_options
from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import IllegalTransitionError, Trade2026Error
from trade2026.desk.day import Day
from trade2026.domain.oms.orders import Orders
from trade2026.domain.position.ledger import Ledger
from trade2026.model.journal import JournalEvent
from trade2026.model.subjects import ORDERS_EVENT
from trade2026.ports.bus import Bus, Delivery
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.operator import Operator

CATCH_UP_TRIES: Final = 20
"""How often the live ledger is asked while it books what the log has."""
CATCH_UP_STEP_S: Final = 0.25
LATE_NS: Final = 3_600 * NS_PER_S
"""What happened is in the log so soon afterwards."""


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What folding the log gave."""

    events: int
    orders: int
    fills: int
    journal_seq: int
    digest: str
    live_digest: str | None
    """Of the running platform's ledger at the same place in the log; None of a past day."""
    is_equal: bool
    """Whether both are the same; of a past day there is nothing to differ from."""


class _LiveLedger(msgspec.Struct):
    journal_seq: int
    digest: str


@click.command(short_help="Fold the log again and compare it with the live ledger.")
@click.argument("day", required=False, type=DAY)
@place_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def replay(*, day: Day | None, data_dir: Path, port_offset: int, as_json: bool) -> None:
    """Fold the log of orders of a running platform; exit 0 only when the hashes are equal.

    With DAY, such as 2026-11-26 (UTC), fold what had happened by its end, and print the hash.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(fold_again(data_dir, LocalAddresses(port_offset), day))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        click.echo(f"{found.events} events, {found.orders} orders, {found.fills} fills")
        click.echo(f"folded {found.digest}")
        if found.live_digest is not None:
            click.echo(f"live   {found.live_digest}")
            click.echo("equal" if found.is_equal else "DIFFERENT")
    sys.exit(0 if found.is_equal else 1)


async def fold_again(data_dir: Path, addresses: LocalAddresses, day: Day | None = None) -> Replay:
    """Return what folding the log gives: all of it beside the live ledger, or up to *day*'s end.

    Raises:
        Trade2026Error: the platform does not run there, or the log breaks its own rules.
    """
    require_held(data_dir)
    operator = Operator(data_dir, addresses)
    # First of all: without a live ledger there is nothing to compare with.
    await operator.ask("ptrc", "GET", "/ledger", kind=_LiveLedger)
    bus = await open_log(data_dir, addresses, name="replay")
    ledger, orders, count = Ledger(), Orders(), 0
    broken: list[str] = []

    async def on_event(event: JournalEvent, delivery: Delivery) -> None:
        nonlocal count
        if day is not None and not day.counts(event):
            return
        count += 1
        try:
            orders.apply(event)
        except IllegalTransitionError as error:
            broken.append(f"event {delivery.stream_seq}: {error}")
        ledger.apply(event, delivery.stream_seq)

    try:
        fold = await bus.fold(ORDERS_EVENT, on_event, until_seq=await _until(bus, day))
        live = await _compare(ledger, operator) if day is None else None
        digest, seq = ledger.digest(), ledger.seq
        await fold.stop()
    finally:
        await bus.close()
    if broken:
        raise Trade2026Error(f"the log breaks its own rules: {broken[0]}")
    return Replay(
        events=count,
        orders=sum(orders.counts().values()),
        fills=len(orders.fills(limit=count)),
        journal_seq=seq,
        digest=digest,
        live_digest=None if live is None else live.digest,
        is_equal=live is None or live.digest == digest,
    )


async def _until(bus: Bus, day: Day | None) -> int | None:
    if day is None:
        return None
    # What happened on the day may have waited for the log.
    return await bus.seq_at(ORDERS_EVENT.stream, TimeNs(day.end_ns + LATE_NS))


async def _compare(ledger: Ledger, operator: Operator) -> _LiveLedger:
    """Return the live ledger, at the same place in the log where that can be had."""
    live = _LiveLedger(journal_seq=-1, digest="")
    # Trading may go on meanwhile: compare at a moment when both stand at one place.
    for _ in range(CATCH_UP_TRIES):
        live = await operator.ask("ptrc", "GET", "/ledger", kind=_LiveLedger)
        if live.journal_seq == ledger.seq:
            break
        await asyncio.sleep(CATCH_UP_STEP_S)
    return live
