"""A report as PDF, by reportlab: A4, landscape, every page numbered.

Source: reportlab user guide 5.0, chapters 5 to 7.
"""

import io
from html import escape
from typing import Any, Final

from trade2026.model.report import Report, ReportTable

MARGIN: Final = 36
FONT_SIZE: Final = 7
LANDSCAPE_WIDTH: Final = 842 - 2 * MARGIN


def as_pdf(report: Report) -> bytes:
    """Return *report* as a PDF document; the same report gives the same bytes."""
    # Half a second to import: only who asks for a document waits for it.
    from reportlab.lib import pagesizes, styles  # noqa: PLC0415
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer  # noqa: PLC0415

    sheet: Any = styles.getSampleStyleSheet()
    story: list[Any] = [Paragraph(escape(report.title), sheet["Title"])]
    story += [Paragraph(escape(note), sheet["BodyText"]) for note in report.notes]
    for table in report.tables:
        story += [Spacer(1, 10), Paragraph(escape(table.title), sheet["Heading2"])]
        story.append(_table(table, sheet) if table.rows else Paragraph("none", sheet["BodyText"]))
    out = io.BytesIO()
    document: Any = SimpleDocTemplate(
        out,
        pagesize=pagesizes.landscape(pagesizes.A4),
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=report.title,
        author="Trade2026",
        invariant=1,
    )
    document.build(story, onFirstPage=_number_page, onLaterPages=_number_page)
    return out.getvalue()


def _number_page(canvas: Any, document: Any) -> None:  # noqa: ANN401 - the library is untyped.
    canvas.setFont("Helvetica", FONT_SIZE)
    canvas.drawRightString(LANDSCAPE_WIDTH + MARGIN, MARGIN / 2, f"page {document.page}")


def _table(table: ReportTable, sheet: Any) -> Any:  # noqa: ANN401 - the library is untyped.
    from reportlab.lib import colors, styles  # noqa: PLC0415
    from reportlab.platypus import Paragraph, Table, TableStyle  # noqa: PLC0415

    left: Any = styles.ParagraphStyle("cell", parent=sheet["BodyText"], fontSize=FONT_SIZE)
    left.leading = FONT_SIZE + 2
    # Ids are long words: they are broken anywhere, so that nothing runs out of its cell.
    left.splitLongWords = 1
    right: Any = styles.ParagraphStyle("number", parent=left, alignment=2)
    lines = [[Paragraph(f"<b>{escape(name)}</b>", left) for name in table.columns]]
    lines += [
        [
            Paragraph(escape(text), right if name in table.numbers else left)
            for name, text in zip(table.columns, row, strict=True)
        ]
        for row in table.rows
    ]
    made: Any = Table(lines, colWidths=_widths(table), repeatRows=1)
    made.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.7, colors.black),
                ("LINEBELOW", (0, 1), (-1, -1), 0.2, colors.lightgrey),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ]
        )
    )
    return made


def _widths(table: ReportTable) -> list[float]:
    # By the longest text of each column, none so narrow that a word would not fit.
    lines = (table.columns, *table.rows)
    longest = [
        max(6, min(40, max(len(line[place]) for line in lines)))
        for place in range(len(table.columns))
    ]
    total = sum(longest)
    return [LANDSCAPE_WIDTH * one / total for one in longest]
