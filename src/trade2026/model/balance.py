"""What a venue says there is of each asset, and what it should come to.

An account at a venue had something before the platform traded with it, it is deposited to and
withdrawn from, and fees may be taken in an asset that nobody traded. So what there is can be
compared only beside an opening balance, which is written down once, and with all that is known to
have moved since. Dollars are one: what is booked in USDT may stand at a broker in USD.
"""

from collections.abc import Iterable, Mapping

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import NANOS, Money, Value
from trade2026.model.position import BASE_CURRENCY, DOLLARS


class AssetBalance(msgspec.Struct, frozen=True, kw_only=True):
    """What there is of one asset; fractions of a nano are left out."""

    asset: str
    free: Money
    """Negative where it is owed."""
    held: Money
    """Kept back, by orders that work above all."""


class AssetTransfer(msgspec.Struct, frozen=True, kw_only=True):
    """What was deposited at a venue, or withdrawn from it, and is done."""

    transfer_id: str
    asset: str
    amount: Money
    """Negative where it was withdrawn; what the venue took for it is in it."""
    ts_ns: TimeNs


class VenueBalance(msgspec.Struct, frozen=True, kw_only=True):
    """One asset in a venue's statement: what it says, and what is known there of how it came."""

    asset: str
    free: Value
    held: Value
    opening: Value = Value(0)
    """What there was when the opening balance was written down."""
    opening_held: Value = Value(0)
    """What of it was kept back then: by nothing of ours."""
    traded_before: Value = Value(0)
    """What fills had moved by then."""
    fees: Value = Value(0)
    """Paid since in this asset for trades in others."""
    transfers: Value = Value(0)
    """Deposited since, less what was withdrawn."""
    held_most: Value = Value(0)
    """More than this our orders cannot have kept back."""
    under_way: tuple[Value, ...] = ()
    """What each report moved that was told while the venue was being asked, oldest first: the
    newest of them may not be in `free` and `held`."""

    @property
    def total(self) -> Value:
        """Return all there is."""
        return Value(self.free + self.held)


class BalanceLine(msgspec.Struct, frozen=True, kw_only=True):
    """How what a venue says there is of an asset is explained. All in square nanos.

    It holds always::

        free + held == opening + traded + not_booked - fees + transfers - under_way + unexplained
    """

    asset: str
    free: Value
    held: Value
    opening: Value
    traded: Value
    """Moved since the opening by fills in the platform's log."""
    not_booked: Value
    """Moved by fills that the venue's gateway has told of and the log has not, or less where it
    is the log that has more."""
    fees: Value
    transfers: Value
    under_way: Value
    """Moved by the newest fills, which the venue has not counted here yet."""
    unexplained: Value
    """Less than a nano is the venue's rounding."""
    held_unexplained: Value
    """Kept back beyond what orders of ours can keep back."""

    @property
    def is_explained(self) -> bool:
        """Return whether nothing is left that has no cause."""
        return abs(self.unexplained) < NANOS and self.held_unexplained < NANOS


def booked_as(asset: str) -> str:
    """Return what the platform books *asset* as: 1 USD = 1 USDT."""
    return BASE_CURRENCY if asset in DOLLARS else asset


def by_asset(told: Iterable[AssetBalance]) -> Mapping[str, tuple[Value, Value]]:
    """Return what is free and what is held of each asset, as the platform books it."""
    found: dict[str, tuple[Value, Value]] = {}
    for one in told:
        asset = booked_as(one.asset)
        free, held = found.get(asset, (0, 0))
        found[asset] = (Value(free + one.free * NANOS), Value(held + one.held * NANOS))
    return found
