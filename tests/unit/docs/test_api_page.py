"""The API page says of every status what the code says of it."""

from pathlib import Path

import pytest

from trade2026.model import fix
from trade2026.model.order import OrdStatus

PAGE = Path(__file__).parents[3] / "docs" / "api.md"


@pytest.mark.parametrize("status", OrdStatus)
def test_a_status_stands_there_with_its_fix_code(status: OrdStatus) -> None:
    rows = [line.split("|") for line in PAGE.read_text("utf-8").splitlines() if "|" in line]
    codes = {row[1].strip(): row[-2].strip() for row in rows if len(row) == 5}

    assert codes[status] == fix.ORD_STATUS[status]
