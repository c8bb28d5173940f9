"""Reconciliation: what a venue says that accounts hold with it, and how a comparison came out."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, EventId, ExecId, OrderId
from trade2026.core.numbers import (
    NANOS,
    Money,
    Px,
    Qty,
    SignedQty,
    Value,
)
from trade2026.model.balance import BalanceLine, VenueBalance, booked_as
from trade2026.model.execution import ExecutionReport
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.position import BASE_CURRENCY


class StatementRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The question to a venue for its statement."""

    venue: str


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one account holds of one symbol, and all the cash that its trades moved."""

    account: AccountId
    symbol: str
    quantity: SignedQty
    cash: Value
    """Received less paid, fees taken off."""


class StatementOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order that works at the venue."""

    order_id: OrderId
    account: AccountId
    symbol: str
    cum_qty: Qty
    """What of it has traded."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """All that the platform's accounts hold at a venue, at one of its reports."""

    venue: str
    report_seq: int
    """The last report that is in it; later ones are not."""
    lines: tuple[StatementLine, ...]
    orders: tuple[StatementOrder, ...] | None = None
    """All of the platform's orders that work there; None where it does not say."""
    balances: tuple[VenueBalance, ...] | None = None
    """What there is, of the assets that the platform trades; None where it could not be asked."""
    balances_why: str = ""
    """Why it could not."""


class Cause(StrEnum):
    """Why the three do not say the same."""

    ACTION = "ACTION"
    """A split or the like: the venue was not told. Log and venue agree."""
    BUST = "BUST"
    """The venue told of a bust or a correction, and its statement does not have it."""
    ORDER_ENDED = "ORDER_ENDED"
    """The venue has ended an order that works by the log."""
    ORDER_TRADED = "ORDER_TRADED"
    """An order has traded another quantity at the venue than by the log."""
    ORDER_UNKNOWN = "ORDER_UNKNOWN"
    """An order works at the venue that by the log does not."""
    UNEXPLAINED = "UNEXPLAINED"


class Held(msgspec.Struct, frozen=True):
    """A quantity and the cash of the trades that made it."""

    quantity: SignedQty = SignedQty(0)
    cash: Value = Value(0)

    def plus(self, other: "Held", sign: int = 1) -> "Held":
        """Return the sum, or the difference where *sign* is -1."""
        return Held(
            SignedQty(self.quantity + sign * other.quantity),
            Value(self.cash + sign * other.cash),
        )


_LISTED: Final = {one.symbol: (one.base, one.quote) for one in PRISM_INSTRUMENTS}
_UNLISTED: Final = ("", BASE_CURRENCY)


def booked_by(symbol: str, qty: SignedQty, px: Px, fee: Money, fee_asset: str) -> Held:
    """Return what a fill moves: as the ledger books it.

    A fee in the quote asset is cash, one in the base asset is paid in units, and one in a third
    asset moves neither.

    Args:
        symbol: what was traded.
        qty: negative where it was sold.
        px: of a unit.
        fee: positive is paid.
        fee_asset: what it is paid in.
    """
    base, quote = _LISTED.get(symbol, _UNLISTED)
    cash = -px * qty
    if fee_asset == quote:
        return Held(qty, Value(cash - fee * NANOS))
    units = fee if base and fee_asset == base else 0
    return Held(SignedQty(qty - units), Value(cash))


def is_third(symbol: str, asset: str) -> bool:
    """Return whether *asset* is neither what *symbol* is quoted in nor what it trades."""
    return asset not in _LISTED.get(symbol, _UNLISTED)


def sums_by_asset(held: Mapping[tuple[AccountId, str], Held]) -> dict[str, Value]:
    """Return what holdings by account and symbol come to, by asset, all accounts together."""
    found: dict[str, Value] = {}
    for (_, symbol), one in held.items():
        base, quote = _LISTED.get(symbol, (symbol, BASE_CURRENCY))
        for asset, moved in ((base, one.quantity * NANOS), (booked_as(quote), one.cash)):
            found[asset] = Value(found.get(asset, 0) + moved)
    return found


def moved_by(report: ExecutionReport) -> Held:
    """Return what the fill moves that *report* tells of."""
    qty = SignedQty(report.last_qty * report.side.sign)
    return booked_by(report.symbol, qty, report.last_px, report.fee, report.fee_asset)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One account's symbol of which the three do not say the same."""

    account: AccountId
    symbol: str
    platform: Held
    """What the ledger's positions say."""
    log: Held
    """What the fills in the log come to."""
    venue: Held
    cause: Cause


class OrderDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One order of which log and venue do not say the same."""

    order_id: OrderId
    account: AccountId
    symbol: str
    log_qty: Qty
    """What has traded by the log."""
    venue_qty: Qty
    """What has traded by the venue's statement, where it has the order."""
    cause: Cause


class Healed(msgspec.Struct, frozen=True, kw_only=True):
    """A report that the log lacked, that the venue gave again, and that is booked now."""

    account: AccountId
    order_id: OrderId
    exec_id: ExecId


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """How a comparison came out."""

    run_id: EventId
    asked_by: str
    venue: str
    ts_ns: TimeNs
    report_seq: int
    """The venue's report at which everything was compared."""
    compared: int
    """Lines of the venue's statement, and its orders."""
    waited_ns: int
    """How long reports on their way were waited for."""
    differences: tuple[Difference, ...]
    orders: tuple[OrderDifference, ...] = ()
    healed: tuple[Healed, ...] = ()
    balances: tuple[BalanceLine, ...] | None = None
    """What there is at the venue and why; None where it could not be asked, which is no word
    about whether it agrees."""
    balances_why: str = ""
    """Why it could not; empty in runs of a time when nobody asked."""

    @property
    def unexplained_assets(self) -> tuple[str, ...]:
        """Return the assets of which there is something at the venue, or not, without a cause."""
        return tuple(one.asset for one in self.balances or () if not one.is_explained)

    @property
    def unexplained(self) -> tuple[Difference | OrderDifference, ...]:
        """Return what no cause explains that can be left alone."""
        held = (one for one in self.differences if one.cause is Cause.UNEXPLAINED)
        return (*held, *self.orders)


class RecheckRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The demand to ask venues about orders, and to book what the log lacks of their reports."""

    order_ids: tuple[OrderId, ...]


class Rechecked(msgspec.Struct, frozen=True, kw_only=True):
    """What was booked."""

    healed: tuple[Healed, ...]
