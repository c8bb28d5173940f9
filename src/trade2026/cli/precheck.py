"""Settings are checked before anything starts: a typing error must not wait for the servers.

The structs that read a section are named here and imported only where the user has set
something in it, so that a start without settings stays as fast as it is.
"""

import importlib
from typing import Any, Final

import msgspec

from trade2026.catalogue.table import TABLE
from trade2026.shell.settings import PLATFORM, WATCHDOG_SECTION, PlatformSettings, Settings

READERS: Final = {
    "gateway": "trade2026.services.gateway:GatewaySettings",
    "prism": "trade2026.services.prism:PrismSettings",
    "risk": "trade2026.desk.policy:RiskSettings",
    "live_gateway": "trade2026.services.live_gateway:LiveSettings",
    "oms": "trade2026.desk.orders:OmsSettings",
    "exeq": "trade2026.services.exeq:ExecutionSettings",
    "authn": "trade2026.edge.signin:SignInSettings",
    "watchdog": "trade2026.shell.watchdog:WatchdogSettings",
    "sink_ticks": "trade2026.services.sink_ticks:SinkSettings",
}
"""By section; the sections of other components have no fields."""

CHECKS: Final = {"prism": "trade2026.services.prism:require_market"}
"""What settings mean together, by section: a function of their struct, which raises."""


def require_settings(settings: Settings) -> None:
    """Return if every setting of every built component is known, well-formed and can be met.

    Raises:
        SettingsError: names the first that is not.
    """
    settings(PlatformSettings, PLATFORM)
    for section, reader in READERS.items():
        if settings.has_any(section):
            kind: type[msgspec.Struct] = _named(reader)
            given = settings(kind, section)
            if section in CHECKS:
                _named(CHECKS[section])(given)
    sections = [component.module for component in TABLE if not component.is_planned]
    settings.refuse_unknown([*sections, WATCHDOG_SECTION])


def _named(place: str) -> Any:  # noqa: ANN401 - whatever it is.
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
