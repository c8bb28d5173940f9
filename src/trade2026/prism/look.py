"""How PRISM looks to whoever routes orders: well or not, and at what price."""

from trade2026.core.numbers import Bps, Px
from trade2026.model.instrument import Instrument
from trade2026.model.route import VenueSight
from trade2026.prism.venue import Venue


async def sight_of(venue: Venue, symbol: str) -> VenueSight:
    """Return how PRISM is at this moment, as far as *symbol* goes."""
    if not venue.is_open:
        return VenueSight(problem="is coming back from its log")
    floor = venue.floor
    instrument = floor.instruments.get(symbol)
    if instrument is None:
        return VenueSight(problem=f"does not list {symbol}")
    problem = await venue.ping()
    if not problem and not floor.exchange.is_open(symbol):
        problem = f"does not trade {symbol} at the moment"
    bids, asks = floor.exchange.depth(symbol, 1)
    fees = floor.reporter.fees
    return VenueSight(
        problem=problem,
        bid_px=_best(instrument, bids),
        ask_px=_best(instrument, asks),
        maker_bps=Bps(fees.maker_bps),
        taker_bps=Bps(fees.taker_bps),
    )


def _best(instrument: Instrument, levels: list[tuple[int, int]]) -> Px | None:
    return Px(levels[0][0] * instrument.tick_size) if levels else None
