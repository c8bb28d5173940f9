"""What a venue says there is of each asset: from the first moment on it has a cause."""

import asyncio

import pytest
from tests.contract.venues.orders import VenueSite, at_market
from tests.contract.venues.test_changes import approved, reports

from trade2026.core.numbers import NANOS
from trade2026.domain.position.balances import compare_balances
from trade2026.model.balance import BalanceLine
from trade2026.model.order import NewOrderSingle
from trade2026.model.reconciliation import Held

STATING = pytest.mark.parametrize("site", ["prism", "paper", "live", "ib"], indirect=True)
WITHIN_S = 30.0


async def lines_of(site: VenueSite) -> dict[str, BalanceLine]:
    """Return the venue's balances beside a log that has all of its fills."""
    statement = await site.stated()
    assert statement.balances is not None, statement.balances_why
    log = {(x.account, x.symbol): Held(x.quantity, x.cash) for x in statement.lines}
    found = compare_balances(statement, log)
    assert found is not None
    return {one.asset: one for one in found}


@STATING
async def test_what_was_there_before_the_first_trade_has_a_cause(site: VenueSite) -> None:
    found = await lines_of(site)

    assert all(one.is_explained for one in found.values())
    assert all((one.traded, one.fees, one.transfers) == (0, 0, 0) for one in found.values())


@STATING
async def test_an_order_that_rests_takes_nothing_and_keeps_back_no_more_than_its_worth(
    site: VenueSite, order: NewOrderSingle
) -> None:
    before = await lines_of(site)

    await site.venue.submit(approved(order))

    found = await lines_of(site)
    assert all(one.is_explained for one in found.values())
    for asset, one in found.items():
        assert one.free + one.held == before[asset].free + before[asset].held
        assert one.held >= 0


@STATING
async def test_a_trade_moves_what_was_bought_and_what_it_cost(
    site: VenueSite, order: NewOrderSingle
) -> None:
    before = await lines_of(site)
    site.before_trading()

    await site.venue.submit(approved(at_market(order)))

    async with asyncio.timeout(WITHIN_S):
        while not any(one.last_qty for one in await reports(site.venue, at_market(order))):  # noqa: ASYNC110 - what is waited for has no event.
            await asyncio.sleep(0.02)
    found = await lines_of(site)
    bought = "AAPL" if order.symbol == "AAPL" else "BTC"
    assert all(one.is_explained for one in found.values())
    there = found[bought].free + found[bought].held
    was = before[bought].free + before[bought].held if bought in before else 0
    assert there - was == order.order_qty * NANOS
    assert found["USDT"].traded + found["USDT"].not_booked - found["USDT"].fees < 0
