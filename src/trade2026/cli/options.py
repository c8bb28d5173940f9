"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from trade2026.shell.settings import process_environment

F = TypeVar("F", bound=Callable[..., object])


def default_data_dir() -> Path:
    """Return the data directory that is used unless told otherwise.

    Source: XDG Base Directory Specification.
    """
    shared = process_environment().get("XDG_DATA_HOME", "")
    # The specification says to ignore a relative path.
    base = Path(shared) if Path(shared).is_absolute() else Path.home() / ".local" / "share"
    return base / "trade2026"


def place_options(command: F) -> F:
    """Give a command `--data-dir` and `--port-offset`: which platform is meant."""
    data_dir = click.option(
        "--data-dir",
        type=click.Path(file_okay=False, resolve_path=True, path_type=Path),
        default=default_data_dir,
        envvar="TRADE2026_DATA_DIR",
        show_default="~/.local/share/trade2026",
        help="Where everything is kept.",
    )
    port_offset = click.option(
        "--port-offset",
        type=int,
        default=0,
        envvar="TRADE2026_PORT_OFFSET",
        show_default=True,
        help="Added to every port.",
    )
    return data_dir(port_offset(command))
