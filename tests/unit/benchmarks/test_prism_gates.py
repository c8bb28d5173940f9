"""A run of the benchmark fails where a floor is missed, and where it was not measured."""

import pytest
from benchmarks.prism.gates import ROWS, Figure, exit_code, findings, summary, table

GOOD = {
    key: Figure(value=row.target, text="measured")
    for key, row in ROWS.items()
    if row.floor is not None
}
GATED = sorted(GOOD)


def test_a_run_on_target_passes_though_a_row_without_a_floor_was_not_measured() -> None:
    found = findings(GOOD)

    assert exit_code(found) == 0
    assert (
        summary(found)
        == f"{len(GOOD)} of {len(GOOD)} floors and {len(GOOD)} of {len(ROWS)} targets reached"
    )


@pytest.mark.parametrize("key", GATED)
def test_a_missed_floor_fails_the_run_and_is_named(key: str) -> None:
    row = ROWS[key]
    assert row.floor is not None
    worse = row.floor * 1.01 + 0.01 if row.at_most else row.floor * 0.99

    found = findings(GOOD | {key: Figure(value=worse, text="")})

    assert exit_code(found) == 1
    assert summary(found).endswith(f"; MISS: {row.name}")


@pytest.mark.parametrize("key", GATED)
def test_the_floor_itself_passes(key: str) -> None:
    assert exit_code(findings(GOOD | {key: Figure(value=ROWS[key].floor, text="")})) == 0


@pytest.mark.parametrize("key", GATED)
@pytest.mark.parametrize("missing", [True, False], ids=["not run", "not possible"])
def test_a_floor_that_was_not_measured_fails_the_run_and_is_named(key: str, missing: bool) -> None:
    figures = GOOD | {key: Figure(value=None, text="no compiler")}
    if missing:
        del figures[key]

    found = findings(figures)

    assert exit_code(found) == 1
    assert summary(found).endswith(f"; SKIP: {ROWS[key].name}")


def test_the_table_tells_how_far_the_target_is() -> None:
    found = findings(GOOD | {"kernel": Figure(value=1.2, text="")})

    assert table(found)[2] == (
        "| matching kernel, time a message | 1.2 x C++ ladder | <= 1 | <= 1.25 | 20% off | PASS |"
    )
