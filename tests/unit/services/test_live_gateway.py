"""The live gateway's settings say where it connects, and nothing is connected to before."""

import pytest
import structlog
from msgspec.structs import replace
from structlog.testing import capture_logs

from trade2026.core.errors import SettingsError
from trade2026.desk.orders import OmsSettings
from trade2026.model.live import LiveMode
from trade2026.services.live_gateway import (
    BROKER,
    SHARES,
    LiveSettings,
    exchange_of,
    require_unmixed,
)


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
