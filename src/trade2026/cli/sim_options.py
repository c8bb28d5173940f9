"""Which market the commands of `trade2026 sim` mean."""

import math
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import msgspec

from trade2026.core.errors import InvalidInputError
from trade2026.prism.config import (
    DEFAULT_AGENTS,
    LARGE_TICK_SYMBOL,
    MarketConfig,
    default_config,
    read_agents,
)
from trade2026.prism.lab.measure import alone
from trade2026.prism.opening import grids_of
from trade2026.prism.params_file import read_params, with_params

SEED_MASK: Final = 2**31 - 1
"""Of fresh seeds, so that they are short enough to be typed."""


MAX_DAYS: Final = 3_650.0


class Days(click.FloatRange):
    """A number of simulated days, from *least* on."""

    def __init__(self, least: float) -> None:
        super().__init__(least, MAX_DAYS)

    def convert(
        self, value: float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the days that *value* says; NaN is none."""
        days: float = super().convert(value, param, ctx)
        if math.isnan(days):
            self.fail(f"{value} is no number of days", param, ctx)
        return days


def made(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """Make the folder of an option before anything runs; refuse one that cannot be written."""
    if value is not None:
        try:
            value.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise click.BadParameter(f"cannot be made: {error}", context, parameter) from error
        if not os.access(value, os.W_OK):
            raise click.BadParameter(f"{value} cannot be written", context, parameter)
    return value


class MarketChoice(NamedTuple):
    """The market that was asked for."""

    symbol: str
    agents: str
    """As given; empty for the default ones."""
    file: Path | None
    params: Path | None = None
    """Of a file that `trade2026 sim calibrate` wrote."""

    def config(self, seed: int) -> MarketConfig:
        """Return the market's configuration, with one symbol.

        Raises:
            InvalidInputError: a file holds none, or there is no such symbol, agent or parameter.
        """
        entries = () if self.params is None else read_params(self.params)
        if self.file is None:
            whole = default_config(seed)
        else:
            try:
                whole = msgspec.json.decode(self.file.read_bytes(), type=MarketConfig)
            except msgspec.MsgspecError as error:
                raise InvalidInputError(str(self.file), str(error)) from error
            grids_of(whole.symbols)
        if self.agents:
            whole = msgspec.structs.replace(whole, agents=read_agents(self.agents))
        usual = "" if self.file else LARGE_TICK_SYMBOL
        # What was fitted to a symbol's session is meant for that symbol.
        usual = next((entry.symbol for entry in entries if entry.symbol), usual)
        whole = with_params(whole, entries)
        return alone(whole, self.symbol or usual, seed)

    @property
    def words(self) -> list[str]:
        """Return the words that ask for the same market."""
        words = ["--symbol", self.symbol] if self.symbol else []
        words += ["--agents", self.agents] if self.agents else []
        words += ["--config", str(self.file)] if self.file else []
        return words + (["--params", str(self.params)] if self.params else [])


def market_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that choose a market; it takes them as `choice`."""

    @wraps(command)
    def with_choice(
        *,
        symbol: str,
        agents: str,
        file: Path | None,
        params: Path | None,
        **others: Any,  # noqa: ANN401 - the command's own, whatever they are
    ) -> None:
        command(choice=MarketChoice(symbol, agents, file, params), **others)

    usual = " ".join(f"{group.type_name}:{group.count}" for group in DEFAULT_AGENTS)
    options = (
        click.option(
            "--symbol",
            default="",
            show_default=f"{LARGE_TICK_SYMBOL}; of a --config the first, of --params theirs",
            help="Which one to run.",
        ),
        click.option("--agents", default="", show_default=usual, help="As type:count ..."),
        click.option(
            "--config",
            "file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="A market's configuration as JSON, instead of the default one.",
        ),
        click.option(
            "--params",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="Parameters in place of the configuration's, as `sim calibrate` writes them.",
        ),
    )
    for option in reversed(options):
        with_choice = option(with_choice)
    return with_choice
