"""What a table of events holds, whatever store it is in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """What a table holds. Every table has the columns `symbol` and `dt`."""

    name: str
    schema: Any
    """Of Arrow."""
    kinds: Mapping[type[msgspec.Struct], str]
    """The events it is made of, and the names of their positions."""
    rows_of: Callable[[Any, int, int], Any]
    """Makes an Arrow record batch of an event, its sequence, and when the log stored it.

    Raises `OverflowError` where a number does not fit its column."""
