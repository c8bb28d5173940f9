"""A ledger and a pen: each call journals one more event, and every entry is seen to balance."""

from collections.abc import Callable
from typing import Any

import msgspec
from tests.factories import NOW_NS, a_deposit, a_fill, an_order, money
from tests.factories import px as price
from tests.factories import qty as quantity

from trade2026.core.ids import AccountId, EventId, ExecId, OrderId, StrategyId
from trade2026.core.numbers import NANOS, Value, average_px, format_nanos
from trade2026.domain.oms.bust import booked_terms
from trade2026.domain.position.ledger import Ledger
from trade2026.model.booking import (
    AnyBooking,
    CashMoved,
    DividendBooked,
    FundingBooked,
    LotMethodSet,
    RateSet,
    SplitBooked,
)
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.journal import FillTerms, JournalEvent, OrderReceived, OrderReported, moves_of
from trade2026.model.order import NewOrderSingle, Side
from trade2026.model.position import LotMethod, Position, PositionEvent

KINDS: dict[str, type[AnyBooking]] = {
    "funding": FundingBooked,
    "dividend": DividendBooked,
    "split": SplitBooked,
    "rate": RateSet,
    "cash": CashMoved,
    "method": LotMethodSet,
}


class Books:
    """A ledger of one account that begins with a deposit."""

    def __init__(self, deposit: str = "1000000") -> None:
        self.ledger = Ledger()
        self.log: list[JournalEvent] = []
        self.orders = 0
        self.told: list[PositionEvent] = []
        """Every change, as it is told to others."""
        self.write(a_deposit(deposit))

    def write(self, event: JournalEvent) -> tuple[PositionEvent, ...]:
        self.log.append(event)
        changes = self.ledger.apply(event, len(self.log))
        self.told += changes
        return changes

    def order(self, **changes: Any) -> NewOrderSingle:
        self.orders += 1
        request = an_order(order_id=OrderId(f"order-{self.orders}"), **changes)
        self.write(
            OrderReceived(
                event_id=EventId(f"{request.order_id}-1"),
                account=request.account,
                order_id=request.order_id,
                order_seq=1,
                ts_ns=NOW_NS,
                request=request,
            )
        )
        return request

    def report(
        self, report: ExecutionReport, was: FillTerms | None = None
    ) -> tuple[PositionEvent, ...]:
        return self.write(
            OrderReported(
                event_id=EventId(f"{report.exec_id}-event-{len(self.log)}"),
                account=report.account,
                order_id=report.order_id,
                order_seq=2,
                ts_ns=NOW_NS,
                report=report,
                was=was,
            )
        )

    def undo(self, report: ExecutionReport) -> tuple[PositionEvent, ...]:
        """Book a bust or a correction as the log's writer does: with what it is about."""
        told = (one for one in self.log if isinstance(one, OrderReported))
        booked = [one.report for one in told if moves_of(one)]
        of_order = [one for one in booked if one.order_id == report.order_id]
        return self.report(report, booked_terms(of_order, report.exec_ref_id))

    def correct_twice(self, fill: ExecutionReport, amount: str, at: str) -> ExecutionReport:
        """Correct *fill* to something else, and that to *amount* at *at*; return the second."""
        first = corrected(fill, "9", "90")
        second = corrected(first, amount, at)
        self.undo(first)
        self.undo(second)
        return second

    def fill(self, amount: str, at: str, **changes: Any) -> ExecutionReport:
        """Return a fill of *amount*, negative to sell, of a new order; it is not booked."""
        side = Side.SELL if amount.startswith("-") else Side.BUY
        words = ("symbol", "venue", "strategy")
        asked = {word: changes.pop(word) for word in words if word in changes}
        request = self.order(side=side, **asked)
        fee, asset = money(changes.pop("fee", "0")), changes.pop("fee_asset", "USDT")
        fill = a_fill(
            request,
            exec_id=ExecId(f"{request.order_id}-fill"),
            last_qty=quantity(amount.removeprefix("-")),
            last_px=price(at),
            fee=fee,
        )
        return msgspec.structs.replace(fill, fee_asset=asset, **changes)

    def trade(self, amount: str, at: str, **changes: Any) -> ExecutionReport:
        """Trade *amount*, negative to sell, with an order of its own; return the fill."""
        fill = self.fill(amount, at, **changes)
        self.report(fill)
        return fill

    def bust(self, fill: ExecutionReport) -> tuple[PositionEvent, ...]:
        """Take *fill* back."""
        return self.report(taken_back(fill))

    def correct(self, fill: ExecutionReport, amount: str, at: str) -> tuple[PositionEvent, ...]:
        """Put *fill* right: it was one of *amount* at *at*."""
        return self.report(corrected(fill, amount, at))

    def book(self, kind: str, **fields: Any) -> tuple[PositionEvent, ...]:
        """Book something that is no fill."""
        return self.write(a_booking(kind, len(self.log), **fields))

    def gained(self, do: Callable[[], object]) -> str:
        """Return what the one position realised while *do* was done."""
        before = self.position.realized if self.ledger.positions() else 0
        do()
        return format_nanos((self.position.realized - before) // NANOS)

    @property
    def position(self) -> Position:
        (position,) = self.ledger.positions()
        return position

    def cash(self, currency: str = "USDT") -> str:
        account = self.ledger.account("default")
        assert account is not None
        cash = next((b.cash for b in account.balances if b.currency == currency), Value(0))
        assert cash % NANOS == 0
        return format_nanos(cash // NANOS)


def taken_back(fill: ExecutionReport) -> ExecutionReport:
    """Return the bust of *fill*."""
    return msgspec.structs.replace(
        fill,
        exec_id=ExecId(f"{fill.exec_id}-bust"),
        exec_type=ExecType.TRADE_CANCEL,
        exec_ref_id=fill.exec_id,
    )


def corrected(fill: ExecutionReport, amount: str, at: str, number: int = 1) -> ExecutionReport:
    """Return the correction of *fill* to *amount* at *at*."""
    return msgspec.structs.replace(
        fill,
        exec_id=ExecId(f"{fill.exec_id}-right-{number}"),
        exec_type=ExecType.TRADE_CORRECT,
        exec_ref_id=fill.exec_id,
        last_qty=quantity(amount),
        last_px=price(at),
    )


def a_booking(kind: str, number: int, **fields: Any) -> AnyBooking:
    """Return a booking of the *kind*; texts are read as exact numbers where they are due."""
    numbers: dict[str, Callable[[str], Any]] = {"amount": money, "per_unit": price, "rate": price}
    words: dict[str, Any] = {
        "event_id": EventId(f"booking-{number}"),
        "account": AccountId("default"),
        "ts_ns": NOW_NS,
        "asked_by": "tess",
        "text": "",
    }
    if kind in {"funding", "dividend", "split"}:
        words |= {"venue": "PRISM", "symbol": "BTCUSDT"}
    if kind == "funding":
        words |= {"strategy": StrategyId("manual")}
    if kind == "cash":
        words |= {"counter_account": ""}
    for key, one in fields.items():
        words[key] = numbers[key](one) if key in numbers else one
    return KINDS[kind](**words)


def shown(position: Position) -> tuple[str, str | None, str, str]:
    """Return quantity, average price, realised and fees, as people read them."""
    average = average_px(position.cost, position.quantity)
    return (
        format_nanos(position.quantity),
        None if average is None else format_nanos(average),
        format_nanos(position.realized // NANOS),
        format_nanos(position.fees // NANOS),
    )


def by_method(method: str) -> Books:
    """Return books that sell by *method*."""
    books = Books()
    books.book("method", method=LotMethod(method))
    return books
