"""What the watcher sees of a book is what the book shows, second by second."""

import numpy as np
import pytest
from tests.unit.prism.markets import START_NS, a_config

from trade2026.core.chance import stream
from trade2026.core.clock import NS_PER_S
from trade2026.domain.realism.flow import by_distance, fullest
from trade2026.prism.engine.book import Book
from trade2026.prism.engine.message import BUY, SELL, Force, Kind
from trade2026.prism.lab.measure import alone
from trade2026.prism.lab.record import Watcher, rungs_of
from trade2026.prism.market import Market

SECONDS = 90


def test_it_sees_the_market_s_mid_prices_volumes_and_touch() -> None:
    config = alone(a_config(), "AAPL", 3)
    market = Market(config, start_ns=START_NS)
    watcher = Watcher(start_ns=START_NS, rungs=rungs_of(config.symbols[0]))
    market.run_until(START_NS + 600 * NS_PER_S)
    watcher.add(market.drain(), market.sim_ns)
    watcher.begin(market.sim_ns, seconds=SECONDS)
    mids: list[float] = []
    volumes: list[int] = []
    for _ in range(SECONDS):
        market.run_until(market.sim_ns + NS_PER_S)
        events = market.drain()
        watcher.add(events, market.sim_ns)
        bids, asks = market.depth("AAPL", 1)
        mids.append(float(bids[0, 0] + asks[0, 0]) / 2.0)
        volumes.append(int(events["lots"][events["kind"] == 1].sum()))
    bids, asks = market.depth("AAPL", 1_000)
    watcher.add_depth(bids, asks)

    seen = watcher.session()

    assert seen.mid.tolist() == mids
    assert seen.volume.tolist() == volumes
    assert seen.trade_lots.sum() == sum(volumes)
    assert seen.spread_s.sum() == pytest.approx(SECONDS)
    assert (seen.touch > 0.0).all()
    assert watcher.crossed == 0
    assert seen.profile[0] == pytest.approx(float(bids[0, 1] + asks[0, 1]) / 2.0)
    assert seen.profile.sum() == pytest.approx(float(bids[:, 1].sum() + asks[:, 1].sum()) / 2.0)


class Told:
    """A book that is told orders, and watched from its first second on."""

    def __init__(self) -> None:
        self.book = Book()
        self.watcher = Watcher(start_ns=0, rungs=1_000)
        self.number = 0

    def rest(self, now_s: float, side: int, ticks: int, lots: int, *, owner: int = 1) -> int:
        self.number += 1
        self.book.place(
            now=round(now_s * NS_PER_S),
            number=self.number,
            owner=owner,
            side=side,
            kind=Kind.LIMIT,
            force=Force.GTC,
            ticks=ticks,
            lots=lots,
        )
        return self.number

    def look(self, until_s: float) -> None:
        self.watcher.add(self.book.take_events(), round(until_s * NS_PER_S))


def test_order_flow_is_counted_as_it_is_defined() -> None:
    told = Told()
    told.rest(0.0, BUY, 100, 5)
    told.rest(0.0, SELL, 102, 4)
    told.look(1.0)
    bid = told.rest(1.0, BUY, 100, 3)  # +3: more at the best bid
    told.rest(1.1, SELL, 103, 9)  # 0: behind the best
    told.rest(2.0, BUY, 101, 2)  # +2: a better bid
    told.rest(3.0, BUY, 102, 1, owner=2)  # +1: one less is offered
    told.rest(4.0, SELL, 101, 2, owner=3)  # -2 and the fall to 100 shows -0: the bid is gone
    told.book.cancel(now=5 * NS_PER_S, number=bid)  # -3
    told.look(7.0)

    flow = told.watcher.session().imbalance[1:7]

    assert flow.tolist() == [3.0, 2.0, 1.0, -2.0, -3.0, 0.0]


def test_time_is_counted_where_it_was_spent() -> None:
    told = Told()
    told.rest(0.0, BUY, 100, 5)
    told.rest(0.0, SELL, 102, 3)
    told.rest(0.25, BUY, 101, 1)
    told.rest(0.5, BUY, 99, 1)
    told.look(2.0)

    seen = told.watcher.session()

    assert seen.mid[:2].tolist() == [101.5, 101.5]
    assert seen.spread_s[:4].tolist() == [0.0, 1.75, 0.25, 0.0]
    # A quarter of a second five and three, then one and three.
    assert seen.touch[:2].tolist() == [0.25 * 4.0 + 0.75 * 2.0, 2.0]
    # One came to rest at a new best price, which is no distance, and one two ticks behind.
    assert seen.placed[:4].tolist() == [0, 0, 1, 0]


def test_all_that_one_order_takes_is_one_trade() -> None:
    told = Told()
    for ticks in (101, 102, 103):
        told.rest(0.0, SELL, ticks, 2)
    told.rest(0.0, BUY, 99, 1)
    told.rest(1.0, BUY, 102, 4, owner=2)
    told.rest(1.0, SELL, 99, 1, owner=3)
    told.look(2.0)

    seen = told.watcher.session()

    assert seen.trade_sign.tolist() == [1, -1]
    assert seen.trade_lots.tolist() == [4, 1]
    assert seen.trade_ns.tolist() == [NS_PER_S, NS_PER_S]


def test_distances_are_from_each_side_s_own_best_price() -> None:
    told = Told()
    for side, ticks, lots in ((BUY, 100, 5), (BUY, 98, 1), (SELL, 110, 3), (SELL, 113, 7)):
        told.rest(0.0, side, ticks, lots)
    told.look(1.0)
    told.watcher.add_depth(told.book.depth(BUY, 9), told.book.depth(SELL, 9))
    # A look at a book without offers is none.
    told.watcher.add_depth(told.book.depth(BUY, 9), told.book.depth(SELL, 0))

    assert told.watcher.session().profile[:5].tolist() == [4.0, 0.0, 0.5, 3.5, 0.0]


@pytest.mark.parametrize("widest", [1, 10, 50])
def test_a_book_that_shows_as_much_everywhere_has_no_hump_whatever_its_spread(widest: int) -> None:
    chance = stream(9, "spreads")
    told = Told()
    for second in range(40):
        half = 1 + int(chance.integers(widest))
        numbers = [
            told.rest(second, side, 500 - side * ticks, 2)
            for side in (BUY, SELL)
            for ticks in range(half, 200)
        ]
        told.look(second + 1.0)
        told.watcher.add_depth(told.book.depth(BUY, 999), told.book.depth(SELL, 999))
        for number in numbers:
            told.book.cancel(now=(second + 1) * NS_PER_S, number=number)

    shown = by_distance(told.watcher.session())

    assert len(shown) > 2
    assert fullest(shown) == 0.0


def test_while_a_side_is_empty_the_last_mid_stands() -> None:
    told = Told()
    told.rest(0.0, BUY, 100, 5)
    ask = told.rest(0.0, SELL, 102, 3)
    told.book.cancel(now=NS_PER_S // 2, number=ask)
    told.look(2.0)

    seen = told.watcher.session()

    assert seen.mid[:2].tolist() == [101.0, 101.0]
    assert seen.spread_s.sum() == 0.5


def test_a_crossed_book_is_seen() -> None:
    told = Told()
    told.rest(0.0, BUY, 100, 5)
    told.rest(0.0, SELL, 102, 3)
    events = told.book.take_events()
    events["ticks"][1] = 100

    told.watcher.add(events, NS_PER_S)

    assert told.watcher.crossed == 1


def test_a_price_beyond_the_ladder_is_no_session() -> None:
    told = Told()
    told.rest(0.0, SELL, 2_000, 3)
    told.look(1.0)

    with pytest.raises(AssertionError, match="ladder"):
        told.watcher.session()


def test_a_session_without_trades_has_none() -> None:
    seen = Told().watcher.session()

    assert seen.trade_ns.dtype == np.int64
    assert len(seen.trade_ns) == 0
