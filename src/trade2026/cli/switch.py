"""`trade2026 kill` and `trade2026 resume`: the emergency stop from the machine itself.

They need no password and no browser, only the platform's data directory. Exit code 0 means
that the order to stop stands in the log, 1 that nobody can say so.
"""

import asyncio
from pathlib import Path

import click
import msgspec

from trade2026.cli.options import place_options
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.operator import Operator


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
def kill(*, data_dir: Path, port_offset: int, scope: str, reason: str) -> None:
    """Stop trading in the scope at once, and cancel its open orders."""
    _switch("kill", data_dir, port_offset, scope, reason)


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
