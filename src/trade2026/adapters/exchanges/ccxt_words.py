"""What ccxt says, read into the platform's words: exact numbers, and one of three kinds of no.

ccxt is told to keep numbers as the text the exchange sent (`number = str`), so that no order,
fill or fee passes through a float. Order books are the exception: ccxt keeps their levels as
floats; they are market data here, read from the shortest text that names the float.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import ccxt

from trade2026.adapters.exchanges.exact import fee_of, floor_of, nanos_of
from trade2026.core.clock import NS_PER_MS, TimeNs
from trade2026.core.errors import (
    InvalidNumberError,
    RefusedError,
    Trade2026Error,
    VenueBusyError,
    VenueRejectedError,
    VenueUnavailableError,
)
from trade2026.core.numbers import INT64_MAX, NANOS, Money, Px, Qty, format_nanos
from trade2026.model.balance import AssetBalance, AssetTransfer
from trade2026.model.instrument import LIVE, PERPETUAL, Instrument, InstrumentKind
from trade2026.model.order import Side
from trade2026.ports.exchange import (
    ExchangeBook,
    ExchangeFunding,
    ExchangePrint,
    ExchangeState,
    ExchangeStatus,
    ExchangeTrade,
)

WAIT_S: Final = 10.0
"""How long to leave an exchange alone that does not say how long."""

_STATUSES: Final = {
    "open": ExchangeStatus.WORKING,
    "canceling": ExchangeStatus.WORKING,
    "closed": ExchangeStatus.FILLED,
    "canceled": ExchangeStatus.CANCELED,
    "expired": ExchangeStatus.EXPIRED,
    "rejected": ExchangeStatus.REJECTED,
}
ONE: Final = Qty(NANOS)
HEDGED: Final = "HEDGE_MODE the account keeps long and short apart; set it to one-way mode"
_NOTHING_TO_REDUCE: Final = "ReduceOnly Order is rejected"
_SIGNS: Final = {"long": 1, "short": -1}
_ADDRESS: Final = re.compile(r"\b(?:https?|wss?)://\S+")

_BUSY: Final = (ccxt.RateLimitExceeded, ccxt.DDoSProtection)
_UNKNOWN: Final = (ccxt.OperationFailed, ccxt.DuplicateOrderId, ccxt.ExchangeClosedByUser)
_CODES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (ccxt.InsufficientFunds, "INSUFFICIENT_FUNDS"),
    (ccxt.OrderImmediatelyFillable, "POST_ONLY_WOULD_TRADE"),
    (ccxt.OrderNotFillable, "NOT_FILLABLE"),
    (ccxt.OrderNotFound, "UNKNOWN_ORDER"),
    (ccxt.InvalidNonce, "CLOCK_SKEW"),
    (ccxt.AuthenticationError, "NOT_AUTHENTICATED"),
    (ccxt.BadSymbol, "UNKNOWN_SYMBOL"),
    (ccxt.MarketClosed, "NOT_TRADING"),
    (ccxt.NotSupported, "NOT_SUPPORTED"),
    (ccxt.InvalidOrder, "INVALID_ORDER"),
    (ccxt.BadRequest, "INVALID_ORDER"),
)


def error_of(error: Exception, hidden: tuple[str, ...], retry_after: str = "") -> Trade2026Error:
    """Return what *error* means here, without addresses (they are signed) and secrets.

    Args:
        error: of ccxt, or of the network beneath it.
        hidden: texts that must not appear in any message.
        retry_after: what the exchange said about when to come back, in seconds.
    """
    text = _ADDRESS.sub("", str(error))
    for secret in hidden:
        text = text.replace(secret, "***")
    text = f"{type(error).__name__} {text}"[:300]
    if isinstance(error, _BUSY):
        wait_s = float(retry_after) if retry_after.isdecimal() else WAIT_S
        return VenueBusyError(f"RATE_LIMITED {text}", wait_s)
    if _NOTHING_TO_REDUCE in text:
        # Binance's -2022, to which ccxt gives no class of its own.
        return VenueRejectedError(f"REDUCE_ONLY {text}")
    for kind, code in _CODES:
        if isinstance(error, kind) and not isinstance(error, _UNKNOWN[1:]):
            return VenueRejectedError(f"{code} {text}")
    # The bare class stands for whatever ccxt could not place, broken connections among it.
    is_placed = isinstance(error, ccxt.ExchangeError) and type(error) is not ccxt.ExchangeError
    if is_placed and not isinstance(error, _UNKNOWN):
        return VenueRejectedError(f"REJECTED {text}")
    return VenueUnavailableError(text)


def is_skew(error: Exception) -> bool:
    """Return whether the exchange refused a request for its time."""
    return isinstance(error, ccxt.InvalidNonce) and not isinstance(error, ccxt.ChecksumError)


def is_absent(error: Trade2026Error) -> bool:
    """Return whether the exchange knows no such order."""
    return isinstance(error, RefusedError) and str(error).startswith("UNKNOWN_ORDER")


def instrument_of(market: dict[str, Any], symbol: str, *, in_places: bool) -> Instrument:
    """Return a market of ccxt's under the platform's *symbol*.

    Args:
        market: ccxt's unified structure.
        symbol: ours.
        in_places: whether its precision counts decimal places, and is not a step.

    Raises:
        InvalidNumberError: its grid is finer than nanos.
    """
    limits: dict[str, dict[str, Any]] = market["limits"]

    def step(of: str) -> int:
        told = market["precision"].get(of)
        if told is not None and in_places:
            return NANOS // 10 ** int(told)
        # An exchange that names no step takes any.
        return nanos_of(told) or 1

    kind = InstrumentKind.SPOT if market.get("spot") else InstrumentKind.LINEAR_FUTURE
    size = Qty(nanos_of(market.get("contractSize")) or NANOS)
    return Instrument(
        symbol=symbol,
        venue=LIVE,
        kind=kind,
        base=str(market["base"]),
        quote=str(market["quote"]),
        tick_size=Px(step("price")),
        lot_size=units_of(step("amount"), size),
        min_qty=units_of(nanos_of(limits["amount"].get("min")), size),
        max_qty=units_of(nanos_of(limits["amount"].get("max")), size),
        min_notional=Money(nanos_of(limits["cost"].get("min"))),
        is_trading=market.get("active") is not False,
        contract_size=size,
    )


def units_of(contracts: int, size: Qty) -> Qty:
    """Return so many contracts, in nanos, of *size* each as a quantity of the base.

    Raises:
        InvalidNumberError: it is finer than a nano.
    """
    units, rest = divmod(contracts * size, NANOS)
    if rest:
        raise InvalidNumberError(format_nanos(contracts), "contracts finer than a nano of the base")
    return Qty(units)


def contracts_of(qty: Qty, size: Qty) -> str:
    """Return how many contracts of *size* a quantity of the base is, exactly.

    Raises:
        VenueRejectedError: it is no number of contracts.
    """
    contracts, rest = divmod(qty * NANOS, size)
    if rest:
        raise VenueRejectedError(f"LOT_SIZE {format_nanos(qty)} is no number of contracts")
    return format_nanos(contracts)


def listed_as(market: dict[str, Any]) -> str:
    """Return the platform's symbol of a market of ccxt's; empty where it has none."""
    pair = f"{market['base']}{market['quote']}"
    if market.get("spot"):
        return pair
    is_linear = market.get("swap") and market.get("linear")
    return f"{pair}{PERPETUAL}" if is_linear and market.get("settle") == market["quote"] else ""


def state_of(order: dict[str, Any], symbol: str, size: Qty = ONE) -> ExchangeState:
    """Return how an order stands; *size* is what one contract is.

    Raises:
        VenueUnavailableError: ccxt gives it a status that nobody knows.
    """
    status = _STATUSES.get(str(order.get("status")))
    if status is None:
        raise VenueUnavailableError(f"an order is {order.get('status')!r}")
    return ExchangeState(
        client_id=str(order.get("clientOrderId") or ""),
        venue_order_id=str(order["id"]),
        symbol=symbol,
        status=status,
        filled_qty=units_of(nanos_of(order.get("filled")), size),
    )


def trade_of(trade: dict[str, Any], symbol: str, size: Qty = ONE) -> ExchangeTrade:
    """Return one of our fills; *size* is what one contract is."""
    fee: dict[str, Any] = trade.get("fee") or {}
    maker = trade.get("takerOrMaker")
    return ExchangeTrade(
        trade_id=str(trade["id"]),
        venue_order_id=str(trade.get("order") or ""),
        symbol=symbol,
        px=Px(nanos_of(trade["price"])),
        qty=units_of(nanos_of(trade["amount"]), size),
        fee=fee_of(fee.get("cost")),
        fee_asset=str(fee.get("currency") or ""),
        is_maker=None if maker is None else maker == "maker",
        ts_ns=TimeNs(int(trade.get("timestamp") or 0) * NS_PER_MS),
    )


def balances_of(told: dict[str, Any]) -> list[AssetBalance]:
    """Return what the account has; assets of which there is nothing are left out.

    So are those of which there is more than fits, 9.2e9 units: no instrument trades in them.

    Raises:
        VenueUnavailableError: of an asset it is not told how much there is.
    """
    found: list[AssetBalance] = []
    for asset, whole in told["total"].items():
        free = told["free"].get(asset)
        if whole is None or free is None:
            raise VenueUnavailableError(f"it is not told how much {asset} there is")
        total, spare = floor_of(whole), floor_of(free)
        if (total or spare) and max(abs(total), abs(spare)) <= INT64_MAX:
            found.append(AssetBalance(asset=asset, free=spare, held=Money(total - spare)))
    return found


def transfers_of(told: list[dict[str, Any]], *, is_in: bool) -> list[AssetTransfer]:
    """Return those deposits, or else withdrawals, that are done, with what was taken for them."""
    found: list[AssetTransfer] = []
    for one in told:
        if one.get("status") != "ok":
            continue
        fee: dict[str, Any] = one.get("fee") or {}
        amount = floor_of(one["amount"])
        if not is_in:
            taken = fee_of(fee.get("cost")) if fee.get("currency") == one["currency"] else 0
            amount = Money(-amount - taken)
        name = one.get("id") or one.get("txid") or one.get("timestamp")
        found.append(
            AssetTransfer(
                transfer_id=f"{'in' if is_in else 'out'}-{name}",
                asset=str(one["currency"]),
                amount=amount,
                ts_ns=TimeNs(int(one.get("timestamp") or 0) * NS_PER_MS),
            )
        )
    return found


def positions_of(told: list[dict[str, Any]], ours: Mapping[str, Instrument]) -> list[AssetBalance]:
    """Return the positions that are open, signed, under our symbols.

    Args:
        told: ccxt's unified structures.
        ours: what trades, by ccxt's symbol.

    Raises:
        VenueRejectedError: an account holds both directions at once.
        VenueUnavailableError: it is not told which direction a position has.
    """
    found: list[AssetBalance] = []
    for one in told:
        listed, contracts = ours.get(str(one["symbol"])), nanos_of(one.get("contracts"))
        if listed is None or not contracts:
            continue
        symbol = listed.symbol
        if one.get("hedged"):
            raise VenueRejectedError(HEDGED)
        if one.get("side") not in _SIGNS:
            raise VenueUnavailableError(f"it is not told which way a position in {symbol} goes")
        qty = units_of(contracts, listed.contract_size) * _SIGNS[one["side"]]
        found.append(AssetBalance(asset=symbol, free=Money(qty), held=Money(0)))
    return found


def funding_of(told: dict[str, Any], symbol: str) -> ExchangeFunding:
    """Return a payment of funding; what is finer than a nano is the account's loss."""
    return ExchangeFunding(
        funding_id=str(told["id"]),
        symbol=symbol,
        amount=floor_of(told["amount"]),
        ts_ns=TimeNs(int(told["timestamp"]) * NS_PER_MS),
    )


def print_of(trade: dict[str, Any], symbol: str, size: Qty = ONE) -> ExchangePrint:
    """Return somebody's trade; *size* is what one contract is."""
    return ExchangePrint(
        symbol=symbol,
        px=Px(nanos_of(trade["price"])),
        qty=units_of(nanos_of(trade["amount"]), size),
        aggressor_side=Side.BUY if trade.get("side") == "buy" else Side.SELL,
    )


def book_of(book: dict[str, Any], symbol: str, size: Qty = ONE) -> ExchangeBook:
    """Return a book as it stands; *size* is what one contract is."""

    def side(name: str) -> tuple[tuple[Px, Qty], ...]:
        return tuple(
            (Px(nanos_of(px)), units_of(nanos_of(qty), size)) for px, qty, *_ in book[name]
        )

    return ExchangeBook(symbol=symbol, bids=side("bids"), asks=side("asks"))


def moved_to(urls: Any, host: str) -> Any:  # noqa: ANN401 - a tree of texts
    """Return *urls* at another host; the paths stay."""
    if isinstance(urls, dict):
        return {name: moved_to(url, host) for name, url in urls.items()}  # pyright: ignore[reportUnknownVariableType]
    there, wanted = urlsplit(str(urls)), urlsplit(host)
    is_safe = wanted.scheme in {"https", "wss"}
    scheme = ("wss" if is_safe else "ws") if there.scheme.startswith("ws") else wanted.scheme
    return there._replace(scheme=scheme, netloc=wanted.netloc).geturl()
