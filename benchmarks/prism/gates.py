"""What is demanded: rows with a target and a floor, and what a run makes of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

import msgspec

Verdict = Literal["PASS", "MISS", "SKIP", "-"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One demand. A row without a floor is shown and gates nothing."""

    name: str
    unit: str
    target: float
    floor: float | None
    at_most: bool
    """Whether less is better."""


ROWS: Final = {
    "kernel": Row(
        name="matching kernel, time a message", unit="x C++ ladder", target=1.0, floor=1.25,
        at_most=True,
    ),
    "abides": Row(
        name="40-agent market, messages/s", unit="x ABIDES (recorded)", target=800, floor=300,
        at_most=False,
    ),
    "bourse": Row(
        name="40-agent market, new orders/s", unit="x Bourse vectorised", target=20, floor=10,
        at_most=False,
    ),
    "thousand": Row(
        name="1,000 agents, time a message", unit="x 40 agents", target=1.25, floor=1.6,
        at_most=True,
    ),
    "threads": Row(
        name="a market on each of two threads, throughput", unit="x one", target=1.9, floor=1.7,
        at_most=False,
    ),
    "user": Row(
        name="compiled user agent, time a wake", unit="x built-in", target=1.05, floor=1.2,
        at_most=True,
    ),
    "measured": Row(
        name="market that is measured, time a stretch", unit="x not measured", target=1.05,
        floor=1.1, at_most=True,
    ),
    "callback": Row(
        name="Python callback agent", unit="wakes/s", target=300_000, floor=None, at_most=False,
    ),
    "cached": Row(
        name="process start to first minute, cached", unit="s", target=1.3, floor=2.0,
        at_most=True,
    ),
    "cold": Row(
        name="process start to first minute, cold", unit="s", target=6.0, floor=12.0,
        at_most=True,
    ),
    "fork": Row(
        name="fork of a past minute, ready to go on", unit="s", target=0.5, floor=1.0,
        at_most=True,
    ),
    "compiled again": Row(
        name="kernels compiled by a second start", unit="files", target=0, floor=0, at_most=True,
    ),
}  # fmt: skip
"""By key, in the order in which they are shown."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured for a row; `value` is None where nothing could be, `text` says why."""

    value: float | None
    text: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A row and what a run made of it."""

    row: Row
    figure: Figure

    @property
    def verdict(self) -> Verdict:
        """Return how the figure stands to the floor."""
        floor, value = self.row.floor, self.figure.value
        if floor is None:
            return "-"
        if value is None:
            return "SKIP"
        return "PASS" if _reaches(self.row, value, floor) else "MISS"

    @property
    def distance(self) -> str:
        """Return how far the figure is from the target, in percent of it."""
        target, value = self.row.target, self.figure.value
        if value is None:
            return "not measured"
        if _reaches(self.row, value, target):
            return "reached"
        return f"{abs(value - target) / target:.0%} off" if target else f"{value:g} off"


def findings(figures: Mapping[str, Figure], rows: Mapping[str, Row] = ROWS) -> list[Finding]:
    """Return a finding for every row; one without a figure was skipped."""
    skipped = Figure(value=None, text="not run")
    return [Finding(row=row, figure=figures.get(key, skipped)) for key, row in rows.items()]


def summary(found: Sequence[Finding]) -> str:
    """Return the last line of a run."""
    gated = [f for f in found if f.row.floor is not None]

    def names(verdict: Verdict) -> str:
        those = [f.row.name for f in gated if f.verdict == verdict]
        return f"; {verdict}: {', '.join(those)}" if those else ""

    passed = sum(f.verdict == "PASS" for f in gated)
    reached = sum(f.distance == "reached" for f in found)
    line = f"{passed} of {len(gated)} floors and {reached} of {len(found)} targets reached"
    return line + names("MISS") + names("SKIP")


def exit_code(found: Sequence[Finding]) -> int:
    """Return 0 where every floor was measured and reached, else 1."""
    return int(any(f.verdict in {"MISS", "SKIP"} for f in found))


def table(found: Sequence[Finding]) -> list[str]:
    """Return the findings as lines of a Markdown table."""
    lines = ["| what | measured | target | floor | to target | floor reached |"]
    lines.append("|---|---|---|---|---|---|")
    for f in found:
        row, value = f.row, f.figure.value
        sign = "<=" if row.at_most else ">="
        measured = "-" if value is None else f"{value:,.4g}"
        floor = "-" if row.floor is None else f"{sign} {row.floor:,g}"
        lines.append(
            f"| {row.name} | {measured} {row.unit} | {sign} {row.target:,g} | {floor} "
            f"| {f.distance} | {f.verdict} |"
        )
    return lines


def _reaches(row: Row, value: float, bound: float) -> bool:
    return value <= bound if row.at_most else value >= bound


Measure = Callable[[], dict[str, Figure]]
"""A part of the benchmark: figures by the key of their row."""
