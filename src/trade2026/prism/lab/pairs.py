"""Pairs of one market with and without a large order: what the order did to the price.

Both of a pair go on from one moment of one seed. The order is worked at a constant share of
the usual volume, by a small order every few seconds; what a small order could not get the next
one asks for. So a larger order takes longer, as it does in reality. Or all are worked within
one time, so that a larger one takes more of what is traded.

Source: Sato and Kanazawa (2024), "Does the square-root price impact law hold universally?",
arXiv 2411.13965.
"""

from typing import Final, NamedTuple

import numpy as np

from trade2026.core.clock import NS_PER_S
from trade2026.model.order import OrdType, Side, TimeInForce
from trade2026.prism.config import MarketConfig
from trade2026.prism.engine.event import EventKind
from trade2026.prism.lab.record import DAY_S, START_NS
from trade2026.prism.market import FIRST_OUTSIDER, Market, MarketState

SHARES: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.10)
"""Of a day's volume: how large the orders are."""
PARTICIPATION: Final = 0.20
"""Of the usual volume while an order is worked."""
AFTER_SHARE_MAX: Final = 0.02
"""What remains of the impact is looked at for orders up to this share."""
HORIZON_S: Final = 3_600
"""Within which all orders are worked where they are not at `PARTICIPATION`."""

_WARM_S: Final = 3_600
_EVERY_S: Final = 5
_LOOKS: Final = 12
"""Prices are means over so many looks, `_EVERY_S` apart, or a tenth of the order's time."""
_DRAIN_EVERY: Final = 12
_SLIPPAGE: Final = 1e-4


class Worked(NamedTuple):
    """A large order's doing, in ticks in the order's direction."""

    peak: float
    """At its end."""
    after: float
    """As long after its end as it took; NaN where nobody looked."""
    done: float
    """Share of it that was filled."""


class Large(NamedTuple):
    """A large order."""

    side: Side
    lots: int
    seconds: int

    @classmethod
    def of_share(cls, share: float, day_lots: float, side: Side, seconds: int = 0) -> "Large":
        """Return the order of a *share* of a day's volume; 0 *seconds*: at `PARTICIPATION`."""
        length = seconds or round(share / PARTICIPATION * DAY_S)
        return cls(side, max(1, round(share * day_lots)), length)


def work_pairs(
    config: MarketConfig,
    *,
    day_lots: float,
    shares: tuple[float, ...] = SHARES,
    seconds: int = 0,
) -> list[Worked]:
    """Return what orders of *shares* of a day's volume do to a market, each by itself.

    Args:
        config: of one symbol; an odd seed's orders sell.
        day_lots: the usual volume of a day.
        shares: see `SHARES`.
        seconds: within which each is worked; then nobody looks at what remains. 0: at
            `PARTICIPATION`.
    """
    side = Side.SELL if config.seed % 2 else Side.BUY
    orders = [Large.of_share(share, day_lots, side, seconds) for share in shares]
    opening = Market(config, start_ns=START_NS)
    opening.run_until(START_NS + _WARM_S * NS_PER_S)
    opening.drain()
    state = opening.state()
    after = [not seconds and share <= AFTER_SHARE_MAX for share in shares]
    longest = max(
        order.seconds * (2 if is_after else 1)
        for order, is_after in zip(orders, after, strict=True)
    )
    without, _ = _play(config, state, None, longest)
    found: list[Worked] = []
    for order, is_after in zip(orders, after, strict=True):
        length = order.seconds * (2 if is_after else 1)
        mids, filled = _play(config, state, order, length)
        away = side.sign * (mids - without[: len(mids)])
        looks = max(1, min(_LOOKS, order.seconds // (10 * _EVERY_S)))
        end = order.seconds // _EVERY_S
        found.append(
            Worked(
                peak=float(np.mean(away[end - looks : end])),
                after=float(np.mean(away[-looks:])) if is_after else float("nan"),
                done=filled / order.lots,
            )
        )
    return found


def _play(
    config: MarketConfig, state: MarketState, order: Large | None, seconds: int
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], int]:
    """Return the mid every `_EVERY_S` and how many lots of *order* were filled."""
    market = Market.from_state(config, state)
    tick = int(config.symbols[0].instrument.tick_size)
    symbol = market.symbols[0]
    steps = seconds // _EVERY_S
    children = 0 if order is None else max(1, order.seconds // _EVERY_S)
    mids = np.empty(steps)
    filled = 0
    for step in range(steps):
        if order is not None and step < children:
            wanted = order.lots * (step + 1) // children - filled
            if wanted:
                _take(market, symbol, step + 1, order.side, wanted)
                filled += _filled(market)
        market.run_until(market.sim_ns + _EVERY_S * NS_PER_S)
        mids[step] = market.mid_px(symbol) / tick
        if step % _DRAIN_EVERY == 0:
            market.drain()
    return mids, filled


def _take(market: Market, symbol: str, number: int, side: Side, lots: int) -> None:
    other = market.depth(symbol, 1)[1 if side is Side.BUY else 0]
    if not len(other):
        return
    touch = int(other[0, 0])
    market.submit(
        symbol=symbol,
        number=FIRST_OUTSIDER + number,
        owner=FIRST_OUTSIDER,
        side=side,
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.IOC,
        ticks=touch + side.sign * max(1, round(touch * _SLIPPAGE)),
        lots=lots,
    )


def _filled(market: Market) -> int:
    events = market.drain()
    own = (events["kind"] == EventKind.TRADE) & (events["taker_owner"] == FIRST_OUTSIDER)
    return int(events["lots"][own].sum())
