"""`trade2026 sim calibrate`: parameters with which a market is like a recorded one."""

import sys
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.table import Table

from trade2026.adapters.recording import open_recording, read_frames
from trade2026.cli.screen import screen
from trade2026.cli.sim_options import SEED_MASK, MarketChoice, made, market_options
from trade2026.cli.sim_report import number, progress_of
from trade2026.core.chance import fresh_seed
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.prism.lab.calibration import Calibration, Task
from trade2026.prism.lab.calibration import calibrate as fit
from trade2026.prism.lab.recorded import (
    Recorded,
    recorded_bars,
    recorded_events,
    recorded_frames,
)
from trade2026.prism.params_file import write_params

_PARQUET: Final = b"PAR1"


@click.command(short_help="Fit a market's parameters to a recorded session.")
@market_options
@click.option(
    "--to",
    "target",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="A recorded Binance session, one-minute bars as CSV, or a market's events.parquet.",
)
@click.option(
    "--fit", "names", multiple=True, help="A parameter to fit, again for each. Default: the usual."
)
@click.option(
    "--runs",
    type=click.IntRange(2, 100_000),
    default=200,
    show_default=True,
    help="How many markets to look at.",
)
@click.option(
    "--minutes",
    type=click.IntRange(min=1),
    help="How long each runs. Default: as long as the recording, two days at most.",
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 1_000),
    default=8,
    show_default=True,
    help="On how many each runs; as many others tell what was found.",
)
@click.option("--seed", type=click.IntRange(min=0), help="Default: a fresh one.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    callback=made,
    help="Where params.json and calibration.json go.",
)
def calibrate(
    *,
    choice: MarketChoice,
    target: Path,
    names: tuple[str, ...],
    runs: int,
    minutes: int | None,
    seeds: int,
    seed: int | None,
    out: Path | None,
) -> None:
    """Look for the parameters with which a market is most like a recorded one.

    Prints what was fitted, and every statistic before and after, on seeds that the search never
    saw. Exits 0 only where the market came closer there; else no parameters are written. What is
    written may be given to `--params` of `sim run` and `sim validate`, and to the platform by
    TRADE2026_PRISM_PARAMS.
    """
    recorded = read_recorded(target)
    first = fresh_seed() & SEED_MASK if seed is None else seed
    if not choice.symbol and choice.file is None and _is_listed(recorded.symbol):
        choice = choice._replace(symbol=recorded.symbol)
    with progress_of(is_shown=True) as tell:
        found = fit(
            Task(
                config=choice.config(first),
                recorded=recorded,
                names=names,
                runs=runs,
                minutes=minutes or 0,
                seeds=seeds,
                seed=first,
            ),
            tell,
        )
    if out is not None:
        report = msgspec.json.format(msgspec.json.encode(found))
        (out / "calibration.json").write_bytes(report)
        if found.is_closer:
            write_params(out / "params.json", found.params)
    print_calibration(found)
    sys.exit(0 if found.is_closer else 1)


def read_recorded(path: Path) -> Recorded:
    """Return what a file holds; what it is, its name and its first bytes say.

    Raises:
        InvalidInputError: it holds too little, or what cannot be.
        StartError: it is nothing that is known here.
    """
    if path.name.endswith((".csv", ".csv.gz")):
        return recorded_bars(path)
    with path.open("rb") as file:
        is_parquet = file.read(len(_PARQUET)) == _PARQUET
    if is_parquet:
        return recorded_events(path)
    feed = open_recording(path)
    return recorded_frames(feed.venue, feed.symbol, read_frames(path))


def print_calibration(found: Calibration) -> None:
    """Print the parameters, the statistics, and the distance as the last line."""
    console = screen()
    title = f"{found.symbol}, {found.minutes} minutes x {found.seeds} seeds, {found.runs} runs"
    table = Table(title=f"{title}, seed {found.seed}", title_justify="left", pad_edge=False)
    for heading in ("parameter", "from", "to", "before", "fitted"):
        table.add_column(heading, no_wrap=True)
    for one in found.fitted:
        values = (one.low, one.high, one.before, one.after)
        table.add_row(one.name, *(f"{value:.4g}" for value in values))
    console.print(table)
    table = Table(title=f"like {found.what}", title_justify="left", pad_edge=False)
    for heading in ("statistic", "what", "recorded", "before", "after", "distance", "after"):
        table.add_column(heading, no_wrap=True)
    for one in found.statistics:
        values = (one.wanted, one.before, one.after, one.distance_before, one.distance_after)
        table.add_row(one.name, one.title, *(number(value) for value in values))
    console.print(table)
    click.echo(f"on the seeds of the search: {found.fit_before:.3f} -> {found.fit_after:.3f}")
    verdict = "" if found.is_closer else "; not closer: no parameters are written"
    click.echo(f"distance {found.told_before:.3f} -> {found.told_after:.3f} on others{verdict}")


def _is_listed(symbol: str) -> bool:
    return any(one.symbol == symbol for one in PRISM_INSTRUMENTS)
