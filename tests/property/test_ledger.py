"""The ledger under any sequence of fills: conservation, identity, and the same digest again.

The model is a plain list of the fills, each once: everything is reckoned from it anew.
"""

from fractions import Fraction
from itertools import count

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from tests.factories import NOW_NS, a_deposit, a_fill, an_order, an_unknown

from trade2026.core.ids import AccountId, EventId, ExecId, OrderId, StrategyId
from trade2026.core.numbers import NANOS, Money, Px, Qty, SignedQty, Value, value_of
from trade2026.domain.oms import decide
from trade2026.domain.oms.order import apply
from trade2026.domain.pnl.equity import Equity
from trade2026.domain.position.book import book
from trade2026.domain.position.ledger import Ledger
from trade2026.model.execution import ExecutionReport
from trade2026.model.journal import JournalEvent, OrderReported
from trade2026.model.order import Side
from trade2026.model.position import Position, PositionKey

ACCOUNTS = (AccountId("ann"), AccountId("bob"))
STRATEGIES = (StrategyId("one"), StrategyId("two"))
SYMBOLS = ("BTCUSDT", "ETHUSDT")
KEY = PositionKey(ACCOUNTS[0], STRATEGIES[0], "PRISM", SYMBOLS[0])

prices = st.integers(1, 10**15).map(Px)
quantities = st.integers(1, 10**12).map(Qty)
fees = st.integers(-(10**9), 10**9).map(Money)


class Books(RuleBasedStateMachine):
    """Two accounts that trade with one another, and the log that tells of it."""

    fills: Bundle[ExecutionReport] = Bundle("fills")

    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(1)
        self.log: list[JournalEvent] = []
        self.ledger = Ledger()
        self.equity = Equity()
        self.booked: dict[str, ExecutionReport] = {}
        self.deposits = dict.fromkeys(ACCOUNTS, 0)
        self.marks: dict[str, Px] = {symbol: Px(1) for symbol in SYMBOLS}

    def write(self, event: JournalEvent) -> None:
        self.log.append(event)
        for change in self.ledger.apply(event, len(self.log)):
            assert self.equity.apply(change)
            assert not self.equity.apply(change)

    @rule(account=st.sampled_from(ACCOUNTS), amount=st.integers(-1_000, 1_000))
    def deposit(self, account: AccountId, amount: int) -> None:
        self.deposits[account] += amount * NANOS
        deposit = a_deposit(str(amount), account)
        event_id = EventId(f"deposit-{len(self.log)}")
        self.write(msgspec.structs.replace(deposit, event_id=event_id))

    @rule(
        target=fills,
        side=st.sampled_from(Side),
        symbol=st.sampled_from(SYMBOLS),
        strategy=st.sampled_from(STRATEGIES),
        px=prices,
        qty=quantities,
        fee=fees,
    )
    def trade(
        self, *, side: Side, symbol: str, strategy: StrategyId, px: Px, qty: Qty, fee: Money
    ) -> ExecutionReport:
        """Let the two accounts meet: one buys what the other sells."""
        for account, own in zip(ACCOUNTS, (side, side.opposite), strict=True):
            number = next(self.numbers)
            request = an_order(
                order_id=OrderId(f"order-{number}"),
                account=account,
                strategy=strategy,
                symbol=symbol,
                side=own,
                order_qty=qty,
                price=px,
            )
            report = a_fill(request, exec_id=ExecId(f"exec-{number}"), last_qty=qty, fee=fee)
            self.write(decide.received(request, NOW_NS))
            self.write(self.reported(report))
            self.booked[report.exec_id] = report
        return list(self.booked.values())[-1]

    @rule(target=fills, px=prices, qty=quantities, account=st.sampled_from(ACCOUNTS))
    def trade_unknown(self, px: Px, qty: Qty, account: AccountId) -> ExecutionReport:
        """Report fills on orders that nobody knows, both sides of the same trade."""
        for side in Side:
            number = next(self.numbers)
            request = an_order(
                order_id=OrderId(f"stray-{number}"), account=account, side=side, price=px
            )
            report = a_fill(request, exec_id=ExecId(f"exec-{number}"), last_qty=qty)
            self.write(an_unknown(report))
            self.booked[report.exec_id] = report
        return list(self.booked.values())[-1]

    @rule(fill=fills)
    def journal_a_fill_twice(self, fill: ExecutionReport) -> None:
        if fill.order_id.startswith("stray"):
            self.write(an_unknown(fill))
        else:
            self.write(self.reported(fill))

    @rule(place=st.integers(0, 1_000))
    def deliver_an_old_event_again(self, place: int) -> None:
        if self.log:
            seq = place % len(self.log) + 1
            assert self.ledger.apply(self.log[seq - 1], seq) == ()

    @rule(symbol=st.sampled_from(SYMBOLS), px=prices)
    def mark(self, symbol: str, px: Px) -> None:
        self.marks[symbol] = px

    def reported(self, report: ExecutionReport) -> OrderReported:
        request = an_order(order_id=report.order_id, account=report.account)
        order = apply(None, decide.received(request, NOW_NS))
        event = decide.judge_report(order, report, ts_ns=NOW_NS)
        assert isinstance(event, OrderReported)
        return event

    @invariant()
    def cash_and_holdings_are_those_of_the_fills(self) -> None:
        for account in ACCOUNTS:
            mine = [fill for fill in self.booked.values() if fill.account == account]
            paid = sum(f.side.sign * f.last_px * f.last_qty + f.fee * NANOS for f in mine)
            seen = self.ledger.account(account)
            assert (seen.cash if seen else 0) == self.deposits[account] * NANOS - paid
            for symbol in SYMBOLS:
                held = sum(f.side.sign * f.last_qty for f in mine if f.symbol == symbol)
                positions = self.ledger.positions(account)
                assert held == sum(p.quantity for p in positions if p.key.symbol == symbol)

    @invariant()
    def trading_makes_and_destroys_nothing_but_fees(self) -> None:
        fees = sum(fill.fee for fill in self.booked.values()) * NANOS
        deposits = sum(self.deposits.values()) * NANOS
        assert sum(a.cash for a in self.ledger.accounts()) == deposits - fees
        assert sum(p.quantity for p in self.ledger.positions()) == 0

    @invariant()
    def gains_less_fees_are_the_change_of_equity_at_any_mark(self) -> None:
        for account in self.ledger.accounts():
            positions = self.ledger.positions(account.account)
            worth = sum(p.quantity * self.marks[p.key.symbol] for p in positions)
            realized = sum(p.realized for p in positions)
            unrealized = worth - sum(p.cost for p in positions)
            fees = sum(p.fees for p in positions)
            assert realized + unrealized - fees == account.cash + worth - account.deposits

    @invariant()
    def what_is_published_adds_up_to_the_nano(self) -> None:
        for symbol, px in self.marks.items():
            self.equity.mark(symbol, px, NOW_NS)
        for account in self.equity.accounts():
            seen = self.equity.snapshot(account, NOW_NS)
            assert seen is not None
            assert seen.realized + seen.unrealized - seen.fees == seen.equity - seen.deposits
            held = self.ledger.positions(account)
            worth = sum(p.quantity * self.marks[p.key.symbol] for p in held)
            ledger = self.ledger.account(account)
            assert ledger is not None
            assert abs(seen.equity * NANOS - (ledger.cash + worth)) <= NANOS
            assert abs(seen.cash * NANOS - ledger.cash) * 2 <= NANOS

    @invariant()
    def a_closed_position_has_no_cost_and_an_open_one_costs_in_its_direction(self) -> None:
        for position in self.ledger.positions():
            if position.quantity == 0:
                assert position.cost == 0
            else:
                assert position.quantity * position.cost >= 0

    @invariant()
    def the_same_log_gives_the_same_digest(self) -> None:
        again = Ledger()
        for seq, event in enumerate(self.log, 1):
            again.apply(event, seq)
        assert again.digest() == self.ledger.digest()


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)


@given(
    fills=st.lists(st.tuples(quantities, st.sampled_from(Side), prices), min_size=1, max_size=12)
)
def test_mirrored_fills_make_the_mirrored_position(
    fills: list[tuple[Qty, Side, Px]],
) -> None:
    one, mirrored = Position(key=KEY), Position(key=KEY)
    for qty, side, px in fills:
        one = book(one, SignedQty(side.sign * qty), px, Money(0))
        mirrored = book(mirrored, SignedQty(-side.sign * qty), px, Money(0))

    assert mirrored.quantity == -one.quantity
    assert (mirrored.cost, mirrored.realized) == (-one.cost, -one.realized)
    assert mirrored.turnover == one.turnover


@given(
    qty=quantities,
    opened=prices,
    closed=prices,
    parts=st.lists(st.integers(1, 10**12), max_size=6),
)
def test_closing_in_parts_gains_what_closing_at_once_gains(
    qty: Qty, opened: Px, closed: Px, parts: list[int]
) -> None:
    start = book(Position(key=KEY), SignedQty(qty), opened, Money(0))
    position = start
    for part in parts:
        amount = min(part, position.quantity)
        position = book(position, SignedQty(-amount), closed, Money(0))
    position = book(position, SignedQty(-position.quantity), closed, Money(0))

    assert position.realized == value_of(Px(closed - opened), qty)
    assert (position.quantity, position.cost) == (0, Value(0))


@given(
    fills=st.lists(st.tuples(quantities, st.sampled_from(Side), prices), min_size=1, max_size=12)
)
def test_the_average_cost_is_what_fractions_say(fills: list[tuple[Qty, Side, Px]]) -> None:
    position = Position(key=KEY)
    held, cost, realized = 0, Fraction(0), Fraction(0)
    for qty, side, px in fills:
        signed = side.sign * qty
        position = book(position, SignedQty(signed), px, Money(0))
        closed = min(qty, abs(held)) * -side.sign if signed * held < 0 else 0
        if closed:
            share = cost * closed / held
            realized += px * closed - share
            cost -= share
        cost += px * (signed + closed)
        held += signed

    # Each close keeps less than one square nano back, and no more than one close at a time.
    assert position.quantity == held
    assert abs(position.cost - cost) < len(fills)
    assert abs(position.realized - realized) < len(fills)
