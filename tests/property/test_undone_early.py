"""Busts and corrections before their fill, or of another order, are the same in all books."""

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories import NOW_NS, a_deposit, a_fill, a_report, an_order, px, qty

from trade2026.core.ids import AccountId, ExecId, OrderId
from trade2026.core.numbers import Money, Qty
from trade2026.domain.oms import decide
from trade2026.domain.oms.bust import undoings_due
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.orders import Orders
from trade2026.domain.position.ledger import Ledger
from trade2026.domain.risk.book import RiskBook
from trade2026.model.execution import UNDOES, ExecType, ExecutionReport
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.journal import JournalEvent

NAMES = ("one", "two")
PART = qty("0.003")
LESS = qty("0.001")


class Desk:
    """The writer of the log, and all who fold it."""

    def __init__(self) -> None:
        self.orders, self.ledger = Orders(), Ledger()
        self.risk = RiskBook(PRISM_INSTRUMENTS)
        self._seq = 0
        self.write(a_deposit())
        for name in NAMES:
            request = an_order(order_id=OrderId(name), cl_ord_id=name, order_qty=qty("1"))
            self.write(decide.received(request, NOW_NS))
            self.write(decide.approved(self.order(name), Money(0), NOW_NS, venue="PRISM"))

    def order(self, name: str) -> Order:
        order = self.orders.get(name)
        assert order is not None
        return order

    def write(self, event: JournalEvent) -> None:
        self._seq += 1
        self.orders.apply(event, self._seq)
        self.ledger.apply(event, self._seq)
        self.risk.apply(event, self._seq)

    def hear(self, report: ExecutionReport) -> None:
        """Book *report* as the desk does."""
        self._book(report)
        if report.exec_type is ExecType.TRADE:
            for undoing in undoings_due(self.order(report.order_id).undone_early, report):
                self._book(undoing)

    def _book(self, report: ExecutionReport) -> None:
        event = decide.judge_report(
            self.order(report.order_id),
            report,
            ts_ns=NOW_NS,
            fills=[fill.report for fill in self.orders.fills(order_id=report.order_id)]
            if report.exec_type in UNDOES
            else (),
        )
        if event is not None:
            self.write(event)

    def held(self) -> set[int]:
        """Return what each of the books says is held."""
        mine = sum(self.order(name).cum_qty for name in NAMES)
        positions = sum(one.quantity for one in self.ledger.positions())
        account = self.risk.accounts.get("default")
        held = self.orders.held(AccountId("default"), "BTCUSDT")
        return {mine, positions, account.quantity("BTCUSDT"), held}

    def cash(self) -> set[int]:
        exposure = self.risk.exposure("default")
        assert exposure is not None
        return {exposure.cash * 10**9, self.ledger.accounts()[0].cash}


class Word(NamedTuple):
    """What is said of one fill besides: of its own order, or of the other by mistake."""

    kind: ExecType | None
    is_own: bool


words = st.builds(
    Word, st.sampled_from([None, ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT]), st.booleans()
)


def a_word(word: Word, fill: ExecutionReport) -> ExecutionReport:
    assert word.kind is not None
    other = next(name for name in NAMES if name != fill.order_id)
    is_bust = word.kind is ExecType.TRADE_CANCEL
    return a_report(
        an_order(order_id=OrderId(fill.order_id if word.is_own else other)),
        exec_type=word.kind,
        exec_id=ExecId(f"{fill.exec_id}-undone"),
        exec_ref_id=fill.exec_id,
        last_qty=Qty(0) if is_bust else LESS,
        last_px=px("0") if is_bust else px("49000"),
        fee_asset="USDT",
    )


@settings(max_examples=200, deadline=None)
@given(said=st.lists(words, min_size=1, max_size=5), data=st.data())
def test_all_books_say_the_same_whatever_comes_first(said: list[Word], data: st.DataObject) -> None:
    fills = [
        a_fill(
            an_order(order_id=OrderId(NAMES[number % 2])),
            exec_id=ExecId(f"fill-{number}"),
            last_qty=PART,
            fee=Money(7),
        )
        for number in range(len(said))
    ]
    told = [a_word(word, fill) for word, fill in zip(said, fills, strict=True) if word.kind]
    desk = Desk()
    for report in data.draw(st.permutations([*fills, *told])):
        desk.hear(report)
        assert len(desk.held()) == len(desk.cash()) == 1

    stands = {None: PART, ExecType.TRADE_CANCEL: 0, ExecType.TRADE_CORRECT: LESS}
    wanted = sum(stands[word.kind] if word.is_own else PART for word in said)
    assert desk.held() == {wanted}


def test_a_correction_of_a_correction_that_both_came_early_is_the_last_word() -> None:
    desk, fill = Desk(), a_fill(an_order(order_id=OrderId("one")), last_qty=PART)
    first = a_word(Word(ExecType.TRADE_CORRECT, is_own=True), fill)
    bust = a_report(
        an_order(order_id=OrderId("one")),
        exec_type=ExecType.TRADE_CANCEL,
        exec_id=ExecId("bust"),
        exec_ref_id=first.exec_id,
    )
    for report in (first, bust, fill, fill):
        desk.hear(report)

    assert desk.held() == {0}
