"""`trade2026 ui build` runs the build script of a checkout, and says when it cannot."""

from pathlib import Path

import pytest

from trade2026.cli.ui import SCRIPT, run_script
from trade2026.core.errors import StartError


def test_the_script_of_a_checkout_is_where_the_command_looks() -> None:
    assert SCRIPT.is_file()


def test_the_script_gets_the_arguments(tmp_path: Path) -> None:
    script = tmp_path / "build.py"
    script.write_text("import sys\nopen(__file__ + '.args', 'w').write(sys.argv[1])\n", "utf-8")

    run_script(script, ["--force"])

    assert (tmp_path / "build.py.args").read_text("utf-8") == "--force"


def test_a_failed_build_is_told(tmp_path: Path) -> None:
    script = tmp_path / "build.py"
    script.write_text("raise SystemExit(1)\n", "utf-8")

    with pytest.raises(StartError, match="not built"):
        run_script(script, [])


def test_an_installation_without_sources_is_told(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no sources"):
        run_script(tmp_path / "build.py", [])
