"""The live gateway's settings say where it connects, and nothing is connected to before."""

from pathlib import Path

import pytest
import structlog
from msgspec.structs import replace
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs
from tests.factories import NOW_NS

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.core.clock import VirtualClock
from trade2026.core.errors import SettingsError
from trade2026.core.ids import EventId, system_ids
from trade2026.desk.orders import OmsSettings
from trade2026.model.instrument import LIVE
from trade2026.model.live import LiveMode, Panicked
from trade2026.model.live_subjects import LIVE_EVENT
from trade2026.services.live_gateway import (
    BROKER,
    SHARES,
    LiveSettings,
    build,
    exchange_of,
    require_unmixed,
)
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.service import Context, Fold, Service
from trade2026.shell.settings import Settings


def test_the_broker_is_experimental_and_says_so_at_the_start() -> None:
    with capture_logs() as told:
        exchange = exchange_of(
            LiveSettings(exchange=BROKER, url="127.0.0.1:4002"), structlog.get_logger()
        )

    assert exchange.name == BROKER
    assert [line["log_level"] for line in told] == ["warning"]
    assert "EXPERIMENTAL" in told[0]["event"]
    assert SHARES == ("AAPL", "MSFT", "GOOGL")


@pytest.mark.parametrize("url", ["", "127.0.0.1", ":4002", "127.0.0.1:port", "127.0.0.1:²"])
def test_without_a_place_there_is_no_broker(url: str) -> None:
    with pytest.raises(SettingsError, match="url"):
        exchange_of(LiveSettings(exchange=BROKER, url=url), structlog.get_logger())


def test_without_an_exchange_there_is_none() -> None:
    assert exchange_of(LiveSettings(), structlog.get_logger()).name == ""


@pytest.mark.parametrize("ceiling", [LiveMode.CANARY, LiveMode.LIVE])
@pytest.mark.parametrize("exchange", ["binance", BROKER])
def test_no_account_comes_to_hold_what_is_real_beside_what_is_simulated(
    exchange: str, ceiling: LiveMode
) -> None:
    settings = LiveSettings(exchange=exchange, ceiling=ceiling)
    routed = OmsSettings(accounts=("default", "both"), routed_accounts=("both",))

    with pytest.raises(SettingsError, match=r"routed_accounts: both would hold real positions"):
        require_unmixed(settings, routed)
    # Where it is meant, where nothing is sent, and where nothing is routed.
    require_unmixed(replace(settings, is_mixing_allowed=True), routed)
    require_unmixed(replace(settings, ceiling=LiveMode.SHADOW), routed)
    require_unmixed(replace(settings, exchange=""), routed)
    require_unmixed(settings, OmsSettings(live_accounts=("default",)))


async def begun(service: Service, bus: LocalBus) -> int:
    """Have *service* read its log, and return where it began to."""
    (fold,) = (one for one in service.intakes if isinstance(one, Fold))
    assert fold.from_seq is not None
    from_seq = await fold.from_seq()
    await bus.fold(fold.subject, fold.handler, from_seq=from_seq)
    return from_seq


async def test_it_begins_from_where_it_stopped(tmp_path: Path) -> None:
    clock = VirtualClock(NOW_NS)
    bus = LocalBus(MemoryLog(), clock, with_codec=True)
    for number in range(3):
        event_id = EventId(f"e{number}")
        word = Panicked(event_id=event_id, ts_ns=NOW_NS, asked_by="ann", reason="a test")
        await bus.append(LIVE_EVENT, word, event_id=event_id, venue=LIVE)
    context = Context(
        name="live-gateway",
        bus=bus,
        clock=clock,
        ids=system_ids(),
        log=structlog.get_logger(),
        metrics=CollectorRegistry(),
        data_dir=tmp_path,
        addresses=LocalAddresses(),
        settings=Settings({}),
    )

    first = build(context)
    assert await begun(first, bus) == 1
    await first.stop()

    assert await begun(build(context), bus) == 4
    await bus.close()
