"""The book of risk: everything an order is judged by, folded from logs and quotes.

Positions, cash and reservations are a fold over the log of orders; the modes of trading
over the log of controls; reference prices are the latest quotes. An approval reserves at
once, in memory, before the log tells of it: of two orders that are judged one after the
other, the second sees the first.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId
from trade2026.core.numbers import (
    Bps,
    Money,
    Value,
    money_down,
    money_half_even,
    money_up,
    value_of,
)
from trade2026.domain.risk import changing
from trade2026.domain.risk.account import NO_HOLDING, RiskAccount, asked_only
from trade2026.domain.risk.accounts import RiskAccounts
from trade2026.domain.risk.breakers import Finding, judge_losses, near_money
from trade2026.domain.risk.check import RiskView, margin_of, sized
from trade2026.domain.risk.checks import LOSS_FREE, RISK_CHECKS, mode
from trade2026.domain.risk.checks import policy as policy_check
from trade2026.domain.risk.closing import Closings, Market, closings
from trade2026.domain.risk.exposure import Exposure, SymbolExposure, symbol_exposure
from trade2026.domain.risk.limit import DEFAULT_LIMITS, LimitTable
from trade2026.domain.risk.limit_book import LimitBook, margins_of
from trade2026.domain.risk.loss_watch import LossWatch, scope_of
from trade2026.domain.risk.losses import Losses
from trade2026.domain.risk.modes import Modes
from trade2026.domain.risk.reference import References
from trade2026.domain.risk.state import RiskState
from trade2026.domain.risk.value_at_risk import ValueAtRisk, VarBook
from trade2026.domain.risk.viewing import measured, with_sums
from trade2026.domain.risk.worth import Part, Worth
from trade2026.model.instrument import Instrument
from trade2026.model.journal import JournalEvent, OrderReported, UnknownReported
from trade2026.model.market import Quote
from trade2026.model.order import NewOrderSingle
from trade2026.model.position import BASE_CURRENCY
from trade2026.model.risk import (
    LimitsSet,
    Refusal,
    RefusalCode,
    RiskApproved,
    RiskVerdict,
    TradingMode,
    account_scope,
)
from trade2026.model.surprise import mode_after

TAKER_FEE: Final = Bps(5)
"""PRISM's taker fee, the dearest there is; the platform's default (CONTRACTS, first start)."""


class RiskBook:
    """Judges orders; mutable, nothing but memory.

    Args:
        instruments: what can be traded.
        limits: by symbol.
        fee_bps: the dearest rate that a fill may be charged.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        limits: LimitTable = DEFAULT_LIMITS,
        fee_bps: Bps = TAKER_FEE,
    ) -> None:
        self._instruments = {(i.venue, i.symbol): i for i in instruments}
        self.limit_book = LimitBook(limits, margins_of(self._instruments.values()))
        self._fee_bps = fee_bps
        self.accounts = RiskAccounts()
        self.modes = Modes()
        self._references = References()
        self.losses = LossWatch(self._references)
        self.minutes = VarBook()

    @property
    def limits(self) -> LimitTable:
        """Return the limits in force."""
        return self.limit_book.table

    def freeze(self) -> RiskState:
        """Return what the log of orders has made of this; other logs are read again."""
        return RiskState(accounts=self.accounts.freeze(), tightened=self.modes.freeze())

    def thaw(self, state: RiskState) -> None:
        """Begin from *state*, once the log of controls has been read."""
        self.accounts.thaw(state.accounts)
        self.modes.thaw(state.tightened)

    def apply(self, event: JournalEvent, seq: int) -> None:
        """Book *event*; one booked before changes nothing.

        An event that an assert refuses makes its account wait while others go on, so what
        was booked before is known by account.

        Args:
            event: the next of its account in the log of orders.
            seq: its sequence in the log, strictly increasing within an account.
        """
        if not self.accounts.apply(event, seq):
            return
        # The exact type: to ask `isinstance` of another one costs five times as much.
        if type(event) is OrderReported:
            if event.surprise:
                self.modes.tighten(event.account, mode_after(event.surprise), event)
        elif type(event) is UnknownReported:
            self.modes.tighten(event.account, TradingMode.REDUCE_ONLY, event)

    def quote(self, venue: str, symbol: str, quote: Quote, arrived_ns: TimeNs) -> None:
        """Take *quote* as the reference: the one told last, whatever the clocks say.

        Args:
            venue: who quoted.
            symbol: of which instrument.
            quote: a side without quantity, or without a positive price, is nobody's.
            arrived_ns: when it reached the platform.
        """
        self._references.quote(venue, symbol, quote, arrived_ns)
        for account in self.accounts.every():
            account.worth.spoil_mark(symbol)

    def set_limits(self, change: LimitsSet) -> None:
        """Let the limits of a scope be those of *change*; what was made later stays."""
        if self.limit_book.set(change):
            for account in self.accounts.every():
                account.worth.spoil_all()

    def assess(
        self, order: NewOrderSingle, now_ns: TimeNs, policy: tuple[Refusal, ...] = ()
    ) -> RiskVerdict:
        """Judge *order* by every check, and reserve for it where it passes.

        The same order again, while its reservation is held, gets the same approval and
        reserves nothing more; or none, if trading has been halted since.

        Args:
            order: as it was asked for.
            now_ns: the moment of asking.
            policy: what the user's own policy has against it.
        """
        if self.accounts.has_ended(order.order_id):
            text = "the order has already ended"
            return RiskVerdict(refusals=(Refusal(code=RefusalCode.RISK_UNAVAILABLE, text=text),))
        held = self.accounts.get(order.account).reservations.get(order.order_id)
        if held is not None:
            return self._again(order, held.approved, now_ns)
        verdict = self.judge(order, now_ns, policy)
        if verdict.approved is not None:
            account = self.accounts.of(order.account)
            account.pace.note(order)
            account.reserve(asked_only(verdict.approved))
        return verdict

    def assess_change(
        self, order: NewOrderSingle, now_ns: TimeNs, policy: tuple[Refusal, ...] = ()
    ) -> RiskVerdict:
        """Judge an open order as it shall be, and hold what it needs beside what it has."""
        account = self.accounts.of(order.account)
        return changing.assess(account, order, now_ns, lambda left: self.view(left, now_ns, policy))

    def judge(
        self, order: NewOrderSingle, now_ns: TimeNs, policy: tuple[Refusal, ...] = ()
    ) -> RiskVerdict:
        """Judge *order* by every check and reserve nothing."""
        view = self.view(order, now_ns, policy)
        asked = sized(order, view)
        found = [check(asked, view) for check in (RISK_CHECKS if view.has_lost else LOSS_FREE)]
        if any(found):
            refusals = (refusal for refusal in found if refusal is not None)
            return RiskVerdict(refusals=(*refusals, *policy_check.further(view)))
        approved = RiskApproved(
            request=order,
            reserved=asked.needed,
            reference_px_nanos=asked.reference_px or 0,
            approved_ns=now_ns,
        )
        return RiskVerdict(approved=approved)

    def _again(
        self, order: NewOrderSingle, approved: RiskApproved[NewOrderSingle], now_ns: TimeNs
    ) -> RiskVerdict:
        """Return the approval that is held, unless trading has been halted since."""
        over = self.modes.mode_over(order.account, order.strategy, order.symbol)
        if over is TradingMode.HALTED and not mode.is_closing(order):
            view = self.view(order, now_ns)
            refusal = mode.check(sized(order, view), view)
            assert refusal is not None
            return RiskVerdict(refusals=(refusal,))
        return RiskVerdict(approved=approved)

    def view(
        self, order: NewOrderSingle, now_ns: TimeNs, policy: tuple[Refusal, ...] = ()
    ) -> RiskView:
        """Return what the checks see of the order's account and market."""
        account = self.accounts.get(order.account)
        symbol, strategy = order.symbol, order.strategy
        bounds = self.limit_book.bounds_of(symbol, order.account, strategy)
        limits = bounds.limits
        reference = self._references.of(order.venue, symbol, now_ns, limits.reference_max_age_ns)
        bid_px, ask_px = (reference.bid_px, reference.ask_px) if reference else (None, None)
        worth = self._refreshed(order.account, account)
        equity = money_down(account.total_cash + worth.value)
        mode_scope = self.modes.scope_over(order.account, strategy, symbol)
        holding = account.holdings.get(symbol, NO_HOLDING)
        orders = account.open_orders(symbol)
        # In steps: from sixteen keywords on Python passes them through a dict, and that takes
        # several times as long as all of this.
        basis = RiskView(
            mode=self.modes.mode_of(mode_scope),
            instrument=self._instruments.get((order.venue, symbol)),
            bid_px=bid_px,
            ask_px=ask_px,
            reference_age_ns=now_ns - reference.arrived_ns if reference else None,
            is_account_open=account.is_open,
            position_qty=holding.quantity,
            open_buy_qty=orders.buys.qty,
            open_sell_qty=orders.sells.qty,
            equity=equity,
            bound_margin=worth.margin,
            reserved=account.reserved,
            fee_bps=self._fee_bps,
            limits=limits,
            mode_scope=mode_scope,
        )
        value_at_risk = partial(self._value_at_risk, account, symbol)
        view = with_sums(basis, account, order, orders, value_at_risk)
        losses_of = self.losses.losses
        losses = losses_of((order.account, ""), bounds.losses, account, equity, now_ns)
        own = losses_of((order.account, strategy), bounds.own_losses, account, equity, now_ns)
        lost = measured(order, bounds, losses, own)
        if lost:
            view = msgspec.structs.replace(view, losses=losses, measured=lost)
        if mode.is_closing(order):
            closable_qty = self.accounts.closable_qty(order)
            view = msgspec.structs.replace(view, closable_qty=closable_qty)
        return msgspec.structs.replace(view, policy=policy) if policy else view

    def note_losses(self, now_ns: TimeNs) -> tuple[Finding, ...]:
        """Take a point of everybody's curve, and return what is near its limit or beyond it."""
        found: list[Finding] = []
        for name in self.accounts.ids():
            account = self.accounts.get(name)
            equity = self._equity(name, account)
            if self.losses.note(name, account, equity, now_ns):
                found += self.loss_findings(name, now_ns)
            found += self._warnings(name, account)
        return tuple(found)

    def losses_of(self, name: str, now_ns: TimeNs) -> Losses:
        """Return what an account has lost by now."""
        account = self.accounts.get(name)
        limits = self.limit_book.losses_of(name)
        return self.losses.losses((name, ""), limits, account, self._equity(name, account), now_ns)

    def loss_findings(self, name: str, now_ns: TimeNs) -> Iterator[Finding]:
        """Yield which losses of an account and its strategies are near their limits or beyond."""
        account = self.accounts.get(name)
        equity = self._equity(name, account)
        for strategy in ("", *account.shares):
            limits = self.limit_book.losses_of(name, strategy)
            losses = self.losses.losses((name, strategy), limits, account, equity, now_ns)
            yield from judge_losses(scope_of((name, strategy)), losses, limits)

    def arm_losses(self, scope: str, now_ns: TimeNs) -> None:
        """Measure the losses of all that *scope* names from here on."""
        for name in self.accounts.ids():
            account = self.accounts.get(name)
            self.losses.arm(scope, name, account, self._equity(name, account), now_ns)

    def closings(self, scope: str) -> Closings:
        """Return what makes *scope* flat."""
        accounts = [(str(name), self.accounts.get(name)) for name in self.accounts.ids()]
        return closings(scope, accounts, self._market)

    def exposure(self, account: str) -> Exposure | None:
        """Return how the account stands, or None where nothing was ever booked on it."""
        known = self.accounts.known(account)
        if known is None:
            return None
        symbols = tuple(
            self._symbol_exposure(account, known, s) for s in sorted(self._symbols(known))
        )
        worth = self._refreshed(account, known)
        margin = worth.margin
        equity = money_down(known.total_cash + worth.value)
        return Exposure(
            account=AccountId(account),
            currency=BASE_CURRENCY,
            mode=self.modes.mode_over(account),
            cash=money_down(known.total_cash),
            equity=equity,
            gross_exposure=Money(sum(abs(symbol.value) for symbol in symbols)),
            net_exposure=Money(sum(symbol.value for symbol in symbols)),
            margin=margin,
            reserved=known.reserved,
            buying_power=Money(equity - known.purse.idle - margin - known.reserved),
            open_order_count=len(known.reservations),
            value_at_risk=self._value_at_risk(known),
            symbols=symbols,
        )

    def _equity(self, name: str, account: RiskAccount) -> Money:
        return money_down(account.total_cash + self._refreshed(name, account).value)

    def _warnings(self, name: str, account: RiskAccount) -> Iterator[Finding]:
        """Yield what checks bind, once it is near its limit."""
        worth = self._refreshed(name, account)
        limits, scope = self.limit_book.of("", name), account_scope(name)
        gross, net = money_up(worth.gross), abs(money_half_even(worth.value))
        yield from near_money("gross_exposure", scope, gross, limits.max_gross_exposure)
        yield from near_money("net_exposure", scope, net, limits.max_net_exposure)
        for symbol in account.holdings:
            most = self.limit_book.of(symbol, name).max_position_loss
            loss = -worth.pnl(symbol)
            yield from near_money("position_loss", scope, loss, most, what=symbol)

    def _value_at_risk(
        self, account: RiskAccount, symbol: str = "", quantity: int = 0
    ) -> ValueAtRisk:
        """Return what the account may lose within a day, if it held *quantity* of *symbol*."""
        worst = {one: account.worst_qty(one) for one in self._symbols(account)}
        if symbol:
            worst[symbol] = quantity
        values = {one: money_half_even(self._value(account, one, q)) for one, q in worst.items()}
        return self.minutes.value_at_risk(values)

    def _value(self, account: RiskAccount, symbol: str, quantity: int) -> Value:
        last_px = account.holdings.get(symbol, NO_HOLDING).last_px
        return value_of(self._references.mark_px(symbol, last_px), quantity)

    def _market(self, name: str, symbol: str) -> Market:
        listed = (one for (_, known), one in self._instruments.items() if known == symbol)
        last_px = self.accounts.get(name).holdings[symbol].last_px
        return Market(
            instrument=next(listed, None),
            limits=self.limit_book.of(symbol, name),
            mark_px=self._references.mark_px(symbol, last_px),
        )

    def _refreshed(self, account_id: str, account: RiskAccount) -> Worth:
        """Return the account's sums, with what has changed reckoned again."""
        worth = account.worth
        if worth.stale:
            for symbol in worth.stale:
                worth.put(symbol, self._part(account_id, account, symbol))
            worth.stale.clear()
        return worth

    def _part(self, account_id: str, account: RiskAccount, symbol: str) -> Part:
        holding, orders = account.holdings.get(symbol, NO_HOLDING), account.open_orders(symbol)
        value = self._references.mark_px(symbol, holding.last_px) * holding.quantity
        rate = self.limit_book.of(symbol, account_id).margin_bps
        opening = orders.worst_opening(holding.quantity)
        gross, margin = abs(value) + opening, margin_of(value, rate)
        if opening:
            # What open orders reserve was reckoned when each was approved; where positions
            # have changed since, their worst case may need more than that.
            margin = max(margin, margin_of(gross, rate) - orders.reserved)
        return Part(value, gross, margin, money_half_even(value - holding.cost))

    def _symbols(self, account: RiskAccount) -> set[str]:
        held = {symbol for symbol, holding in account.holdings.items() if holding.quantity}
        return held | {r.approved.request.symbol for r in account.reservations.values()}

    def _symbol_exposure(
        self, account_id: str, account: RiskAccount, symbol: str
    ) -> SymbolExposure:
        holding = account.holdings.get(symbol, NO_HOLDING)
        orders = account.open_orders(symbol)
        return symbol_exposure(
            symbol,
            holding.quantity,
            mark_px=self._references.mark_px(symbol, holding.last_px),
            open_qty=(orders.buys.qty, orders.sells.qty),
            limits=self.limit_book.of(symbol, account_id),
        )
