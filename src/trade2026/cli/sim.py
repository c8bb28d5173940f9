"""`trade2026 sim`: the laboratory of simulated markets, without a platform."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import click
import msgspec
import numpy as np
from numpy.typing import NDArray

from trade2026.cli.sim_calibrate import calibrate, read_recorded
from trade2026.cli.sim_options import SEED_MASK, Days, MarketChoice, made, market_options
from trade2026.cli.sim_report import (
    SeedReport,
    ValidationReport,
    print_report,
    progress_of,
    write_json,
)
from trade2026.core.chance import fresh_seed
from trade2026.core.errors import InvalidInputError, Trade2026Error
from trade2026.domain.realism.session import Session
from trade2026.prism.digest import EventDigest
from trade2026.prism.lab.beside import run_beside
from trade2026.prism.lab.event_file import EventFile
from trade2026.prism.lab.plots import require_plots, write_plots
from trade2026.prism.lab.record import START_NS, record
from trade2026.prism.lab.validation import (
    Impact,
    compared,
    missed,
    rows_of,
    run_controls,
    run_impact,
    run_seeds,
)
from trade2026.shell.settings import process_environment

REAL_NAME: Final = "binance-usdm-btcusdt-20240808.gz"
"""The recorded session that LB1 is of unless told otherwise."""
TWIN_DAYS: Final = 0.1
"""How long the two processes of one seed run."""


@click.group(short_help="Run simulated markets and hold them against real ones.")
def sim() -> None:
    """Run PRISM's market by itself: nothing is started, nothing is kept but what is asked for."""


sim.add_command(calibrate)


@sim.command(short_help="Run a market and tell what it did.")
@market_options
@click.option("--days", type=Days(0.001), default=1.0, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), help="Default: a fresh one.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    callback=made,
    help="Where events.parquet goes, with everything that happens.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def run(
    *, choice: MarketChoice, days: float, seed: int | None, out: Path | None, as_json: bool
) -> None:
    """Run a market for some days and print the hash of all its events."""
    which = fresh_seed() & SEED_MASK if seed is None else seed
    config = choice.config(which)
    digest = EventDigest(START_NS)
    with ExitStack() as stack:
        tell = stack.enter_context(progress_of(is_shown=not as_json))
        file: EventFile | None = None
        if out is not None:
            instruments = [one.instrument for one in config.symbols]
            file = stack.enter_context(EventFile(out / "events.parquet", instruments, START_NS))

        def on_events(events: NDArray[np.void]) -> None:
            digest.add(events)
            if file is not None:
                file.add(events)

        recording = record(
            config,
            days=days,
            on_events=on_events,
            on_progress=lambda share: tell(f"seed {which}", share),
        )
    told = {
        "seed": which,
        "days": days,
        "events": recording.events,
        "trades": len(recording.session.trade_ns),
        "digest": digest.hexdigest(),
    }
    if as_json:
        click.echo(msgspec.json.encode(told).decode())
        return
    click.echo(f"{told['events']} events, {told['trades']} trades, seed {which}")
    click.echo(f"digest {told['digest']}")


@sim.command(short_help="Hold a market against real ones; exit 0 only when it passes.")
@market_options
@click.option("--days", type=Days(0.8), default=5.0, show_default=True)
@click.option("--seeds", type=click.IntRange(1, 1_000), default=5, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), help="The first of them. Default: a fresh one.")
@click.option(
    "--pairs",
    type=click.IntRange(0, 10_000),
    default=50,
    show_default=True,
    help="Seeds with and without a large order; fewer than 50 pass no gate.",
)
@click.option(
    "--real",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A recorded session whose distributions the market's are held against (LB1). Default: "
    f"{REAL_NAME} in the folder that TRADE2026_DATA names, if it does.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    callback=made,
    help="Where report.json and the plots go.",
)
@click.option("--plots/--no-plots", default=True, show_default=True, help="With --out.")
def validate(
    *,
    choice: MarketChoice,
    days: float,
    seeds: int,
    seed: int | None,
    pairs: int,
    real: Path | None,
    out: Path | None,
    plots: bool,
) -> None:
    """Measure a market by the battery of docs/realism.md.

    Prints every measure with its gate and what real markets have, and the controls: what must
    pass and what must fail. Exits 0 only when no gate of tier A is missed or skipped and the
    controls are told apart.
    """
    if out is not None and plots:
        require_plots()
    recorded, likeness = _recorded_session(real)
    first = fresh_seed() & SEED_MASK if seed is None else seed
    config, symbol = choice.config(first), choice.symbol
    with progress_of(is_shown=True) as tell:
        runs = run_seeds(
            config, days=days, seeds=range(first, first + seeds), symbol=symbol, tell=tell
        )
        runs = run_beside(config, days=days, runs=runs, symbol=symbol, tell=tell)
        runs = runs if recorded is None else compared(runs, recorded)
        impact: Impact | None = None
        if pairs:
            impact = run_impact(
                config,
                seeds=range(first + seeds, first + seeds + pairs),
                symbol=symbol,
                day_lots=sorted(run.day_lots for run in runs)[len(runs) // 2],
                tell=tell,
            )
        tell("twins", 0.0)
        differing = _differing_twins(choice, first)
        tell("twins", 1.0)
        controls = run_controls(seed=first, tell=tell)
    rows = rows_of(runs, impact=impact, differing=differing)
    report = ValidationReport(
        symbol=config.symbols[0].instrument.symbol,
        days=days,
        first_seed=first,
        rows=rows,
        seeds=[SeedReport(seed=run.seed, values=run.values) for run in runs],
        impact=impact,
        controls=controls,
        missed=missed(rows, controls),
        likeness=likeness,
    )
    if out is not None:
        write_json(report, out / "report.json")
        if plots:
            write_plots(out, runs, impact)
    print_report(report)
    sys.exit(1 if report.missed else 0)


def found_recording(given: Path | None) -> tuple[Path | None, str]:
    """Return the recorded session to hold the market against, or why there is none."""
    if given is not None:
        return given, ""
    folder = process_environment().get("TRADE2026_DATA", "")
    if not folder:
        return None, "neither --real nor TRADE2026_DATA names a recorded session"
    path = Path(folder) / REAL_NAME
    return (path, "") if path.is_file() else (None, f"TRADE2026_DATA holds no {REAL_NAME}")


def _recorded_session(given: Path | None) -> tuple[Session | None, str]:
    """Return what the market is held against, and what LB1 is of or why it is skipped."""
    path, why_none = found_recording(given)
    if path is None:
        return None, f"skipped: {why_none}"
    session = read_recorded(path).session
    if session is None:
        raise InvalidInputError("real", "holds minute bars, no quotes and trades")
    return session, f"of {path.name}"


def _differing_twins(choice: MarketChoice, seed: int) -> int:
    """Return how many of two processes, whose hashes Python salts otherwise, differ."""
    digests = {_digest_of_twin(choice, seed, salt) for salt in ("1", "2")}
    return len(digests) - 1


def _digest_of_twin(choice: MarketChoice, seed: int, salt: str) -> str:
    words = ["sim", "run", "--days", str(TWIN_DAYS), "--seed", str(seed), "--json"]
    done = subprocess.run(  # noqa: S603 - our own program and words
        [sys.executable, "-m", "trade2026", *words, *choice.words],
        env={**process_environment(), "PYTHONHASHSEED": salt},
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        raise Trade2026Error(f"a market in a process of its own failed: {done.stderr.strip()}")
    digest: str = msgspec.json.decode(done.stdout)["digest"]
    return digest
