"""A venue on a real log, some simulated hours: what must stay level does, and nothing is lost."""

from pathlib import Path

import pytest
from benchmarks.prism.soak import HOUR_NS, MINUTE_NS, Sample, Soak, risen
from tests.integration.bus.conftest import Site
from tests.prism import SECOND

from trade2026.edge.dialect import accounts, candles, tape
from trade2026.prism import settlement

pytestmark = pytest.mark.integration

KEEP_NS = 12 * MINUTE_NS


@pytest.fixture
def soon_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all that is kept of the market's and the accounts' past fill up within half an hour."""
    monkeypatch.setattr(tape, "KEPT", 100)
    monkeypatch.setattr(
        candles, "_KEPT", {candles.SECOND: 600, candles.MINUTE: 20, candles.HOUR: 2}
    )
    monkeypatch.setattr(accounts, "ORDERS_KEPT", 30)
    monkeypatch.setattr(accounts, "TRADES_KEPT", 30)
    monkeypatch.setattr(settlement, "TAPE_LENGTH", 100)


@pytest.mark.usefixtures("soon_full")
async def test_what_must_stay_level_does_while_the_log_is_cut(site: Site, tmp_path: Path) -> None:
    soak = Soak(tmp_path, site.bus, keep_ns=KEEP_NS)
    held = await soak.live(HOUR_NS, step_ns=10 * SECOND, asks=6, samples=12)
    assert await soak.held_by_next_life() == held

    # Another life goes on cutting where the one before stopped.
    held = await soak.live(HOUR_NS // 2, step_ns=10 * SECOND, asks=6, samples=6)
    assert await soak.held_by_next_life() == held

    warm = soak.samples[6:]
    assert risen(soak.samples[:12], warm=6) == []
    assert all(one.stream_messages < 2 * warm[0].stream_messages for one in warm)
    firsts = [one.first_seq for one in warm]
    assert firsts == sorted(firsts)
    assert firsts[-1] > 3 * warm[-1].stream_messages


def a_sample(**changes: float) -> Sample:
    sample = dict.fromkeys(Sample.__struct_fields__, 1000)
    return Sample(**{**sample, **changes})  # pyright: ignore[reportArgumentType]


def test_what_rises_is_named() -> None:
    level = [a_sample() for _ in range(12)]
    rising = [a_sample(rss_mb=1_000 + 20 * number, reports=number) for number in range(12)]

    assert risen(level, warm=3) == []
    assert risen(rising, warm=3) == ["rss_mb rose from 1,080.0 to 1,200.0"]
