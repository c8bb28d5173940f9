"""How what was measured is told: a bar while it runs, a table, a file, and a last line."""

import math
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from trade2026.cli.screen import screen
from trade2026.domain.realism.battery import Outcome, Tier
from trade2026.domain.realism.impact import Interval
from trade2026.prism.lab.validation import Control, Impact, Row, Tell

_STYLES: Final = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.SKIPPED: "bold yellow",
    Outcome.TOLD: "dim",
}


class SeedReport(msgspec.Struct, frozen=True, kw_only=True):
    """One seed's measures."""

    seed: int
    values: dict[str, float]


class ValidationReport(msgspec.Struct, frozen=True, kw_only=True):
    """All that a validation found."""

    symbol: str
    days: float
    first_seed: int
    rows: list[Row]
    seeds: list[SeedReport]
    impact: Impact | None
    controls: list[Control]
    missed: list[str]
    likeness: str
    """The recorded session that LB1 is of, or why it is skipped."""


@contextmanager
def progress_of(*, is_shown: bool) -> Generator[Tell]:
    """Show on the terminal how far everything is, as long as the context lasts."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    # On standard error: the report alone goes where output goes.
    with Progress(*columns, console=Console(stderr=True), disable=not is_shown) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(name: str, share: float) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=1.0)
            progress.update(tasks[name], completed=share)

        yield tell


def print_report(report: ValidationReport) -> None:
    """Print every measure, the controls, and the summary as the last line."""
    console = screen()
    console.print(_table(report))
    for control in report.controls:
        words = _of_control(control)
        console.print(Text(words, style="" if control.is_told_apart else "bold red"))
    click.echo(f"LB1 is {report.likeness}")
    judged = [row for row in report.rows if row.tier is Tier.A]
    passed = sum(row.outcome is Outcome.PASSED for row in judged)
    told_apart = sum(control.is_told_apart for control in report.controls)
    summary = (
        f"{passed} of {len(judged)} gates of tier A passed,"
        f" {told_apart} of {len(report.controls)} controls told apart"
    )
    click.echo(summary + (f"; missed: {' '.join(report.missed)}" if report.missed else ""))


def write_json(report: ValidationReport, path: Path) -> None:
    """Write the report; numbers that are none become null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report)))


def number(value: float) -> str:
    """Return *value* short enough for a table."""
    if math.isnan(value):
        return ""
    return f"{value:.3f}" if abs(value) < 1_000.0 else f"{value:.3g}"  # noqa: PLR2004 - width


def gate_of(low: float, high: float) -> str:
    """Return an interval as people write it."""
    if math.isinf(low) and math.isinf(high):
        return ""
    if math.isinf(low):
        return f"<= {high:g}"
    if math.isinf(high):
        return f">= {low:g}" if low != math.ulp(0.0) else "> 0"
    return f"{low:g} .. {high:g}" if low != high else f"= {low:g}"


def _table(report: ValidationReport) -> Table:
    title = f"{report.symbol}, {report.days:g} days x {len(report.seeds)} seeds"
    table = Table(title=f"{title} from {report.first_seed}", title_justify="left", pad_edge=False)
    for heading in ("gate", "measure", "median", "90 %", "allowed", "real markets", "tier", ""):
        table.add_column(heading, no_wrap=True)
    for row in report.rows:
        table.add_row(
            row.name,
            row.title,
            number(row.value),
            _interval(row.interval),
            gate_of(row.low, row.high),
            row.real,
            row.tier,
            Text(row.outcome, style=_STYLES[row.outcome]),
        )
    return table


def _interval(interval: Interval) -> str:
    if math.isnan(interval.low):
        return ""
    return f"{number(interval.low)} .. {number(interval.high)}"


def _of_control(control: Control) -> str:
    verdict = "told apart" if control.is_told_apart else "NOT TOLD APART"
    wanted = f"must fail {' '.join(control.must_fail)}" if control.must_fail else "must pass"
    return f"control: {control.name} ({wanted}): {verdict}"
