"""An exchange of somebody else's, as the live gateway asks of it. All numbers are exact nanos.

Three kinds of "no" are kept apart, because what may be done next differs: it refused
(`VenueRejectedError`), it provably did not look because we asked too often
(`VenueBusyError`), and nobody knows (`VenueUnavailableError`: the order is in doubt).
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Money, Px, Qty
from trade2026.model.balance import AssetBalance, AssetTransfer
from trade2026.model.instrument import Instrument
from trade2026.model.order import OrdType, Side, TimeInForce


class ExchangeOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent."""

    client_id: str
    symbol: str
    """In the platform's spelling."""
    side: Side
    ord_type: OrdType
    time_in_force: TimeInForce
    is_post_only: bool
    qty: Qty
    price: Px | None
    is_reduce_only: bool = False
    """Whether the exchange itself must not let it open anything; futures only."""


class ExchangeStatus(StrEnum):
    """How an order stands at the exchange."""

    WORKING = "WORKING"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class ExchangeState(msgspec.Struct, frozen=True, kw_only=True):
    """What the exchange says of one order."""

    client_id: str
    venue_order_id: str
    symbol: str
    status: ExchangeStatus
    filled_qty: Qty


class ExchangeTrade(msgspec.Struct, frozen=True, kw_only=True):
    """One of our own fills."""

    trade_id: str
    """Unique among the trades of the symbol."""
    venue_order_id: str
    symbol: str
    px: Px
    qty: Qty
    fee: Money
    """In `fee_asset`; positive is paid."""
    fee_asset: str
    is_maker: bool | None
    ts_ns: TimeNs


class ExchangeFunding(msgspec.Struct, frozen=True, kw_only=True):
    """One payment between longs and shorts of a perpetual, as it came to the account."""

    funding_id: str
    symbol: str
    amount: Money
    """In the quote asset; negative is paid."""
    ts_ns: TimeNs


class ExchangeBook(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange's book of a symbol as it stands: price and quantity, best first."""

    symbol: str
    bids: tuple[tuple[Px, Qty], ...]
    asks: tuple[tuple[Px, Qty], ...]


class ExchangePrint(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's trade on the exchange."""

    symbol: str
    px: Px
    qty: Qty
    aggressor_side: Side


class ExchangeLost(msgspec.Struct, frozen=True, kw_only=True):
    """A stream broke: what was said meanwhile has to be asked for."""

    stream: str
    why: str


Word = ExchangeState | ExchangeTrade | ExchangeBook | ExchangePrint | ExchangeLost
"""What the exchange says by itself."""


class Exchange(Protocol):
    """One account at one exchange."""

    @property
    def name(self) -> str:
        """Return what it is called, such as `binance`."""
        ...

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """Return what it lists of the symbols that are configured, once connected."""
        ...

    async def connect(self) -> None:
        """Load its markets, and how far its clock is from ours. May be called again.

        Raises:
            VenueRejectedError: it does not know us.
            VenueUnavailableError: no answer came.
        """
        ...

    async def send(self, order: ExchangeOrder) -> ExchangeState:
        """Hand an order over, once: never repeated here where it may have arrived.

        Raises:
            VenueRejectedError: it is refused.
            VenueBusyError: it was not looked at, because we ask too often.
            VenueUnavailableError: whether it arrived is not known.
        """
        ...

    async def cancel(self, client_id: str, venue_order_id: str, symbol: str) -> None:
        """Ask to cancel what works. That nothing works any more is no error.

        Raises:
            VenueRejectedError: it is refused.
            VenueBusyError: it was not looked at.
            VenueUnavailableError: no answer came.
        """
        ...

    async def find(self, client_id: str, venue_order_id: str, symbol: str) -> ExchangeState | None:
        """Return how an order stands, by our name for it; None where the exchange knows none.

        Raises:
            VenueRejectedError: the question is refused.
            VenueBusyError: it was not looked at.
            VenueUnavailableError: no answer came.
        """
        ...

    async def trades(self, venue_order_id: str, symbol: str) -> Sequence[ExchangeTrade]:
        """Return the fills of one order, in their order.

        Raises:
            VenueRejectedError: the question is refused.
            VenueBusyError: it was not looked at.
            VenueUnavailableError: no answer came.
        """
        ...

    async def book(self, symbol: str) -> ExchangeBook:
        """Return the book as it stands, by asking.

        Raises:
            VenueRejectedError: the question is refused.
            VenueBusyError: it was not looked at.
            VenueUnavailableError: no answer came.
        """
        ...

    async def balances(self) -> Sequence[AssetBalance]:
        """Return all that the account has, free and held; what it does not name it has none of.

        Where futures trade, these are the positions, under their symbols and signed.

        Raises:
            VenueRejectedError: the question is refused.
            VenueBusyError: it was not looked at.
            VenueUnavailableError: no answer came.
        """
        ...

    async def transfers(self, since_ns: TimeNs) -> Sequence[AssetTransfer]:
        """Return deposits and withdrawals since then that are done; none where it never tells.

        Raises:
            VenueRejectedError: the question is refused.
            VenueBusyError: it was not looked at.
            VenueUnavailableError: no answer came.
        """
        ...

    async def fundings(self, symbol: str, since_ns: TimeNs) -> Sequence[ExchangeFunding]:
        """Return what funding was paid and received of a perpetual since then, in its order.

        Raises:
            VenueRejectedError: the question is refused.
            VenueBusyError: it was not looked at.
            VenueUnavailableError: no answer came.
        """
        ...

    async def listen(self, hear: Callable[[Word], None]) -> None:
        """Tell *hear* what it says by itself, until cancelled; streams that break are reopened."""
        ...

    async def close(self) -> None:
        """Hang up."""
        ...
