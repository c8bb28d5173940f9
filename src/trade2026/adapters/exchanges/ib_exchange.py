"""Interactive Brokers, as `ports.exchange` wants it, through a TWS or IB Gateway that runs.

Experimental: tested against frames written from TWS's documentation, never against TWS.

* Our name for an order is its `orderRef`. Where it is not known whether an order arrived, the
  open orders, those of today that have ended, and the day's fills are asked for that name.
* TWS without its broker (code 1100) knows nothing new: then it is not asked, and nothing is sent.
* A fill is told when its commission has come, which TWS sends in a frame of its own.
* Shares only, routed by SMART, in US dollars, in regular trading hours.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ib_async.contract import Contract
from structlog.typing import FilteringBoundLogger

from trade2026.adapters.exchanges.exact import nanos_of
from trade2026.adapters.exchanges.ib_ears import Seen
from trade2026.adapters.exchanges.ib_wire import IbWire
from trade2026.adapters.exchanges.ib_words import (
    GONE,
    NOT_CANCELLABLE,
    STATUSES,
    WAIT_S,
    Quote,
    balances_of,
    instrument_of,
    order_of,
    quantity_of,
    refusal_of,
    status_of,
    their_symbol,
    trade_of,
)
from trade2026.core.clock import TimeNs
from trade2026.core.errors import (
    InvalidNumberError,
    Trade2026Error,
    VenueBusyError,
    VenueRejectedError,
    VenueUnavailableError,
)
from trade2026.core.numbers import Px, Qty
from trade2026.model.balance import AssetBalance, AssetTransfer
from trade2026.model.instrument import Instrument
from trade2026.model.order import Side
from trade2026.ports.exchange import (
    ExchangeBook,
    ExchangeFunding,
    ExchangeLost,
    ExchangeOrder,
    ExchangePrint,
    ExchangeState,
    ExchangeStatus,
    ExchangeTrade,
    Word,
)

FEE_WITHIN_S: Final = 3.0
REOPEN_S: Final = 0.5
REOPEN_MOST_S: Final = 30.0
CURRENCY: Final = "USD"


class IbExchange:
    """One account at Interactive Brokers."""

    name = "interactive-brokers"

    def __init__(
        self,
        *,
        host: str,
        port: int,
        client_number: int,
        account: str,
        symbols: Sequence[str],
        logger: FilteringBoundLogger,
        fee_within_s: float = FEE_WITHIN_S,
    ) -> None:
        """Prepare it; nothing is asked yet.

        Args:
            host: where TWS runs.
            port: of its API.
            client_number: by which TWS tells its clients apart; always the same one.
            account: whose number orders carry; may be empty where the login has one only.
            symbols: in the platform's spelling.
            logger: for what people have to see to.
            fee_within_s: how long a fill waits for what it cost.
        """
        self._at = (host, port, client_number)
        self._account = account
        self._symbols = tuple(symbols)
        self._logger = logger
        self._fee_within_s = fee_within_s
        self._contracts: dict[str, Contract] = {}
        self._instruments: dict[str, Instrument] = {}
        self._symbol_of: dict[str, str] = {}
        self._wire = IbWire()
        self._ears = self._wire.ears

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """Return what it lists of our symbols."""
        return self._instruments

    @property
    def is_there(self) -> bool:
        """Return whether TWS is connected, and the broker behind it."""
        return self._wire.is_there

    async def connect(self) -> None:
        """Shake hands with TWS, and look the symbols up.

        Raises:
            VenueRejectedError: the account is not the login's, or a symbol is ambiguous.
            VenueUnavailableError: no answer came.
        """
        if not self._wire.client.isReady():
            accounts = await self._wire.connect(*self._at)
            wanted = self._account or (accounts[0] if len(accounts) == 1 else "")
            if wanted not in accounts:
                self._wire.close()
                why = "NOT_AUTHENTICATED name one of TWS's accounts in [live_gateway] ib_account"
                raise VenueRejectedError(why)
            self._account = wanted
        for symbol in self._symbols:
            name = their_symbol(symbol)
            contract = Contract(secType="STK", symbol=name, exchange="SMART", currency=CURRENCY)
            told = await self._wire.contracts(contract)
            if not told:
                continue
            try:
                self._instruments[symbol] = instrument_of(told, symbol)
            except InvalidNumberError as error:
                raise VenueRejectedError(f"{symbol}: {error}") from None
            assert told[0].contract is not None
            contract.conId = told[0].contract.conId
            self._contracts[symbol] = contract

    async def send(self, order: ExchangeOrder) -> ExchangeState:
        """Hand an order over, once.

        Raises:
            VenueRejectedError: it is refused.
            VenueBusyError: it provably was not sent, or not looked at.
            VenueUnavailableError: whether it arrived is not known.
        """
        contract, made = self._contract(order.symbol), order_of(order, self._account)
        try:
            seen = self._wire.place(contract, made)
        except (VenueUnavailableError, ConnectionError) as error:
            raise VenueBusyError(f"NOT_CONNECTED {error}", WAIT_S) from None
        self._symbol_of[order.client_id] = order.symbol

        def answer() -> ExchangeState | Trade2026Error | None:
            told = self._ears.errors.get(seen.order_id, ())
            refusals = [refusal_of(code, text, self._account) for code, text in told]
            refusal = next((one for one in refusals if one is not None), None)
            if refusal is not None:
                return refusal
            # Why an order is inactive an error says; without one the next look tells it.
            is_known = seen.status in STATUSES and seen.status != "Inactive" and seen.perm_id
            return self._state(seen, order.symbol) if is_known else None

        try:
            said = await self._wire.until(answer)
        finally:
            self._ears.errors.pop(seen.order_id, None)
        if isinstance(said, Trade2026Error):
            raise said
        return said

    async def cancel(self, client_id: str, venue_order_id: str, symbol: str) -> None:
        """Ask to cancel what works.

        Raises:
            VenueRejectedError: it is refused.
            VenueUnavailableError: no answer came.
        """
        del venue_order_id
        self._contract(symbol)
        open_now = await self._wire.ask_open()
        if client_id not in open_now:
            return
        seen = self._ears.orders[client_id]
        if seen.client != self._at[2]:
            raise VenueRejectedError(f"NOT_CANCELLABLE client {seen.client} of TWS's has placed it")
        self._wire.cancel(seen.order_id)

        def answer() -> str | None:
            is_over = seen.status == "PendingCancel" or _is_done(seen)
            codes = dict(self._ears.errors.get(seen.order_id, ()))
            if is_over or codes.keys() & GONE:
                return ""
            return next(
                (f"{code} {codes[code]}" for code in codes if code in NOT_CANCELLABLE), None
            )

        why = await self._wire.until(answer)
        if why:
            raise VenueRejectedError(f"NOT_CANCELLABLE {why}")

    async def find(self, client_id: str, venue_order_id: str, symbol: str) -> ExchangeState | None:
        """Return how an order stands; None where none of TWS's lists has one of that name.

        Raises:
            VenueUnavailableError: no answer came, or TWS cannot know.
        """
        del venue_order_id
        self._contract(symbol)
        self._symbol_of[client_id] = symbol
        open_now = await self._wire.ask_open()
        seen = self._ears.orders.get(client_id)
        if seen is not None and (client_id in open_now or _is_done(seen)):
            return self._state(seen, symbol)
        closed = [(o, s) for o, s in await self._wire.ask_closed() if o.orderRef == client_id]
        await self._wire.ask_fills(self._account)
        fills = [one for one in self._ears.fills.values() if one.orderRef == client_id]
        filled = sum(nanos_of(one.shares) for one in fills)
        if closed:
            order, state = closed[-1]
            perm_id, status = order.permId, status_of(state.status)
            filled = max(filled, quantity_of(order.filledQuantity))
        elif fills:
            # It has traded and neither is open nor has it ended: the next look says more.
            perm_id, status = fills[0].permId, ExchangeStatus.WORKING
        else:
            return None
        return ExchangeState(
            client_id=client_id,
            venue_order_id=str(perm_id),
            symbol=symbol,
            status=status,
            filled_qty=Qty(filled),
        )

    async def trades(self, venue_order_id: str, symbol: str) -> Sequence[ExchangeTrade]:
        """Return the day's fills of one order, those without a commission after a while too.

        Raises:
            VenueUnavailableError: no answer came.
        """
        self._contract(symbol)
        await self._wire.ask_fills(self._account)
        ears = self._ears

        def ours() -> list[str]:
            return [key for key, one in ears.fills.items() if str(one.permId) == venue_order_id]

        try:
            await self._wire.until(
                lambda: True if ears.fees.keys() >= set(ours()) else None, self._fee_within_s
            )
        except VenueUnavailableError:
            missing = [key for key in ours() if key not in ears.fees]
            self._logger.warning("fills are booked without their commission", trades=missing)
        found = [trade_of(ears.fills[key], ears.fees.get(key), symbol) for key in ours()]
        return sorted(found, key=lambda one: (one.ts_ns, one.trade_id))

    async def book(self, symbol: str) -> ExchangeBook:
        """Return the top of the book, by asking.

        Raises:
            VenueRejectedError: TWS refuses to tell it.
            VenueUnavailableError: no answer came, or it is not of now.
        """
        quote = Quote(symbol=symbol)
        number = self._wire.watch(self._contract(symbol), quote, is_once=True)

        def answer() -> str | None:
            told = self._ears.errors.get(number)
            if told:
                return f"NO_PRICE {told[0][0]} {told[0][1]}"
            if not quote.is_live:
                return "NO_PRICE TWS sends delayed or frozen prices: a subscription is missing"
            return "" if quote.bid_px and quote.ask_px else None

        try:
            why = await self._wire.until(answer)
        finally:
            self._ears.quotes.pop(number, None)
            self._ears.errors.pop(number, None)
        if why:
            raise VenueRejectedError(why)
        return _book(quote)

    async def balances(self) -> Sequence[AssetBalance]:
        """Return the account's cash by currency, and its shares.

        Raises:
            VenueUnavailableError: no answer came.
        """
        cash, shares = await self._wire.ask_cash(), await self._wire.ask_shares()
        if all(whose != self._account for whose, *_ in cash):
            raise VenueUnavailableError("TWS tells nothing of the account's cash")
        return balances_of(cash, shares, account=self._account, symbols=self._symbols)

    async def transfers(self, since_ns: TimeNs) -> Sequence[AssetTransfer]:
        """Return none: it tells of none."""
        del since_ns
        return ()

    async def fundings(self, symbol: str, since_ns: TimeNs) -> Sequence[ExchangeFunding]:
        """Return none."""
        del symbol, since_ns
        return ()

    async def listen(self, hear: Callable[[Word], None]) -> None:
        """Tell *hear* of our orders and fills, and of the symbols' prices; come back for ever."""
        self._tell(hear)
        wait_s = REOPEN_S
        while True:
            try:
                await self.connect()
                self._wire.unwatch()
                for symbol, contract in self._contracts.items():
                    self._wire.watch(contract, Quote(symbol=symbol))
                wait_s = REOPEN_S
                await self._until_lost()
            except Trade2026Error as error:
                hear(ExchangeLost(stream="orders", why=str(error)))
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, REOPEN_MOST_S)
                continue
            # Whatever was said meanwhile is asked for.
            hear(ExchangeLost(stream="orders", why="TWS or the broker behind it went away"))

    async def close(self) -> None:
        """Hang up."""
        self._wire.close()

    async def _until_lost(self) -> None:
        ears = self._ears
        ears.data_lost.clear()
        waits = [asyncio.ensure_future(one.wait()) for one in (ears.lost, ears.data_lost)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    def _tell(self, hear: Callable[[Word], None]) -> None:
        ears, ours = self._ears, self._symbol_of

        def on_order(seen: Seen) -> None:
            if seen.ref in ours:
                hear(self._state(seen, ours[seen.ref]))

        def on_fill(key: str) -> None:
            fill = ears.fills.get(key)
            if fill is not None and fill.orderRef in ours:
                hear(trade_of(fill, ears.fees[key], ours[fill.orderRef]))

        def on_quote(quote: Quote) -> None:
            if quote.bid_px and quote.ask_px:
                hear(_book(quote))

        def on_last(quote: Quote, px: Px, qty: Qty) -> None:
            # Who hit whom is not told: at a side of the quote or beyond, that side was hit
            # (Lee and Ready, 1991); in between nobody knows.
            if quote.ask_px and px >= quote.ask_px:
                hear(ExchangePrint(symbol=quote.symbol, px=px, qty=qty, aggressor_side=Side.BUY))
            elif px <= quote.bid_px:
                hear(ExchangePrint(symbol=quote.symbol, px=px, qty=qty, aggressor_side=Side.SELL))

        ears.on_order, ears.on_fill = on_order, on_fill
        ears.on_quote, ears.on_last = on_quote, on_last
        ears.on_corrected = lambda exec_id: self._logger.error(
            "the broker corrected a fill; the books keep the first word", exec_id=exec_id
        )

    def _contract(self, symbol: str) -> Contract:
        if symbol not in self._contracts:
            raise VenueRejectedError(f"UNKNOWN_SYMBOL {symbol}")
        return self._contracts[symbol]

    def _state(self, seen: Seen, symbol: str) -> ExchangeState:
        return ExchangeState(
            client_id=seen.ref,
            venue_order_id=str(seen.perm_id or ""),
            symbol=symbol,
            status=status_of(seen.status),
            filled_qty=seen.filled_qty,
        )


def _is_done(seen: Seen) -> bool:
    return STATUSES.get(seen.status, ExchangeStatus.WORKING) is not ExchangeStatus.WORKING


def _book(quote: Quote) -> ExchangeBook:
    return ExchangeBook(
        symbol=quote.symbol,
        bids=((quote.bid_px, quote.bid_qty),),
        asks=((quote.ask_px, quote.ask_qty),),
    )
