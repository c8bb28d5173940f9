"""CSV of a report: what stands in it is read back, and no cell becomes a formula."""

import csv
import io

from trade2026.domain.report.table import as_csv
from trade2026.model.report import Report, ReportTable

REPORT = Report(
    title="A day",
    notes=("=note",),
    tables=(
        ReportTable(
            title="Things",
            columns=("name", "amount"),
            rows=(("=HYPERLINK(1)", "-1.5"), ('a "b", c', "2")),
            numbers=frozenset({"amount"}),
        ),
        ReportTable(title="Nothing", columns=("name",), rows=()),
    ),
)


def test_every_cell_is_read_back_and_numbers_stay_numbers() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(REPORT))))

    assert rows == [
        ["A day"],
        ["'=note"],
        [],
        ["Things"],
        ["name", "amount"],
        ["'=HYPERLINK(1)", "-1.5"],
        ['a "b", c', "2"],
        [],
        ["Nothing"],
        ["name"],
    ]
