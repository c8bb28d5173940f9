"""What each component gives to the bus, takes from it, and is fed back by it."""

import msgspec

from trade2026.catalogue.component import Component
from trade2026.model.subjects import SUBJECTS


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A component's subjects, as patterns."""

    gives: tuple[str, ...]
    takes: tuple[str, ...]
    fed_back: tuple[str, ...]
    """Those it takes although their giver stands behind it in the flow."""


def flow_of(component: Component) -> Flow:
    """Return what *component* gives and takes, derived from the table of subjects."""
    name = component.name
    return Flow(
        gives=tuple(s.pattern for s in SUBJECTS if s.giver == name),
        takes=tuple(s.pattern for s in SUBJECTS if name in s.takers and name not in s.fed_back),
        fed_back=tuple(s.pattern for s in SUBJECTS if name in s.fed_back),
    )
