"""The fold of the gateway's log: the same log gives the same state, and panic lets nothing by."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.factories import BTCUSDT, NOW_NS, a_fill, a_report, an_order, money, px, qty
from tests.live import MID_PX, RULES

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import EventId, ExecId, OrderId
from trade2026.core.numbers import Money, Qty
from trade2026.domain.live import state as module
from trade2026.domain.live.judge import Market, judge, sending_problem
from trade2026.domain.live.order import LiveOrder, ending, taken, unspent
from trade2026.domain.live.state import LiveState
from trade2026.model.execution import ExecType
from trade2026.model.live import (
    BreakerMoved,
    CancelAsked,
    LiveEvent,
    LiveMode,
    ModeSet,
    OrderDisowned,
    OrderTaken,
    PanicEnded,
    Panicked,
    PartEnded,
    ReplacementTaken,
    Reported,
    ShadowFilled,
)

ORDER = an_order(venue="LIVE", order_qty=qty("0.1"))
DAY = 86_400 * NS_PER_S
MARKET = Market(instrument=BTCUSDT, mid_px=MID_PX, age_ns=0)
WHO: dict[str, Any] = {"asked_by": "ann", "reason": "a test"}


def step(kind: type[Any], *, ts_ns: int = NOW_NS, **fields: Any) -> Any:
    """Return an event of the log."""
    return kind(event_id=EventId(f"{kind.__name__}-{ts_ns}"), ts_ns=TimeNs(ts_ns), **fields)


def an_order_taken(**changes: Any) -> OrderTaken:
    fields: dict[str, Any] = {
        "order": ORDER,
        "route": LiveMode.LIVE,
        "sent_qty": qty("0.1"),
        "worth": money("5000"),
        "client_id": "c1",
    }
    event: OrderTaken = step(OrderTaken, **{**fields, **changes})
    return event


def folded(*events: LiveEvent) -> LiveState:
    state = LiveState(RULES)
    for event in events:
        state.apply(event)
    return state


def live(*events: LiveEvent) -> LiveState:
    return folded(step(ModeSet, mode=LiveMode.LIVE, ts_ns=NOW_NS - 10 * DAY, **WHO), *events)


def sent_on(state: LiveState, ts_ns: int = NOW_NS) -> int:
    return state.day(TimeNs(ts_ns), {}).sent


def fill(last: str, cum: str, **changes: Any) -> Reported:
    report = a_fill(ORDER, last_qty=qty(last), cum_qty=qty(cum), **changes)
    event: Reported = step(Reported, report=report)
    return event


ENDED: PartEnded = step(
    PartEnded, order_id=ORDER.order_id, is_shadow=False, how=ExecType.CANCELED, text=""
)


def test_what_never_traded_is_given_back_to_the_days_cap() -> None:
    part = fill("0.04", "0.04")

    assert sent_on(live(an_order_taken())) == money("5000")
    assert sent_on(live(an_order_taken(), part)) == money("5000")
    assert sent_on(live(an_order_taken(), part, ENDED)) == money("2000")


def test_counters_are_of_their_day() -> None:
    late = replace(ENDED, ts_ns=TimeNs(NOW_NS + DAY))
    next_day = an_order_taken()
    next_day = replace(
        next_day, ts_ns=TimeNs(NOW_NS + DAY), order=replace(ORDER, order_id=OrderId("next"))
    )
    state = live(an_order_taken(), next_day, late)

    # What was sent yesterday is not given back today.
    assert sent_on(state, NOW_NS + DAY) == money("5000")
    assert sent_on(state, NOW_NS + 2 * DAY) == 0
    assert state.day(TimeNs(NOW_NS + 2 * DAY), {}).lost == 0


@pytest.mark.parametrize(
    ("asset", "paid", "lost"),
    [
        ("USDT", "3", "3"),
        ("USD", "3", "3"),
        # Of the coin that was bought, of one that the exchange quotes, of one that it does not.
        ("BTC", "0.0001", "5"),
        ("BNB", "0.01", "6"),
        ("ABC", "3", "0"),
        ("BNB", "-0.01", "-6"),
    ],
)
def test_the_days_loss_counts_fees_in_coins_at_the_exchanges_price(
    asset: str, paid: str, lost: str
) -> None:
    mids = {"BTCUSDT": px("50000"), "BNBUSDT": px("600")}
    bought = fill("0.1", "0.1", last_px=px("50000"), fee=money(paid))
    told = replace(bought, report=replace(bought.report, fee_asset=asset))

    assert live(an_order_taken(), told).day(NOW_NS, mids).lost == money(lost)


def test_the_ramp_begins_anew_whenever_the_mode_was_below() -> None:
    state = live(step(ModeSet, mode=LiveMode.CANARY, **WHO))
    assert state.day(NOW_NS, {}).armed_number == NOW_NS // DAY - 10
    state = live(
        step(ModeSet, mode=LiveMode.SHADOW, **WHO), step(ModeSet, mode=LiveMode.CANARY, **WHO)
    )
    assert state.day(NOW_NS, {}).armed_number == NOW_NS // DAY
    assert live(step(Panicked, **WHO)).day(NOW_NS, {}).armed_number is None


EVENTS = st.lists(
    st.sampled_from(
        [
            step(Panicked, **WHO),
            step(PanicEnded, **WHO),
            *(step(ModeSet, mode=mode, **WHO) for mode in LiveMode),
            step(BreakerMoved, is_open=True, why="bad"),
            step(BreakerMoved, is_open=False, why=""),
        ]
    ),
    max_size=12,
)


@given(before=EVENTS, after=EVENTS, reduces=st.booleans())
def test_after_panic_nothing_new_passes_until_the_way_back(
    before: list[LiveEvent], after: list[LiveEvent], reduces: bool
) -> None:
    state = folded(*before, step(Panicked, **WHO))
    assert state.mode.rank <= LiveMode.SHADOW.rank
    for event in after:
        if isinstance(event, PanicEnded):
            break
        state.apply(event)

        order = replace(ORDER, is_reduce_only=reduces)
        verdict = judge(state, order, MARKET, reference_px=0, now_ns=NOW_NS, mids={})
        assert verdict.refusal.startswith("PANIC")
        problem = sending_problem(state, Money(0), MARKET, reduces=reduces, now_ns=NOW_NS, mids={})
        assert problem.startswith("PANIC")


@given(events=EVENTS, cut=st.integers(0, 12))
def test_a_log_folded_again_gives_the_same_state(events: list[LiveEvent], cut: int) -> None:
    log = [an_order_taken(), *events[:cut], fill("0.04", "0.04"), *events[cut:], ENDED]

    one, other = folded(*log), folded(*log)

    assert (one.mode, one.is_panicked, one.breaker) == (
        other.mode,
        other.is_panicked,
        other.breaker,
    )
    assert one.day(NOW_NS, {}) == other.day(NOW_NS, {})
    assert one.orders == other.orders


def test_a_closed_breaker_lets_through_and_an_open_one_does_not() -> None:
    for is_open in (True, False):
        state = live(step(BreakerMoved, is_open=is_open, why="bad"))
        verdict = judge(state, ORDER, MARKET, reference_px=0, now_ns=NOW_NS, mids={})
        assert verdict.refusal.startswith("BREAKER_OPEN") == is_open


def test_old_orders_are_forgotten_with_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DONE_KEPT", 1)
    other = replace(ORDER, order_id=OrderId("other"))
    end = a_report(ORDER, exec_type=ExecType.CANCELED, leaves_qty=Qty(0))
    state = live(
        an_order_taken(),
        step(Reported, report=replace(end, exec_type=ExecType.NEW, leaves_qty=ORDER.order_qty)),
        step(Reported, report=replace(end, exec_id=ExecId("e2"))),
        an_order_taken(order=other, client_id="c2"),
        step(Reported, report=replace(end, order_id=other.order_id, venue_order_id="v2")),
    )

    assert list(state.orders) == ["other"]
    assert state.by_client_id == {"c2": "other"}
    assert state.by_venue_id == {("BTCUSDT", "v2"): "other"}


def test_a_change_gives_an_order_another_name_and_starts_its_share_anew() -> None:
    state = live(
        an_order_taken(),
        step(Reported, report=a_report(ORDER, exec_type=ExecType.NEW, exec_id=ExecId("n"))),
        fill("0.04", "0.04"),
        ENDED,
        step(
            ReplacementTaken,
            order_id=ORDER.order_id,
            replace_id="r1",
            client_id="c2",
            order_qty=qty("0.2"),
            price=px("51000"),
            sent_qty=qty("0.16"),
            worth=money("8160"),
        ),
    )
    order = state.orders[ORDER.order_id]

    assert (order.client_id, order.client_ids) == ("c2", ["c1", "c2"])
    assert (order.working_qty, order.leaves_qty) == (qty("0.16"), qty("0.16"))
    assert (order.is_in_doubt, order.is_replacing, order.shadow_qty) == (True, True, 0)
    assert sent_on(state) == money("2000") + money("8160")
    assert state.by_client_id == {"c1": ORDER.order_id, "c2": ORDER.order_id}


@pytest.mark.parametrize(
    ("end", "was_acked", "told"),
    [
        (ExecType.REJECTED, False, ExecType.REJECTED),
        (ExecType.REJECTED, True, ExecType.CANCELED),
        (ExecType.TRADE, True, ExecType.CANCELED),
        (ExecType.EXPIRED, True, ExecType.EXPIRED),
    ],
)
def test_how_an_order_ended_is_told(end: ExecType, was_acked: bool, told: ExecType) -> None:
    order = taken(an_order_taken())
    if was_acked:
        order.reports.append(a_report(ORDER))
    assert ending(order) is None
    order.is_real_done, order.end, order.end_text = True, end, "why"

    assert ending(order) == (told, "why")


def test_what_is_hypothetical_is_never_told_as_a_fill() -> None:
    state = live(
        an_order_taken(route=LiveMode.SHADOW, sent_qty=Qty(0), worth=Money(0), client_id=""),
        step(
            ShadowFilled,
            order_id=ORDER.order_id,
            last_px=px("50000"),
            last_qty=qty("0.03"),
            is_maker=False,
        ),
        step(CancelAsked, order_id=ORDER.order_id),
        step(PartEnded, order_id=ORDER.order_id, is_shadow=True, how=ExecType.CANCELED, text=""),
    )
    order = state.orders[ORDER.order_id]

    text = "SHADOW 0.03 of 0.1 would have filled"
    assert ending(order) == (ExecType.CANCELED, text)
    order.end_text = "why"
    assert ending(order) == (ExecType.CANCELED, f"{text}; why")
    assert (order.cum_qty, unspent(order), len(state.shadow_fills)) == (0, 0, 1)


def test_an_order_of_mock_is_over_for_us_at_once() -> None:
    order: LiveOrder = taken(an_order_taken(route=LiveMode.MOCK, sent_qty=Qty(0), client_id=""))

    assert (order.is_done, order.leaves_qty, order.working_qty) == (True, 0, 0)


def test_the_oldest_order_that_was_disowned_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DISOWNED_KEPT", 2)

    state = folded(*(step(OrderDisowned, order_id=OrderId(name)) for name in "abc"))

    assert list(state.disowned) == ["b", "c"]
