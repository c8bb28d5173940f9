"""The live gateway's settings say where it connects, and nothing is connected to before."""

import pytest
import structlog
from structlog.testing import capture_logs

from trade2026.core.errors import SettingsError
from trade2026.services.live_gateway import (
    BROKER,
    SHARES,
    LiveSettings,
    exchange_of,
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
