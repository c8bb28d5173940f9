"""The ledger under any sequence of fills, busts, corrections, actions, rates and methods.

After each step everything balances, the identity holds in every currency and in what is
published, and at the end a ledger that never saw the busted fills is the same ledger.
"""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.books import Books, a_booking, corrected, taken_back
from tests.factories import NOW_NS

from trade2026.core.numbers import NANOS, format_nanos
from trade2026.domain.pnl.equity import Equity
from trade2026.domain.position.ledger import Ledger
from trade2026.model.execution import ExecutionReport
from trade2026.model.journal import JournalEvent, OrderReported
from trade2026.model.position import LotMethod

SYMBOLS = ("BTCUSDT", "AAPL")
ASSETS = ("USDT", "BTC", "AAPL", "BNB")

amounts = st.integers(-(10**12), 10**12).filter(bool).map(format_nanos)
sizes = st.integers(1, 10**12).map(format_nanos)
prices = st.integers(1, 10**13).map(format_nanos)
fees = st.integers(-(10**9), 10**9).map(format_nanos)


class BookedAccount(RuleBasedStateMachine):
    """One account to which everything happens that can."""

    def __init__(self) -> None:
        super().__init__()
        self.books = Books("1000")
        self.equity = Equity()
        self.rates: dict[str, Fraction] = {"USDT": Fraction(1)}
        self.paid_in: dict[str, list[tuple[Fraction, Fraction | None]]] = {
            "USDT": [(Fraction(1000), Fraction(1))]
        }
        self.fills: list[ExecutionReport] = []
        self.busted: set[str] = set()
        self.told = 0

    def follow(self) -> None:
        again = Ledger()
        for seq, event in enumerate(self.books.log, 1):
            for change in again.apply(event, seq):
                if seq > self.told:
                    assert self.equity.apply(change)
        self.told = len(self.books.log)
        assert again.digest() == self.books.ledger.digest()

    @rule(
        amount=amounts,
        at=prices,
        symbol=st.sampled_from(SYMBOLS),
        fee=fees,
        asset=st.sampled_from(ASSETS),
    )
    def trade(self, amount: str, at: str, symbol: str, fee: str, asset: str) -> None:
        fill = self.books.trade(amount, at, symbol=symbol, fee=fee, fee_asset=asset)
        self.fills.append(fill)

    @rule(place=st.integers(0, 100))
    def bust(self, place: int) -> None:
        if self.fills:
            fill = self.fills[place % len(self.fills)]
            self.books.bust(fill)
            self.busted.add(fill.exec_id)

    @rule(place=st.integers(0, 100), amount=sizes, at=prices)
    def correct(self, place: int, amount: str, at: str) -> None:
        if self.fills:
            fill = self.fills[place % len(self.fills)]
            number = len(self.books.log)
            self.books.report(corrected(fill, amount, at, number=number))

    @rule(amount=amounts, symbol=st.sampled_from(SYMBOLS))
    def fund(self, amount: str, symbol: str) -> None:
        self.books.book("funding", amount=amount, symbol=symbol)

    @rule(per_unit=prices, symbol=st.sampled_from(SYMBOLS))
    def pay_dividend(self, per_unit: str, symbol: str) -> None:
        self.books.book("dividend", per_unit=per_unit, symbol=symbol)

    @rule(
        numerator=st.integers(1, 20),
        denominator=st.integers(1, 20),
        symbol=st.sampled_from(SYMBOLS),
    )
    def split(self, numerator: int, denominator: int, symbol: str) -> None:
        self.books.book("split", numerator=numerator, denominator=denominator, symbol=symbol)

    @rule(method=st.sampled_from(LotMethod))
    def sell_by(self, method: LotMethod) -> None:
        self.books.book("method", method=method)

    @rule(currency=st.sampled_from(("EUR", "BNB")), rate=st.integers(1, 10**12))
    def rate(self, currency: str, rate: int) -> None:
        self.books.book("rate", currency=currency, rate=format_nanos(rate))
        self.rates[currency] = Fraction(rate, NANOS)
        self.paid_in[currency] = [
            (amount, at or self.rates[currency]) for amount, at in self.paid_in.get(currency, [])
        ]

    @rule(currency=st.sampled_from(("EUR", "BNB", "USDT")), amount=amounts)
    def pay_in(self, currency: str, amount: str) -> None:
        self.books.book("cash", currency=currency, amount=amount)
        paid = (Fraction(amount), self.rates.get(currency))
        self.paid_in.setdefault(currency, []).append(paid)

    @invariant()
    def every_currency_is_what_its_parts_come_to(self) -> None:
        ledger = self.books.ledger
        account = ledger.account("default")
        assert account is not None
        for balance in account.balances:
            own = [p for p in ledger.positions() if p.currency == balance.currency]
            gained = sum(p.realized - p.cost - p.fees + p.funding + p.dividends for p in own)
            other = sum(
                fee.amount
                for p in ledger.positions()
                for fee in p.other_fees
                if fee.asset == balance.currency
            )
            assert balance.cash == balance.deposits + gained - other

    @invariant()
    def all_postings_come_to_nothing_and_to_the_balances(self) -> None:
        ledger = self.books.ledger
        totals = {(p.account, p.currency): p.amount for p in ledger.trial_balance("default")}
        for currency in {currency for _, currency in totals}:
            assert sum(a for (_, c), a in totals.items() if c == currency) == 0
        account = ledger.account("default")
        assert account is not None
        for balance in account.balances:
            assert totals.get(("assets:cash", balance.currency), 0) == balance.cash
            assert totals.get(("equity:deposits", balance.currency), 0) == -balance.deposits
        for entry in ledger.entries("default", limit=10_000):
            for currency in {p.currency for p in entry.postings}:
                assert sum(p.amount for p in entry.postings if p.currency == currency) == 0

    @invariant()
    def lots_are_the_position(self) -> None:
        ledger = self.books.ledger
        lots = ledger.lots("default")
        for position in ledger.positions():
            own = lots.get(position.key, ())
            assert sum(lot.quantity for lot in own) == position.quantity
            assert sum(lot.cost for lot in own) == position.cost
            assert all(lot.quantity * position.quantity > 0 for lot in own)

    @invariant()
    def what_is_published_adds_up_and_rates_are_told_from_gains(self) -> None:
        self.follow()
        seen = self.equity.snapshot("default", NOW_NS)
        assert seen is not None
        gained = seen.realized + seen.unrealized - seen.fees + seen.funding + seen.dividends
        assert gained + seen.fx == seen.equity - seen.deposits
        paid_in = sum(a * (at or 0) for paid in self.paid_in.values() for a, at in paid)
        worth_now = sum(
            a * self.rates[c]
            for c, paid in self.paid_in.items()
            if c in self.rates
            for a, _ in paid
        )
        # Each payment and each currency may be rounded by a nano.
        slack = Fraction(2 * len(self.books.log), NANOS)
        assert abs(Fraction(seen.deposits, NANOS) - paid_in) <= slack
        assert abs(Fraction(seen.fx, NANOS) - (worth_now - paid_in)) <= slack

    @invariant()
    def equity_is_cash_and_worth_at_the_rates(self) -> None:
        self.follow()
        ledger = self.books.ledger
        account, seen = ledger.account("default"), self.equity.snapshot("default", NOW_NS)
        assert account is not None
        assert seen is not None
        cash = sum(
            Fraction(b.cash, NANOS**2) * Fraction(b.rate, NANOS)
            for b in account.balances
            if b.rate is not None
        )
        worth = sum(Fraction(p.quantity * p.last_px, NANOS**2) for p in ledger.positions())
        assert abs(Fraction(seen.equity, NANOS) - cash - worth) <= Fraction(20, NANOS)

    def teardown(self) -> None:
        never = Ledger()
        for seq, event in enumerate(self.books.log, 1):
            if not self.is_of_a_busted_fill(event):
                never.apply(event, seq)
        assert never.digest() == self.books.ledger.digest()

    def is_of_a_busted_fill(self, event: JournalEvent) -> bool:
        if not isinstance(event, OrderReported):
            return False
        return bool(self.busted & {event.report.exec_id, event.report.exec_ref_id})


TestBookedAccount = BookedAccount.TestCase
TestBookedAccount.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@given(
    fills=st.lists(st.tuples(amounts, prices), min_size=1, max_size=8),
    method=st.sampled_from(LotMethod),
    data=st.data(),
)
def test_busts_in_any_order_and_before_their_fills_leave_the_same_ledger(
    fills: list[tuple[str, str]], method: LotMethod, data: st.DataObject
) -> None:
    one, other = Books(), Books()
    for books in (one, other):
        books.write(a_booking("method", 0, method=method))
    reports = [one.fill(amount, at) for amount, at in fills]
    for amount, at in fills:
        other.fill(amount, at)
    busted = data.draw(st.sets(st.sampled_from(reports)))

    for report in reports:
        one.report(report)
    for report in busted:
        one.report(taken_back(report))
        other.report(taken_back(report))
    for report in reports:
        other.report(report)

    assert one.ledger.digest() == other.ledger.digest()
