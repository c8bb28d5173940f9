"""`trade2026 kill` and `trade2026 resume`: the emergency stop from the machine itself.

They need no password and no browser, only the platform's data directory. Exit code 0 means
that the order to stop stands in the log, 1 that nobody can say so.
"""

import asyncio
import sys
from pathlib import Path
from typing import Final

import click
import msgspec

from trade2026.cli.drill import hold_drill, kill_and_wait
from trade2026.cli.options import place_options
from trade2026.core.clock import NS_PER_S
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.operator import Operator

FLAT_WITHIN_S: Final = 60.0


class _Control(msgspec.Struct):
    """What is shown of risk's answer."""

    scope: str
    mode: str
    control_id: str


_scope_option = click.option(
    "--scope",
    default="global",
    show_default=True,
    help="global, account:<id>, strategy:<id> or symbol:<s>.",
)


@click.command(short_help="Stop trading at once and cancel open orders.")
@place_options
@_scope_option
@click.option("--reason", default="kill switch", show_default=True, help="Kept in the log.")
@click.option("--flatten", is_flag=True, help="Close the positions too, and wait for it.")
@click.option("--drill", is_flag=True, help="Pull it on a strategy of its own, and look.")
@click.option("--account", default="default", show_default=True, help="Whose the drill is.")
@click.option("--symbol", default="BTCUSDT", show_default=True, help="What the drill trades.")
def kill(
    *,
    data_dir: Path,
    port_offset: int,
    scope: str,
    reason: str,
    flatten: bool,
    drill: bool,
    account: str,
    symbol: str,
) -> None:
    """Stop trading in the scope at once, and cancel its open orders."""
    operator = Operator(data_dir, LocalAddresses(port_offset))
    if drill:
        _drill(operator, account, symbol)
    elif flatten:
        body = {"scope": scope, "flatten": True, "reason": reason}
        done = asyncio.run(kill_and_wait(operator, body, FLAT_WITHIN_S))
        times = ((done.time_to_cancelled_ns, "cancelled"), (done.time_to_flat_ns, "flat"))
        for took_ns, what in times:
            if took_ns is not None:
                click.echo(f"{what} after {took_ns / NS_PER_S:.3f} s")
        for left in done.left:
            click.echo(f"left: {left}")
        click.echo(f"{scope} is {done.status} ({done.control_id})")
        sys.exit(0 if done.status == "FLAT" else 1)
    else:
        _switch("kill", data_dir, port_offset, scope, reason)


def _drill(operator: Operator, account: str, symbol: str) -> None:
    found = asyncio.run(hold_drill(operator, account, symbol))
    click.echo(f"{found.orders_cancelled} orders cancelled after {found.cancelled_s} s")
    click.echo(f"flat by {found.close_orders} orders after {found.flat_s} s")
    click.echo(f"seen from here after {found.seen_s:.3f} s")
    for finding in found.findings:
        click.echo(f"WRONG: {finding}")
    click.echo("the kill switch works" if not found.findings else "THE KILL SWITCH DOES NOT WORK")
    sys.exit(1 if found.findings else 0)


@click.command(short_help="Allow trading again.")
@place_options
@_scope_option
@click.option("--reason", default="resumed", show_default=True, help="Kept in the log.")
def resume(*, data_dir: Path, port_offset: int, scope: str, reason: str) -> None:
    """Allow trading in the scope again; other scopes stay as they are."""
    _switch("resume", data_dir, port_offset, scope, reason)


def _switch(verb: str, data_dir: Path, port_offset: int, scope: str, reason: str) -> None:
    operator = Operator(data_dir, LocalAddresses(port_offset))
    body = {"scope": scope, "reason": reason}
    control = asyncio.run(operator.ask("risk", "POST", f"/risk/{verb}", kind=_Control, body=body))
    click.echo(f"{control.scope} is {control.mode} ({control.control_id})")
