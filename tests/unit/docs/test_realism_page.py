"""The page on realism has every gate, parameter and statistic as they are in the code."""

from pathlib import Path

from trade2026.cli.sim_report import gate_of
from trade2026.domain.realism.battery import GATES
from trade2026.domain.realism.likeness import FARTHEST, STATISTICS
from trade2026.prism.lab.calibration import KNOBS, MINUTES_MAX, OF_BARS, OF_SESSIONS

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


def rows_under(heading: str) -> list[str]:
    lines = PAGE.read_text("utf-8").splitlines()
    begin = lines.index(heading) + 2
    return lines[begin : lines.index("", begin)]


def test_the_table_of_what_is_fitted_is_that_of_the_code() -> None:
    def usual(name: str) -> str:
        among = (("sessions", OF_SESSIONS), ("bars", OF_BARS))
        return ", ".join(kind for kind, names in among if name in names)

    assert rows_under("| parameter | lowest | highest | even in its | fitted to |") == [
        f"| {k.name} | {k.low:g} | {k.high:g} | {'logarithm' if k.is_log else 'value'} |"
        f" {usual(k.name)} |"
        for k in KNOBS
    ]
    assert f"the recording's, {MINUTES_MAX} at most" in PAGE.read_text("utf-8")


def test_the_table_of_statistics_is_that_of_the_code() -> None:
    assert rows_under("| statistic | what | counts as | weight |") == [
        f"| {s.name} | {s.title} | {f'difference / {s.width:g}' if s.width else 'log ratio'} |"
        f" {s.weight:g} |"
        for s in STATISTICS
    ]
    assert f"none counting more than {FARTHEST:g}." in PAGE.read_text("utf-8")
