"""What the gateway's log knows of the exchange's account, folded: opening, fees, transfers."""

from msgspec.structs import replace
from tests.factories import BTCUSDT, NOW_NS, a_fill, an_order, money, px, qty
from tests.unit.domain.live.test_state import ENDED, WHO, an_order_taken, fill, folded, live, step

from trade2026.core.ids import AccountId
from trade2026.core.numbers import NANOS, Px, SignedQty, Value
from trade2026.domain.live.funds import Funds, held_most
from trade2026.domain.live.state import LiveState
from trade2026.model.balance import AssetBalance, AssetTransfer, VenueBalance
from trade2026.model.live import BalancesOpened, TransferSeen
from trade2026.model.order import Side
from trade2026.model.reconciliation import Held

ONE = NANOS**2
PLACE = (AccountId("default"), "BTCUSDT")


def told(asset: str, free: str, held: str = "0") -> AssetBalance:
    return AssetBalance(asset=asset, free=money(free), held=money(held))


def opening(*balances: AssetBalance, seen: tuple[str, ...] = ()) -> BalancesOpened:
    event: BalancesOpened = step(
        BalancesOpened, exchange="plain", balances=balances, transfer_ids=seen, **WHO
    )
    return event


def a_transfer(name: str, asset: str, amount: str) -> TransferSeen:
    transfer = AssetTransfer(transfer_id=name, asset=asset, amount=money(amount), ts_ns=NOW_NS)
    event: TransferSeen = step(TransferSeen, transfer=transfer)
    return event


def shown(state: LiveState, *now: AssetBalance) -> dict[str, VenueBalance]:
    found = state.funds.balances(now, [BTCUSDT], held_most={}, under_way=())
    return {one.asset: one for one in found}


def test_an_opening_counts_for_its_exchange_only() -> None:
    assert not folded().funds.is_opened_at("plain")
    state = folded(opening(told("USDT", "5")))
    assert state.funds.is_opened_at("plain")
    assert not state.funds.is_opened_at("other")


def test_only_what_trades_or_paid_a_fee_is_told() -> None:
    state = live(opening(told("SHIB", "1000")), an_order_taken(), fill("0.1", "0.1"))

    assert shown(state, told("SHIB", "7")).keys() == {"BTC", "USDT"}
    fee = fill("0.1", "0.1", fee=money("0.5"), fee_asset="BNB")
    paid = live(opening(), an_order_taken(), fee)
    assert shown(paid)["BNB"].fees == ONE // 2


def test_what_traded_before_the_opening_and_was_paid_for_it_is_in_it() -> None:
    fee = fill("0.1", "0.1", fee=money("0.5"), fee_asset="BNB", last_px=px("50000"))
    state = live(an_order_taken(), fee, ENDED, opening(told("BNB", "2"), told("USDT", "1", "3")))

    found = shown(state, told("BNB", "2"))

    assert (found["BTC"].traded_before, found["USDT"].traded_before) == (ONE // 10, -5000 * ONE)
    assert "BNB" not in found
    assert (found["USDT"].opening, found["USDT"].opening_held) == (4 * ONE, 3 * ONE)
    assert (found["USDT"].free, found["USDT"].held) == (0, 0)


def test_a_transfer_counts_once_and_one_of_the_opening_never() -> None:
    state = live(
        opening(seen=("old",)),
        a_transfer("old", "USDT", "9"),
        a_transfer("new", "USDT", "100"),
        a_transfer("new", "USDT", "100"),
        # A broker's dollars are booked as the base currency.
        a_transfer("more", "USD", "-40"),
    )

    assert shown(state)["USDT"].transfers == 60 * ONE
    assert state.funds.has_seen("new")
    assert not state.funds.has_seen("next")


def test_reports_under_way_move_every_asset_that_they_cost() -> None:
    funds = Funds()
    funds.open(opening(), {PLACE: Held(SignedQty(NANOS), Value(-ONE))})
    bought = a_fill(last_qty=qty("2"), last_px=px("10"), fee=money("1"), fee_asset="BNB")
    acked = replace(bought, exec_type="NEW")

    found = funds.balances((), [BTCUSDT], held_most={"BTC": 5}, under_way=[bought, acked])

    moves = {one.asset: one.under_way for one in found}
    assert moves == {"BTC": (2 * ONE,), "USDT": (-20 * ONE,)}
    assert {one.asset: one.held_most for one in found} == {"BTC": 5, "USDT": 0}
    funds.report(bought)
    found = funds.balances((), [BTCUSDT], held_most={}, under_way=[bought])
    assert {one.asset: one.under_way for one in found}["BNB"] == (-ONE,)


def test_orders_can_keep_back_their_worth_and_a_tenth_of_it() -> None:
    selling = an_order(venue="LIVE", side=Side.SELL, order_qty=qty("0.1"))
    orders = [
        live(an_order_taken(order=one)).orders[one.order_id]
        for one in (
            an_order(venue="LIVE", order_qty=qty("0.1"), price=px("100")),
            selling,
            replace(selling, symbol="NONE"),
        )
    ]

    found = held_most(orders, {"BTCUSDT": BTCUSDT}, {})
    assert found == {"USDT": 11 * ONE, "BTC": ONE * 11 // 100}
    # A market that has risen above a limit may have moved what is kept back.
    assert held_most(orders[:1], {"BTCUSDT": BTCUSDT}, {"BTCUSDT": Px(px("200"))}) == {
        "USDT": 22 * ONE
    }
