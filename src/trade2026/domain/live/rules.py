"""What the configuration allows the live gateway, and how an order is judged by it.

Every rule only ever takes away: a lower cap never lets more through. Orders that only reduce
a position pass the caps of the day, because being unable to get out is the greater danger;
nothing passes the panic button, the breaker or a venue whose prices have gone stale.

Source: the platform's own rules for a live venue: canary, ramp, daily cap.
"""

from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.core.ids import AccountId
from trade2026.core.numbers import (
    NANOS,
    Money,
    Px,
    Qty,
    floor_to_step,
    format_nanos,
    is_multiple,
    money_up,
    value_of,
)
from trade2026.model.instrument import Instrument
from trade2026.model.live import LiveMode
from trade2026.model.order import NewOrderSingle, OrdType, TimeInForce

DAY_NS: Final = 86_400 * NS_PER_S
HUNDRED: Final = 100
BPS_ONE: Final = 10_000

_TYPES: Final = frozenset({OrdType.MARKET, OrdType.LIMIT})
_FORCES: Final = frozenset({TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK})


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of the configuration; amounts in nanos of the quote asset."""

    ceiling: LiveMode
    accounts: frozenset[AccountId]
    """Whose orders may be sent; of others nothing is, in any mode but MOCK."""
    canary_pct: int
    canary_max_qty: Qty
    daily_notional: Money
    daily_loss: Money
    ramp: tuple[int, ...]
    """Percent of `daily_notional` on the first, second … day above SHADOW; then the last."""
    price_gap_bps: int
    """How far the platform's reference may be from the exchange's own middle price."""
    stale_ns: int
    """How old the exchange's price may be."""


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway has done on one UTC day."""

    number: int
    sent: Money
    """Worth of what was sent."""
    lost: Money
    """What the day's own fills have lost at the exchange's middle price; negative is a gain."""
    armed_number: int | None
    """The day on which the mode was raised above SHADOW; None while it is not."""


def day_of(ts_ns: int) -> int:
    """Return the number of the UTC day."""
    return ts_ns // DAY_NS


def cap_of(rules: Rules, day: Day) -> Money:
    """Return what may be sent on *day* altogether, by the ramp."""
    if day.armed_number is None:
        return Money(0)
    step = min(max(day.number - day.armed_number, 0), len(rules.ramp) - 1)
    return Money(rules.daily_notional * rules.ramp[step] // HUNDRED)


def sent_part(rules: Rules, mode: LiveMode, qty: Qty, lot: Qty) -> Qty:
    """Return what of *qty* goes to the exchange in *mode*, on the grid of its *lot*."""
    if not mode.sends:
        return Qty(0)
    if mode is LiveMode.LIVE:
        return qty
    share = min(qty * rules.canary_pct // HUNDRED, rules.canary_max_qty)
    return Qty(floor_to_step(share, lot))


def worth_of(order: NewOrderSingle, qty: Qty, mid_px: Px) -> Money:
    """Return what *qty* of *order* counts for: at its limit or at the market's middle.

    A buyer's limit below the market, or a seller's above it, is worth the greater of the two:
    no cap is passed by naming a price.
    """
    return money_up(value_of(max(order.price or Px(0), mid_px), qty))


def kind_problem(order: NewOrderSingle) -> str:
    """Return what of *order* no exchange behind the gateway is asked for, or empty."""
    if order.ord_type not in _TYPES:
        return f"NOT_SUPPORTED {order.ord_type}"
    if order.time_in_force not in _FORCES:
        return f"NOT_SUPPORTED {order.time_in_force}"
    if order.display_qty is not None:
        return "NOT_SUPPORTED icebergs"
    return ""


def filter_problem(qty: Qty, price: Px | None, instrument: Instrument | None, worth: Money) -> str:
    """Return which of the exchange's filters is not met, exactly, or empty."""
    if instrument is None:
        return "UNKNOWN_SYMBOL the exchange does not list it"
    one, most = instrument, instrument.max_qty
    # In this order, as far as the exchange has the filter: a zero means that it has not.
    filters = (
        ("TICK_SIZE", one.tick_size, price is None or is_multiple(price, one.tick_size)),
        ("LOT_SIZE", one.lot_size, is_multiple(qty, one.lot_size)),
        ("MIN_QTY", one.min_qty, 0 < qty >= one.min_qty),
        ("MAX_QTY", most, not most or qty <= most),
        ("MIN_NOTIONAL", one.min_notional, worth >= one.min_notional),
    )
    failed = [
        f"{name} the exchange's is {format_nanos(at)}" for name, at, met in filters if not met
    ]
    if not one.is_trading:
        failed.insert(0, "NOT_TRADING at the exchange")
    return failed[0] if failed else ""


def price_problem(rules: Rules, reference_px: int, mid_px: Px | None, age_ns: int) -> str:
    """Return why the exchange's price speaks against sending, or empty.

    The platform's checks were made against *reference_px*. Where the exchange trades elsewhere,
    the platform looks at another market than it trades on.
    """
    if mid_px is None or mid_px <= 0:
        return "NO_PRICE the exchange quotes nothing"
    if age_ns > rules.stale_ns:
        return f"STALE_PRICE the exchange's is {age_ns // NS_PER_S} s old"
    if reference_px and abs(reference_px - mid_px) * BPS_ONE > mid_px * rules.price_gap_bps:
        return (
            f"OTHER_MARKET risk judged by {format_nanos(reference_px)}, the exchange is at "
            f"{format_nanos(mid_px)}"
        )
    return ""


def cap_problem(rules: Rules, day: Day, worth: Money, *, reduces: bool) -> str:
    """Return which cap of the day speaks against sending *worth* more, or empty."""
    if reduces:
        return ""
    cap = cap_of(rules, day)
    if day.sent + worth > cap:
        return (
            f"DAILY_NOTIONAL {format_nanos(day.sent)} sent today, {format_nanos(worth)} asked, "
            f"{format_nanos(cap)} allowed"
        )
    if day.lost >= rules.daily_loss:
        return f"DAILY_LOSS {format_nanos(day.lost)} lost today"
    return ""


def day_loss(cash: int, held: dict[str, int], mids: dict[str, Px]) -> Money:
    """Return what the day's fills have lost so far.

    Args:
        cash: what they moved in the quote asset, fees in it taken off, in square nanos.
        held: what they bought less what they sold, and less fees in coins, in nanos by symbol.
        mids: the exchange's middle prices; a symbol without one counts as worthless if bought.
    """
    worth = sum(value_of(mids.get(symbol, Px(0)), qty) for symbol, qty in held.items())
    return Money(-(-(-cash - worth) // NANOS))
