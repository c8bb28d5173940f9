"""What PRISM tells of itself to whoever routes orders."""

from tests.prism import SECOND, a_clock, living
from tests.unit.prism.test_paper_market import a_book

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.prism.look import sight_of


async def test_it_tells_its_best_prices_and_fees() -> None:
    clock = a_clock()
    async with living(MemoryLog(), clock, is_paper=False) as prism:
        clock.advance(SECOND)
        await prism.settle()

        sight = await sight_of(prism.venue, "BTCUSDT")

        assert (sight.problem, sight.maker_bps, sight.taker_bps) == ("", 1, 5)
        assert sight.bid_px is not None
        assert sight.ask_px is not None
        assert 0 < sight.bid_px < sight.ask_px
        assert (await sight_of(prism.venue, "DOGE")).problem == "does not list DOGE"


async def test_without_a_recorded_book_it_does_not_trade() -> None:
    async with living(MemoryLog(), a_clock(), is_paper=True) as prism:
        before = await sight_of(prism.venue, "BTCUSDT")
        prism.paper.on_book(a_book())

        assert before.problem == "does not trade BTCUSDT at the moment"
        assert (before.bid_px, before.ask_px) == (None, None)
        assert (await sight_of(prism.venue, "BTCUSDT")).problem == ""
