"""The breaker: five failures in a row open it for a minute, three successes close it."""

import pytest
from tests.factories import NOW_NS

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.domain.live.breaker import Breaker, Outcome

BAD = [one for one in Outcome if one is not Outcome.TAKEN]


def after(*outcomes: Outcome, breaker: Breaker | None = None) -> Breaker:
    found = breaker or Breaker()
    for outcome in outcomes:
        found = found.note(outcome, NOW_NS)
    return found


@pytest.mark.parametrize("outcome", BAD)
def test_five_failures_of_any_kind_in_a_row_open_it(outcome: Outcome) -> None:
    assert after(*[outcome] * 4).problem(NOW_NS) == ""
    assert after(*[outcome] * 5).problem(NOW_NS).startswith("BREAKER_OPEN 5 failures in a row")
    assert after(*[outcome] * 4, Outcome.TAKEN, outcome).problem(NOW_NS) == ""


def test_it_lets_nothing_through_for_a_minute() -> None:
    breaker = after(*[Outcome.FAILED] * 5)

    assert breaker.problem(TimeNs(NOW_NS + 60 * NS_PER_S - 1))
    assert not breaker.problem(TimeNs(NOW_NS + 60 * NS_PER_S))


def test_three_successes_close_it_and_a_rejection_is_none() -> None:
    opened = after(*[Outcome.FAILED] * 5)
    two = after(Outcome.TAKEN, Outcome.TAKEN, breaker=opened)

    assert two.opened_ns is not None
    assert after(Outcome.TAKEN, breaker=two) == Breaker()
    again = two.note(Outcome.REJECTED, TimeNs(NOW_NS + 90 * NS_PER_S))
    assert again.opened_ns == NOW_NS + 90 * NS_PER_S
    assert again.success_count == 0
