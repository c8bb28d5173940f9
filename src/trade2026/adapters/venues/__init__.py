"""Venues behind `ports.venue`, one file each. A new venue is one file and one line here."""

from collections.abc import Callable
from typing import Final

from trade2026.adapters.venues.live import LiveVenue
from trade2026.adapters.venues.prism import PrismVenue
from trade2026.ports.bus import Bus
from trade2026.ports.venue import Venue

VENUES: Final[tuple[Callable[[Bus], Venue], ...]] = (PrismVenue, LiveVenue)
