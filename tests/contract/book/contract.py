"""What a price-time order book does, in hand-worked cases; every book runs all of them."""

from abc import ABC, abstractmethod

import numpy as np
import pytest
from tests.contract.book.messages import (
    OrderBook,
    check_levels,
    check_quantities,
    check_state,
    random_messages,
)

from trade2026.prism.engine.event import EventKind, EventReason
from trade2026.prism.engine.message import BUY, MAX_LOTS, MAX_TICKS, SELL, Force, Kind


class Desk:
    """Sends orders to a book in few words: everybody owns their own number by default."""

    def __init__(self, book: OrderBook) -> None:
        self.book = book

    def limit(
        self,
        number: int,
        side: int,
        ticks: int,
        lots: int,
        *,
        force: int = Force.GTC,
        owner: int | None = None,
    ) -> None:
        owner = number if owner is None else owner
        self._place(number, side, Kind.LIMIT, force, ticks, lots, owner)

    def market(self, number: int, side: int, lots: int, *, force: int = Force.GTC) -> None:
        self._place(number, side, Kind.MARKET, force, 0, lots, number)

    def trades(self) -> list[tuple[int, int, int, int]]:
        """Return (maker, taker, ticks, lots) of the trades since the last look."""
        events = self.book.take_events()
        trades = events[events["kind"] == EventKind.TRADE]
        return trades[["maker_number", "taker_number", "ticks", "lots"]].tolist()

    def reasons(self) -> list[tuple[int, int, int]]:
        """Return (number, lots, reason) of what was rejected since the last look."""
        events = self.book.take_events()
        rejected = events[events["kind"] == EventKind.REJECTED]
        return rejected[["taker_number", "lots", "reason"]].tolist()

    def _place(  # noqa: PLR0917 - a private shorthand
        self, number: int, side: int, kind: int, force: int, ticks: int, lots: int, owner: int
    ) -> None:
        self.book.place(
            now=7,
            number=number,
            owner=owner,
            side=side,
            kind=kind,
            force=force,
            ticks=ticks,
            lots=lots,
        )


class BookContract(ABC):
    """The suite; a book joins it by a subclass with a factory."""

    @abstractmethod
    def new_book(self) -> OrderBook:
        """Return an empty book."""

    @pytest.fixture
    def desk(self) -> Desk:
        return Desk(self.new_book())

    def test_the_better_price_trades_first(self, desk: Desk) -> None:
        desk.limit(1, SELL, 102, 5)
        desk.limit(2, SELL, 101, 5)
        desk.limit(3, BUY, 102, 8)

        assert desk.trades() == [(2, 3, 101, 5), (1, 3, 102, 3)]

    def test_the_older_order_trades_first_at_one_price(self, desk: Desk) -> None:
        for number in (1, 2, 3):
            desk.limit(number, BUY, 100, 4)
        desk.book.cancel(now=7, number=2)
        desk.limit(9, SELL, 100, 6)

        assert desk.trades() == [(1, 9, 100, 4), (3, 9, 100, 2)]

    def test_the_rest_of_a_limit_order_rests_at_its_price(self, desk: Desk) -> None:
        desk.limit(1, SELL, 101, 5)
        desk.limit(2, BUY, 103, 8)

        assert desk.book.resting().tolist() == [[2, 2, BUY, 103, 3]]
        assert desk.book.depth(SELL, 5).tolist() == []

    def test_limits_that_do_not_meet_both_rest(self, desk: Desk) -> None:
        desk.limit(1, SELL, 101, 5)
        desk.limit(2, BUY, 100, 5)

        assert desk.trades() == []
        assert desk.book.depth(BUY, 5).tolist() == [[100, 5]]
        assert desk.book.depth(SELL, 5).tolist() == [[101, 5]]

    def test_a_trade_says_what_is_left_of_everything(self, desk: Desk) -> None:
        desk.limit(1, SELL, 101, 5)
        desk.limit(2, SELL, 101, 5)
        desk.book.take_events()
        desk.limit(3, BUY, 101, 7)

        (first, second) = desk.book.take_events()
        assert (first["maker_lots_left"], first["taker_lots_left"], first["level_lots"]) == (
            0,
            2,
            5,
        )
        assert (second["maker_lots_left"], second["taker_lots_left"]) == (3, 0)
        assert second["level_lots"] == 3
        assert (second["side"], second["time_ns"], second["seq"]) == (BUY, 7, 4)

    def test_a_market_order_takes_any_price_and_never_rests(self, desk: Desk) -> None:
        desk.limit(1, SELL, 101, 5)
        desk.limit(2, SELL, MAX_TICKS, 5)
        desk.market(3, BUY, 12)

        assert desk.reasons() == [(3, 2, EventReason.UNFILLED)]
        assert len(desk.book.resting()) == 0

    def test_a_market_order_on_an_empty_side_is_rejected_whole(self, desk: Desk) -> None:
        desk.limit(1, SELL, 101, 5)
        desk.market(2, SELL, 3)

        assert desk.reasons() == [(2, 3, EventReason.UNFILLED)]

    def test_an_ioc_order_gives_up_its_rest(self, desk: Desk) -> None:
        desk.limit(1, SELL, 101, 5)
        desk.limit(2, SELL, 103, 5)
        desk.limit(3, BUY, 102, 8, force=Force.IOC)

        assert desk.reasons() == [(3, 3, EventReason.UNFILLED)]
        assert desk.book.resting().tolist() == [[2, 2, SELL, 103, 5]]

    @pytest.mark.parametrize(("lots", "is_filled"), [(10, True), (11, False)])
    def test_a_fok_order_fills_whole_or_not_at_all(
        self, desk: Desk, lots: int, is_filled: bool
    ) -> None:
        desk.limit(1, SELL, 101, 5)
        desk.limit(2, SELL, 102, 5)
        desk.limit(3, SELL, 103, 5)
        desk.limit(4, BUY, 102, lots, force=Force.FOK)

        if is_filled:
            assert desk.trades() == [(1, 4, 101, 5), (2, 4, 102, 5)]
        else:
            assert desk.reasons() == [(4, lots, EventReason.NOT_FILLABLE)]
            assert len(desk.book.resting()) == 3

    def test_a_fok_market_order_fills_whole_or_not_at_all(self, desk: Desk) -> None:
        desk.limit(1, SELL, 101, 5)
        desk.market(2, BUY, 6, force=Force.FOK)

        assert desk.reasons() == [(2, 6, EventReason.NOT_FILLABLE)]

    def test_the_newest_of_two_orders_of_one_owner_gives_way(self, desk: Desk) -> None:
        desk.limit(1, SELL, 101, 5, owner=8)
        desk.limit(2, SELL, 102, 5, owner=9)
        desk.limit(3, SELL, 103, 5, owner=8)
        desk.limit(4, BUY, 103, 20, owner=9)

        events = desk.book.take_events()
        assert events[events["kind"] == EventKind.TRADE]["maker_number"].tolist() == [1]
        rejected = events[-1]
        assert (rejected["taker_number"], rejected["lots"]) == (4, 15)
        assert rejected["reason"] == EventReason.SELF_TRADE
        assert desk.book.resting()[:, 0].tolist() == [2, 3]

    def test_a_fok_order_does_not_count_what_lies_behind_its_owners_order(self, desk: Desk) -> None:
        desk.limit(1, SELL, 101, 5, owner=8)
        desk.limit(2, SELL, 101, 5, owner=9)
        desk.limit(3, SELL, 101, 5, owner=8)
        desk.limit(4, BUY, 101, 6, owner=9, force=Force.FOK)
        desk.limit(5, BUY, 101, 5, owner=9, force=Force.FOK)

        events = desk.book.take_events()
        assert events[events["kind"] == EventKind.REJECTED]["taker_number"].tolist() == [4]
        assert events[events["kind"] == EventKind.TRADE]["taker_number"].tolist() == [5]

    def test_a_cancelled_order_is_gone(self, desk: Desk) -> None:
        desk.limit(1, BUY, 100, 5)
        desk.limit(2, BUY, 100, 6)
        desk.book.cancel(now=7, number=1)

        removed = desk.book.take_events()[-1]
        assert (removed["kind"], removed["maker_number"]) == (EventKind.REMOVED, 1)
        assert (removed["lots"], removed["level_lots"]) == (5, 6)
        assert desk.book.resting()[:, 0].tolist() == [2]

    def test_a_cancel_of_what_does_not_rest_is_rejected(self, desk: Desk) -> None:
        desk.limit(1, BUY, 100, 5)
        desk.market(2, SELL, 5)
        desk.book.cancel(now=7, number=1)
        desk.book.cancel(now=7, number=77)

        reasons = desk.reasons()
        assert reasons == [(n, 0, EventReason.UNKNOWN_ORDER) for n in (1, 77)]

    def test_a_number_that_rests_cannot_be_used_again(self, desk: Desk) -> None:
        desk.limit(1, BUY, 100, 5)
        desk.limit(1, BUY, 99, 5)
        desk.book.cancel(now=7, number=1)
        desk.limit(1, BUY, 99, 5)

        assert desk.reasons() == [(1, 5, EventReason.DUPLICATE)]
        assert desk.book.resting().tolist() == [[1, 1, BUY, 99, 5]]

    @pytest.mark.parametrize(
        ("ticks", "lots"), [(0, 1), (-5, 1), (MAX_TICKS + 1, 1), (1, 0), (1, -1), (1, MAX_LOTS + 1)]
    )
    def test_prices_and_quantities_out_of_bounds_are_rejected(
        self, desk: Desk, ticks: int, lots: int
    ) -> None:
        desk.limit(1, BUY, ticks, lots)

        assert desk.reasons() == [(1, lots, EventReason.INVALID)]
        assert len(desk.book.resting()) == 0

    def test_prices_may_lie_anywhere(self, desk: Desk) -> None:
        desk.limit(1, BUY, 1, 5)
        desk.limit(2, SELL, MAX_TICKS, 5)
        desk.limit(3, BUY, 10**9, 5)

        assert desk.book.depth(BUY, 5).tolist() == [[10**9, 5], [1, 5]]
        assert desk.book.depth(SELL, 5).tolist() == [[MAX_TICKS, 5]]

    def test_events_are_numbered_without_a_gap(self, desk: Desk) -> None:
        desk.book.process(random_messages(3, 2_000, width=30, owners=5, cancels=0.3))
        first = desk.book.take_events()
        desk.book.process(random_messages(4, 2_000, width=30, owners=5, cancels=0.3))

        seq = np.concatenate([first["seq"], desk.book.take_events()["seq"]])

        assert np.array_equal(seq, np.arange(1, len(seq) + 1))

    def test_random_flow_leaves_a_true_book(self, desk: Desk) -> None:
        messages = random_messages(11, 20_000, width=60, owners=12, cancels=0.3)

        desk.book.process(messages)

        events = desk.book.take_events()
        check_state(desk.book)
        check_levels(events, desk.book)
        check_quantities(messages, events, desk.book.resting())
