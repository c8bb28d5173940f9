"""A report as comma-separated values: one table after another, a blank line between.

A text that a spreadsheet would take for a formula gets an apostrophe before it; numbers stay.

Source: RFC 4180; OWASP, "CSV Injection".
"""

import csv
import io
from typing import Final

from trade2026.model.report import Report

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def as_csv(report: Report) -> str:
    """Return *report* as CSV, lines ended by CRLF."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([report.title])
    for note in report.notes:
        writer.writerow([_safe(note)])
    for table in report.tables:
        writer.writerow([])
        writer.writerow([table.title])
        writer.writerow(table.columns)
        for row in table.rows:
            writer.writerow(
                [
                    text if name in table.numbers else _safe(text)
                    for name, text in zip(table.columns, row, strict=True)
                ]
            )
    return out.getvalue()


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
