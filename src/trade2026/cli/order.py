"""`trade2026 order`: an order's life, read from the logs of a running platform."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import click
import msgspec
import uvloop
from rich.table import Table

from trade2026.cli.log import open_log
from trade2026.cli.options import place_options
from trade2026.cli.screen import screen
from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import Trade2026Error
from trade2026.core.ids import OrderId, time_of
from trade2026.domain.oms.hops import Hop, Trail
from trade2026.model.execution import ExecutionReport
from trade2026.model.journal import JournalEvent, OrderEvent
from trade2026.model.position import PositionEvent
from trade2026.model.prism import PrismInput
from trade2026.model.subjects import (
    EXEC_REPORT,
    ORDERS_EVENT,
    POSITION_EVENT,
    PRISM_INPUT,
    Event,
)
from trade2026.ports.bus import Bus, Delivery
from trade2026.shell.addresses import LocalAddresses

M = TypeVar("M")

EARLY_NS: Final = 60 * NS_PER_S
"""The log's clock and that of ids may be so far apart."""


@click.group(short_help="Show the life of an order.")
def order() -> None:
    """Look into the logs for one order."""


@order.command(short_help="Show every hop of an order, with its time.")
@click.argument("order_id")
@place_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(*, order_id: str, data_dir: Path, port_offset: int, as_json: bool) -> None:
    """Show the life of the order ORDER_ID: what each component wrote of it, and when.

    Every log is read from the time of the id on. Exits 1 where none knows the order.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        hops = runner.run(life_of(OrderId(order_id), data_dir, LocalAddresses(port_offset)))
    if not hops:
        raise Trade2026Error(f"no log knows an order {order_id}")
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode({"hops": hops})).decode())
        return
    table = Table(title=f"Order {order_id}", title_justify="left", pad_edge=False)
    table.add_column("time (UTC)")
    table.add_column("after", justify="right")
    table.add_column("who")
    table.add_column("what", overflow="fold")
    for hop in hops:
        table.add_row(_told(hop.at_ns), f"{hop.after_ms:,.3f} ms", hop.who, hop.what)
    screen().print(table)


async def life_of(order_id: OrderId, data_dir: Path, addresses: LocalAddresses) -> list[Hop]:
    """Return the hops of an order, oldest first; none where no log knows it.

    Raises:
        Trade2026Error: no platform runs there.
    """
    bus = await open_log(data_dir, addresses, name="order")
    try:
        return await follow(bus, order_id)
    finally:
        await bus.close()


async def follow(bus: Bus, order_id: OrderId) -> list[Hop]:
    """Return the hops of an order from the logs behind *bus*.

    An id says when it was made, and nothing of the order is older. Where nothing is found from
    then on, as after a clock that was far ahead, all of the logs are read.
    """
    made_ns = time_of(order_id)
    found = [] if made_ns is None else await _from(bus, order_id, TimeNs(made_ns - EARLY_NS))
    return found or await _from(bus, order_id, TimeNs(0))


async def _from(bus: Bus, order_id: OrderId, begin_ns: TimeNs) -> list[Hop]:
    trail = Trail(order_id)

    async def on_step(event: JournalEvent, delivery: Delivery) -> None:
        if isinstance(event, OrderEvent):
            trail.journalled(event, delivery.appended_ns)

    async def on_input(message: PrismInput, delivery: Delivery) -> None:
        trail.entered(message, delivery.appended_ns)

    async def on_report(report: ExecutionReport, delivery: Delivery) -> None:
        trail.reported(report, delivery.appended_ns)

    async def on_position(event: PositionEvent, delivery: Delivery) -> None:
        if event.position is not None:
            trail.booked(event.position, delivery.appended_ns)

    async def read(subject: Event[M], handler: Callable[[M, Delivery], Awaitable[None]]) -> None:
        begin = await bus.seq_at(subject.stream, begin_ns)
        await (await bus.fold(subject, handler, from_seq=begin)).stop()

    # A fill is known by its report before the ledger tells of it.
    await read(ORDERS_EVENT, on_step)
    await read(PRISM_INPUT, on_input)
    await read(EXEC_REPORT, on_report)
    await read(POSITION_EVENT, on_position)
    return trail.hops()


def _told(at_ns: TimeNs) -> str:
    second, rest = divmod(at_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}.{rest // 1_000:06d}"
