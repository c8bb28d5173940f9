"""The book of risk against a naive one: everything reckoned anew from the log and open orders.

The naive book knows nothing of how the real one keeps its totals: it folds the log with the
order system's and the ledger's own folds, and sums over the orders that are open there.
"""

from itertools import count

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.factories import NOW_NS, a_deposit, a_fill, a_quote, a_report, an_order, an_unknown, px

from trade2026.core.ids import AccountId, ClOrdId, ExecId, OrderId
from trade2026.core.numbers import NANOS, Bps, Money, Qty, money_down
from trade2026.domain.oms import decide
from trade2026.domain.oms.change import Change, as_changed, change_problem
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.orders import Orders
from trade2026.domain.position.ledger import Ledger
from trade2026.domain.risk.book import RiskBook
from trade2026.domain.risk.limit import DEFAULT_LIMITS
from trade2026.model.execution import ExecType
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.journal import (
    JournalEvent,
    OrderApproved,
    OrderReported,
    ReplaceRequested,
    moves_of,
)
from trade2026.model.order import NewOrderSingle, Side
from trade2026.model.risk import RiskVerdict

ACCOUNTS = (AccountId("ann"), AccountId("bob"))
SYMBOLS = ("BTCUSDT", "ETHUSDT")
MID = 50_000 * NANOS
LOT = 10**5
LIMITS = msgspec.structs.replace(
    DEFAULT_LIMITS,
    symbols={
        symbol: msgspec.structs.replace(limits, max_concentration_bps=Bps(10**6))
        for symbol, limits in DEFAULT_LIMITS.symbols.items()
    },
)
"""So wide that small accounts come near their margin."""
ENDS = (ExecType.CANCELED, ExecType.EXPIRED, ExecType.REJECTED)

some_lots = st.integers(1, 400_000).map(lambda n: Qty(n * LOT))


class Desk(RuleBasedStateMachine):
    """Orders asked, approved or not, journalled or not, filled, ended, repeated."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(1)
        self.log: list[JournalEvent] = []
        self.book = RiskBook(PRISM_INSTRUMENTS, LIMITS)
        self.orders = Orders()
        self.ledger = Ledger()
        self.held_early: dict[OrderId, tuple[NewOrderSingle, Money]] = {}
        """Approved, and not in the log as approved yet."""
        for symbol in SYMBOLS:
            self.book.quote("PRISM", symbol, a_quote(), NOW_NS)
        for account in ACCOUNTS:
            self.write(a_deposit("20000", account))

    def write(self, event: JournalEvent) -> None:
        self.log.append(event)
        self.book.apply(event, len(self.log))
        self.ledger.apply(event, len(self.log))
        self.orders.apply(event)

    def ask(self, request: NewOrderSingle) -> RiskVerdict:
        verdict = self.book.assess(request, NOW_NS)
        if verdict.approved is not None and not self.is_approved(request.order_id):
            self.held_early[request.order_id] = (request, verdict.approved.reserved)
        return verdict

    def is_approved(self, order_id: OrderId) -> bool:
        return any(isinstance(e, OrderApproved) for e in self.orders.events_of(order_id))

    @rule(
        account=st.sampled_from(ACCOUNTS),
        symbol=st.sampled_from(SYMBOLS),
        side=st.sampled_from(Side),
        amount=some_lots,
        is_journalled=st.booleans(),
    )
    def place(
        self, *, account: AccountId, symbol: str, side: Side, amount: Qty, is_journalled: bool
    ) -> None:
        number = next(self.numbers)
        request = an_order(
            order_id=OrderId(f"order-{number:05}"),
            cl_ord_id=ClOrdId(f"key-{number}"),
            account=account,
            symbol=symbol,
            side=side,
            order_qty=amount,
        )
        self.write(decide.received(request, NOW_NS))
        verdict = self.ask(request)
        if verdict.approved is None:
            order = self.known(request.order_id)
            self.write(decide.refused(order, verdict.refusals, NOW_NS))
        elif is_journalled:
            self.approve(request, verdict.approved.reserved)

    @rule(place=st.integers(0, 100))
    @precondition(lambda self: self.held_early)
    def journal_an_approval_late(self, place: int) -> None:
        order_id = list(self.held_early)[place % len(self.held_early)]
        request, reserved = self.held_early[order_id]
        self.approve(request, reserved)

    @rule(place=st.integers(0, 100))
    @precondition(lambda self: self.held_early)
    def give_an_order_up_before_it_was_approved(self, place: int) -> None:
        self.give_up(list(self.held_early)[place % len(self.held_early)])

    @rule(place=st.integers(0, 100))
    @precondition(lambda self: self.orders.page(limit=1))
    def ask_again(self, place: int) -> None:
        orders = self.orders.page(limit=1_000)
        order = orders[place % len(orders)]

        verdict = self.ask(order.request)

        assert verdict.approved is None or not order.is_done

    @rule(place=st.integers(0, 100), share=st.integers(1, 12))
    @precondition(lambda self: self.sent())
    def fill(self, place: int, share: int) -> None:
        """Fill tenths of an order; twelve tenths are an over-fill."""
        sent = self.sent()
        order = sent[place % len(sent)]
        amount = Qty(order.request.order_qty * share // 10)
        self.report(order, ExecType.TRADE, amount)

    @rule(place=st.integers(0, 100), lots=some_lots, price=st.sampled_from(["49990", "50000"]))
    @precondition(lambda self: self.sent())
    def ask_to_change(self, place: int, lots: Qty, price: str) -> None:
        """Change an order; where risk refuses it stands."""
        sent = self.sent()
        order = sent[place % len(sent)]
        change = Change(order_qty=lots, price=px(price))
        if change_problem(order, change):
            return
        verdict = self.book.assess_change(as_changed(order.request, change), NOW_NS)
        if verdict.approved is not None:
            reserved = verdict.approved.reserved
            self.write(
                decide.replace_requested(
                    order, change, reserved=reserved, asked_by="tess", ts_ns=NOW_NS
                )
            )

    @rule(place=st.integers(0, 100), is_made=st.booleans())
    @precondition(lambda self: self.changing())
    def answer_a_change(self, place: int, is_made: bool) -> None:
        changing = self.changing()
        order = changing[place % len(changing)]
        assert order.change is not None
        said = a_report(
            order.request,
            exec_id=ExecId(f"exec-{next(self.numbers)}"),
            exec_type=ExecType.REPLACED if is_made else ExecType.REPLACE_REJECTED,
            order_qty=order.change.order_qty if is_made else None,
            price=order.change.price if is_made else None,
            replace_id=order.change.replace_id,
        )
        event = decide.judge_report(order, said, ts_ns=NOW_NS)
        assert event is not None
        self.write(event)

    @rule(place=st.integers(0, 100), end=st.sampled_from(ENDS))
    @precondition(lambda self: self.sent())
    def end(self, place: int, end: ExecType) -> None:
        sent = self.sent()
        self.report(sent[place % len(sent)], end, Qty(0))

    @rule(account=st.sampled_from(ACCOUNTS), amount=some_lots, side=st.sampled_from(Side))
    def fill_unknown(self, account: AccountId, amount: Qty, side: Side) -> None:
        number = next(self.numbers)
        request = an_order(order_id=OrderId(f"stray-{number}"), account=account, side=side)
        fill = a_fill(request, exec_id=ExecId(f"exec-{number}"), last_qty=amount)
        self.write(an_unknown(fill))

    @rule(place=st.integers(0, 10_000))
    def deliver_an_old_event_again(self, place: int) -> None:
        seq = place % len(self.log) + 1
        self.book.apply(self.log[seq - 1], seq)

    @rule(place=st.integers(0, 100))
    @precondition(lambda self: self.orders.fills(limit=1))
    def journal_a_fill_twice(self, place: int) -> None:
        fills = [f for f in self.orders.fills(limit=1_000) if f.strategy != "unattributed"]
        if fills:
            fill = fills[place % len(fills)]
            event = decide.judge_report(None, fill.report, ts_ns=NOW_NS)
            assert event is not None
            self.write(event)

    @rule()
    def restart(self) -> None:
        """Fold the log from its beginning: what was only held in memory is gone."""
        self.book = RiskBook(PRISM_INSTRUMENTS, LIMITS)
        for symbol in SYMBOLS:
            self.book.quote("PRISM", symbol, a_quote(), NOW_NS)
        for seq, event in enumerate(self.log, 1):
            self.book.apply(event, seq)
        for order_id in list(self.held_early):
            self.give_up(order_id)

    def give_up(self, order_id: OrderId) -> None:
        del self.held_early[order_id]
        self.write(decide.failed(self.known(order_id), "stopped", NOW_NS))

    def approve(self, request: NewOrderSingle, reserved: Money) -> None:
        del self.held_early[request.order_id]
        order = self.known(request.order_id)
        self.write(decide.approved(order, reserved, NOW_NS, venue="PRISM"))

    def report(self, order: Order, exec_type: ExecType, amount: Qty) -> None:
        exec_id = ExecId(f"exec-{next(self.numbers)}")
        if exec_type is ExecType.TRADE:
            said = a_fill(order.request, exec_id=exec_id, last_qty=amount, fee=Money(1))
        else:
            said = a_report(order.request, exec_id=exec_id, exec_type=exec_type)
        event = decide.judge_report(order, said, ts_ns=NOW_NS)
        assert event is not None
        self.write(event)

    def sent(self) -> tuple[Order, ...]:
        return tuple(o for o in self.orders.page(limit=1_000) if o.sent_ns is not None)

    def changing(self) -> list[Order]:
        return [o for o in self.orders.open_orders() if o.change is not None]

    def known(self, order_id: OrderId) -> Order:
        order = self.orders.get(order_id)
        assert order is not None
        return order

    def naive_reservations(self, account: AccountId) -> list[tuple[Order, int]]:
        """Return the account's open orders with what is held for each."""
        found: list[tuple[Order, int]] = []
        for order in self.orders.open_orders():
            if order.request.account != account:
                continue
            order_id = order.request.order_id
            if order_id in self.held_early:
                found.append((order, self.held_early[order_id][1]))
            whole, held, asked = order.asked.order_qty, 0, (0, 0)
            cum = 0
            for event in self.orders.events_of(order_id):
                if isinstance(event, OrderApproved):
                    held = event.reserved
                elif isinstance(event, ReplaceRequested):
                    assert event.order_qty is not None
                    asked = (event.reserved, event.order_qty - cum)
                elif isinstance(event, OrderReported):
                    cum += sum(move.qty for move in moves_of(event)) * event.report.side.sign
                    if event.report.exec_type is ExecType.REPLACED:
                        held, whole = asked
            if order_id not in self.held_early:
                own = -(-held * order.leaves_qty // whole)
                found.append((order, max(own, self.naive_change(order, asked))))
        return found

    def naive_change(self, order: Order, asked: tuple[int, int]) -> int:
        """Return what is held for the order as it shall be."""
        if order.change is None or order.change.order_qty is None:
            return 0
        reserved, whole = asked
        return -(-reserved * max(0, order.change.order_qty - order.cum_qty) // whole)

    def naive_left(self, order: Order) -> tuple[int, int]:
        """Return what may still trade of an order and what that is worth, the worse of two."""
        left: list[tuple[int, int]] = [(order.leaves_qty, order.request.price or 0)]
        if order.change is not None:
            assert order.change.order_qty is not None
            assert order.change.price is not None
            left.append((max(0, order.change.order_qty - order.cum_qty), order.change.price))
        return max(q for q, _ in left), max(q * p for q, p in left)

    @invariant()
    def reservations_are_those_of_the_open_orders(self) -> None:
        for account in ACCOUNTS:
            naive = self.naive_reservations(account)
            seen = self.book.exposure(account)
            assert seen is not None
            assert seen.reserved == sum(held for _, held in naive)
            assert seen.open_order_count == len(naive)
            for symbol in SYMBOLS:
                view = self.book.view(an_order(account=account, symbol=symbol), NOW_NS)
                mine = [order for order, _ in naive if order.request.symbol == symbol]
                left = [(o.request.side, self.naive_left(o)[0]) for o in mine]
                buys = [q for side, q in left if side is Side.BUY]
                sells = [q for side, q in left if side is Side.SELL]
                assert (view.open_buy_qty, view.open_sell_qty) == (sum(buys), sum(sells))

    @invariant()
    def positions_cash_and_margin_are_those_of_the_ledger(self) -> None:
        for account in ACCOUNTS:
            ledger = self.ledger.account(account)
            assert ledger is not None
            view = self.book.view(an_order(account=account), NOW_NS)
            held: dict[str, int] = dict.fromkeys(SYMBOLS, 0)
            for position in self.ledger.positions(account):
                held[position.key.symbol] += position.quantity
            assert view.position_qty == held["BTCUSDT"]
            assert view.equity == money_down(ledger.cash + sum(held.values()) * px("50000"))
            assert view.bound_margin == sum(
                self.naive_margin(account, symbol, amount) for symbol, amount in held.items()
            )
            assert view.gross_exposure == sum(
                -(-self.naive_gross(account, symbol, amount) // NANOS)
                for symbol, amount in held.items()
            )

    def naive_gross(self, account: AccountId, symbol: str, held: int) -> int:
        """Return what is held and may be opened on the worse side, in square nanos."""
        openings: list[int] = []
        for side in Side:
            mine = [
                o
                for o, _ in self.naive_reservations(account)
                if (o.request.symbol, o.request.side) == (symbol, side)
            ]
            amount = sum(self.naive_left(o)[0] for o in mine)
            value = sum(self.naive_left(o)[1] for o in mine)
            ours = held * side.sign
            opening = amount if ours >= 0 else max(0, amount + 2 * ours)
            openings.append(value * opening // amount if amount else 0)
        return abs(held) * MID + max(openings)

    def naive_margin(self, account: AccountId, symbol: str, held: int) -> int:
        rate = DEFAULT_LIMITS.of(symbol).margin_bps
        of_held = -(-abs(held) * MID * rate // (10_000 * NANOS))
        of_worst = -(-self.naive_gross(account, symbol, held) * rate // (10_000 * NANOS))
        reserved = sum(
            amount
            for order, amount in self.naive_reservations(account)
            if order.request.symbol == symbol
        )
        return max(of_held, of_worst - reserved)


TestDesk = Desk.TestCase
TestDesk.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
