"""However a recording and paper orders interleave, no fill is more or better than recorded."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from trade2026.model.order import OrdType, Side, TimeInForce
from trade2026.prism.paper import PaperBook, PaperFill

TICKS = st.integers(95, 105)
LOTS = st.integers(1, 9)
LEVELS = st.dictionaries(TICKS, st.integers(0, 9), max_size=5)


class PaperTrading(RuleBasedStateMachine):
    """Drive one book; the model remembers what was displayed and what was taken of it."""

    def __init__(self) -> None:
        super().__init__()
        self.book = PaperBook()
        self.shown: dict[tuple[Side, int], int] = {}
        self.taken: dict[tuple[Side, int], int] = {}
        self.asked: dict[int, tuple[Side, int | None, int]] = {}
        self.filled: dict[int, int] = {}
        self.ended: set[int] = set()

    def free(self, side: Side, limit: int | None) -> int:
        """Return what can be taken on *side*, no worse than *limit*."""
        return sum(
            lots - self.taken.get(key, 0)
            for key, lots in self.shown.items()
            if key[0] is side and (limit is None or (key[1] - limit) * side.sign >= 0)
        )

    def show(self, side: Side, levels: dict[int, int]) -> None:
        for ticks, lots in levels.items():
            if self.shown.get((side, ticks), 0) != lots:
                self.taken.pop((side, ticks), None)
            self.shown[side, ticks] = lots

    def note(self, fills: list[PaperFill]) -> None:
        for fill in fills:
            side, limit, lots = self.asked[fill.number]
            assert fill.number not in self.ended
            assert fill.lots > 0
            assert limit is None or (limit - fill.ticks) * side.sign >= 0
            assert not fill.is_maker or fill.ticks == limit
            self.filled[fill.number] = self.filled.get(fill.number, 0) + fill.lots
            assert fill.lots_left == lots - self.filled[fill.number] >= 0
            if fill.lots_left == 0:
                self.ended.add(fill.number)

    def cross(self, fills: list[PaperFill]) -> None:
        """Check the fills of a moved book: out of displayed levels in reach, best first."""
        for fill in fills:
            side = self.asked[fill.number][0].opposite
            assert fill.lots <= self.free(side, fill.ticks)
            self.take(side, fill.ticks, fill.lots)
        self.note(fills)

    def take(self, side: Side, limit: int | None, lots: int) -> None:
        best_first = sorted(
            (k for k in self.shown if k[0] is side), key=lambda k: -k[1] * side.sign
        )
        for key in best_first:
            if limit is None or (key[1] - limit) * side.sign >= 0:
                part = min(lots, self.shown[key] - self.taken.get(key, 0))
                self.taken[key] = self.taken.get(key, 0) + part
                lots -= part
        assert lots == 0

    @rule(bids=LEVELS, asks=LEVELS)
    def moves(self, bids: dict[int, int], asks: dict[int, int]) -> None:
        self.show(Side.BUY, bids)
        self.show(Side.SELL, asks)
        self.cross(self.book.update(bids.items(), asks.items()))

    @rule(bids=LEVELS, asks=LEVELS)
    def begins_anew(self, bids: dict[int, int], asks: dict[int, int]) -> None:
        for side, ticks in list(self.shown):
            levels = bids if side is Side.BUY else asks
            self.show(side, {ticks: levels.get(ticks, 0)})
        self.show(Side.BUY, bids)
        self.show(Side.SELL, asks)
        self.cross(self.book.replace(bids.items(), asks.items()))

    @rule(ticks=TICKS, lots=LOTS, aggressor=st.sampled_from(Side))
    def prints(self, ticks: int, lots: int, aggressor: Side) -> None:
        fills = self.book.printed(ticks, lots, aggressor)

        assert sum(fill.lots for fill in fills) <= lots
        for fill in fills:
            side, limit, _ = self.asked[fill.number]
            assert side is aggressor.opposite
            assert limit is not None
            assert (limit - ticks) * side.sign >= 0
        self.note(fills)

    @rule(
        side=st.sampled_from(Side),
        ticks=st.none() | TICKS,
        lots=LOTS,
        force=st.sampled_from([TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]),
    )
    def submits(self, side: Side, ticks: int | None, lots: int, force: TimeInForce) -> None:
        number = len(self.asked) + 1
        self.asked[number] = (side, ticks, lots)
        reachable = self.free(side.opposite, ticks)

        answer = self.book.submit(
            number=number,
            side=side,
            ord_type=OrdType.MARKET if ticks is None else OrdType.LIMIT,
            time_in_force=force,
            ticks=ticks or 0,
            lots=lots,
        )

        done = sum(fill.lots for fill in answer.fills)
        is_short = force is TimeInForce.FOK and reachable < lots
        assert done == (0 if is_short else min(lots, reachable))
        assert done + answer.resting_lots + answer.killed_lots == lots
        assert not answer.resting_lots or (force is TimeInForce.GTC and ticks is not None)
        for fill in answer.fills:
            self.take(side.opposite, fill.ticks, fill.lots)
        self.note(answer.fills)
        if not answer.resting_lots:
            self.ended.add(number)

    @rule(data=st.data())
    def cancels(self, data: st.DataObject) -> None:
        if self.asked:
            number = data.draw(st.sampled_from(sorted(self.asked)))
            found = self.book.cancel(number)
            assert (found is None) == (number in self.ended)
            self.ended.add(number)

    @invariant()
    def what_is_left_to_take_is_what_was_not_taken(self) -> None:
        bids, asks = self.book.depth(100)
        for side, levels in ((Side.BUY, bids), (Side.SELL, asks)):
            expected = {
                ticks: lots - self.taken.get((at, ticks), 0)
                for (at, ticks), lots in self.shown.items()
                if at is side and lots > self.taken.get((at, ticks), 0)
            }
            assert dict(levels) == expected


TestPaperTrading = PaperTrading.TestCase
TestPaperTrading.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
