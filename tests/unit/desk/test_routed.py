"""An order gets its venue once: crashes, repeats and groups do not send it to a second one."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from msgspec.structs import replace
from tests.factories import px
from tests.trading import Core, PlainVenue, a_resting_ask, an_ask, running_core, until

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.ids import AccountId, ClOrdId
from trade2026.core.numbers import Qty
from trade2026.desk.ask import OrderAsk
from trade2026.domain.oms.change import Change
from trade2026.model.instrument import LIVE, PRISM
from trade2026.model.order import GroupKind, GroupLeg, NewOrderSingle
from trade2026.model.route import RouteAnswer

APPENDS = 14
"""A session without a crash makes fewer; the test checks that it does."""


class Fickle:
    """Chooses another venue each time that it is asked."""

    def __init__(self, *venues: str) -> None:
        self._venues = venues or (LIVE, PRISM)
        self.asked: list[NewOrderSingle] = []

    def __call__(self, order: NewOrderSingle) -> RouteAnswer:
        self.asked.append(order)
        venue = self._venues[(len(self.asked) - 1) % len(self._venues)]
        return RouteAnswer(venue=venue, rule="fickle", why=f"for {len(self.asked)}")


class Site:
    """Two venues that outlive the core, and who chooses between them."""

    def __init__(self, *venues: str) -> None:
        self.log = MemoryLog()
        self.prism, self.live = PlainVenue(self.log), PlainVenue(self.log, LIVE)
        self.fickle = Fickle(*venues)

    def core(self, **options: Any) -> AbstractAsyncContextManager[Core]:
        return running_core(self.log, self.prism, others=[self.live], route=self.fickle, **options)


def resting(key: str = "one", **changes: Any) -> OrderAsk:
    return a_resting_ask(key, is_auto=True, **changes)


async def test_the_choice_stands_on_the_order_and_everything_follows_it() -> None:
    site = Site()
    async with site.core() as core:
        order, _ = await core.oms.submit(resting())
        changed = await core.oms.replace(
            order.request.order_id, Change(order_qty=Qty(2 * order.request.order_qty)), "tess"
        )
        await core.oms.cancel(order.request.order_id, "tess")

        assert (order.request.venue, order.request.route) == (LIVE, "fickle: for 1")
        assert changed.request.venue == LIVE
        assert list(site.live.taken) == [order.request.order_id]
        assert len(site.live.replace_ids) == 1
        assert site.prism.taken == {}
        assert len(site.fickle.asked) == 1


async def test_the_same_key_again_is_the_first_order_wherever_the_next_one_would_go() -> None:
    site = Site()
    async with site.core() as core:
        first, is_new = await core.oms.submit(resting())
        again, is_new_again = await core.oms.submit(resting())

        assert (again.request, is_new, is_new_again) == (first.request, True, False)
        assert len(site.fickle.asked) == 1
        with pytest.raises(RefusedError, match="belongs to another order"):
            await core.oms.submit(replace(resting(), is_auto=False, venue=PRISM))


async def test_two_at_once_under_one_key_are_one_order() -> None:
    site = Site()
    async with site.core() as core:
        found = await asyncio.gather(*(core.oms.submit(resting()) for _ in range(2)))

        assert sorted(is_new for _, is_new in found) == [False, True]
        assert len(site.live.taken) + len(site.prism.taken) == 1


async def test_where_no_venue_is_fit_nothing_is_journalled_and_the_key_stays_free() -> None:
    site = Site("", PRISM)
    async with site.core() as core:
        with pytest.raises(RefusedError, match="NO_VENUE by rule fickle: for 1"):
            await core.oms.submit(resting())
        assert core.oms.journal.orders.open_orders() == ()

        order, is_new = await core.oms.submit(resting())
        assert (order.request.venue, is_new) == (PRISM, True)


async def test_a_venue_that_is_named_is_kept_and_other_accounts_are_not_routed() -> None:
    site = Site()
    async with site.core() as core:
        order, _ = await core.oms.submit(a_resting_ask("named", venue=PRISM))
        assert (order.request.venue, order.request.route) == (PRISM, "")
    async with running_core(site.log, site.prism, others=[site.live], life=1) as core:
        order, _ = await core.oms.submit(resting("plain"))
        assert (order.request.venue, order.request.route) == (PRISM, "")
        with pytest.raises(InvalidInputError, match="PRISM only"):
            await core.oms.submit(a_resting_ask("other", venue=LIVE))
        assert site.fickle.asked == []


async def test_all_legs_of_a_group_go_where_the_first_goes() -> None:
    site = Site()

    def leg(number: int, price: str) -> OrderAsk:
        group = GroupLeg(group_id="g", kind=GroupKind.OCO, number=number, count=2)
        return resting(group.key_of(number), group=group, price=px(price))

    async with site.core() as core:
        legs, _ = await core.oms.submit_group([leg(0, "58000"), leg(1, "57900")])

        assert {one.request.venue for one in legs} == {LIVE}
        assert len(site.live.taken) == 2
        again, is_new = await core.oms.submit_group([leg(0, "58000"), leg(1, "57900")])
        assert ([one.request for one in again], is_new) == ([one.request for one in legs], False)


async def _session(core: Core) -> None:
    await core.oms.submit(resting())
    await core.oms.submit(an_ask("two", is_auto=True))


@pytest.mark.parametrize("is_stored", [False, True])
@pytest.mark.parametrize("dies_at", range(APPENDS))
async def test_a_crash_sends_no_order_to_two_venues(dies_at: int, *, is_stored: bool) -> None:
    site = Site()
    async with site.core(dies_at=dies_at, is_stored=is_stored) as core:
        task = asyncio.ensure_future(_session(core))
        died = asyncio.ensure_future(core.bus.died.wait())
        await asyncio.wait({task, died}, return_when=asyncio.FIRST_COMPLETED)
        # The last of these crashes would come after everything.
        assert dies_at < APPENDS - 1 or not core.bus.died.is_set()
        task.cancel()
        died.cancel()
    async with site.core(life=1) as core:
        await _session(core)
        core.clock.advance(2 * NS_PER_S)
        orders = core.oms.journal.orders
        await until(lambda: all(one.venue_ack_ns is not None for one in orders.open_orders()))

        for key in ("one", "two"):
            order = orders.by_key(AccountId("default"), ClOrdId(key))
            assert order is not None
            there = [v.name for v in (site.prism, site.live) if order.request.order_id in v.taken]
            assert there in ([], [order.request.venue])
        taken = [*site.prism.taken.values(), *site.live.taken.values()]
        assert len({one.cl_ord_id for one in taken}) == len(taken)
