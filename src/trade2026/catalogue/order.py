"""The start order: what is needed comes first, and otherwise the order of the table."""

from collections.abc import Iterable

from trade2026.catalogue.component import Component


def start_order(components: Iterable[Component]) -> tuple[Component, ...]:
    """Return *components* so that each comes after those of them that it needs.

    Raises:
        ValueError: components need one another in a circle; the text names them.
    """
    waiting = list(components)
    names = {component.name for component in waiting}
    started: dict[str, Component] = {}
    while waiting:
        ready = [c for c in waiting if all(n in started for n in c.needs if n in names)]
        if not ready:
            raise ValueError(f"circular needs: {', '.join(c.name for c in waiting)}")
        started.update((component.name, component) for component in ready)
        waiting = [component for component in waiting if component.name not in started]
    return tuple(started.values())
