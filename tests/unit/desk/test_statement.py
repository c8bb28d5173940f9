"""The daily statement: its numbers are the ledger's, in CSV and in PDF, and its day is its own."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
import structlog
from pypdf import PdfReader
from tests.books import Books, taken_back
from tests.factories import NOW_NS

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.documents.pdf import as_pdf
from trade2026.adapters.stores.snapshot_files import SnapshotFiles
from trade2026.core.clock import NS_PER_S, TimeNs, VirtualClock
from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import NANOS
from trade2026.desk.compliance import ComplianceDesk
from trade2026.desk.day import DayBooks, read_day
from trade2026.desk.rules import RULES_FILE
from trade2026.desk.statement import statement_of, write_value
from trade2026.domain.audit.chain import Head
from trade2026.domain.report.table import as_csv
from trade2026.model.execution import ExecType
from trade2026.model.instrument import InstrumentKind
from trade2026.model.journal import OrderWithdrawn
from trade2026.model.post_trade import COMPLIANCE_BREACH, COMPLIANCE_RULES
from trade2026.model.report import Report
from trade2026.model.subjects import ORDERS_EVENT, Stream

TODAY = read_day("2026-09-21")
"""The day of `NOW_NS`."""


def settles_at(_: InstrumentKind, trade_ns: TimeNs) -> TimeNs:
    return TimeNs(trade_ns + 10**18)


def traded() -> Books:
    books = Books()
    books.trade("2", "100", fee="0.1", ts_event_ns=NOW_NS)
    books.trade("-0.5", "110.123456789", fee="0.05", ts_event_ns=NOW_NS)
    books.trade("3", "150", symbol="AAPL", fee="0.2", ts_event_ns=NOW_NS)
    books.book("funding", amount="-3")
    return books


def day_of(books: Books, day: str = TODAY.name) -> DayBooks:
    found = DayBooks(read_day(day), settles_at)
    for seq, event in enumerate(books.log, 1):
        if event.ts_ns < found.day.end_ns:
            found.apply(event, seq)
    return found


def report_of(books: Books) -> Report:
    return statement_of(day_of(books), (), Head(number=7, hash="f" * 64), lambda _: True)


def cells(report: Report, title: str) -> list[dict[str, str]]:
    """Return a table of the CSV, by column."""
    lines = list(csv.reader(io.StringIO(as_csv(report))))
    place = lines.index([title])
    columns = lines[place + 1]
    rows: list[dict[str, str]] = []
    for line in lines[place + 2 :]:
        if not line:
            break
        rows.append(dict(zip(columns, line, strict=True)))
    return rows


def total(rows: list[dict[str, str]], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows), Decimal(0))


def exactly(value: int) -> Decimal:
    return Decimal(value).scaleb(-18)


def test_the_sums_are_the_ledgers_to_the_last_place() -> None:
    books = traded()
    positions = books.ledger.positions()

    report = report_of(books)

    pnl = [row for row in cells(report, "P&L since the opening") if row["strategy"] != "all"]
    assert total(pnl, "realised") == exactly(sum(one.realized for one in positions))
    assert total(pnl, "fees") == -exactly(sum(one.fees for one in positions))
    assert total(pnl, "funding") == exactly(-3 * NANOS**2)
    (whole,) = [row for row in cells(report, "P&L since the opening") if row["strategy"] == "all"]
    assert Decimal(whole["total"]) == total(pnl, "total")
    assert total(cells(report, "Trades"), "fee") == Decimal("0.35")
    (cash,) = cells(report, "Cash")
    account = books.ledger.account("default")
    assert account is not None
    assert Decimal(cash["cash"]) == exactly(account.balances[0].cash)
    # The identity of the ledger holds on the page too.
    worth = total(cells(report, "Positions"), "cost") + total(pnl, "unrealised")
    gained = Decimal(cash["cash"]) + worth - Decimal(cash["deposits"])
    assert Decimal(whole["total"]) == gained


def test_the_page_says_what_it_was_made_from() -> None:
    books = traded()

    notes = " ".join(report_of(books).notes)

    assert books.ledger.digest() in notes
    assert "7 records, head ffff" in notes


def test_the_pdf_has_every_number_of_the_csv() -> None:
    report = report_of(traded())

    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(as_pdf(report))).pages)

    told = "".join(text.split())
    for table in report.tables:
        for row in table.rows:
            for cell in row:
                assert "".join(cell.split()) in told, cell


def test_the_same_report_is_the_same_pdf() -> None:
    report = report_of(traded())

    assert as_pdf(report) == as_pdf(report)


def test_hostile_text_is_text() -> None:
    report = report_of(traded())
    hostile = msgspec.structs.replace(report, title="<b>&amp;</br> <img src='file:///etc/passwd'/>")

    text = PdfReader(io.BytesIO(as_pdf(hostile))).pages[0].extract_text()

    assert "<img src=" in text


def test_what_came_after_the_day_is_not_in_it() -> None:
    books = traded()
    before = report_of(books)
    books.trade("9", "100", ts_event_ns=NOW_NS)
    later = TimeNs(TODAY.end_ns)
    books.log[-1] = msgspec.structs.replace(books.log[-1], ts_ns=later)
    books.log[-2] = msgspec.structs.replace(books.log[-2], ts_ns=later)

    assert report_of(books) == before
    tomorrow = day_of(books, "2026-09-22")
    assert [one.exec_id for one in tomorrow.sheet().trades] == ["order-4-fill"]


def test_a_bust_and_a_correction_change_the_trades_of_the_day() -> None:
    books = Books()
    wrong, gone = books.trade("2", "100"), books.trade("1", "100")
    books.bust(gone)
    books.bust(gone)
    books.correct(wrong, "3", "99")
    books.correct(books.fill("1", "1"), "3", "99")

    (trade,) = day_of(books).sheet().trades

    assert (trade.exec_id, trade.qty, trade.px) == (wrong.exec_id, 3 * NANOS, 99 * NANOS)
    last = books.correct_twice(wrong, "4", "98")
    (trade,) = day_of(books).sheet().trades
    assert (trade.exec_id, trade.qty, trade.px) == (wrong.exec_id, 4 * NANOS, 98 * NANOS)
    books.undo(taken_back(last))
    assert day_of(books).sheet().trades == ()
    # A venue that tells a fill once more tells nothing new.
    books.report(wrong)
    assert day_of(books).sheet().trades == ()
    assert books.ledger.positions() == ()


def test_orders_taken_back_before_a_trade_are_told_apart() -> None:
    books = Books()
    filled = books.trade("2", "100")
    books.report(msgspec.structs.replace(filled, exec_id="c", exec_type=ExecType.CANCELED))
    order = books.order()
    withdrawn = OrderWithdrawn(
        event_id="w",  # type: ignore[arg-type]
        account=order.account,
        order_id=order.order_id,
        order_seq=2,
        ts_ns=NOW_NS,
    )
    books.write(withdrawn)
    expired = books.order()
    books.write(msgspec.structs.replace(withdrawn, order_id=expired.order_id, is_expiry=True))

    taken_back = [one.is_cancelled_unfilled for one in day_of(books).sheet().orders]

    assert taken_back == [False, True, False]


@pytest.mark.parametrize("name", ["", "2026-13-01", "today", "2026-09-21T00:00:00"])
def test_an_invented_day_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError):
        read_day(name)


def test_values_are_written_with_all_their_places() -> None:
    assert [write_value(one) for one in (0, 1, -(10**18), 15 * 10**17)] == [
        "0",
        "0.000000000000000001",
        "-1",
        "1.5",
    ]


async def test_breaches_are_written_once_and_so_are_the_rules(tmp_path: Path) -> None:
    log, clock = MemoryLog(), VirtualClock(NOW_NS)
    bus = LocalBus(log, clock, with_codec=True)
    for number, event in enumerate(traded().log):
        await bus.append(ORDERS_EVENT, event, event_id=f"e-{number}", account="default")  # type: ignore[arg-type]
    rules = tmp_path / RULES_FILE
    rules.write_text('[[rule]]\nkind = "large_trade"\nname = "large"\nmax_value = 200\n')
    desks: list[ComplianceDesk] = []
    for _ in range(2):
        desk = ComplianceDesk(
            bus=bus,
            clock=clock,
            log=structlog.get_logger(),
            data_dir=tmp_path,
            settles_at=settles_at,
            store=SnapshotFiles(tmp_path / "day.snapshot"),
        )
        desks.append(desk)
        await bus.fold(COMPLIANCE_RULES, desk.on_rules)
        await bus.fold(COMPLIANCE_BREACH, desk.on_breach, from_seq=await desk.first_seq())
        (found,) = await desk.check(desk.today(), "ada")
        assert (found.rule, found.measured, found.limit) == ("large", "450", "200")
        assert found.evidence == ("order-3-fill",)
        clock.advance(NS_PER_S)

    assert len(log.records(Stream.COMPLIANCE)) == 2
    assert [one.day for one in desks[-1].newest()] == [TODAY.name]
    rules.write_text("[[rule")
    with pytest.raises(InvalidInputError, match="compliance"):
        await desks[-1].check(TODAY)
    rules.unlink()
    assert await desks[-1].check(TODAY) == []
    assert len(log.records(Stream.COMPLIANCE)) == 3
    await bus.close()
