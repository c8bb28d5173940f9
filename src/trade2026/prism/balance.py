"""What a direct participant with a balance may still spend: never more than it has.

An account that was given a balance trades as on a spot exchange: it cannot be short of
anything. What its working orders could still take is locked: a sale locks the base asset, a
purchase its price times what is left, with the highest fee on it. A purchase at the market
is measured on the book as it stands, which is what it meets. So nothing that is free can
become negative, whatever fills.

Source: Binance Spot API, "Account information": `free` and `locked`.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

from trade2026.core.ids import OrderId
from trade2026.core.numbers import NANOS, Bps, fee_of, format_nanos, money_down, money_up
from trade2026.model.instrument import Instrument
from trade2026.model.order import NewOrderSingle, OrdType, Side
from trade2026.prism.exchange import Exchange
from trade2026.prism.holdings import CASH, FeeRates, Holdings
from trade2026.prism.outside import OutsideOrders, OutsiderOrder

_FIRST_LEVELS: Final = 100


class Balance(NamedTuple):
    """How much of one asset there is, in nanos."""

    free: int
    locked: int


class Wallet:
    """Looks at the balance of one party: of what it holds, and what its orders lock.

    The order *without*, which is about to be replaced, locks nothing.
    """

    def __init__(
        self,
        party: str,
        *,
        holdings: Holdings,
        orders: OutsideOrders,
        instruments: Mapping[str, Instrument],
        fees: FeeRates,
        without: OrderId | None = None,
    ) -> None:
        self._party = party
        self._holdings = holdings
        self._open = {key: one for key, one in orders.open_of(party).items() if key != without}
        self._instruments = instruments
        self._rate = Bps(max(fees.maker_bps, fees.taker_bps))
        self._locked = self._all_locked()

    def balances(self) -> dict[str, Balance]:
        """Return every asset that the party can have, with what is free and what is locked."""
        assets = {i.quote: None for i in self._instruments.values()}
        assets |= {i.base: None for i in self._instruments.values()}
        return {asset: self.balance(asset) for asset in assets}

    def balance(self, asset: str) -> Balance:
        """Return how much of *asset* there is; fractions of a nano are nobody's."""
        total, locked = self._total(asset), self._locked[asset]
        locked_nanos = money_up(locked)
        return Balance(money_down(total) - locked_nanos, locked_nanos)

    def problem(self, order: NewOrderSingle, exchange: Exchange) -> str:
        """Return why the party cannot pay for *order*; empty where it can."""
        instrument = self._instruments[order.symbol]
        asset = instrument.base if order.side is Side.SELL else instrument.quote
        needed = self._needed(order, instrument, exchange)
        free = self._total(asset) - self._locked[asset]
        if needed is not None and needed <= free:
            return ""
        wants = "more than the book offers" if needed is None else format_nanos(money_up(needed))
        return (
            f"INSUFFICIENT_BALANCE the order can take {wants} {asset},"
            f" {format_nanos(money_down(free))} is free"
        )

    def _needed(
        self, order: NewOrderSingle, instrument: Instrument, exchange: Exchange
    ) -> int | None:
        """Return what *order* can take at most, in square nanos; None: that has no bound."""
        if order.side is Side.SELL:
            return order.order_qty * NANOS
        if order.price is not None:
            return self._price_of(order.price * order.order_qty, order.order_qty, instrument)
        if order.ord_type is not OrdType.MARKET:
            # A stop that becomes a market order meets a book that nobody knows yet.
            return None
        value = self._market_value(order, instrument, exchange)
        return None if value is None else self._price_of(value, order.order_qty, instrument)

    def _price_of(self, value: int, qty: int, instrument: Instrument) -> int:
        # Each fill rounds its fee up to a nano, and there may be one for every lot.
        most_fills = -(-qty // instrument.lot_size)
        return value + (fee_of(value, self._rate) + most_fills) * NANOS

    def _market_value(
        self, order: NewOrderSingle, instrument: Instrument, exchange: Exchange
    ) -> int | None:
        lots = order.order_qty // instrument.lot_size
        own = self._own_offers(order.symbol)
        levels = _FIRST_LEVELS
        while True:
            _, asks = exchange.depth(order.symbol, levels)
            value, left = 0, lots
            for ticks, offered in asks:
                taken = min(left, max(0, offered - own.get(ticks * instrument.tick_size, 0)))
                value += taken * ticks
                left -= taken
            if not left or len(asks) < levels:
                # What nobody shows may still be hidden, at a price where something is shown.
                worst = asks[-1][0] if asks else 0
                return (value + left * worst) * instrument.tick_size * instrument.lot_size
            levels *= 10

    def _own_offers(self, symbol: str) -> dict[int, int]:
        """Return the party's own offers in lots by price: an order never buys from its owner."""
        lot = self._instruments[symbol].lot_size
        own: dict[int, int] = {}
        for order in self._open.values():
            request = order.request
            if request is None or request.symbol != symbol or request.side is Side.BUY:
                continue
            if request.price is None or request.ord_type is not OrdType.LIMIT:
                # A stop may still wait; counting it as another's makes the estimate dearer.
                continue
            shown = min(_left(order), request.display_qty or _left(order))
            own[request.price] = own.get(request.price, 0) + shown // lot
        return own

    def _total(self, asset: str) -> int:
        total = self._holdings.cash(self._party, f"{CASH}{asset}")
        for symbol, instrument in self._instruments.items():
            if instrument.base == asset:
                total += self._holdings.inventory(self._party, symbol) * NANOS
            if instrument.quote == asset:
                total += self._holdings.cash(self._party, symbol)
        return total

    def _all_locked(self) -> Counter[str]:
        """Return what working orders can still take, by asset, in square nanos."""
        locked = Counter[str]()
        for order in self._open.values():
            request = order.request
            if request is None:
                continue
            instrument, left = self._instruments[request.symbol], _left(order)
            if request.side is Side.SELL:
                locked[instrument.base] += left * NANOS
            elif request.price is not None:
                locked[instrument.quote] += self._price_of(request.price * left, left, instrument)
        return locked


def _left(order: OutsiderOrder) -> int:
    assert order.request is not None
    return order.request.order_qty - order.cum_qty
