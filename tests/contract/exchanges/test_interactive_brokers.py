"""Interactive Brokers by the real ib_async, on frames written from TWS's documentation.

None of the frames was recorded from a TWS (`tests.tws` says where they are from): these tests show
what becomes of documented frames, and nothing about what TWS does.
"""

import asyncio
from collections.abc import AsyncGenerator
from decimal import Decimal

import pytest
from tests.broker import NAME, a_broker, a_share_order, running_broker
from tests.factories import NOW_NS, money, px, qty
from tests.trading import until
from tests.tws import ACCOUNT, Tws, running_tws

from trade2026.adapters.exchanges.exact import fee_of, nanos_of
from trade2026.adapters.exchanges.ib_exchange import IbExchange
from trade2026.core.errors import VenueBusyError, VenueRejectedError, VenueUnavailableError
from trade2026.core.numbers import Qty
from trade2026.model.instrument import InstrumentKind
from trade2026.model.order import OrdType, Side, TimeInForce
from trade2026.ports.exchange import (
    ExchangeBook,
    ExchangeLost,
    ExchangePrint,
    ExchangeState,
    ExchangeStatus,
    ExchangeTrade,
    Word,
)

BUY_NOW = a_share_order(ord_type=OrdType.MARKET, time_in_force=TimeInForce.GTC, price=None)


@pytest.fixture
async def site() -> AsyncGenerator[tuple[Tws, IbExchange]]:
    async with running_broker() as both:
        yield both


async def test_it_lists_shares_by_our_symbols_in_whole_shares(
    site: tuple[Tws, IbExchange],
) -> None:
    _, broker = site

    # TWS writes classes of shares with a blank, and knows nothing called NONE.
    assert set(broker.instruments) == {"AAPL", "BRK.B"}
    apple = broker.instruments["AAPL"]
    assert (apple.kind, apple.quote) == (InstrumentKind.EQUITY, "USD")
    assert (apple.tick_size, apple.lot_size, apple.min_qty) == (px("0.01"), qty("1"), qty("1"))


async def test_an_order_carries_our_name_and_goes_out_as_exact_text(
    site: tuple[Tws, IbExchange],
) -> None:
    tws, broker = site

    sent = await broker.send(a_share_order(price=px("180.1")))

    (placed,) = tws.placed
    assert (placed.ref, placed.symbol, placed.action) == (NAME, "AAPL", "BUY")
    assert (placed.qty, placed.price, placed.kind, placed.tif) == ("10", "180.1", "LMT", "GTC")
    assert sent == ExchangeState(
        client_id=NAME,
        venue_order_id=str(placed.perm_id),
        symbol="AAPL",
        status=ExchangeStatus.WORKING,
        filled_qty=Qty(0),
    )
    assert await broker.find(NAME, "", "AAPL") == sent
    assert await broker.find("b" * 32, "", "AAPL") is None


async def test_a_market_order_never_rests(site: tuple[Tws, IbExchange]) -> None:
    tws, broker = site

    await broker.send(BUY_NOW)

    assert (tws.placed[0].kind, tws.placed[0].tif) == ("MKT", "IOC")


async def test_fills_are_told_exactly_with_their_commission(site: tuple[Tws, IbExchange]) -> None:
    tws, broker = site
    tws.fills_at = "190.0123"
    sent = await broker.send(BUY_NOW)
    await until(lambda: tws.orders[0].status == "Filled")

    (trade,) = await broker.trades(sent.venue_order_id, "AAPL")

    assert (trade.px, trade.qty) == (px("190.0123"), qty("10"))
    assert (trade.fee, trade.fee_asset, trade.is_maker) == (money("1.000003"), "USD", False)
    assert trade.trade_id == "0000e0d5.00000001.01"
    found = await broker.find(NAME, sent.venue_order_id, "AAPL")
    assert found is not None
    assert (found.status, found.filled_qty) == (ExchangeStatus.FILLED, qty("10"))


async def test_a_fill_waits_for_its_commission_but_not_for_ever(
    site: tuple[Tws, IbExchange],
) -> None:
    tws, broker = site
    tws.commission = ""
    sent = await broker.send(a_share_order())
    tws.fill(tws.orders[0], 4, "180.1")

    (trade,) = await broker.trades(sent.venue_order_id, "AAPL")

    assert (trade.qty, trade.fee, trade.fee_asset) == (qty("4"), 0, "")


async def test_it_tells_cash_by_currency_and_shares_by_our_symbols(
    site: tuple[Tws, IbExchange],
) -> None:
    tws, broker = site
    tws.shares["BRK B"] = Decimal(-3)

    told = {one.asset: (one.free, one.held) for one in await broker.balances()}

    # Neither another account's, nor what TWS sums up over currencies.
    assert told == {
        "USD": (money("100000.25"), 0),
        "MSFT": (qty("7"), 0),
        "BRK.B": (-qty("3"), 0),
    }
    assert await broker.transfers(NOW_NS) == ()
    # TWS allows two such subscriptions: each is given up again.
    await until(lambda: [told[0] for told in tws.heard][-4:] == ["62", "63", "61", "64"])


async def test_a_list_of_cash_without_the_account_is_no_answer(
    site: tuple[Tws, IbExchange],
) -> None:
    tws, broker = site
    tws.is_secretive = True

    with pytest.raises(VenueUnavailableError, match="cash"):
        await broker.balances()


async def test_a_broken_connection_tells_no_balances(site: tuple[Tws, IbExchange]) -> None:
    tws, broker = site
    tws.is_mute = True
    asking = asyncio.ensure_future(broker.balances())
    await until(lambda: tws.heard[-1][0] == "62")
    tws.cut()

    with pytest.raises(VenueUnavailableError):
        await asking


async def test_a_correction_is_no_second_fill(site: tuple[Tws, IbExchange]) -> None:
    tws, broker = site
    sent = await broker.send(a_share_order())
    tws.fill(tws.orders[0], 4, "180.1")
    exec_id, shares, _, commission = tws.orders[0].fills[0]
    corrected = exec_id.removesuffix("01") + "02"
    tws.tell_fill(tws.orders[0], (corrected, shares, "180.09", commission))

    (trade,) = await broker.trades(sent.venue_order_id, "AAPL")

    assert (trade.qty, trade.px) == (qty("4"), px("180.1"))


@pytest.mark.parametrize(
    ("code", "text", "said"),
    [
        (201, "Order rejected - reason:Your account has insufficient funds", "INSUFFICIENT_FUNDS"),
        (201, f"Order rejected - reason:{ACCOUNT} may not", r"REJECTED 201 .*\*\*\* may not"),
        (110, "The price does not conform to the minimum price variation", "TICK_SIZE"),
        (203, "The security is not available or allowed for this account", "NOT_ALLOWED"),
        (10243, "Fractional-sized order cannot be placed via API", "LOT_SIZE"),
    ],
)
async def test_refusals_have_their_code_and_never_the_account(
    site: tuple[Tws, IbExchange], code: int, text: str, said: str
) -> None:
    tws, broker = site
    tws.refuses = (code, text)

    with pytest.raises(VenueRejectedError, match=f"^{said}") as caught:
        await broker.send(a_share_order())

    assert ACCOUNT not in str(caught.value)


async def test_asked_too_often_is_no_refusal(site: tuple[Tws, IbExchange]) -> None:
    tws, broker = site
    tws.refuses = (100, "Max rate of messages per second has been exceeded")

    with pytest.raises(VenueBusyError, match=r"^RATE_LIMITED"):
        await broker.send(a_share_order())


async def test_a_warning_is_no_refusal(site: tuple[Tws, IbExchange]) -> None:
    tws, broker = site
    tws.warns = (399, "Order Message: your order will not be placed at the exchange until 09:30")

    assert (await broker.send(a_share_order())).status is ExchangeStatus.WORKING
    # ib_async's own bookkeeping would take this order for one that failed its validation.
    found = await broker.find(NAME, "", "AAPL")
    assert found is not None
    assert found.status is ExchangeStatus.WORKING


@pytest.mark.parametrize(
    "order",
    [
        a_share_order(is_post_only=True),
        a_share_order(ord_type=OrdType.MARKET, time_in_force=TimeInForce.FOK, price=None),
        a_share_order(symbol="NONE"),
    ],
)
async def test_what_cannot_be_is_refused_before_anything_is_sent(
    site: tuple[Tws, IbExchange], order: object
) -> None:
    tws, broker = site

    with pytest.raises(VenueRejectedError, match=r"^(NOT_SUPPORTED|UNKNOWN_SYMBOL)"):
        await broker.send(order)  # pyright: ignore[reportArgumentType]

    assert tws.placed == []


async def test_an_order_is_cancelled_and_cancelled_again(site: tuple[Tws, IbExchange]) -> None:
    tws, broker = site
    await broker.send(a_share_order())
    tws.fill(tws.orders[0], 3, "180.1")

    await broker.cancel(NAME, "", "AAPL")
    await broker.cancel(NAME, "", "AAPL")

    found = await broker.find(NAME, "", "AAPL")
    assert found is not None
    assert (found.status, found.filled_qty) == (ExchangeStatus.CANCELED, qty("3"))


async def test_an_order_that_may_not_be_cancelled_works_on(site: tuple[Tws, IbExchange]) -> None:
    tws, broker = site
    await broker.send(a_share_order())
    tws.refuses_cancels = (161, "Cancel attempted when order is not in a cancellable state")

    with pytest.raises(VenueRejectedError, match=r"^NOT_CANCELLABLE 161"):
        await broker.cancel(NAME, "", "AAPL")

    # ib_async's own bookkeeping would take it for cancelled.
    found = await broker.find(NAME, "", "AAPL")
    assert found is not None
    assert found.status is ExchangeStatus.WORKING


async def test_only_the_client_that_placed_an_order_cancels_it(
    site: tuple[Tws, IbExchange],
) -> None:
    tws, broker = site
    await broker.send(a_share_order())
    other = a_broker(tws, client=8)
    await other.connect()

    with pytest.raises(VenueRejectedError, match="client 7"):
        await other.cancel(NAME, "", "AAPL")

    found = await other.find(NAME, "", "AAPL")
    assert found is not None
    assert found.status is ExchangeStatus.WORKING
    await other.close()


async def test_an_order_whose_answer_was_lost_is_found_by_our_name(
    site: tuple[Tws, IbExchange],
) -> None:
    tws, broker = site
    tws.hangs_up_on_orders = True
    with pytest.raises(VenueUnavailableError):
        await broker.send(a_share_order())
    with pytest.raises(VenueUnavailableError):
        await broker.find(NAME, "", "AAPL")

    await broker.connect()
    found = await broker.find(NAME, "", "AAPL")

    assert found is not None
    assert (found.status, found.filled_qty) == (ExchangeStatus.WORKING, 0)
    assert len(tws.placed) == 1


@pytest.mark.parametrize("client", [7, 8])
async def test_an_order_that_traded_while_nobody_listened_is_found_by_a_new_process(
    site: tuple[Tws, IbExchange], client: int
) -> None:
    tws, broker = site
    tws.hangs_up_on_orders, tws.fills_at = True, "180.05"
    with pytest.raises(VenueUnavailableError):
        await broker.send(a_share_order())

    again = a_broker(tws, client=client)
    await again.connect()
    found = await again.find(NAME, "", "AAPL")

    assert found is not None
    assert (found.status, found.filled_qty) == (ExchangeStatus.FILLED, qty("10"))
    (trade,) = await again.trades(found.venue_order_id, "AAPL")
    assert (trade.px, trade.qty) == (px("180.05"), qty("10"))
    await again.close()


async def test_an_order_lost_on_the_way_is_known_to_nobody(site: tuple[Tws, IbExchange]) -> None:
    tws, broker = site
    tws.loses_orders = True
    with pytest.raises(VenueUnavailableError):
        await broker.send(a_share_order())

    await broker.connect()

    assert await broker.find(NAME, "", "AAPL") is None


async def test_a_list_that_cannot_be_read_is_no_answer(site: tuple[Tws, IbExchange]) -> None:
    tws, broker = site
    await broker.send(a_share_order())
    again = a_broker(tws)
    await again.connect()
    tws.garbles_orders = True

    # "There is none" would have the order taken for one that never arrived.
    with pytest.raises(VenueUnavailableError, match="could not be read"):
        await again.find(NAME, "", "AAPL")
    await again.close()


async def test_without_its_broker_tws_is_not_believed_and_nothing_is_sent(
    site: tuple[Tws, IbExchange],
) -> None:
    tws, broker = site
    tws.say(1100, "Connectivity between IB and TWS has been lost")
    await until(lambda: not broker.is_there)

    with pytest.raises(VenueBusyError, match=r"^NOT_CONNECTED"):
        await broker.send(a_share_order())
    with pytest.raises(VenueUnavailableError):
        await broker.find(NAME, "", "AAPL")
    assert tws.placed == []

    tws.say(1102, "Connectivity between IB and TWS has been restored- data maintained.")
    await until(lambda: broker.is_there)
    assert (await broker.send(a_share_order())).status is ExchangeStatus.WORKING


async def test_delayed_prices_are_none(site: tuple[Tws, IbExchange]) -> None:
    tws, broker = site
    book = await broker.book("AAPL")
    assert book.bids == ((px("189.99"), qty("300")),)
    assert book.asks == ((px("190.01"), qty("200")),)

    tws.data_type = 3

    with pytest.raises(VenueRejectedError, match=r"^NO_PRICE"):
        await broker.book("AAPL")
    told: list[Word] = []
    listening = asyncio.ensure_future(broker.listen(told.append))
    await until(lambda: len(tws.watching) == 2)
    # An answer shows that what TWS said before it was heard.
    await broker.find(NAME, "", "AAPL")
    assert told == []
    listening.cancel()


async def test_an_account_has_to_be_named_where_there_are_several() -> None:
    async with running_tws() as tws:
        tws.accounts = f"{ACCOUNT},DU7654321"
        for account in ("", "DU0000000"):
            broker = a_broker(tws, account=account)
            with pytest.raises(VenueRejectedError, match=r"^NOT_AUTHENTICATED"):
                await broker.connect()
        broker = a_broker(tws)
        await broker.connect()
        await broker.close()


async def test_nobody_there_is_no_answer() -> None:
    async with running_tws() as tws:
        broker = a_broker(tws)
    with pytest.raises(VenueUnavailableError, match="no TWS"):
        await broker.connect()


async def test_it_tells_of_orders_fills_and_prices_and_comes_back_by_itself(
    site: tuple[Tws, IbExchange],
) -> None:
    tws, broker = site
    told: list[Word] = []

    def heard(kind: type[Word]) -> int:
        return sum(isinstance(word, kind) for word in told)

    listening = asyncio.ensure_future(broker.listen(told.append))
    await until(lambda: heard(ExchangeBook) > 0)
    await broker.send(a_share_order())
    tws.fill(tws.orders[0], 2, "180.1")
    await until(lambda: heard(ExchangeTrade) == 1 and heard(ExchangeState) > 1)
    (number,) = (n for n, symbol in tws.watching.items() if symbol == "AAPL")
    for price in ("190.01", "190", "189.98"):
        tws.tell(1, 6, number, 4, price, "100", 0)
    await until(lambda: heard(ExchangePrint) == 2)
    sides = [word.aggressor_side for word in told if isinstance(word, ExchangePrint)]
    assert sides == [Side.BUY, Side.SELL]

    books, tws.watching = heard(ExchangeBook), {}
    tws.cut()
    await until(lambda: heard(ExchangeLost) > 0 and heard(ExchangeBook) > books)
    await until(lambda: set(tws.watching.values()) == {"AAPL", "BRK B"})

    tws.fill(tws.orders[0], 8, "180.1", is_told=False)
    found = await broker.find(NAME, "", "AAPL")
    assert found is not None
    trades = await broker.trades(found.venue_order_id, "AAPL")
    assert (found.status, sum(one.qty for one in trades)) == (ExchangeStatus.FILLED, qty("10"))
    listening.cancel()


async def test_a_subscription_is_not_doubled_when_the_broker_is_back(
    site: tuple[Tws, IbExchange],
) -> None:
    tws, broker = site
    told: list[Word] = []
    listening = asyncio.ensure_future(broker.listen(told.append))
    await until(lambda: len(tws.watching) == 2)
    before = set(tws.watching)

    tws.say(1100, "Connectivity between IB and TWS has been lost")
    await until(lambda: not broker.is_there)
    tws.say(1101, "Connectivity between IB and TWS has been restored- data lost.")

    await until(lambda: len(tws.watching) == 2 and not before & set(tws.watching))
    listening.cancel()


@pytest.mark.parametrize("text", ["180.1", "0.0001", "189.123456789", "99999.99", "1.000003"])
def test_what_passes_through_a_float_of_the_library_comes_back_exactly(text: str) -> None:
    assert nanos_of(float(text)) == Decimal(text) * 10**9
    assert fee_of(float(text)) == Decimal(text) * 10**9
