"""Risk and the ledger keep one set of books, whatever fees are paid in and whatever is undone."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.books import Books
from tests.factories import NOW_NS, a_quote, an_order, qty

from trade2026.core.ids import ExecId
from trade2026.core.numbers import NANOS, Money, Px, Qty, money_down, money_up, value_of
from trade2026.domain.pnl.equity import Equity
from trade2026.domain.position.reconcile import VenueFills, compare
from trade2026.domain.risk.book import RiskBook
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.instrument import PRISM, PRISM_INSTRUMENTS
from trade2026.model.position import DOLLARS
from trade2026.model.reconciliation import Statement

SYMBOLS = ("BTCUSDT", "ETHUSDT", "AAPL")
ASSETS = ("USDT", "USD", "BTC", "ETH", "BNB")
PXS = st.integers(1, 10**6).map(lambda n: Px(n * NANOS // 100))
FEES = st.tuples(st.integers(-(10**9), 10**9).map(Money), st.sampled_from(ASSETS))

trades = st.tuples(
    st.just("trade"),
    st.sampled_from(SYMBOLS),
    st.integers(-500, 500).filter(bool),
    PXS,
    FEES,
)
undoings = st.tuples(
    st.sampled_from(["bust", "correct"]),
    st.integers(0, 50),
    st.integers(1, 500),
    PXS,
    FEES,
    st.booleans(),
)
"""The last: whether a bust says nothing of the fee."""
bookings = st.one_of(
    st.tuples(
        st.just("cash"), st.sampled_from(["USDT", "USD", "EUR", "BNB"]), st.integers(-99, 99)
    ),
    st.tuples(st.just("rate"), st.sampled_from(["USD", "EUR", "BNB", "ETH"]), st.integers(1, 999)),
)


class Desk:
    """Books, a pen, and risk."""

    def __init__(self) -> None:
        self.books = Books()
        self.told: list[ExecutionReport] = []

    def trade(self, symbol: str, amount: int, px: Px, fee: tuple[Money, str]) -> None:
        text = f"{amount / 100:.2f}"
        fill = self.books.fill(text, "1", symbol=symbol)
        fill = msgspec.structs.replace(fill, last_px=px, fee=fee[0], fee_asset=fee[1])
        self.books.report(fill)
        self.told.append(fill)

    def undo(self, kind: str, place: int, *terms: Any) -> None:
        if not self.told:
            return
        amount, px, fee, is_silent = terms
        fill = self.told[place % len(self.told)]
        is_bust = kind == "bust"
        paid, asset = (Money(0), "") if is_bust and is_silent else fee
        word = msgspec.structs.replace(
            fill,
            exec_id=ExecId(f"{kind}-{len(self.books.log)}"),
            exec_type=ExecType.TRADE_CANCEL if is_bust else ExecType.TRADE_CORRECT,
            exec_ref_id=fill.exec_id,
            last_qty=Qty(amount * NANOS // 100),
            last_px=px,
            fee=paid,
            fee_asset=asset,
        )
        self.books.undo(word)
        if not is_bust:
            self.told.append(word)

    def do(self, step: tuple[Any, ...]) -> None:
        kind, *rest = step
        match kind:
            case "trade":
                self.trade(*rest)
            case "bust" | "correct":
                self.undo(kind, *rest)
            case "cash":
                self.books.book("cash", currency=rest[0], amount=str(rest[1]))
            case _:
                self.books.book("rate", currency=rest[0], rate=f"{rest[1] / 100:.2f}")


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(st.one_of(trades, trades, undoings, bookings), max_size=25),
    px=st.integers(1, 99_999),
    is_restarted=st.booleans(),
)
def test_cash_and_equity_are_one(
    *, steps: list[tuple[Any, ...]], px: int, is_restarted: bool
) -> None:
    desk = Desk()
    for step in steps:
        desk.do(step)
    risk, pnl, venue = RiskBook(PRISM_INSTRUMENTS), Equity(), VenueFills()
    for seq, event in enumerate(desk.books.log, 1):
        risk.apply(event, seq)
        venue.apply(event, seq)
    if is_restarted:
        frozen, risk = risk.freeze(), RiskBook(PRISM_INSTRUMENTS)
        risk.thaw(frozen)
    for change in desk.books.told:
        pnl.apply(change)
    for symbol in SYMBOLS:
        risk.quote(PRISM, symbol, a_quote(str(px), str(px)), NOW_NS)
        pnl.mark(symbol, Px(px * NANOS), NOW_NS)

    account = desk.books.ledger.account("default")
    seen, shown = risk.exposure("default"), pnl.snapshot("default", NOW_NS)
    assert account is not None
    assert seen is not None
    assert shown is not None
    cash = sum(one.worth for one in account.balances)
    held = sum(
        value_of(Px(px * NANOS), one.quantity) for one in desk.books.ledger.positions("default")
    )
    assert seen.cash == money_down(cash)
    assert seen.equity == money_down(cash + held)
    # Each part of what is published is rounded by itself.
    assert abs(shown.equity - seen.equity) <= 40
    idle = sum(max(0, one.worth) for one in account.balances if one.currency not in DOLLARS)
    assert seen.buying_power == seen.equity - money_up(idle) - seen.margin - seen.reserved
    view = risk.view(an_order(order_qty=qty("1")), NOW_NS)
    assert (view.equity, view.idle) == (money_down(cash + held), money_up(idle))
    paid_in = sum(one.deposits_base for one in account.balances)
    known = risk.accounts.get("default")
    assert known.deposits + known.purse.paid_in == paid_in
    # What each strategy made adds up to what the account did.
    made = sum(share.cash for share in known.shares.values())
    others = sum(
        known.purse.value(currency, amount)
        for share in known.shares.values()
        for currency, amount in share.others.items()
    )
    if not any(step[0] == "cash" for step in steps):
        assert made + others == cash - paid_in
    # And reconciliation finds nothing between the ledger and the log.
    empty = Statement(venue=PRISM, report_seq=10**9, lines=())
    differences = compare(desk.books.ledger.positions(), venue, empty)
    assert all(one.platform == one.log for one in differences), differences
