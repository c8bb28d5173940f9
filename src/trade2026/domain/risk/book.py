"""The book of risk: everything an order is judged by, folded from logs and quotes.

Positions, cash and reservations are a fold over the log of orders; the modes of trading
over the log of controls; reference prices are the latest quotes. An approval reserves at
once, in memory, before the log tells of it: of two orders that are judged one after the
other, the second sees the first.
"""

from collections.abc import Iterable
from typing import Final

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, EventId, ExecId, OrderId
from trade2026.core.numbers import (
    Bps,
    Money,
    Value,
    money_down,
    money_half_even,
    money_up,
    value_of,
)
from trade2026.domain.risk import booking
from trade2026.domain.risk.account import Holding, Reservation, RiskAccount
from trade2026.domain.risk.check import RiskView, margin_of, to_reserve
from trade2026.domain.risk.checks import RISK_CHECKS, mode
from trade2026.domain.risk.exposure import Exposure, SymbolExposure
from trade2026.domain.risk.limit import DEFAULT_LIMITS, LimitTable
from trade2026.domain.risk.limit_book import LimitBook
from trade2026.domain.risk.modes import Modes
from trade2026.domain.risk.reference import References
from trade2026.domain.risk.worth import Part, Worth
from trade2026.model.booking import Booking
from trade2026.model.execution import ExecType
from trade2026.model.instrument import Instrument
from trade2026.model.journal import (
    CashDeposited,
    JournalEvent,
    OrderApproved,
    OrderFailed,
    OrderReceived,
    OrderRefused,
    OrderReported,
    OrderWithdrawn,
    UnknownReported,
    moves_of,
)
from trade2026.model.market import Quote
from trade2026.model.order import NewOrderSingle, Side
from trade2026.model.position import BASE_CURRENCY
from trade2026.model.risk import (
    LimitsSet,
    Refusal,
    RefusalCode,
    RiskApproved,
    RiskVerdict,
    TradingMode,
)
from trade2026.model.surprise import mode_after

TAKER_FEE: Final = Bps(5)
"""PRISM's taker fee, the dearest there is; the platform's default (CONTRACTS, first start)."""

ENDED_KEPT: Final = 100_000
"""Ended orders remembered, so that a question about one that comes late reserves nothing."""

_ENDS: Final = frozenset({ExecType.CANCELED, ExecType.REJECTED, ExecType.EXPIRED})
_NOBODY: Final = RiskAccount()
"""An account without anything; never written to."""


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
        self.limit_book = LimitBook(limits)
        self._fee_bps = fee_bps
        self._seqs: dict[AccountId, int] = {}
        self._accounts: dict[AccountId, RiskAccount] = {}
        self._received: dict[OrderId, NewOrderSingle] = {}
        self._ended: dict[OrderId, None] = {}
        self._exec_ids: set[tuple[str, ExecId]] = set()
        self._deposit_ids: set[EventId] = set()
        """The log stores an id once within its window; one journalled later still counts once."""
        self.modes = Modes()
        self._references = References()

    @property
    def seq(self) -> int:
        """Return the highest sequence in the log of orders that was booked."""
        return max(self._seqs.values(), default=0)

    @property
    def limits(self) -> LimitTable:
        """Return the limits in force."""
        return self.limit_book.table

    def accounts(self) -> tuple[AccountId, ...]:
        """Return the accounts that anything was booked on or reserved for, sorted."""
        return tuple(sorted(self._accounts))

    def apply(self, event: JournalEvent, seq: int) -> None:
        """Book *event*; one booked before changes nothing.

        An event that an assert refuses makes its account wait while others go on, so what
        was booked before is known by account.

        Args:
            event: the next of its account in the log of orders.
            seq: its sequence in the log, strictly increasing within an account.
        """
        if seq <= self._seqs.get(event.account, 0):
            return
        match event:
            case CashDeposited():
                self._deposit(event)
            case OrderReceived():
                self._received[event.order_id] = event.request
            case OrderApproved():
                self._approve(event)
            case OrderRefused() | OrderFailed() | OrderWithdrawn():
                self._end(event.account, event.order_id)
            case OrderReported():
                self._report(event)
                self.modes.tighten(event.account, mode_after(event.surprise), event)
            case UnknownReported():
                # Of an order nobody knows there is nothing reserved: only fills count.
                self._fill(event)
                self.modes.tighten(event.account, TradingMode.REDUCE_ONLY, event)
            case Booking():
                self._book(event)
            case _:
                pass
        self._seqs[event.account] = seq

    def quote(self, venue: str, symbol: str, quote: Quote, arrived_ns: TimeNs) -> None:
        """Take *quote* as the reference: the one told last, whatever the clocks say.

        Args:
            venue: who quoted.
            symbol: of which instrument.
            quote: a side without quantity, or without a positive price, is nobody's.
            arrived_ns: when it reached the platform.
        """
        self._references.quote(venue, symbol, quote, arrived_ns)
        for account in self._accounts.values():
            account.worth.spoil_mark(symbol)

    def set_limits(self, change: LimitsSet) -> None:
        """Let the limits of a scope be those of *change*; what was made later stays."""
        if self.limit_book.set(change):
            for account in self._accounts.values():
                account.worth.spoil_all()

    def assess(self, order: NewOrderSingle, now_ns: TimeNs) -> RiskVerdict:
        """Judge *order* by every check, and reserve for it where it passes.

        The same order again, while its reservation is held, gets the same approval and
        reserves nothing more; or none, if trading has been halted since.
        """
        if order.order_id in self._ended:
            text = "the order has already ended"
            return RiskVerdict(refusals=(Refusal(code=RefusalCode.RISK_UNAVAILABLE, text=text),))
        held = self._accounts.get(order.account, _NOBODY).reservations.get(order.order_id)
        if held is not None:
            return self._again(order, held.approved, now_ns)
        verdict = self.judge(order, now_ns)
        if verdict.approved is not None:
            account = self._account(order.account)
            account.pace.note(order)
            account.reserve(
                Reservation(
                    approved=verdict.approved, leaves_qty=order.order_qty, is_journalled=False
                )
            )
        return verdict

    def judge(self, order: NewOrderSingle, now_ns: TimeNs) -> RiskVerdict:
        """Judge *order* by every check and reserve nothing."""
        view = self.view(order, now_ns)
        refusals = tuple(r for check in RISK_CHECKS if (r := check(order, view)) is not None)
        if refusals:
            return RiskVerdict(refusals=refusals)
        approved = RiskApproved(
            request=order,
            reserved=to_reserve(order, view),
            reference_px_nanos=view.reference_px(order.side) or 0,
            approved_ns=now_ns,
        )
        return RiskVerdict(approved=approved)

    def _again(
        self, order: NewOrderSingle, approved: RiskApproved[NewOrderSingle], now_ns: TimeNs
    ) -> RiskVerdict:
        """Return the approval that is held, unless trading has been halted since."""
        over = self.modes.mode_over(order.account, order.strategy, order.symbol)
        if over is TradingMode.HALTED:
            refusal = mode.check(order, self.view(order, now_ns))
            assert refusal is not None
            return RiskVerdict(refusals=(refusal,))
        return RiskVerdict(approved=approved)

    def release(self, order_id: OrderId) -> bool:
        """Give up a reservation whose approval never reached the log; return whether it was."""
        for account in self._accounts.values():
            held = account.reservations.get(order_id)
            if held is not None and not held.is_journalled:
                account.release(order_id)
                return True
        return False

    def release_unclaimed(self, before_ns: int) -> int:
        """Give up what was approved before then and never reached the log; return how many."""
        unclaimed = [
            order_id
            for account in self._accounts.values()
            for order_id, held in account.reservations.items()
            if not held.is_journalled and held.approved.approved_ns < before_ns
        ]
        return sum(self.release(order_id) for order_id in unclaimed)

    def view(self, order: NewOrderSingle, now_ns: TimeNs) -> RiskView:
        """Return what the checks see of the order's account and market."""
        account = self._accounts.get(order.account, _NOBODY)
        limits = self.limit_book.of(order.symbol, order.account, order.strategy)
        reference = self._references.of(
            order.venue, order.symbol, now_ns, limits.reference_max_age_ns
        )
        worth = self._refreshed(order.account, account)
        order_count, repeat_count = account.pace.counts(order)
        mode_scope = self.modes.scope_over(order.account, order.strategy, order.symbol)
        holding = account.holdings.get(order.symbol, Holding())
        mark_px = self._references.mark_px(order.symbol, holding.last_px)
        return RiskView(
            mode=self.modes.mode_of(mode_scope),
            mode_scope=mode_scope,
            instrument=self._instruments.get((order.venue, order.symbol)),
            bid_px=reference.bid_px if reference else None,
            ask_px=reference.ask_px if reference else None,
            reference_age_ns=now_ns - reference.arrived_ns if reference else None,
            is_account_open=account.is_open,
            position_qty=account.quantity(order.symbol),
            open_buy_qty=account.open_qty(order.symbol, Side.BUY),
            open_sell_qty=account.open_qty(order.symbol, Side.SELL),
            equity=Value(account.cash + worth.value),
            bound_margin=worth.margin,
            reserved=account.reserved,
            fee_bps=self._fee_bps,
            limits=limits,
            gross_exposure=money_up(worth.gross),
            net_exposure=money_half_even(worth.value),
            open_buy_value=money_up(account.open_value(Side.BUY)),
            open_sell_value=money_up(account.open_value(Side.SELL)),
            open_order_count=len(account.reservations),
            position_count=account.held_count,
            position_pnl=money_half_even(value_of(mark_px, holding.quantity) - holding.cost),
            own_bid_px=account.best_px(order.symbol, Side.BUY),
            own_ask_px=account.best_px(order.symbol, Side.SELL),
            order_count=order_count,
            repeat_count=repeat_count,
        )

    def exposure(self, account: str) -> Exposure | None:
        """Return how the account stands, or None where nothing was ever booked on it."""
        known = self._accounts.get(AccountId(account))
        if known is None:
            return None
        symbols = tuple(
            self._symbol_exposure(account, known, s) for s in sorted(self._symbols(known))
        )
        worth = self._refreshed(account, known)
        margin = worth.margin
        equity = money_down(known.cash + worth.value)
        return Exposure(
            account=AccountId(account),
            currency=BASE_CURRENCY,
            mode=self.modes.mode_over(account),
            cash=money_down(known.cash),
            equity=equity,
            gross_exposure=Money(sum(abs(symbol.value) for symbol in symbols)),
            net_exposure=Money(sum(symbol.value for symbol in symbols)),
            margin=margin,
            reserved=known.reserved,
            buying_power=Money(equity - margin - known.reserved),
            open_order_count=len(known.reservations),
            symbols=symbols,
        )

    def _account(self, account: AccountId) -> RiskAccount:
        return self._accounts.setdefault(account, RiskAccount())

    def _book(self, event: Booking) -> None:
        if event.event_id not in self._deposit_ids:
            self._deposit_ids.add(event.event_id)
            booking.book(self._account(event.account), event)

    def _deposit(self, event: CashDeposited) -> None:
        assert event.currency == BASE_CURRENCY, f"a deposit in {event.currency}"
        if event.event_id not in self._deposit_ids:
            self._deposit_ids.add(event.event_id)
            self._account(event.account).deposit(event.amount)

    def _approve(self, event: OrderApproved) -> None:
        request = self._received.get(event.order_id)
        assert request is not None, f"{event.order_id}: approved before it was received"
        account = self._account(event.account)
        held = account.reservations.get(event.order_id)
        # The log is the truth: what it says is held, after a restart as before.
        approved = RiskApproved(
            request=request,
            reserved=event.reserved,
            reference_px_nanos=held.approved.reference_px_nanos if held else 0,
            approved_ns=event.ts_ns,
        )
        account.pace.note(request)
        account.reserve(
            Reservation(approved=approved, leaves_qty=request.order_qty, is_journalled=True)
        )

    def _report(self, event: OrderReported) -> None:
        self._fill(event)
        report = event.report
        held = self._account(event.account).reservations.get(report.order_id)
        is_filled = held is not None and held.leaves_qty == 0
        if report.exec_type in _ENDS or is_filled:
            self._end(event.account, report.order_id)

    def _fill(self, event: OrderReported | UnknownReported) -> None:
        report, moves = event.report, moves_of(event)
        exec_key = (report.venue, report.exec_id)
        if not moves or exec_key in self._exec_ids:
            return
        assert not report.fee or report.fee_asset == BASE_CURRENCY, (
            f"{report.exec_id}: a fee in {report.fee_asset or 'no currency'}"
        )
        self._exec_ids.add(exec_key)
        self._account(event.account).fill(report, moves)

    def _end(self, account_id: AccountId, order_id: OrderId) -> None:
        self._account(account_id).release(order_id)
        self._received.pop(order_id, None)
        self._ended[order_id] = None
        if len(self._ended) > ENDED_KEPT:
            del self._ended[next(iter(self._ended))]

    def _refreshed(self, account_id: str, account: RiskAccount) -> Worth:
        """Return the account's sums, with what has changed reckoned again."""
        account.worth.refresh(lambda symbol: self._part(account_id, account, symbol))
        return account.worth

    def _part(self, account_id: str, account: RiskAccount, symbol: str) -> Part:
        holding = account.holdings.get(symbol, Holding())
        value = value_of(self._references.mark_px(symbol, holding.last_px), holding.quantity)
        rate = self.limit_book.of(symbol, account_id).margin_bps
        gross = abs(value) + account.worst_opening(symbol)
        worst = margin_of(gross, rate)
        # What open orders reserve was reckoned when each was approved; where positions
        # have changed since, their worst case may need more than that.
        margin = max(margin_of(value, rate), worst - account.reserved_for(symbol))
        return Part(value=value, gross=Value(gross), margin=margin)

    def _symbols(self, account: RiskAccount) -> set[str]:
        held = {symbol for symbol, holding in account.holdings.items() if holding.quantity}
        return held | {r.approved.request.symbol for r in account.reservations.values()}

    def _symbol_exposure(
        self, account_id: str, account: RiskAccount, symbol: str
    ) -> SymbolExposure:
        holding = account.holdings.get(symbol, Holding())
        mark_px = self._references.mark_px(symbol, holding.last_px)
        return SymbolExposure(
            symbol=symbol,
            quantity=holding.quantity,
            mark_px=mark_px,
            value=money_down(value_of(mark_px, holding.quantity)),
            open_buy_qty=account.open_qty(symbol, Side.BUY),
            open_sell_qty=account.open_qty(symbol, Side.SELL),
            limits=self.limit_book.of(symbol, account_id),
        )
