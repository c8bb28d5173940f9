"""The page on realism has every gate of the battery, as it is judged."""

from pathlib import Path

from trade2026.cli.sim_report import gate_of
from trade2026.domain.realism.battery import GATES

PAGE = Path(__file__).parents[3] / "docs" / "realism.md"


def test_the_table_of_gates_is_the_battery() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    begin = lines.index("| gate | measure | allowed | real markets | tier |") + 2

    assert lines[begin : begin + len(GATES) + 1] == [
        *(
            f"| {g.name} | {g.title} | {gate_of(g.low, g.high)} | {g.real} | {g.tier} |"
            for g in GATES
        ),
        "",
    ]
