"""Which mode may follow which, and what it takes to raise one."""

from itertools import pairwise

import pytest
from msgspec.structs import replace
from tests.factories import NOW_NS

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.domain.live.mode import Arming, after_restart, confirm_problem, raise_problem
from trade2026.model.live import LiveMode

MODES = list(LiveMode)
STEPS = set(pairwise(MODES))
ARMED = Arming(
    mode=LiveMode.LIVE, asked_by="ann", code="1234", until_ns=TimeNs(NOW_NS + 60 * NS_PER_S)
)


@pytest.mark.parametrize("now", MODES)
@pytest.mark.parametrize("wanted", MODES)
def test_a_mode_is_raised_one_step_at_a_time(now: LiveMode, wanted: LiveMode) -> None:
    if wanted.rank <= now.rank:
        return
    problem = raise_problem(now, wanted, ceiling=LiveMode.LIVE, is_panicked=False)

    assert (problem == "") == ((now, wanted) in STEPS)


@pytest.mark.parametrize("ceiling", MODES)
@pytest.mark.parametrize(("now", "wanted"), sorted(STEPS))
def test_nothing_is_raised_above_the_ceiling(
    now: LiveMode, wanted: LiveMode, ceiling: LiveMode
) -> None:
    problem = raise_problem(now, wanted, ceiling=ceiling, is_panicked=False)

    assert problem.startswith("CEILING") == (wanted.rank > ceiling.rank)


def test_nothing_is_raised_in_a_panic() -> None:
    steps = sorted(STEPS)
    problems = [
        raise_problem(a, b, ceiling=LiveMode.LIVE, is_panicked=True).split()[0] for a, b in steps
    ]

    assert problems == ["PANIC"] * len(steps)


@pytest.mark.parametrize(
    ("armed", "changes", "problem"),
    [
        (ARMED, {}, ""),
        (None, {}, "NOT_ARMED"),
        (replace(ARMED, mode=LiveMode.CANARY), {}, "NOT_ARMED"),
        (ARMED, {"now_ns": ARMED.until_ns}, ""),
        (ARMED, {"now_ns": ARMED.until_ns + 1}, "TOO_LATE"),
        (ARMED, {"asked_by": "bob"}, "OTHER_PERSON"),
        (ARMED, {"code": "4321"}, "WRONG_CODE"),
        (ARMED, {"code": ""}, "WRONG_CODE"),
    ],
)
def test_a_raising_is_confirmed_by_its_code_its_person_and_in_time(
    armed: Arming | None, changes: dict[str, object], problem: str
) -> None:
    said: dict[str, object] = {
        "mode": LiveMode.LIVE,
        "asked_by": "ann",
        "code": "1234",
        "now_ns": NOW_NS,
        **changes,
    }

    found = confirm_problem(armed, **said)  # pyright: ignore[reportArgumentType]

    assert found.split(" ")[0] == problem


def test_a_restart_never_raises_a_mode() -> None:
    for mode in MODES:
        for ceiling in MODES:
            assert after_restart(mode, ceiling).rank == min(mode.rank, ceiling.rank)


def test_only_canary_and_live_send() -> None:
    assert [mode.sends for mode in MODES] == [False, False, True, True]
