"""A report: titled tables of text, the same for every form it is written in."""

import msgspec


class ReportTable(msgspec.Struct, frozen=True, kw_only=True):
    """One table. Numbers are written exactly, as text."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Each as long as `columns`."""
    numbers: frozenset[str] = frozenset()
    """Columns that are right-aligned."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A titled list of tables."""

    title: str
    notes: tuple[str, ...]
    """Lines under the title: what it was made from."""
    tables: tuple[ReportTable, ...]
