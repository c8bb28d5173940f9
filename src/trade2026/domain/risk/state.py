"""What risk's accounts can be made of again, so that a restart need not fold the whole log.

Only what the log of orders says is in it: an approval that the log does not have yet is held by
the process that gave it, and by no other.
"""

import msgspec

from trade2026.core.ids import AccountId, EventId, ExecId, OrderId
from trade2026.core.numbers import Value
from trade2026.domain.risk.account import Holding, Reservation, RiskAccount
from trade2026.domain.risk.pace import Paced
from trade2026.model.order import NewOrderSingle
from trade2026.model.position import Balance
from trade2026.model.risk import RiskControl


class ShareState(msgspec.Struct, frozen=True, array_like=True):
    """What one strategy has made of an account."""

    strategy: str
    cash: Value
    quantities: dict[str, int]
    others: dict[str, int]


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """One account."""

    account: AccountId
    is_open: bool
    cash: Value
    deposits: Value
    purse: tuple[Balance, ...]
    shares: tuple[ShareState, ...]
    holdings: dict[str, Holding]
    reservations: tuple[Reservation, ...]
    paced: tuple[Paced, ...]


class AccountsState(msgspec.Struct, frozen=True, kw_only=True):
    """Every account, and what is remembered of orders and reports."""

    seqs: dict[AccountId, int]
    accounts: tuple[AccountState, ...]
    received: tuple[NewOrderSingle, ...]
    ended: dict[OrderId, str]
    exec_ids: dict[tuple[str, ExecId], None]
    deposit_ids: dict[EventId, None]


class RiskState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the log of orders makes of risk."""

    accounts: AccountsState
    tightened: tuple[RiskControl, ...]
    """What the log of orders tells of accounts, whatever was decided since."""


def freeze_account(name: AccountId, account: RiskAccount) -> AccountState:
    """Return what the log says of *account*."""
    return AccountState(
        account=name,
        is_open=account.is_open,
        cash=Value(account.cash),
        deposits=Value(account.deposits),
        purse=account.purse.all(),
        shares=tuple(
            ShareState(strategy, Value(share.cash), dict(share.quantities), dict(share.others))
            for strategy, share in account.shares.items()
        ),
        holdings=dict(account.holdings),
        reservations=tuple(
            one for held in account.reservations.values() if (one := _journalled(held)) is not None
        ),
        paced=account.pace.freeze(),
    )


def thaw_account(state: AccountState) -> RiskAccount:
    """Return the account that *state* was frozen from."""
    account = RiskAccount()
    account.is_open = state.is_open
    account.cash, account.deposits = int(state.cash), int(state.deposits)
    account.purse.thaw(state.purse)
    for one in state.shares:
        share = account.share(one.strategy)
        share.cash, share.quantities = int(one.cash), dict(one.quantities)
        share.others = dict(one.others)
    for symbol, holding in state.holdings.items():
        account.hold(symbol, holding)
    for reservation in state.reservations:
        account.reserve(reservation)
    account.pace.thaw(state.paced)
    return account


def _journalled(held: Reservation) -> Reservation | None:
    """Return what of *held* the log has; None for nothing."""
    if not held.is_journalled:
        return None
    if held.change is not None and not held.change.is_journalled:
        return msgspec.structs.replace(held, change=None)
    return held
