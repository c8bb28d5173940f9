"""Losses are measured from where the day began, from the peak, and within five minutes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.books import Books
from tests.factories import (
    NOW_NS,
    a_deposit,
    a_fill,
    a_limits_set,
    a_quote,
    a_view,
    an_order,
    an_unknown,
    judged,
    money,
    qty,
)

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import OrderId
from trade2026.core.numbers import Money
from trade2026.domain.risk.book import RiskBook
from trade2026.domain.risk.breakers import Finding, judge_losses, near_money
from trade2026.domain.risk.check import RiskCheck
from trade2026.domain.risk.checks import daily_loss, drawdown, fast_drawdown
from trade2026.domain.risk.limit_book import Bounds
from trade2026.domain.risk.losses import (
    FAST_WINDOW_NS,
    NO_LOSSES,
    NS_PER_DAY,
    Losses,
    LossLimits,
    LossMeter,
)
from trade2026.domain.risk.viewing import measured
from trade2026.model.instrument import PRISM, PRISM_INSTRUMENTS
from trade2026.model.order import Side
from trade2026.model.risk import RefusalCode, TradingMode

NOON_NS = TimeNs(NOW_NS // NS_PER_DAY * NS_PER_DAY + NS_PER_DAY // 2)
EQUITY = money("900")


def at(seconds: float) -> TimeNs:
    return TimeNs(NOON_NS + int(seconds * NS_PER_S))


def a_meter(*points: tuple[float, str]) -> LossMeter:
    meter = LossMeter()
    for seconds, pnl in points:
        meter.note(at(seconds), money(pnl))
    return meter


def test_nothing_is_lost_before_the_first_point() -> None:
    assert LossMeter().losses(NOON_NS, money("-5"), EQUITY) == Losses()


def test_the_fall_is_a_share_of_what_there_was_before_it() -> None:
    meter = a_meter((0, "0"), (1, "100"), (2, "20"))

    lost = meter.losses(at(2), money("0"), EQUITY)

    assert lost == Losses(daily=Money(0), drawdown_bps=1_000, fast_drawdown_bps=1_000)


@pytest.mark.parametrize(
    ("check", "lost", "most"),
    [
        (daily_loss.check, Losses(daily=money("11")), LossLimits(daily=money("10"))),
        (drawdown.check, Losses(drawdown_bps=11), LossLimits(drawdown_bps=10)),
        (fast_drawdown.check, Losses(fast_drawdown_bps=11), LossLimits(fast_drawdown_bps=10)),
    ],
)
def test_a_strategy_that_lost_opens_nothing_though_its_account_lost_nothing(
    check: RiskCheck, lost: Losses, most: LossLimits
) -> None:
    bounds = Bounds(limits=a_view().limits, losses=LossLimits(), own_losses=most)
    view = a_view(measured=measured(an_order(), bounds, NO_LOSSES, lost))

    assert judged(check, an_order(), view) is not None
    assert (
        judged(
            check, an_order(), a_view(measured=measured(an_order(), bounds, NO_LOSSES, NO_LOSSES))
        )
        is None
    )


def test_a_fall_is_fast_only_within_the_window() -> None:
    meter = a_meter((0, "100"))
    last = at(0) + FAST_WINDOW_NS

    assert meter.losses(TimeNs(last), Money(0), EQUITY).fast_drawdown_bps == 1_000
    assert meter.losses(TimeNs(last + 1), Money(0), EQUITY).fast_drawdown_bps == 0
    assert meter.losses(TimeNs(last + 1), Money(0), EQUITY).drawdown_bps == 1_000


def test_a_new_day_begins_where_the_last_one_ended() -> None:
    meter = a_meter((0, "0"), (1, "-40"))
    tomorrow = TimeNs(NOON_NS + NS_PER_DAY)

    assert meter.losses(at(1), money("-40"), EQUITY).daily == money("40")
    # Before its first point as well as after it.
    assert meter.losses(tomorrow, money("-55"), EQUITY).daily == money("15")
    meter.note(tomorrow, money("-55"))
    assert meter.losses(tomorrow, money("-60"), EQUITY).daily == money("20")


def test_a_clock_that_is_set_back_begins_no_day() -> None:
    meter = a_meter((0, "0"))
    meter.note(TimeNs(NOON_NS - NS_PER_DAY), money("-40"))

    assert meter.losses(TimeNs(NOON_NS - NS_PER_DAY), money("-40"), EQUITY).daily == money("40")


def test_armed_anew_it_measures_from_there() -> None:
    meter = a_meter((0, "0"), (1, "-40"))
    meter.arm(at(2), money("-40"))

    assert meter.losses(at(2), money("-40"), EQUITY) == Losses()
    assert meter.losses(at(3), money("-50"), EQUITY).daily == money("10")


@pytest.mark.parametrize(("equity", "share"), [("-80", 10_000), ("-100", 10_000), ("0", 10_000)])
def test_who_has_nothing_left_has_lost_everything(equity: str, share: int) -> None:
    meter = a_meter((0, "0"))

    assert meter.losses(at(1), money("-100"), money(equity)).drawdown_bps >= share


@given(
    points=st.lists(st.tuples(st.integers(0, 10**6), st.integers(-(10**15), 10**15)), max_size=50),
    pnl=st.integers(-(10**15), 10**15),
)
def test_the_meter_is_the_naive_one_and_goes_on_from_its_mark(
    points: list[tuple[int, int]], pnl: int
) -> None:
    # Every point counts where they are a second apart, as they are taken.
    curve = [(TimeNs(NOON_NS + s * NS_PER_S), Money(p)) for s, p in sorted(dict(points).items())]
    meter = LossMeter()
    for now_ns, one in curve:
        meter.note(now_ns, one)
    now_ns = curve[-1][0] if curve else NOON_NS
    equity = Money(10**15)

    lost = meter.losses(now_ns, Money(pnl), equity)

    if not curve:
        return
    falls = [one - pnl for ns, one in curve if ns >= now_ns - FAST_WINDOW_NS]
    assert lost.drawdown_bps == share(max(one for _, one in curve) - pnl, equity)
    assert lost.fast_drawdown_bps == share(max(falls), equity)
    today = [one for ns, one in curve if ns // NS_PER_DAY == now_ns // NS_PER_DAY]
    before = [one for ns, one in curve if ns // NS_PER_DAY < now_ns // NS_PER_DAY]
    assert lost.daily == max(0, (before[-1] if before else today[0]) - pnl)
    assert LossMeter(meter.mark("a", "", now_ns)).losses(now_ns, Money(pnl), equity) == lost


def share(fall: int, equity: int) -> int:
    return 0 if fall <= 0 else -(-fall * 10_000 // (equity + fall))


def test_a_limit_itself_passes_and_four_fifths_of_it_are_warned_of() -> None:
    limits = LossLimits(daily=money("100"), drawdown_bps=1_000, fast_drawdown_bps=500)

    def judged(daily: int = 0, **lost: int) -> list[tuple[str, bool]]:
        found = judge_losses("account:a", Losses(daily=Money(daily), **lost), limits)
        return [(one.kind, one.is_beyond) for one in found]

    assert judged(daily=money("79.99"), drawdown_bps=799, fast_drawdown_bps=399) == []
    assert judged(daily=money("80")) == [("daily_loss", False)]
    assert judged(daily=money("100")) == [("daily_loss", False)]
    assert judged(daily=money("100") + 1) == [("daily_loss", True)]
    assert judged(drawdown_bps=800) == [("drawdown", False)]
    assert judged(drawdown_bps=1_001, fast_drawdown_bps=501) == [
        ("drawdown", True),
        ("fast_drawdown", True),
    ]


def test_without_a_limit_nothing_is_found_and_a_limit_of_nothing_is_never_near() -> None:
    lost = Losses(daily=money("1"), drawdown_bps=9_999, fast_drawdown_bps=9_999)

    assert list(judge_losses("strategy:s", lost, LossLimits())) == []
    assert list(near_money("daily_loss", "account:a", 0, 0)) == []
    assert next(near_money("daily_loss", "account:a", 1, 0)).is_beyond


class Desk:
    """An account that bought 2 BTC at 50,000 for a strategy, and a market."""

    def __init__(self) -> None:
        self.book = RiskBook(PRISM_INSTRUMENTS)
        self.book.apply(a_deposit("1000000"), 1)
        self.book.apply(an_unknown(a_fill(last_qty=qty("2"))), 2)
        self.market("49999.99", "50000.01")

    def market(self, bid: str, ask: str) -> None:
        self.book.quote(PRISM, "BTCUSDT", a_quote(bid, ask), NOW_NS)

    def found(self, seconds: int = 0) -> dict[str, Finding]:
        return {one.kind: one for one in self.book.note_losses(TimeNs(NOW_NS + seconds * NS_PER_S))}

    def codes(self, side: Side = Side.BUY) -> set[RefusalCode]:
        order = an_order(order_id=OrderId("next"), side=side, order_qty=qty("0.1"))
        self.book.modes = type(self.book.modes)()
        return {one.code for one in self.book.judge(order, NOW_NS).refusals}


@pytest.mark.parametrize(
    ("limit", "kind", "code", "mode"),
    [
        ({"max_daily_loss": money("999")}, "daily_loss", RefusalCode.DAILY_LOSS, "REDUCE_ONLY"),
        ({"max_drawdown_bps": 9}, "drawdown", RefusalCode.DRAWDOWN, "REDUCE_ONLY"),
        ({"max_fast_drawdown_bps": 9}, "fast_drawdown", RefusalCode.FAST_DRAWDOWN, "HALTED"),
    ],
)
@pytest.mark.parametrize("scope", ["account:default", "strategy:unattributed"])
def test_a_loss_beyond_its_limit_is_found_and_refuses_what_opens(
    limit: dict[str, int], kind: str, code: RefusalCode, mode: str, scope: str
) -> None:
    desk = Desk()
    desk.book.set_limits(a_limits_set(scope, **limit))
    assert kind not in desk.found()
    desk.market("49499.99", "49500.01")

    found = desk.found(1)[kind]

    assert (found.scope, found.is_beyond, found.mode) == (scope, True, TradingMode(mode))
    is_own = scope.startswith("account")
    assert (code in desk.codes()) == is_own
    assert code not in desk.codes(Side.SELL)


def test_a_strategy_is_refused_for_its_own_loss_and_not_for_that_of_others() -> None:
    desk = Desk()
    order = an_order(order_qty=qty("0.1"), strategy="unattributed")
    desk.book.set_limits(a_limits_set("strategy:unattributed", max_daily_loss=money("999")))
    desk.book.set_limits(a_limits_set("strategy:manual", max_daily_loss=money("1")))
    desk.found()
    desk.market("49499.99", "49500.01")
    desk.found(1)

    own = {one.code for one in desk.book.judge(order, NOW_NS).refusals}

    assert RefusalCode.DAILY_LOSS in own
    assert RefusalCode.DAILY_LOSS not in desk.codes()


def test_nothing_is_measured_before_all_that_is_held_was_quoted() -> None:
    desk = Desk()
    other = an_order(order_id=OrderId("eth"), symbol="ETHUSDT", price=money("3000"))
    desk.book.apply(an_unknown(a_fill(other, exec_id="eth-1", last_qty=qty("1"))), 3)

    desk.found()

    assert desk.book.losses.marks(NOW_NS) == ()


def test_armed_anew_nothing_is_found_until_more_is_lost() -> None:
    desk = Desk()
    desk.book.set_limits(a_limits_set("account:default", max_daily_loss=money("999")))
    desk.found()
    desk.market("49499.99", "49500.01")
    assert "daily_loss" in desk.found(1)

    desk.book.arm_losses("account:another", NOW_NS)
    assert "daily_loss" in desk.found(2)
    desk.book.arm_losses("account:default", NOW_NS)

    assert "daily_loss" not in desk.found(3)
    assert desk.book.losses_of("default", NOW_NS).daily == 0


def test_a_restart_goes_on_from_the_mark() -> None:
    desk = Desk()
    desk.found()
    reborn = Desk()
    for mark in desk.book.losses.marks(NOW_NS):
        reborn.book.losses.restore(mark)
    reborn.market("49499.99", "49500.01")

    assert reborn.book.losses_of("default", NOW_NS).daily == money("1000")


def test_what_checks_bind_is_warned_of_near_its_limit() -> None:
    desk = Desk()
    scope = "account:default"
    desk.book.set_limits(
        a_limits_set(
            scope,
            max_gross_exposure=money("110000"),
            max_net_exposure=money("99000"),
            max_position_loss=money("900"),
        )
    )
    desk.market("49499.99", "49500.01")

    found = desk.found()

    told = {kind: (one.is_beyond, one.mode, one.what) for kind, one in found.items()}
    assert told["gross_exposure"] == (False, None, "")
    assert told["net_exposure"] == (False, None, "")
    assert told["position_loss"] == (True, None, "BTCUSDT")


def test_what_strategies_made_adds_up_to_the_account() -> None:
    books = Books()
    books.trade("2", "100")
    books.trade("-10", "150", symbol="AAPL")
    books.book("funding", amount="-0.125")
    books.book("dividend", symbol="AAPL", per_unit="0.24")
    books.book("split", symbol="AAPL", numerator=4, denominator=1)
    books.book("cash", currency="USDT", amount="-250.5")
    book = RiskBook(PRISM_INSTRUMENTS)
    for seq, event in enumerate(books.log, 1):
        book.apply(event, seq)

    account = book.accounts.get("default")

    assert sum(share.cash for share in account.shares.values()) == account.cash - account.deposits
    for symbol, held in account.holdings.items():
        parts = [share.quantities.get(symbol, 0) for share in account.shares.values()]
        assert sum(parts) == held.quantity
