"""Venues behind `ports.venue`, one file each. A new venue is one file and one line here."""

from collections.abc import Callable, Mapping
from typing import Final

from trade2026.adapters.venues.live import LiveVenue
from trade2026.adapters.venues.prism import PrismVenue
from trade2026.model.instrument import LIVE, PRISM
from trade2026.model.route import LookRequest, VenueSight
from trade2026.model.route_subjects import LIVE_LOOK, VENUE_LOOK
from trade2026.model.subject import Command
from trade2026.ports.bus import Bus
from trade2026.ports.venue import Venue

VENUES: Final[tuple[Callable[[Bus], Venue], ...]] = (PrismVenue, LiveVenue)

LOOKS: Final[Mapping[str, Command[LookRequest, VenueSight]]] = {PRISM: VENUE_LOOK, LIVE: LIVE_LOOK}
"""How routing looks at each of them, by name."""
