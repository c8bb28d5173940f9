"""What there is at the exchange, as far as the gateway's log tells: opening, fees, transfers.

The opening balance is written down once for each exchange, at a moment when no order of ours is
open there. From then on fills, fees in third assets, deposits and withdrawals are counted, each
once. Which orders of ours can keep something back is known by their terms.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from trade2026.core.ids import AccountId
from trade2026.core.numbers import BPS_ONE, NANOS, Px, Value, value_of
from trade2026.domain.live.order import LiveOrder
from trade2026.model.balance import AssetBalance, VenueBalance, booked_as, by_asset
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.instrument import Instrument, InstrumentKind
from trade2026.model.live import BalancesOpened, TransferSeen
from trade2026.model.order import Side
from trade2026.model.reconciliation import Held, is_third, moved_by, sums_by_asset

HELD_BPS: Final = 1_000
"""What an exchange may keep back beyond an order's worth, for fees and the price's way."""


_FUTURE: Final = InstrumentKind.LINEAR_FUTURE


class FundsState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the funds can be made of again; amounts by asset."""

    opened: BalancesOpened | None
    seen: frozenset[str]
    traded_before: dict[str, Value]
    fees: dict[str, Value]
    transfers: dict[str, Value]


class Funds:
    """The fold of what the exchange's account came by; mutable."""

    def __init__(self) -> None:
        self.opened: BalancesOpened | None = None
        self._seen: set[str] = set()
        self._traded_before: dict[str, Value] = {}
        self._fees: dict[str, Value] = {}
        self._transfers: dict[str, Value] = {}

    def freeze(self) -> FundsState:
        """Return all that these can be made of again."""
        return FundsState(
            opened=self.opened,
            seen=frozenset(self._seen),
            traded_before=dict(self._traded_before),
            fees=dict(self._fees),
            transfers=dict(self._transfers),
        )

    def thaw(self, state: FundsState) -> None:
        """Begin from *state*, which others were frozen to."""
        self.opened, self._seen = state.opened, set(state.seen)
        self._traded_before = dict(state.traded_before)
        self._fees, self._transfers = dict(state.fees), dict(state.transfers)

    def is_opened_at(self, exchange: str) -> bool:
        """Return whether the opening balance of *exchange* is written down."""
        return self.opened is not None and self.opened.exchange == exchange

    def has_seen(self, transfer_id: str) -> bool:
        """Return whether a transfer is counted, or was there at the opening."""
        return transfer_id in self._seen

    def open(self, event: BalancesOpened, traded: Mapping[tuple[AccountId, str], Held]) -> None:
        """Begin anew from *event*; *traded* is what fills had moved by then."""
        self.opened = event
        self._seen = set(event.transfer_ids)
        self._traded_before = sums_by_asset(traded)
        self._fees, self._transfers = {}, {}

    def transfer(self, event: TransferSeen) -> None:
        """Count a transfer, once."""
        one = event.transfer
        if one.transfer_id in self._seen:
            return
        self._seen.add(one.transfer_id)
        asset = booked_as(one.asset)
        moved = self._transfers.get(asset, 0) + one.amount * NANOS
        self._transfers[asset] = Value(moved)

    def report(self, report: ExecutionReport) -> None:
        """Count the fee of a fill that was paid in a third asset."""
        for asset, paid in _third_fee(report).items():
            self._fees[asset] = Value(self._fees.get(asset, 0) + paid)

    def balances(
        self,
        told: Iterable[AssetBalance],
        instruments: Iterable[Instrument],
        *,
        held_most: Mapping[str, int],
        under_way: Sequence[ExecutionReport],
    ) -> tuple[VenueBalance, ...]:
        """Return what the exchange *told* beside what is known of how it came, sorted.

        Assets that neither trade here nor ever paid a fee are left out: they are nobody's here.

        Args:
            told: of all assets.
            instruments: what trades.
            held_most: what our orders can keep back, by asset.
            under_way: reports that were told while the exchange was being asked, oldest first.
        """
        assert self.opened is not None
        now, then = by_asset(told), by_asset(self.opened.balances)
        listed = list(instruments)
        # Of futures nothing changes hands: there are positions, under their symbols.
        assets = {one.symbol for one in listed if one.kind is _FUTURE}
        coins = [one for one in listed if one.kind is not _FUTURE]
        if coins:
            assets |= {booked_as(one) for each in coins for one in (each.base, each.quote)}
            assets |= self._fees.keys() | self._traded_before.keys()
        moves = [_moves(report) for report in under_way]
        none = (Value(0), Value(0))
        return tuple(
            VenueBalance(
                asset=asset,
                free=now.get(asset, none)[0],
                held=now.get(asset, none)[1],
                opening=Value(sum(then.get(asset, none))),
                opening_held=then.get(asset, none)[1],
                traded_before=self._traded_before.get(asset, Value(0)),
                fees=self._fees.get(asset, Value(0)),
                transfers=self._transfers.get(asset, Value(0)),
                held_most=Value(held_most.get(asset, 0)),
                under_way=tuple(Value(one[asset]) for one in moves if one.get(asset)),
            )
            for asset in sorted(assets)
        )


def held_most(
    orders: Iterable[LiveOrder], instruments: Mapping[str, Instrument], mids: Mapping[str, Px]
) -> dict[str, int]:
    """Return the most that *orders* can keep back of each asset, in square nanos."""
    found: dict[str, int] = {}
    for order in orders:
        request, listed = order.request, instruments.get(order.request.symbol)
        if listed is None:
            continue
        qty = order.working_qty
        px = max(request.price or Px(0), mids.get(request.symbol, Px(0)))
        is_sale = request.side is Side.SELL
        asset = booked_as(listed.base if is_sale else listed.quote)
        worth = qty * NANOS if is_sale else value_of(px, qty)
        most = worth * (BPS_ONE + HELD_BPS) // BPS_ONE
        found[asset] = found.get(asset, 0) + most
    return found


def _moves(report: ExecutionReport) -> dict[str, int]:
    if report.exec_type is not ExecType.TRADE:
        return {}
    moves: dict[str, int] = dict(sums_by_asset({(report.account, report.symbol): moved_by(report)}))
    for asset, paid in _third_fee(report).items():
        moves[asset] = moves.get(asset, 0) - paid
    return moves


def _third_fee(report: ExecutionReport) -> dict[str, int]:
    is_own = not is_third(report.symbol, report.fee_asset)
    return {} if is_own or not report.fee else {booked_as(report.fee_asset): report.fee * NANOS}
