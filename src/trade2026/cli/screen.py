"""How tables are shown: as wide as the terminal, or wide enough where there is none."""

import sys
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from trade2026.catalogue.component import Group
from trade2026.shell.survey import ComponentState, Finding

WIDTH_PIPED: Final = 160
_STYLES: Final = {
    ComponentState.HEALTHY: "green",
    ComponentState.UNHEALTHY: "bold red",
    ComponentState.DOWN: "bold red",
    ComponentState.PLANNED: "dim",
    ComponentState.OFF: "dim",
}


def screen() -> Console:
    """Return the console on standard output."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=WIDTH_PIPED)


def findings_table(findings: tuple[Finding, ...], *, title: str) -> Table:
    """Return the components with their addresses and states as a table."""
    table = Table(title=title, title_justify="left", pad_edge=False)
    for heading in ("component", "address", "state", "process", "detail"):
        table.add_column(heading, no_wrap=heading != "detail", overflow="fold")
    for finding in findings:
        process = "" if finding.pid is None else str(finding.pid)
        if process and finding.group is not Group.INFRASTRUCTURE:
            process = f"{finding.group} {process}"
        if finding.restarts:
            process += f", restarted {finding.restarts} times"
        is_nowhere = finding.state in {ComponentState.PLANNED, ComponentState.OFF}
        table.add_row(
            Text(finding.component, style="dim" if is_nowhere else ""),
            Text("-" if is_nowhere else finding.address, style="dim" if is_nowhere else ""),
            Text(finding.state, style=_STYLES[finding.state]),
            Text(process),
            Text(finding.detail),
        )
    return table
