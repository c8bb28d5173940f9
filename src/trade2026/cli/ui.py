"""`trade2026 ui`: build the web application into the package.

A wheel brings the application with it. In a checkout it is built from `frontend/` by the
script there, with the Node that comes as a wheel.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from trade2026.core.errors import StartError

SCRIPT: Final = Path(__file__).resolve().parents[3] / "frontend" / "build.py"


@click.group(short_help="Build the web application.")
def ui() -> None:
    """Build the web application."""


@ui.command(short_help="Build it, unless nothing changed since it was last built.")
@click.option("--force", is_flag=True, help="Build even if nothing changed.")
def build(*, force: bool) -> None:
    """Build the application, unless nothing changed since it was last built."""
    run_script(SCRIPT, ["--force"] if force else [])


def run_script(script: Path, arguments: list[str]) -> None:
    """Run the build script of a checkout.

    Raises:
        StartError: there is no checkout here, or the build failed.
    """
    if not script.is_file():
        raise StartError("this installation has no sources of the web application to build")
    argv = [sys.executable, str(script), *arguments]
    # The script says itself what went wrong.
    if subprocess.run(argv, check=False).returncode != 0:  # noqa: S603 - our own script
        raise StartError("the web application was not built; see above")
