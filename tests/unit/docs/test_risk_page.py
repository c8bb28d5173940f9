"""The page on risk tells of every check, every code and the example as it really is."""

import json
import re
from pathlib import Path

from tests.factories import a_view, an_order, judged, qty

from trade2026.domain.risk.checks import RISK_CHECKS, concentration
from trade2026.model.risk import RefusalCode

PAGE = (Path(__file__).parents[3] / "docs" / "risk.md").read_text("utf-8")
ROWS = [line.split("|") for line in PAGE.splitlines() if line.startswith("| `")]


def test_every_check_stands_in_the_table_in_the_order_it_runs() -> None:
    told = [row[1].strip(" `") for row in ROWS]

    assert told == [check.__module__.rpartition(".")[2] for check in RISK_CHECKS]


def test_every_code_of_a_check_is_told() -> None:
    told = {code for row in ROWS for code in row[2].strip().split(", ") if code}

    # Risk that does not answer is no check.
    assert told == set(RefusalCode) - {RefusalCode.RISK_UNAVAILABLE}


def test_the_example_is_what_the_check_says() -> None:
    found = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None

    refusal = judged(concentration.check, an_order(order_qty=qty("6")), a_view())

    assert refusal is not None
    assert json.loads(found[1]) == {
        "code": refusal.code,
        "text": refusal.text,
        "asked": refusal.asked,
        "limit": refusal.limit,
        "would_pass": refusal.would_pass,
    }
