"""PRISM, the exchange simulator whose agents make a market."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trade2026.prism.lab.event_file import read_events
    from trade2026.prism.lab.laboratory import Market

__all__ = ["Market", "read_events"]


def __getattr__(name: str) -> object:
    # Only who wants a market waits for the compiler to be loaded.
    if name == "Market":
        from trade2026.prism.lab.laboratory import Market  # noqa: PLC0415

        return Market
    if name == "read_events":
        from trade2026.prism.lab.event_file import read_events  # noqa: PLC0415

        return read_events
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
