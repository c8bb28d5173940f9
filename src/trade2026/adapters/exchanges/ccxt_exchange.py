"""Any exchange that ccxt knows, as `ports.exchange` wants it. The only door to ccxt.

* Every order has our own client id, so ccxt's broker id is never put in its place.
* Nothing is sent twice where it may have arrived: ccxt's own retries stay off. One refusal is
  repeated, that for a wrong clock: it is provably not taken in, and the clock is set right first.
* ccxt reads no proxies from the environment, and its logger, which shows headers, is shut.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import ccxt.pro
from ccxt.base.decimal_to_precision import DECIMAL_PLACES

from trade2026.adapters.exchanges.ccxt_words import (
    HEDGED,
    balances_of,
    book_of,
    contracts_of,
    error_of,
    funding_of,
    instrument_of,
    is_absent,
    is_skew,
    listed_as,
    moved_to,
    positions_of,
    print_of,
    state_of,
    trade_of,
    transfers_of,
)
from trade2026.core.clock import NS_PER_MS, TimeNs
from trade2026.core.errors import (
    InvalidNumberError,
    Trade2026Error,
    VenueRejectedError,
)
from trade2026.core.numbers import Qty, format_nanos
from trade2026.model.balance import AssetBalance, AssetTransfer
from trade2026.model.instrument import PERPETUAL, Instrument
from trade2026.model.order import OrdType, TimeInForce
from trade2026.ports.exchange import (
    ExchangeBook,
    ExchangeFunding,
    ExchangeLost,
    ExchangeOrder,
    ExchangeState,
    ExchangeTrade,
    Word,
)

ANSWER_WITHIN_MS: Final = 10_000
RECEIVED_WITHIN_MS: Final = 5_000
"""Binance refuses a request that arrives later than this after its time (`recvWindow`)."""
DEPTH: Final = 100
REOPEN_S: Final = 0.5
REOPEN_MOST_S: Final = 30.0

_TROUBLE: Final = (ccxt.BaseError, OSError, TimeoutError)


class CcxtExchange:
    """One account at one exchange, by ccxt and ccxt.pro."""

    def __init__(
        self,
        *,
        exchange: str,
        api_key: str,
        secret: str,
        symbols: Sequence[str],
        url: str = "",
        leverage: int = 0,
        margin_mode: str = "",
    ) -> None:
        """Prepare it; nothing is asked yet.

        Args:
            exchange: ccxt's id, such as `binance`.
            api_key: of the account.
            secret: of the key.
            symbols: in the platform's spelling, such as `BTCUSDT`.
            url: where another host speaks the exchange's dialect, such as a test exchange or
                PRISM; its scheme and host replace those of all addresses.
            leverage: of perpetuals; 0 leaves it as it is at the exchange.
            margin_mode: `cross` or `isolated`; empty leaves it.

        Raises:
            VenueRejectedError: ccxt knows no such exchange, or coins and perpetuals are mixed.
        """
        if exchange not in ccxt.pro.exchanges:
            raise VenueRejectedError(f"ccxt.pro knows no exchange {exchange!r}")
        self._is_linear = bool(symbols) and all(one.endswith(PERPETUAL) for one in symbols)
        if not self._is_linear and any(one.endswith(PERPETUAL) for one in symbols):
            raise VenueRejectedError("a gateway trades coins or perpetuals, not both")
        self._leverage, self._margin_mode = leverage, margin_mode
        self._hidden = (api_key, secret)
        logging.getLogger("ccxt").disabled = True
        logging.getLogger("ccxt.base.exchange").disabled = True
        self._api: Any = getattr(ccxt.pro, exchange)(
            {
                "apiKey": api_key,
                "secret": secret,
                "number": str,
                "timeout": ANSWER_WITHIN_MS,
                "enableLastResponseHeaders": True,
                "options": {
                    "adjustForTimeDifference": True,
                    "recvWindow": RECEIVED_WITHIN_MS,
                    "maxRetriesOnFailure": 0,
                },
            }
        )
        if url:
            self._api.urls["api"] = moved_to(self._api.urls["api"], url)
        self._name = exchange
        self._symbols = tuple(symbols)
        self._theirs: dict[str, str] = {}
        self._instruments: dict[str, Instrument] = {}

    @property
    def name(self) -> str:
        """Return ccxt's id of the exchange."""
        return self._name

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """Return what it lists of our symbols, with its filters."""
        return self._instruments

    async def connect(self) -> None:
        """Load markets and the difference of the clocks.

        Raises:
            VenueRejectedError: it does not know us, or it lists something finer than nanos.
            VenueUnavailableError: no answer came.
        """
        markets: dict[str, dict[str, Any]] = await self._asked(
            lambda: self._api.load_markets(reload=True)
        )
        in_places = self._api.precisionMode == DECIMAL_PLACES
        listed = {listed_as(one): one for one in markets.values()}
        for symbol in self._symbols:
            if symbol not in listed:
                continue
            try:
                found = instrument_of(listed[symbol], symbol, in_places=in_places)
            except InvalidNumberError as error:
                raise VenueRejectedError(f"{symbol}: {error}") from None
            self._theirs[symbol] = str(listed[symbol]["symbol"])
            self._instruments[symbol] = found
        if self._is_linear:
            await self._prepare()

    async def send(self, order: ExchangeOrder) -> ExchangeState:
        """Hand an order over, once.

        Raises:
            VenueRejectedError: it is refused.
            VenueBusyError: it was not looked at.
            VenueUnavailableError: whether it arrived is not known.
        """
        params: dict[str, Any] = {"clientOrderId": order.client_id}
        if order.is_reduce_only:
            params["reduceOnly"] = True
        if order.is_post_only:
            params["postOnly"] = True
        elif order.ord_type is OrdType.LIMIT:
            params["timeInForce"] = order.time_in_force.value
        elif order.time_in_force is TimeInForce.FOK:
            raise VenueRejectedError("NOT_SUPPORTED a market order that fills whole or not at all")
        told = await self._asked(
            lambda: self._api.create_order(
                self._their(order.symbol),
                order.ord_type.value.lower(),
                order.side.value.lower(),
                contracts_of(order.qty, self._size(order.symbol)),
                None if order.price is None else format_nanos(order.price),
                dict(params),
            )
        )
        if told.get("status") is None:
            # Some exchanges answer with the number alone: it has the order, and no more is known.
            told = {**told, "status": "open"}
        return state_of(told, order.symbol, self._size(order.symbol))

    async def cancel(self, client_id: str, venue_order_id: str, symbol: str) -> None:
        """Ask to cancel what works.

        Raises:
            VenueRejectedError: it is refused.
            VenueBusyError: it was not looked at.
            VenueUnavailableError: no answer came.
        """
        theirs = self._their(symbol)
        try:
            if venue_order_id:
                await self._asked(lambda: self._api.cancel_order(venue_order_id, theirs))
            else:
                ask = self._api.cancel_order_with_client_order_id
                await self._asked(lambda: ask(client_id, theirs))
        except VenueRejectedError as error:
            if not is_absent(error):
                raise

    async def find(self, client_id: str, venue_order_id: str, symbol: str) -> ExchangeState | None:
        """Return how an order stands; None where the exchange knows none of that name.

        Raises:
            VenueRejectedError: the question is refused.
            VenueBusyError: it was not looked at.
            VenueUnavailableError: no answer came.
        """
        theirs = self._their(symbol)
        try:
            if venue_order_id:
                told = await self._asked(lambda: self._api.fetch_order(venue_order_id, theirs))
            else:
                ask = self._api.fetch_order_with_client_order_id
                told = await self._asked(lambda: ask(client_id, theirs))
        except VenueRejectedError as error:
            if is_absent(error):
                return None
            raise
        return state_of(told, symbol, self._size(symbol))

    async def trades(self, venue_order_id: str, symbol: str) -> Sequence[ExchangeTrade]:
        """Return the fills of one order.

        Raises:
            VenueRejectedError: the question is refused.
            VenueBusyError: it was not looked at.
            VenueUnavailableError: no answer came.
        """
        theirs = self._their(symbol)
        if self._api.has.get("fetchOrderTrades") and not self._is_linear:
            told = await self._asked(lambda: self._api.fetch_order_trades(venue_order_id, theirs))
        else:
            told = await self._asked(lambda: self._api.fetch_my_trades(theirs))
        found = [trade_of(one, symbol, self._size(symbol)) for one in told]
        return [one for one in found if one.venue_order_id == venue_order_id]

    async def book(self, symbol: str) -> ExchangeBook:
        """Return the book as it stands.

        Raises:
            VenueRejectedError: the question is refused.
            VenueBusyError: it was not looked at.
            VenueUnavailableError: no answer came.
        """
        theirs = self._their(symbol)
        told = await self._asked(lambda: self._api.fetch_order_book(theirs, DEPTH))
        return book_of(told, symbol, self._size(symbol))

    async def balances(self) -> Sequence[AssetBalance]:
        """Return all that the account has, or, of perpetuals, its positions.

        Raises:
            VenueRejectedError: the question is refused.
            VenueBusyError: it was not looked at.
            VenueUnavailableError: no answer came, or no whole one.
        """
        if self._is_linear:
            ours = {theirs: self._instruments[one] for one, theirs in self._theirs.items()}
            told = await self._asked(lambda: self._api.fetch_positions(list(ours)))
            return positions_of(told, ours)
        return balances_of(await self._asked(self._api.fetch_balance))

    async def fundings(self, symbol: str, since_ns: TimeNs) -> Sequence[ExchangeFunding]:
        """Return what funding was paid and received; raises as `trades`."""
        at = self._their(symbol), since_ns // NS_PER_MS
        told = await self._asked(lambda: self._api.fetch_funding_history(*at))
        return [funding_of(one, symbol) for one in told]

    async def transfers(self, since_ns: TimeNs) -> Sequence[AssetTransfer]:
        """Return deposits and withdrawals that are done; of positions there are none.

        Raises:
            VenueRejectedError: the question is refused, as to a key that may not ask it.
            VenueBusyError: it was not looked at.
            VenueUnavailableError: no answer came.
        """
        since_ms = since_ns // NS_PER_MS
        found: list[AssetTransfer] = []
        if self._is_linear:
            return found
        if self._api.has.get("fetchDeposits"):
            told = await self._asked(lambda: self._api.fetch_deposits(None, since_ms))
            found += transfers_of(told, is_in=True)
        if self._api.has.get("fetchWithdrawals"):
            told = await self._asked(lambda: self._api.fetch_withdrawals(None, since_ms))
            found += transfers_of(told, is_in=False)
        return found

    async def listen(self, hear: Callable[[Word], None]) -> None:
        """Tell *hear* of our orders and trades, and of the symbols' books and trades."""
        ours = {theirs: symbol for symbol, theirs in self._theirs.items()}

        def own(
            read: Callable[[dict[str, Any], str, Qty], Word],
        ) -> Callable[[Any], Iterable[Word]]:
            return lambda told: [
                read(one, ours[one["symbol"]], self._size(ours[one["symbol"]]))
                for one in told
                if one["symbol"] in ours
            ]

        async with asyncio.TaskGroup() as streams:

            def open_stream(
                name: str, ask: Callable[[], Awaitable[Any]], read: Callable[[Any], Iterable[Word]]
            ) -> None:
                streams.create_task(self._follow(name, ask, read, hear))

            open_stream("orders", self._api.watch_orders, own(state_of))
            open_stream("trades", self._api.watch_my_trades, own(trade_of))
            for theirs, symbol in ours.items():
                open_stream(
                    f"book {symbol}",
                    lambda at=theirs: self._api.watch_order_book(at, DEPTH),
                    lambda told, of=symbol: [book_of(told, of, self._size(of))],
                )
                open_stream(
                    f"prints {symbol}",
                    lambda at=theirs: self._api.watch_trades(at),
                    lambda told, of=symbol: [print_of(one, of, self._size(of)) for one in told],
                )

    async def close(self) -> None:
        """Hang up."""
        await self._api.close()

    async def _follow(
        self,
        name: str,
        ask: Callable[[], Awaitable[Any]],
        read: Callable[[Any], Iterable[Word]],
        hear: Callable[[Word], None],
    ) -> None:
        wait_s = REOPEN_S
        while True:
            try:
                told = await ask()
                words = list(read(told))
            except ccxt.NotSupported:
                # Whoever polls hears of it all the same.
                return
            except (*_TROUBLE, Trade2026Error) as error:
                why = error if isinstance(error, Trade2026Error) else self._error(error)
                hear(ExchangeLost(stream=name, why=str(why)))
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, REOPEN_MOST_S)
                continue
            wait_s = REOPEN_S
            for word in words:
                hear(word)

    async def _asked(self, ask: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - ccxt's JSON
        try:
            return await ask()
        except _TROUBLE as error:
            if not is_skew(error):
                raise self._error(error) from None
        try:
            await self._api.load_time_difference()
            return await ask()
        except _TROUBLE as error:
            raise self._error(error) from None

    def _error(self, error: Exception) -> Trade2026Error:
        headers: Mapping[str, str] = self._api.last_response_headers or {}
        lowered = {name.lower(): text for name, text in headers.items()}
        return error_of(error, self._hidden, lowered.get("retry-after", ""))

    async def _prepare(self) -> None:
        """See that long and short are not kept apart, and set what the user configured."""
        if self._api.has.get("fetchPositionMode"):
            mode = await self._asked(self._api.fetch_position_mode)
            if mode.get("hedged"):
                raise VenueRejectedError(HEDGED)
        for theirs in self._theirs.values():
            for wanted, to_set in (
                (self._margin_mode, self._api.set_margin_mode),
                (self._leverage, self._api.set_leverage),
            ):
                if wanted:
                    await self._asked(lambda ask=to_set, it=wanted, at=theirs: ask(it, at))

    def _size(self, symbol: str) -> Qty:
        return self._instruments[symbol].contract_size

    def _their(self, symbol: str) -> str:
        if symbol not in self._theirs:
            raise VenueRejectedError(f"UNKNOWN_SYMBOL {symbol}")
        return self._theirs[symbol]
