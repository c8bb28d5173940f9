"""The daily statement: what a day's books come to, as tables of exact numbers.

P&L is valued at the last fill of each symbol, which stands in the log: the same day gives the same
statement whenever it is made.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.numbers import (
    NANOS,
    average_px,
    format_nanos,
    value_of,
)
from trade2026.desk.day import DayBooks
from trade2026.domain.audit.chain import Head
from trade2026.domain.compliance.sheet import Breach
from trade2026.domain.settlement.obligation import by_currency, by_symbol
from trade2026.model.position import Position
from trade2026.model.report import Report, ReportTable

IsWanted = Callable[[str], bool]
"""Whether an account is to be in the statement."""

_VALUE_PLACES: Final = 18


def statement_of(
    books: DayBooks, breaches: Sequence[Breach], head: Head, is_wanted: IsWanted
) -> Report:
    """Return the statement of a day.

    Args:
        books: of the day.
        breaches: what compliance found.
        head: of the audit's chain at the time of making.
        is_wanted: which accounts are told of.
    """
    positions = [one for one in books.ledger.positions() if is_wanted(one.key.account)]
    return Report(
        title=f"Daily statement {books.day.name}",
        notes=(
            "Times are UTC. Unrealised P&L is at the last fill of each symbol.",
            f"Ledger {books.ledger.digest()} at event {books.ledger.seq} of the log of orders.",
            f"Audit {head.number} records, head {head.hash}.",
        ),
        tables=(
            _cash(books, is_wanted),
            _positions(positions),
            _pnl(positions),
            _trades(books, is_wanted),
            _unsettled(books, is_wanted),
            _breaches(one for one in breaches if is_wanted(one.account)),
        ),
    )


def write_value(value: int) -> str:
    """Return *value*, in square nanos, in plain decimal notation, exactly."""
    whole, part = divmod(abs(value), NANOS * NANOS)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}.{part:0{_VALUE_PLACES}d}".rstrip("0").rstrip(".")


def _cash(books: DayBooks, is_wanted: IsWanted) -> ReportTable:
    rows = [
        (known.account, one.currency, write_value(one.cash), write_value(one.deposits))
        for known in books.ledger.accounts()
        if is_wanted(known.account)
        for one in known.balances
    ]
    return _table("Cash", ("account", "currency"), ("cash", "deposits"), rows)


def _positions(positions: Iterable[Position]) -> ReportTable:
    rows: list[tuple[str, ...]] = []
    for one in positions:
        if not one.quantity:
            continue
        average = average_px(one.cost, one.quantity)
        rows.append(
            (
                *_place(one),
                one.currency,
                format_nanos(one.quantity),
                "" if average is None else format_nanos(average),
                write_value(one.cost),
                format_nanos(one.last_px),
                write_value(_unrealized(one)),
            )
        )
    return _table(
        "Positions",
        ("account", "strategy", "venue", "symbol", "currency"),
        ("quantity", "average price", "cost", "last price", "unrealised"),
        rows,
    )


def _pnl(positions: Sequence[Position]) -> ReportTable:
    rows: list[tuple[str, ...]] = []
    totals: dict[tuple[str, str], list[int]] = {}
    for one in positions:
        parts = [one.realized, _unrealized(one), -one.fees, one.funding, one.dividends]
        rows.append((*_place(one), one.currency, *map(write_value, parts), write_value(sum(parts))))
        total = totals.setdefault((one.key.account, one.currency), [0] * len(parts))
        totals[one.key.account, one.currency] = [a + b for a, b in zip(total, parts, strict=True)]
    for (account, currency), parts in sorted(totals.items()):
        told = (*map(write_value, parts), write_value(sum(parts)))
        rows.append((account, "all", "", "all", currency, *told))
    return _table(
        "P&L since the opening",
        ("account", "strategy", "venue", "symbol", "currency"),
        ("realised", "unrealised", "fees", "funding", "dividends", "total"),
        rows,
    )


def _trades(books: DayBooks, is_wanted: IsWanted) -> ReportTable:
    rows = [
        (
            one.account,
            _told(one.ts_ns),
            f"{one.symbol}@{one.venue}",
            str(one.side),
            one.exec_id,
            one.order_id,
            one.fee_asset,
            format_nanos(one.qty),
            format_nanos(one.px),
            write_value(one.value),
            format_nanos(one.fee),
        )
        for one in books.sheet().trades
        if is_wanted(one.account)
    ]
    return _table(
        "Trades",
        ("account", "time", "symbol", "side", "execution", "order", "fee in"),
        ("quantity", "price", "value", "fee"),
        rows,
    )


def _unsettled(books: DayBooks, is_wanted: IsWanted) -> ReportTable:
    owed = [one for one in books.owed() if is_wanted(one.account)]
    rows = [
        (
            account,
            symbol,
            _told(one.last_ns),
            format_nanos(one.incoming),
            format_nanos(one.outgoing),
        )
        for (account, symbol), one in sorted(by_symbol(owed).items())
    ]
    rows += [
        (
            account,
            currency,
            _told(one.last_ns),
            write_value(one.incoming),
            write_value(one.outgoing),
        )
        for (account, currency), one in sorted(by_currency(owed).items())
    ]
    return _table(
        "Not settled yet", ("account", "of", "settled by"), ("to receive", "to deliver"), rows
    )


def _breaches(breaches: Iterable[Breach]) -> ReportTable:
    rows = [
        (one.account, one.rule, one.symbol, one.measured, one.limit, " ".join(one.evidence[:3]))
        for one in breaches
    ]
    names = ("account", "rule", "symbol", "measured", "limit", "evidence")
    return _table("Breaches", names, (), rows)


def _table(
    title: str,
    texts: tuple[str, ...],
    numbers: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
) -> ReportTable:
    columns = (*texts, *numbers)
    return ReportTable(title=title, columns=columns, rows=tuple(rows), numbers=frozenset(numbers))


def _place(one: Position) -> tuple[str, str, str, str]:
    return (one.key.account, one.key.strategy, one.key.venue, one.key.symbol)


def _unrealized(one: Position) -> int:
    return value_of(one.last_px, one.quantity) - one.cost


def _told(at_ns: TimeNs) -> str:
    return f"{datetime.fromtimestamp(at_ns // NS_PER_S, UTC):%Y-%m-%d %H:%M:%S}"
