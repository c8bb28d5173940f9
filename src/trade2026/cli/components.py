"""`trade2026 components`: the catalogue, as a table or as JSON."""

import re
from typing import Any, Final

import click
import msgspec
from rich.table import Table

from trade2026.catalogue.component import Component
from trade2026.catalogue.flow import flow_of
from trade2026.catalogue.table import TABLE
from trade2026.cli.screen import screen

_NONE: Final = "-"


@click.command(short_help="Show the catalogue.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def components(*, as_json: bool) -> None:
    """Show the 26 components: ports, lanes, group, needs, and what they give and take."""
    if as_json:
        document = {"components": [_entry(component) for component in TABLE]}
        click.echo(msgspec.json.format(msgspec.json.encode(document)).decode())
        return
    table = Table(show_lines=True, pad_edge=False)
    for heading in ("component", "ports", "lanes", "group", "needs", "gives", "takes", "fed back"):
        table.add_column(heading, overflow="fold")
    for component in TABLE:
        flow = flow_of(component)
        ports = [f"{port.number} {port.name}" for port in component.ports]
        if component.metrics_port is not None:
            ports.append(f"{component.metrics_port} metrics")
        table.add_row(
            component.name + (" (planned)" if component.is_planned else ""),
            "\n".join(ports),
            "\n".join(component.lanes),
            component.group,
            "\n".join(component.needs) or _NONE,
            _short(flow.gives),
            _short(flow.takes),
            _short(flow.fed_back),
        )
    screen().print(table, markup=False)


def _short(patterns: tuple[str, ...]) -> str:
    return "\n".join(re.sub(r"\{\w+\}", "*", pattern) for pattern in patterns) or _NONE


def _entry(component: Component) -> dict[str, Any]:
    flow = flow_of(component)
    return {
        "name": component.name,
        "purpose": component.purpose,
        "engine": component.engine,
        "ports": {port.name: port.number for port in component.ports},
        "metrics_port": component.metrics_port,
        "lanes": component.lanes,
        "group": component.group,
        "needs": component.needs,
        "health_path": component.health_path,
        "gives": flow.gives,
        "takes": flow.takes,
        "fed_back": flow.fed_back,
    }
