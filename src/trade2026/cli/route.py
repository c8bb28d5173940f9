"""`trade2026 route`: which venue orders go to, by which rules, and why."""

import asyncio
from pathlib import Path
from typing import Any, cast

import click
import msgspec

from trade2026.cli.options import place_options
from trade2026.core.errors import InvalidInputError
from trade2026.edge.routing import RouteReply, RouteRuleBody, RoutesReply
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.operator import Operator


@click.group(short_help="Show and set which venue orders go to.")
def route() -> None:
    """Show, set and explain the rules of routing."""


@route.command(short_help="Show the rules that bind.")
@place_options
def show(*, data_dir: Path, port_offset: int) -> None:
    """Print the rules that bind as JSON, in the form that `set` reads."""
    operator = Operator(data_dir, LocalAddresses(port_offset))
    found = asyncio.run(operator.ask("exeq", "GET", "/routes", kind=RoutesReply))
    click.echo(msgspec.json.format(msgspec.json.encode(found.rules)).decode())
    _echo_setter(found)


@route.command("set", short_help="Set all rules.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--reason", default="set by hand", show_default=True, help="Kept in the log.")
@place_options
def set_command(*, file: Path, reason: str, data_dir: Path, port_offset: int) -> None:
    """Set the rules of FILE, a list as JSON; those before are gone."""
    rules = read_rules(file)
    operator = Operator(data_dir, LocalAddresses(port_offset))
    body = {"rules": rules, "reason": reason}
    found = asyncio.run(operator.ask("exeq", "PUT", "/routes", kind=RoutesReply, body=body))
    click.echo(f"{len(found.rules)} rules bind")
    _echo_setter(found)


@route.command(short_help="Tell where an order would go now, and why.")
@click.argument("order", metavar="ORDER")
@place_options
def explain(*, order: str, data_dir: Path, port_offset: int) -> None:
    """Tell where ORDER, a body of POST /orders, would go; nothing is sent."""
    operator = Operator(data_dir, LocalAddresses(port_offset))
    try:
        body = cast("dict[str, Any]", msgspec.json.decode(order, type=dict))
    except msgspec.DecodeError as error:
        raise InvalidInputError("order", str(error)) from error
    asked = operator.ask("exeq", "POST", "/routes/explain", kind=RouteReply, body=body)
    found = asyncio.run(asked)
    click.echo(f"{found.venue or 'nowhere'} by rule {found.rule}: {found.why}")


def read_rules(path: Path) -> list[RouteRuleBody]:
    """Return the rules in the file *path*.

    Raises:
        InvalidInputError: the file has none.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[RouteRuleBody])
    except OSError as error:
        raise InvalidInputError("rules", f"{path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise InvalidInputError("rules", f"{path}: {error}") from error


def _echo_setter(found: RoutesReply) -> None:
    if found.asked_by:
        click.echo(f"set by {found.asked_by}: {found.reason}", err=True)
