"""A dry run's process answers why it cannot be done, and is ended where it takes too long."""

from pathlib import Path

import pytest
from tests.factories import NOW_NS

from trade2026.adapters.policy.trials import TrialProcess
from trade2026.core.clock import TimeNs
from trade2026.core.errors import UnavailableError
from trade2026.model.trial import TrialAsk

ASK = TrialAsk(begin_ns=TimeNs(0), end_ns=NOW_NS, limits={})


async def test_without_a_platform_it_says_so(tmp_path: Path) -> None:
    answer = await TrialProcess(tmp_path, 0).carry(ASK)

    assert "has never held a platform" in answer.error


async def test_one_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="longer than 0 s"):
        await TrialProcess(tmp_path, 0, limit_s=0.0).carry(ASK)


async def test_one_that_breaks_says_so(tmp_path: Path) -> None:
    # No such offset can be: the process ends without a word.
    with pytest.raises(UnavailableError, match="broke"):
        await TrialProcess(tmp_path, -1).carry(ASK)
