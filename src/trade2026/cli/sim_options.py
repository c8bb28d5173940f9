"""Which market the commands of `trade2026 sim` mean."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

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


class MarketChoice(NamedTuple):
    """The market that was asked for."""

    symbol: str
    agents: str
    """As given; empty for the default ones."""
    file: Path | None

    def config(self, seed: int) -> MarketConfig:
        """Return the market's configuration, with one symbol.

        Raises:
            InvalidInputError: the file holds none, or there is no such symbol or agent.
        """
        if self.file is None:
            whole = default_config(seed)
        else:
            try:
                whole = msgspec.json.decode(self.file.read_bytes(), type=MarketConfig)
            except msgspec.MsgspecError as error:
                raise InvalidInputError(str(self.file), str(error)) from error
        if self.agents:
            whole = msgspec.structs.replace(whole, agents=read_agents(self.agents))
        usual = "" if self.file else LARGE_TICK_SYMBOL
        return alone(whole, self.symbol or usual, seed)

    @property
    def words(self) -> list[str]:
        """Return the words that ask for the same market."""
        words = ["--symbol", self.symbol] if self.symbol else []
        words += ["--agents", self.agents] if self.agents else []
        return words + (["--config", str(self.file)] if self.file else [])


def market_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--symbol`, `--agents` and `--config`; it takes them as `choice`."""

    @wraps(command)
    def with_choice(*, symbol: str, agents: str, file: Path | None, **others: Any) -> None:  # noqa: ANN401
        command(choice=MarketChoice(symbol, agents, file), **others)

    usual = " ".join(f"{group.type_name}:{group.count}" for group in DEFAULT_AGENTS)
    options = (
        click.option(
            "--symbol",
            default="",
            show_default=f"{LARGE_TICK_SYMBOL}, of a file the first",
            help="Which one to run.",
        ),
        click.option("--agents", default="", show_default=usual, help="As type:count ..."),
        click.option(
            "--config",
            "file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="A market's configuration as JSON, instead of the default one.",
        ),
    )
    for option in reversed(options):
        with_choice = option(with_choice)
    return with_choice
