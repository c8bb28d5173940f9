"""`trade2026 kill --drill`: the kill switch is pulled in earnest, on a strategy of its own.

The drill bids far below the market, buys (or sells) a little, so that there is something to cancel
and something to close, kills and flattens `strategy:drill`, and looks whether everything is gone,
whether a new order is refused, and how long it took. Then it allows the strategy again. What
others hold and have ordered is not touched.
"""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from trade2026.core.clock import NS_PER_S, SystemClock
from trade2026.core.errors import UnavailableError
from trade2026.shell.operator import Operator

T = TypeVar("T")

STRATEGY: Final = "drill"
SCOPE: Final = f"strategy:{STRATEGY}"
WITHIN_S: Final = 30.0
POLL_S: Final = 0.1
RESTING: Final = 3
FAR: Final = Decimal("0.97")
"""Of the best bid: near enough for the collar, too far to trade."""


class Symbol(msgspec.Struct):
    """What is read of PRISM's list."""

    symbol: str
    tick_size: Decimal
    lot_size: Decimal
    min_quantity: Decimal
    min_notional: Decimal


class Market(msgspec.Struct):
    """What is read of PRISM's market."""

    bid: Decimal | None


class Placed(msgspec.Struct):
    """What is read of an order."""

    order_id: str
    status: str
    venue_ack_ns: int | None
    reasons: list[dict[str, Any]]


class Holding(msgspec.Struct):
    """What is read of a holding."""

    symbol: str
    quantity: Decimal


class Portfolio(msgspec.Struct):
    """What is read of an account."""

    holdings: list[Holding]


class Control(msgspec.Struct):
    """What is read of a change of mode."""

    control_id: str
    scope: str
    mode: str


class Kill(msgspec.Struct):
    """How a kill stands."""

    control_id: str
    status: str
    time_to_cancelled_ns: int | None
    time_to_flat_ns: int | None
    close_orders: int
    left: list[str]


class Place(NamedTuple):
    """Where the drill is held."""

    account: str
    symbol: str

    def of_drill(self) -> dict[str, Any]:
        """Return what every order of the drill says."""
        return {"account": self.account, "strategy": STRATEGY, "symbol": self.symbol}


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """What the drill has shown."""

    findings: tuple[str, ...]
    """What went wrong; empty when the switch works."""
    cancelled_s: float | None
    flat_s: float | None
    seen_s: float
    """From the call until everything was seen to be gone."""
    orders_cancelled: int
    close_orders: int


async def kill_and_wait(operator: Operator, body: dict[str, Any], within_s: float) -> Kill:
    """Pull the switch, and return how it stands once it is done, or after *within_s*.

    Raises:
        UnavailableError: risk does not answer.
        RefusedError: risk says no.
    """
    control = await operator.ask("risk", "POST", "/risk/kill", kind=Control, body=body)

    async def found() -> Kill | None:
        kills = await operator.ask("risk", "GET", "/risk/kills", kind=list[Kill])
        mine = next((one for one in kills if one.control_id == control.control_id), None)
        return None if mine is None or mine.status == "UNDER_WAY" else mine

    done = await _until(found, within_s)
    if done is None:
        raise UnavailableError(f"{control.scope} is killed, but not done after {within_s:g} s")
    return done


async def hold_drill(operator: Operator, account: str, symbol: str) -> Drill:
    """Return what pulling the switch on a strategy of its own has shown.

    Raises:
        UnavailableError: the platform does not answer, or the drill cannot begin.
        RefusedError: it says no.
    """
    clock = SystemClock()
    place = Place(account, symbol)
    before = await _held(operator, place)
    orders = await _orders(operator, place, is_long=before >= 0)
    began_ns = clock.monotonic_ns()
    body = {"scope": SCOPE, "flatten": True, "reason": "drill"}
    try:
        done = await kill_and_wait(operator, body, WITHIN_S)
        seen_s = (clock.monotonic_ns() - began_ns) / NS_PER_S
        findings = await _findings(operator, done, orders, place, before)
    finally:
        resumed = {"scope": SCOPE, "reason": "drill is over"}
        await operator.ask("risk", "POST", "/risk/resume", kind=Control, body=resumed)
    return Drill(
        findings=tuple(findings),
        cancelled_s=_seconds(done.time_to_cancelled_ns),
        flat_s=_seconds(done.time_to_flat_ns),
        seen_s=seen_s,
        orders_cancelled=len(orders),
        close_orders=done.close_orders,
    )


async def _orders(operator: Operator, place: Place, *, is_long: bool) -> list[str]:
    """Open a little, let some orders rest, and return these."""
    symbol = place.symbol
    listed = await operator.ask("PRISM", "GET", "/symbols", kind=list[Symbol])
    known = next((one for one in listed if one.symbol == symbol), None)
    market = await operator.ask("PRISM", "GET", f"/market/{symbol}", kind=Market)
    if known is None or market.bid is None:
        raise UnavailableError(f"PRISM has no market in {symbol} to drill in")
    far = (market.bid * FAR / known.tick_size).to_integral(ROUND_DOWN) * known.tick_size
    least = max(known.min_quantity, known.min_notional * 2 / far)
    quantity = (least / known.lot_size).to_integral(ROUND_DOWN) * known.lot_size + known.lot_size
    common = {**place.of_drill(), "quantity": quantity}
    # A short account would only be reduced by a buy: the drill stands on the side of what is held.
    side = "BUY" if is_long else "SELL"
    at_market = {**common, "side": side, "type": "MARKET", "time_in_force": "IOC"}
    resting = {**common, "side": "BUY", "price": far}
    opened = await _place(operator, at_market)
    placed = [await _place(operator, resting) for _ in range(RESTING)]
    ids = [one.order_id for one in placed]
    await _until_status(operator, opened.order_id, lambda one: one.status == "FILLED")
    for order_id in ids:
        await _until_status(operator, order_id, lambda one: one.venue_ack_ns is not None)
    return ids


async def _findings(
    operator: Operator, done: Kill, orders: list[str], place: Place, before: Decimal
) -> list[str]:
    found: list[str] = []
    if done.status != "FLAT":
        found.append(f"the kill ended {done.status}: {'; '.join(done.left)}")
    for order_id in orders:
        order = await operator.ask("oms", "GET", f"/orders/{order_id}", kind=Placed)
        if order.status != "CANCELLED":
            found.append(f"the order {order_id} is {order.status}")
    after = await _held(operator, place)
    if after != before:
        found.append(f"{after} {place.symbol} are held, {before} were before")
    body = {**place.of_drill(), "side": "BUY"}
    late = {**body, "quantity": 1, "type": "MARKET", "time_in_force": "IOC"}
    refused = await operator.ask("oms", "POST", "/orders", kind=Placed, body=late)
    codes = [reason["code"] for reason in refused.reasons]
    if "HALTED" not in codes:
        found.append(f"a new order was {refused.status}")
    return found


async def _held(operator: Operator, place: Place) -> Decimal:
    path = f"/risk/portfolio?account={place.account}"
    portfolio = await operator.ask("risk", "GET", path, kind=Portfolio)
    return next(
        (one.quantity for one in portfolio.holdings if one.symbol == place.symbol), Decimal(0)
    )


async def _place(operator: Operator, body: dict[str, Any]) -> Placed:
    placed = await operator.ask("oms", "POST", "/orders", kind=Placed, body=body)
    if placed.reasons:
        raise UnavailableError(f"the drill cannot begin: {placed.reasons[0]['text']}")
    return placed


async def _until_status(operator: Operator, order_id: str, is_so: Callable[[Placed], bool]) -> None:
    async def found() -> Placed | None:
        order = await operator.ask("oms", "GET", f"/orders/{order_id}", kind=Placed)
        return order if is_so(order) else None

    if await _until(found, WITHIN_S) is None:
        raise UnavailableError(f"the drill cannot begin: PRISM does not take {order_id}")


async def _until(look: Callable[[], Awaitable[T | None]], within_s: float) -> T | None:
    clock = SystemClock()
    end_ns = clock.monotonic_ns() + int(within_s * NS_PER_S)
    while clock.monotonic_ns() < end_ns:
        found = await look()
        if found is not None:
            return found
        await asyncio.sleep(POLL_S)
    return None


def _seconds(took_ns: int | None) -> float | None:
    return None if took_ns is None else took_ns / NS_PER_S
