"""Every account as risk sees it: cash, holdings and reservations, a fold over the log of orders.

An event that an assert refuses makes its account wait while others go on, so what was booked
before is known by account.
"""

from collections.abc import Iterable
from typing import Final

from trade2026.core.ids import AccountId, EventId, ExecId, OrderId
from trade2026.core.newest import Newest
from trade2026.core.numbers import Money, Qty
from trade2026.domain.risk import booking, changing
from trade2026.domain.risk.account import Reservation, RiskAccount
from trade2026.domain.risk.state import AccountsState, freeze_account, thaw_account
from trade2026.model.booking import Booking
from trade2026.model.execution import ExecType
from trade2026.model.journal import (
    CashDeposited,
    JournalEvent,
    OrderApproved,
    OrderChanged,
    OrderFailed,
    OrderReceived,
    OrderRefused,
    OrderReported,
    OrderSent,
    OrderWithdrawn,
    ReplaceRequested,
    UnknownReported,
    moves_of,
)
from trade2026.model.order import NewOrderSingle
from trade2026.model.position import BASE_CURRENCY, UNATTRIBUTED
from trade2026.model.risk import KILL_SWITCH, RiskApproved

ENDED_KEPT: Final = 50_000
"""Ended orders remembered, so that a question about one that comes late reserves nothing."""
FILLS_KEPT: Final = 50_000
"""Fills remembered, so that none is booked twice; the log's writer looks further back."""

_ENDS: Final = frozenset({ExecType.CANCELED, ExecType.REJECTED, ExecType.EXPIRED})
_NOBODY: Final = RiskAccount()
"""An account without anything; never written to."""


class RiskAccounts:
    """The accounts by id; mutable, nothing but memory."""

    def __init__(self) -> None:
        self._seqs: dict[AccountId, int] = {}
        self._accounts: dict[AccountId, RiskAccount] = {}
        self._received: dict[OrderId, NewOrderSingle] = {}
        self._ended = Newest[OrderId, str](ENDED_KEPT)
        """With the strategy: what is filled after the end is its too."""
        self._exec_ids = Newest[tuple[str, ExecId], None](FILLS_KEPT)
        """The newest, oldest first."""
        self._deposit_ids: dict[EventId, None] = {}
        """The log stores an id once within its window; one journalled later still counts once."""

    @property
    def seq(self) -> int:
        """Return the highest sequence in the log of orders that was booked."""
        return max(self._seqs.values(), default=0)

    def freeze(self) -> AccountsState:
        """Return what the log says, of which all this can be made again."""
        return AccountsState(
            seqs=dict(self._seqs),
            accounts=tuple(freeze_account(*one) for one in self._accounts.items()),
            received=tuple(self._received.values()),
            ended=dict(self._ended),
            exec_ids=dict(self._exec_ids),
            deposit_ids=dict(self._deposit_ids),
        )

    def thaw(self, state: AccountsState) -> None:
        """Begin from *state*, which another one was frozen to."""
        self._seqs = dict(state.seqs)
        self._accounts = {one.account: thaw_account(one) for one in state.accounts}
        self._received = {one.order_id: one for one in state.received}
        self._ended = Newest(ENDED_KEPT, state.ended.items())
        self._exec_ids = Newest(FILLS_KEPT, state.exec_ids.items())
        self._deposit_ids = dict(state.deposit_ids)

    def ids(self) -> tuple[AccountId, ...]:
        """Return the accounts that anything was booked on or reserved for, sorted."""
        return tuple(sorted(self._accounts))

    def every(self) -> Iterable[RiskAccount]:
        """Return all accounts."""
        return self._accounts.values()

    def known(self, account: str) -> RiskAccount | None:
        """Return the account, or None where nothing was ever booked on it."""
        return self._accounts.get(AccountId(account))

    def get(self, account: str) -> RiskAccount:
        """Return the account, or an empty one that nobody may write to."""
        return self._accounts.get(AccountId(account), _NOBODY)

    def of(self, account: AccountId) -> RiskAccount:
        """Return the account to write to."""
        known = self._accounts.get(account)
        if known is None:
            known = self._accounts[account] = RiskAccount()
        return known

    def has_ended(self, order_id: OrderId) -> bool:
        """Return whether the order is known to have ended."""
        return order_id in self._ended

    def closable_qty(self, order: NewOrderSingle) -> Qty:
        """Return how much of what its strategy holds *order*, a close, can still take off.

        What other closes may take off does not count again: those that are approved, and those
        that the log had before, for an approval is known to the life alone that gave it until
        the log has it.
        """
        account = self.get(order.account)
        share = account.shares.get(order.strategy)
        held = share.quantities.get(order.symbol, 0) if share else 0
        promised = {
            one.approved.request.order_id: one.leaves_qty
            for one in account.reservations.values()
            if _closes_like(one.approved.request, order)
        }
        for one in self._received.values():
            if one.order_id == order.order_id:
                break
            if _closes_like(one, order):
                promised.setdefault(one.order_id, one.order_qty)
        return Qty(max(0, -held * order.side.sign - sum(promised.values())))

    def apply(self, event: JournalEvent, seq: int) -> bool:
        """Book *event*, and return whether it is new.

        Args:
            event: the next of its account in the log of orders.
            seq: its sequence in the log, strictly increasing within an account.
        """
        account_id = event.account
        if seq <= self._seqs.get(account_id, 0):
            return False
        # First what every order goes through, by its exact type: to ask for a class that an event
        # is not of costs five times as much.
        if type(event) is OrderReceived:
            self._received[event.order_id] = event.request
        elif type(event) is OrderApproved:
            self._approve(event)
        elif type(event) is OrderReported:
            self._report(event)
        elif type(event) is not OrderSent:
            self._apply_other(event)
        self._seqs[account_id] = seq
        return True

    def _apply_other(self, event: JournalEvent) -> None:
        match event:
            case OrderChanged() | ReplaceRequested():
                self._change(event)
            case OrderRefused() | OrderFailed() | OrderWithdrawn():
                strategy = self._strategy_of(event.order_id, UNATTRIBUTED)
                self._end(event.account, event.order_id, strategy)
            case UnknownReported():
                # Of an order nobody knows there is nothing reserved: only fills count.
                self._fill(event, UNATTRIBUTED)
            case CashDeposited() | Booking():
                self._book(event)
            case _:
                pass

    def release(self, order_id: OrderId) -> bool:
        """Give up a reservation whose approval never reached the log; return whether it was."""
        return any(account.give_up(order_id) for account in self._accounts.values())

    def release_unclaimed(self, before_ns: int) -> int:
        """Give up what was approved before then and never reached the log; return how many."""
        unclaimed = [
            order_id
            for account in self._accounts.values()
            for order_id, held in account.reservations.items()
            if held.is_unclaimed(before_ns)
        ]
        return sum(self.release(order_id) for order_id in unclaimed)

    def _book(self, event: CashDeposited | Booking) -> None:
        is_deposit = isinstance(event, CashDeposited)
        assert not is_deposit or event.currency == BASE_CURRENCY, f"a deposit in {event.currency}"
        if event.event_id in self._deposit_ids:
            return
        self._deposit_ids[event.event_id] = None
        account = self.of(event.account)
        if is_deposit:
            account.deposit(Money(event.amount))
        else:
            booking.book(account, event)

    def _approve(self, event: OrderApproved) -> None:
        request = self._received.get(event.order_id)
        assert request is not None, f"{event.order_id}: approved before it was received"
        account = self.of(event.account)
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

    def _change(self, event: OrderChanged | ReplaceRequested) -> None:
        if isinstance(event, OrderChanged):
            request = self._received.get(event.order_id)
            assert request is not None, f"{event.order_id}: changed before it was received"
            self._received[event.order_id] = changing.with_terms(request, event)
        changing.book_change(self.of(event.account), event)

    def _report(self, event: OrderReported) -> None:
        report = event.report
        strategy = self._strategy_of(report.order_id, event.strategy or UNATTRIBUTED)
        is_filled = self._fill(event, strategy)
        if not is_filled:
            account = self.of(event.account)
            changing.book_word(account, report)
            held = account.reservations.get(report.order_id)
            is_filled = held is not None and held.leaves_qty == 0
        if is_filled or report.exec_type in _ENDS:
            self._end(event.account, report.order_id, strategy)

    def _fill(self, event: OrderReported | UnknownReported, strategy: str) -> bool:
        report, moves = event.report, moves_of(event)
        exec_key = (report.venue, report.exec_id)
        if not moves or exec_key in self._exec_ids:
            return False
        assert not report.fee or report.fee_asset, f"{report.exec_id}: a fee in no currency"
        self._exec_ids.keep(exec_key, None)
        return self.of(event.account).fill(report, moves, strategy)

    def _strategy_of(self, order_id: OrderId, told: str) -> str:
        """Return whose an order is that is open or among the newest that ended; else *told*."""
        request = self._received.get(order_id)
        return self._ended.get(order_id, told) if request is None else request.strategy

    def _end(self, account_id: AccountId, order_id: OrderId, strategy: str) -> None:
        self.of(account_id).release(order_id)
        self._received.pop(order_id, None)
        self._ended.keep(order_id, strategy)


def _closes_like(one: NewOrderSingle, order: NewOrderSingle) -> bool:
    """Return whether *one* is the kill switch's, and takes off what *order* takes off."""
    return one.sent_by == KILL_SWITCH and (
        one.account,
        one.strategy,
        one.symbol,
        one.side,
    ) == (order.account, order.strategy, order.symbol, order.side)
