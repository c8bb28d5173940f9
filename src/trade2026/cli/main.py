"""The command line: a table of commands, each imported only when it is called.

Help and status thus start fast, and need neither the compiler nor the web framework.
An error that the user can mend is one line and exit code 2.
"""

import importlib
import sys
from typing import Final, NamedTuple

import click

from trade2026 import VERSION
from trade2026.core.errors import SettingsError, StartError, Trade2026Error
from trade2026.shell.settings import forget_foreign_settings


class Entry(NamedTuple):
    """Where a command is, and what it does in one line."""

    target: str
    summary: str


COMMANDS: Final[dict[str, Entry]] = {
    "up": Entry("trade2026.cli.up:up", "Start the whole platform and keep it running."),
    "run": Entry("trade2026.cli.run:run", "Run services in this process."),
    "status": Entry("trade2026.cli.status:status", "Show how every component is."),
    "replay": Entry(
        "trade2026.cli.replay:replay", "Fold the log again and compare it with the live ledger."
    ),
    "order": Entry("trade2026.cli.order:order", "Show the life of an order."),
    "audit": Entry("trade2026.cli.audit:audit", "Verify the audit's chain, and show who did what."),
    "report": Entry("trade2026.cli.report:report", "Write the statement of a day."),
    "kill": Entry("trade2026.cli.switch:kill", "Stop trading at once and cancel open orders."),
    "risk": Entry("trade2026.cli.risk:risk", "Try limits or a policy on a past day."),
    "route": Entry("trade2026.cli.route:route", "Show and set which venue orders go to."),
    "watchdog": Entry(
        "trade2026.cli.watchdog:watchdog", "Watch the core, and stop trading when it is silent."
    ),
    "resume": Entry("trade2026.cli.switch:resume", "Allow trading again."),
    "prism": Entry("trade2026.cli.prism:prism", "Play PRISM's lives again from its log."),
    "sim": Entry("trade2026.cli.sim:sim", "Run simulated markets and hold them against real ones."),
    "lake": Entry("trade2026.cli.lake:lake", "Look into the lake of ticks."),
    "analytics": Entry("trade2026.cli.analytics:analytics", "Ask the analytics store in SQL."),
    "ui": Entry("trade2026.cli.ui:ui", "Build the web application."),
    "components": Entry("trade2026.cli.components:components", "Show the catalogue."),
}


class CommandTable(click.Group):
    """A group whose commands come from `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command of that name, None when there is none."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module_name, _, function = entry.target.partition(":")
        command: click.Command = getattr(importlib.import_module(module_name), function)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table, importing nothing."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.group(cls=CommandTable, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="trade2026")
def trade2026() -> None:
    """Trade2026, an algorithmic-trading platform."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    forget_foreign_settings()
    try:
        trade2026(prog_name="trade2026")
    except (StartError, SettingsError) as error:
        click.echo(f"trade2026: {error}", err=True)
        sys.exit(2)
    except Trade2026Error as error:
        click.echo(f"trade2026: {error}", err=True)
        sys.exit(1)
