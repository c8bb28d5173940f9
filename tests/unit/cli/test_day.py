"""A command that is given a day that is none refuses it as wrong usage."""

import pytest
from click.testing import CliRunner

from trade2026.cli.replay import replay
from trade2026.cli.report import report


@pytest.mark.parametrize("command", [replay, report])
@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "2026-09-21T00:00:00", ""])
def test_what_is_no_day_is_wrong_usage(command: object, day: str) -> None:
    found = CliRunner().invoke(command, [day])  # type: ignore[arg-type]

    assert found.exit_code == 2
    assert f"{day!r} is not a day such as 2026-11-26" in found.output
