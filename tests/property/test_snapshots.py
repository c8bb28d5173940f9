"""A fold that begins from a snapshot comes to what a fold of the whole log comes to.

Random logs are cut at random places. What is remembered is cut very short, so that much of what
the log takes back is further back than memory.
"""

from collections import Counter, deque
from collections.abc import Sequence
from itertools import count
from typing import Any, TypeVar, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.books import a_booking
from tests.factories import NOW_NS, a_deposit, a_fill, a_quote, a_report, an_order, an_unknown, px

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, ClOrdId, ExecId, OrderId, StrategyId
from trade2026.core.numbers import Money, Qty, value_of, value_of_money
from trade2026.desk.ledger import BooksState
from trade2026.desk.snapshots import form_of
from trade2026.domain.oms import decide
from trade2026.domain.oms.orders import Orders
from trade2026.domain.pnl.equity import Equity, EquityState
from trade2026.domain.position import account, holding, ledger, reconcile
from trade2026.domain.position.ledger import Ledger
from trade2026.domain.position.reconcile import VenueFills, VenueFillsState
from trade2026.domain.position.state import LedgerState
from trade2026.domain.position.working import WorkingOrders
from trade2026.domain.risk import accounts
from trade2026.domain.risk.book import RiskBook
from trade2026.domain.risk.state import RiskState
from trade2026.model import codec
from trade2026.model.booking import DividendBooked, SplitBooked
from trade2026.model.execution import UNDOES, ExecType
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.journal import JournalEvent, OrderReported, UnknownReported, moves_of
from trade2026.model.order import Side
from trade2026.model.position import LotMethod, PositionEvent

S = TypeVar("S")

ACCOUNTS = (AccountId("ann"), AccountId("bob"))
STRATEGIES = (StrategyId("one"), StrategyId("two"))
SYMBOLS = ("BTCUSDT", "ETHUSDT")
UNIT = 10**7
CACHES = {"_effective", "worth", "_references", "losses", "minutes", "limit_book", "_instruments"}
"""What is reckoned anew, and what other logs make."""
ORDERED = {"_ended", "_fills", "_exec_ids", "shares"}
"""Of which the oldest is forgotten, or told first."""


@pytest.fixture(autouse=True)
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every fold forget soon."""
    for module, name, kept in (
        (ledger, "FILLS_KEPT", 6),
        (ledger, "ENDED_KEPT", 2),
        (holding, "OPS_KEPT", 3),
        (account, "ENTRIES_KEPT", 5),
        (reconcile, "FILLS_KEPT", 6),
        (reconcile, "RECENT_KEPT", 5),
        (accounts, "FILLS_KEPT", 6),
        (accounts, "ENDED_KEPT", 2),
    ):
        monkeypatch.setattr(module, name, kept)


class Pen:
    """Writes a log of what may happen, as the OMS would."""

    def __init__(self) -> None:
        self.log: list[JournalEvent] = []
        self._orders = Orders()
        self._numbers = count(1)
        for account_id in ACCOUNTS:
            self._write(a_deposit("100000", account_id))

    def act(self, act: int, place: int, amount: int) -> None:
        """Let something happen; *place* and *amount* say to what, and how much of it."""
        acts = (self._place, self._place, self._fill, self._fill, self._fill, self._end)
        acts += (self._undo, self._undo, self._book, self._stray, self._refuse, self._change)
        acts[act % len(acts)](place, amount)

    def _write(self, event: Any) -> None:
        self.log.append(event)
        self._orders.apply(event, len(self.log))

    def _place(self, place: int, amount: int) -> None:
        request = self._request(place, amount)
        self._write(decide.received(request, self._now_ns()))
        # Logs of before, and of orders that wait, have the sending by itself.
        is_apart = amount % 4 == 0
        known, venue = self._known(request.order_id), "" if is_apart else "PRISM"
        self._write(decide.approved(known, Money(amount * UNIT), self._now_ns(), venue=venue))
        if is_apart:
            self._write(decide.sent(self._known(request.order_id), "PRISM", self._now_ns()))

    def _refuse(self, place: int, amount: int) -> None:
        request = self._request(place, amount)
        self._write(decide.received(request, self._now_ns()))
        self._write(decide.failed(self._known(request.order_id), "stopped", self._now_ns()))

    def _request(self, place: int, amount: int) -> Any:
        number = next(self._numbers)
        return an_order(
            order_id=OrderId(f"order-{number:05}"),
            cl_ord_id=ClOrdId(f"key-{number}"),
            account=ACCOUNTS[place % 2],
            strategy=STRATEGIES[place // 2 % 2],
            symbol=SYMBOLS[place // 4 % 2],
            side=(Side.BUY, Side.SELL)[place // 8 % 2],
            order_qty=Qty(amount * UNIT),
            transact_time_ns=self._now_ns(),
        )

    def _fill(self, place: int, amount: int) -> None:
        order = self._any(place)
        if order is not None:
            said = a_fill(
                order.request,
                exec_id=ExecId(f"exec-{next(self._numbers)}"),
                last_qty=Qty(min(amount * UNIT, order.leaves_qty) or UNIT),
                last_px=px(str(50_000 + place)),
                fee=Money(place),
            )
            left = max(0, order.leaves_qty - said.last_qty)
            self._report(order, msgspec.structs.replace(said, leaves_qty=Qty(left)))

    def _end(self, place: int, _: int) -> None:
        order = self._any(place)
        if order is not None:
            exec_id = ExecId(f"exec-{next(self._numbers)}")
            kind = ExecType.CANCELED
            self._report(order, a_report(order.request, exec_id=exec_id, exec_type=kind))

    def _undo(self, place: int, amount: int) -> None:
        fills = [
            fill.report
            for fill in self._orders.fills(limit=1_000)
            if fill.report.exec_type not in UNDOES
        ]
        if fills:
            fill = fills[place % len(fills)]
            said = msgspec.structs.replace(
                fill,
                exec_id=ExecId(f"exec-{next(self._numbers)}"),
                exec_type=sorted(UNDOES)[amount % 2],
                exec_ref_id=fill.exec_id,
                last_qty=Qty(amount * UNIT),
            )
            self._report(self._orders.get(fill.order_id), said)

    def _change(self, place: int, amount: int) -> None:
        order = self._any(place)
        if order is not None and not order.is_done:
            said = a_report(
                order.request,
                exec_id=ExecId(f"exec-{next(self._numbers)}"),
                exec_type=ExecType.REPLACED,
                order_qty=Qty(order.cum_qty + amount * UNIT),
                price=px(str(40_000 + place)),
                replace_id="",
            )
            self._report(order, said)

    def _stray(self, place: int, amount: int) -> None:
        number = next(self._numbers)
        request = an_order(order_id=OrderId(f"stray-{number}"), account=ACCOUNTS[place % 2])
        fill = a_fill(request, exec_id=ExecId(f"exec-{number}"), last_qty=Qty(amount * UNIT))
        self._write(an_unknown(fill))

    def _book(self, place: int, amount: int) -> None:
        kinds: tuple[tuple[str, dict[str, Any]], ...] = (
            ("funding", {"amount": f"{amount - 5}"}),
            ("dividend", {"per_unit": f"{amount}"}),
            ("split", {"numerator": amount, "denominator": 2}),
            ("rate", {"currency": "EUR", "rate": f"1.{amount}"}),
            ("cash", {"currency": ("USDT", "EUR")[amount % 2], "amount": f"{amount}"}),
            ("method", {"method": list(LotMethod)[amount % 3]}),
        )
        kind, words = kinds[place % len(kinds)]
        booking = a_booking(kind, len(self.log), **words)
        self._write(msgspec.structs.replace(booking, account=ACCOUNTS[place // 8 % 2]))

    def _report(self, order: Any, said: Any) -> None:
        fills = self._orders.fills(order_id=said.order_id)
        event = decide.judge_report(
            order, said, ts_ns=self._now_ns(), fills=[fill.report for fill in fills]
        )
        if event is not None:
            self._write(event)

    def _any(self, place: int) -> Any:
        orders = [one for one in self._orders.page(limit=1_000) if one.sent_ns is not None]
        return orders[place % len(orders)] if orders else None

    def _known(self, order_id: OrderId) -> Any:
        order = self._orders.get(order_id)
        assert order is not None
        return order

    def _now_ns(self) -> TimeNs:
        return TimeNs(NOW_NS + len(self.log) * 50_000_000)


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[JournalEvent], int]:
    """Return a log, and where it is cut."""
    pen = Pen()
    act = st.tuples(st.integers(0, 11), st.integers(0, 60), st.integers(1, 9))
    for one in draw(st.lists(act, min_size=5, max_size=60)):
        pen.act(*one)
    return pen.log, draw(st.integers(0, len(pen.log)))


def again(state: S) -> S:
    """Return *state* as it comes back from a file."""
    return codec.decode(type(state), codec.encode(state))


def shown(thing: Any) -> Any:
    """Return all that *thing* holds, as far as it differs from nothing; caches are left out."""
    if isinstance(thing, msgspec.Struct | str | int | type(None)):
        return thing
    if isinstance(thing, dict):
        items = ((key, shown(value)) for key, value in cast("dict[Any, Any]", thing).items())
        return {key: value for key, value in items if value not in (0, {}, [])}
    if isinstance(thing, set):
        return sorted(cast("set[Any]", thing))
    if isinstance(thing, deque | list | tuple):
        return [shown(one) for one in cast("list[Any]", thing)]
    names: Sequence[str] = getattr(thing, "__slots__", None) or tuple(
        cast("dict[str, Any]", vars(thing))
    )
    parts = ((name, shown(getattr(thing, name))) for name in names if name not in CACHES)
    found: dict[str, Any] = {name: part for name, part in parts if part not in (0, {}, [])}
    return found | {name: list(found[name].items()) for name in found if name in ORDERED}


def apply_all(fold: Any, log: Sequence[JournalEvent], begin: int = 0) -> None:
    for seq, event in enumerate(log[begin:], begin + 1):
        fold.apply(event, seq)


@given(logs())
def test_the_ledger(drawn: tuple[list[JournalEvent], int]) -> None:
    log, cut = drawn
    whole, first, second = Ledger(), Ledger(), Ledger()
    apply_all(whole, log)
    apply_all(first, log[:cut])

    second.thaw(again(first.freeze()))
    apply_all(second, log, cut)

    assert second.digest() == whole.digest()
    assert shown(second) == shown(whole)
    for name in ACCOUNTS:
        assert second.lots(name) == whole.lots(name)
        assert second.entries(name) == whole.entries(name)
        assert second.trial_balance(name) == whole.trial_balance(name)


@given(logs())
def test_what_is_taken_back_from_beyond_memory_leaves_no_trace(
    drawn: tuple[list[JournalEvent], int],
) -> None:
    """The moves that the log tells of, added up, are the positions and the cash."""
    log = [event for event in drawn[0] if not isinstance(event, SplitBooked | DividendBooked)]
    books, fills = Ledger(), VenueFills()
    apply_all(books, log)
    apply_all(fills, log)
    quantities, cash = Counter[tuple[str, str]](), Counter[str]()
    for event in log:
        if isinstance(event, OrderReported | UnknownReported):
            for move in moves_of(event):
                quantities[event.account, event.report.symbol] += move.qty
                cash[event.account] -= value_of(move.px, move.qty) + value_of_money(move.fee)

    held = Counter[tuple[str, str]]()
    for position in books.positions():
        held[position.key.account, position.key.symbol] += position.quantity
    assert dict(held) == {place: quantities[place] for place in held}
    for place, one in fills.at("PRISM", 10**9).items():
        assert one.quantity == quantities[place]
    for name in ACCOUNTS:
        own = books.positions(name)
        traded = sum(one.realized - one.cost - one.fees for one in own)
        assert traded == cash[name]
        assert sum(o.cash for p, o in fills.at("PRISM", 10**9).items() if p[0] == name) == traded


@given(logs())
def test_the_fills_of_the_venues(drawn: tuple[list[JournalEvent], int]) -> None:
    log, cut = drawn
    whole, first, second = VenueFills(), VenueFills(), VenueFills()
    apply_all(whole, log)
    apply_all(first, log[:cut])

    second.thaw(again(first.freeze()))
    apply_all(second, log, cut)

    assert shown(second) == shown(whole)
    assert second.at("PRISM", 0) == whole.at("PRISM", 0)


@given(logs())
def test_the_orders_at_venues(drawn: tuple[list[JournalEvent], int]) -> None:
    log, cut = drawn
    whole, first, second = WorkingOrders(), WorkingOrders(), WorkingOrders()
    apply_all(whole, log)
    apply_all(first, log[:cut])

    second.thaw(again(first.freeze()))
    apply_all(second, log, cut)

    assert second.freeze() == whole.freeze()
    assert shown(second) == shown(whole)


@given(logs())
def test_risk(drawn: tuple[list[JournalEvent], int]) -> None:
    log, cut = drawn
    whole, first, second = a_risk_book(), a_risk_book(), a_risk_book()
    apply_all(whole, log)
    apply_all(first, log[:cut])

    second.thaw(again(first.freeze()))
    apply_all(second, log, cut)

    assert shown(second) == shown(whole)
    assert second.modes.by_scope() == whole.modes.by_scope()
    now_ns = TimeNs(NOW_NS + len(log) * 50_000_000)
    for name in ACCOUNTS:
        assert second.exposure(name) == whole.exposure(name)
        for symbol in SYMBOLS:
            order = an_order(account=name, symbol=symbol, transact_time_ns=now_ns)
            assert judged(second, order, now_ns) == judged(whole, order, now_ns)


@given(logs())
def test_equity(drawn: tuple[list[JournalEvent], int]) -> None:
    log, cut = drawn
    books, told = Ledger(), list[PositionEvent]()
    for seq, event in enumerate(log, 1):
        told += books.apply(event, seq)
    whole, first, second = Equity(), Equity(), Equity()
    for one in told:
        whole.apply(one)
    for one in told[:cut]:
        first.apply(one)

    second.thaw(again(first.freeze()))
    for one in told[cut:]:
        assert second.apply(one)

    assert shown(second) == shown(whole)
    # What was told before the cut is no news after it.
    assert not any(second.apply(one) for one in told)
    for name in ACCOUNTS:
        assert second.snapshot(name, NOW_NS) == whole.snapshot(name, NOW_NS)


def a_risk_book() -> RiskBook:
    book = RiskBook(PRISM_INSTRUMENTS)
    for symbol in SYMBOLS:
        book.quote("PRISM", symbol, a_quote(), NOW_NS)
    return book


def judged(book: RiskBook, order: Any, now_ns: TimeNs) -> tuple[Any, ...]:
    """Return all that an order would be judged by, and the verdict."""
    view = msgspec.structs.asdict(book.view(order, now_ns))
    del view["value_at_risk"]
    return view, book.judge(order, now_ns)


def test_what_risk_holds_before_the_log_has_it_is_not_in_its_snapshot() -> None:
    book = a_risk_book()
    book.apply(a_deposit("100000", "ann"), 1)
    before = book.freeze()

    verdict = book.assess(an_order(account=AccountId("ann"), order_qty=Qty(UNIT)), NOW_NS)

    assert verdict.approved is not None
    state = book.freeze()
    assert state.accounts.accounts[0].reservations == ()
    assert before.accounts.accounts[0].cash == state.accounts.accounts[0].cash


def test_every_state_has_a_form() -> None:
    states = (BooksState, LedgerState, VenueFillsState, RiskState, EquityState)

    assert len({form_of(state, 1) for state in states}) == len(states)
