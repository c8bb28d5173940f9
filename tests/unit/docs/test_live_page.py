"""The page about real exchanges says what the settings and the routes are."""

from pathlib import Path

import msgspec

from trade2026.model.live import LiveMode
from trade2026.services.live_gateway import LiveSettings

PAGE = (Path(__file__).parents[3] / "docs" / "live.md").read_text("utf-8")


def test_every_setting_and_every_mode_is_on_the_page() -> None:
    words = PAGE.lower()
    names = [field.name for field in msgspec.structs.fields(LiveSettings)]

    assert [name for name in names if name not in words] == []
    assert [mode for mode in LiveMode if f"| {mode} |" not in PAGE] == []


def test_the_defaults_on_the_page_are_those_of_the_code() -> None:
    defaults = LiveSettings()

    assert f"| `ceiling` | {defaults.ceiling} |" in PAGE
    assert f"| {defaults.canary_pct}, {defaults.canary_max_qty} |" in PAGE
    assert f"| `daily_notional` | {defaults.daily_notional} |" in PAGE
    assert f"| `daily_loss` | {defaults.daily_loss} |" in PAGE
    assert f"| `ramp` | {', '.join(map(str, defaults.ramp))} |" in PAGE
    assert f"| `price_gap_bps` | {defaults.price_gap_bps} |" in PAGE
    assert f"| none, {defaults.ib_client} |" in PAGE
    assert f"| `stale_s` | {defaults.stale_s:g} |" in PAGE
    assert f"| `doubt_s` | {defaults.doubt_s:g} |" in PAGE


def test_credentials_are_not_in_what_settings_show_of_themselves() -> None:
    settings = LiveSettings(api_key="the-key", api_secret="the-secret")

    assert "the-key" not in repr(settings) + str(settings)
    assert "the-secret" not in repr(settings) + str(settings)
