"""What Interactive Brokers' TWS says, read into the platform's words.

Source: TWS API documentation, "Order Management" (order states), "Message Codes" and
"Executions and Commissions" (https://interactivebrokers.github.io/tws-api, read 2026-11).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
from ib_async.contract import Contract, ContractDetails
from ib_async.objects import CommissionReport, Execution
from ib_async.order import Order

from trade2026.adapters.exchanges.exact import fee_of, floor_of, nanos_of
from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import (
    Trade2026Error,
    VenueBusyError,
    VenueRejectedError,
    VenueUnavailableError,
)
from trade2026.core.numbers import NANOS, Money, Px, Qty, format_nanos
from trade2026.model.balance import AssetBalance
from trade2026.model.instrument import LIVE, Instrument, InstrumentKind
from trade2026.model.order import OrdType, TimeInForce
from trade2026.ports.exchange import ExchangeOrder, ExchangeStatus, ExchangeTrade

UNSET: Final = 1e300
"""TWS writes the largest float for "no number"."""
WAIT_S: Final = 1.0
"""How long to leave TWS alone where it has no connection, or was asked too often."""

_TYPES: Final = {OrdType.MARKET: "MKT", OrdType.LIMIT: "LMT"}

STATUSES: Final = {
    "PreSubmitted": ExchangeStatus.WORKING,
    "Submitted": ExchangeStatus.WORKING,
    "PendingCancel": ExchangeStatus.WORKING,
    "Filled": ExchangeStatus.FILLED,
    "Cancelled": ExchangeStatus.CANCELED,
    "ApiCancelled": ExchangeStatus.CANCELED,
    "Inactive": ExchangeStatus.REJECTED,
}
"""`PendingSubmit` and `ApiPending` are missing: there nobody has confirmed to have the order."""

LOST, BACK_WITHOUT_DATA, BACK, RESET = 1100, 1101, 1102, 1300
"""Between TWS and the broker: lost, back (streams to be asked for again), back, other port."""

CASH_OF_ALL: Final = "$LEDGER:ALL"
"""The tag that stands for all amounts of cash, in every currency."""
_CASH: Final = "CashBalance"
_ALL_TOGETHER: Final = "BASE"
"""What TWS writes instead of a currency where it has summed them up."""
LIVE_DATA: Final = 1
"""The market as it is now: not frozen, not delayed."""
NO_CONTRACT: Final = 200
TOO_MANY: Final = 100
GONE: Final = frozenset({135, 10147})
"""Codes that answer a cancel: no such order. How it ended is asked for."""
NOT_CANCELLABLE: Final = frozenset({136, 161, 10148})

REFUSALS: Final = {
    103: "DUPLICATE_ORDER",
    106: "REJECTED",
    107: "INVALID_ORDER",
    109: "PRICE_OUT_OF_RANGE",
    110: "TICK_SIZE",
    111: "NOT_SUPPORTED",
    116: "NOT_TRADING",
    132: "NOT_AUTHENTICATED",
    133: "REJECTED",
    152: "INVALID_ORDER",
    154: "NOT_TRADING",
    163: "PRICE_OUT_OF_RANGE",
    164: "NO_PRICE",
    200: "UNKNOWN_SYMBOL",
    201: "REJECTED",
    203: "NOT_ALLOWED",
    320: "INVALID_ORDER",
    321: "INVALID_ORDER",
    382: "PRICE_OUT_OF_RANGE",
    383: "MAX_QTY",
    387: "NOT_SUPPORTED",
    388: "MIN_QTY",
    434: "MIN_QTY",
    435: "NOT_AUTHENTICATED",
    436: "NOT_AUTHENTICATED",
    460: "NOT_ALLOWED",
    10243: "LOT_SIZE",
}
"""Codes that say of a new order that TWS or the broker does not take it."""


class Quote(msgspec.Struct, kw_only=True):
    """The top of a symbol's book, as TWS's ticks leave it. Sizes in shares."""

    symbol: str
    bid_px: Px = Px(0)
    bid_qty: Qty = Qty(0)
    ask_px: Px = Px(0)
    ask_qty: Qty = Qty(0)
    is_live: bool = True
    """Whether TWS says that it sends the market as it is now, not frozen and not delayed."""


def refusal_of(code: int, text: str, hidden: str) -> Trade2026Error | None:
    """Return what an error about a new order means; None where it decides nothing.

    Args:
        code: of TWS's list.
        text: what TWS says to it.
        hidden: the account's number, which must not appear in any message.
    """
    said = f"{code} {text.replace(hidden, '***') if hidden else text}"[:300]
    if code == TOO_MANY:
        return VenueBusyError(f"RATE_LIMITED {said}", WAIT_S)
    if code == 201 and ("insufficient" in text.lower() or "margin" in text.lower()):  # noqa: PLR2004 - TWS's own
        return VenueRejectedError(f"INSUFFICIENT_FUNDS {said}")
    kind = REFUSALS.get(code)
    return None if kind is None else VenueRejectedError(f"{kind} {said}")


def order_of(order: ExchangeOrder, account: str) -> Order:
    """Return an order in TWS's words, with our name for it and the *account* that it is for.

    Raises:
        VenueRejectedError: TWS has no such order.
    """
    if order.is_post_only:
        raise VenueRejectedError("NOT_SUPPORTED orders that may only rest")
    is_market = order.ord_type is OrdType.MARKET
    if is_market and order.time_in_force is TimeInForce.FOK:
        raise VenueRejectedError("NOT_SUPPORTED a market order that fills whole or not at all")
    # Numbers go out as the text they are: the library writes a text as it stands.
    exact: dict[str, Any] = {"totalQuantity": format_nanos(order.qty)}
    if order.price is not None:
        exact["lmtPrice"] = format_nanos(order.price)
    return Order(
        action=order.side.value,
        orderType=_TYPES[order.ord_type],
        # A market order never rests, not over night either.
        tif="IOC" if is_market else order.time_in_force.value,
        orderRef=order.client_id,
        account=account,
        **exact,
    )


def their_symbol(symbol: str) -> str:
    """Return the broker's spelling: classes of shares stand behind a blank, `BRK B`."""
    return symbol.replace(".", " ")


def instrument_of(told: list[ContractDetails], symbol: str) -> Instrument:
    """Return the one share that TWS found under *symbol*.

    Raises:
        VenueRejectedError: it found several.
        InvalidNumberError: its grid is finer than nanos.
    """
    if len({one.contract.conId for one in told if one.contract is not None}) != 1:
        raise VenueRejectedError(f"UNKNOWN_SYMBOL {symbol} names {len(told)} contracts")
    found = told[0]
    assert found.contract is not None
    return Instrument(
        symbol=symbol,
        venue=LIVE,
        kind=InstrumentKind.EQUITY,
        base=symbol,
        quote=found.contract.currency,
        tick_size=Px(nanos_of(found.minTick)),
        # Parts of a share are refused by the API (code 10243), whatever the contract says.
        lot_size=Qty(NANOS),
        min_qty=Qty(NANOS),
        max_qty=Qty(0),
        min_notional=Money(0),
    )


def status_of(told: str) -> ExchangeStatus:
    """Return how an order stands.

    Raises:
        VenueUnavailableError: nobody has confirmed to have it.
    """
    if told not in STATUSES:
        raise VenueUnavailableError(f"an order is {told!r}")
    return STATUSES[told]


def quantity_of(told: float | Decimal) -> Qty:
    """Return a number of shares; none where TWS names none."""
    return Qty(0 if told > UNSET else nanos_of(told))


def balances_of(
    cash: list[tuple[str, str, str, str]],
    shares: list[tuple[str, Contract, float]],
    *,
    account: str,
    symbols: Sequence[str],
) -> list[AssetBalance]:
    """Return what the account has; TWS keeps back nothing asset by asset.

    Args:
        cash: account, tag, amount, currency.
        shares: account, what, how much; negative where it is short.
        account: whose balances are wanted.
        symbols: that trade, as we spell them.
    """
    ours = {their_symbol(one): one for one in symbols}
    found = [
        AssetBalance(asset=currency, free=floor_of(amount), held=Money(0))
        for whose, tag, amount, currency in cash
        if (whose, tag) == (account, _CASH) and currency != _ALL_TOGETHER
    ]
    found += [
        AssetBalance(asset=ours.get(one.symbol, one.symbol), free=floor_of(amount), held=Money(0))
        for whose, one, amount in shares
        if whose == account and one.secType == "STK" and amount
    ]
    return found


def trade_id_of(exec_id: str) -> str:
    """Return what a fill and its corrections have in common: all but the last part."""
    return exec_id.rpartition(".")[0] or exec_id


def trade_of(fill: Execution, fee: CommissionReport | None, symbol: str) -> ExchangeTrade:
    """Return one of our fills; without *fee* it has none yet.

    Raises:
        InvalidNumberError: a number is finer than nanos.
    """
    liquidity = {1: True, 2: False, 3: False}.get(fill.lastLiquidity)
    return ExchangeTrade(
        trade_id=trade_id_of(fill.execId),
        venue_order_id=str(fill.permId),
        symbol=symbol,
        px=Px(nanos_of(fill.price)),
        qty=Qty(nanos_of(fill.shares)),
        fee=Money(0) if fee is None else fee_of(fee.commission),
        fee_asset="" if fee is None else fee.currency,
        is_maker=liquidity,
        ts_ns=TimeNs(int(fill.time.timestamp()) * NS_PER_S),
    )
