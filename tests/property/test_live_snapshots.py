"""A gateway that begins from a snapshot comes to what its whole log comes to.

Random logs are cut at random places. What is remembered is cut very short, so that much of what
is told is of orders that are nearly forgotten.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories import NOW_NS, a_fill, a_report, an_order, money, px
from tests.live import RULES
from tests.unit.desk.test_frozen import steps_of

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import AccountId, EventId, ExecId, OrderId
from trade2026.core.numbers import Money, Qty
from trade2026.domain.live import state as module
from trade2026.domain.live.order import LiveOrder
from trade2026.domain.live.state import LiveMemory, LiveState
from trade2026.model import codec
from trade2026.model.balance import AssetBalance, AssetTransfer
from trade2026.model.execution import ExecType
from trade2026.model.live import (
    BalancesOpened,
    BreakerMoved,
    CancelAsked,
    FundingSeen,
    LiveEvent,
    LiveMode,
    ModeSet,
    OrderDisowned,
    OrderTaken,
    PanicEnded,
    Panicked,
    PartEnded,
    ReplaceAsked,
    ReplacementTaken,
    Reported,
    ShadowFilled,
    TransferSeen,
)
from trade2026.model.order import OrderReplaceRequest, Side

QTY = Qty(10**8)
WORTH = money("5000")
HOUR_NS = 3_600 * NS_PER_S
ENDS = (ExecType.CANCELED, ExecType.REJECTED, ExecType.EXPIRED)


@pytest.fixture(autouse=True)
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the gateway forget soon."""
    for name, kept in (
        ("DONE_KEPT", 2),
        ("DISOWNED_KEPT", 2),
        ("SHADOWS_KEPT", 2),
        ("REPORTS_TOLD_AGAIN", 3),
    ):
        monkeypatch.setattr(module, name, kept)


class Pen:
    """Writes a log of what may happen, as the gateway would."""

    def __init__(self) -> None:
        self.log: list[LiveEvent] = []
        self.state = LiveState(RULES)
        self._count = 0
        self._ts_ns = NOW_NS

    def act(self, act: int, place: int, amount: int) -> None:
        """Let something happen; *place* and *amount* say to what, and how much of it."""
        acts: tuple[Callable[[int, int], None], ...] = (
            *(self._take, self._take, self._fill, self._fill, self._fill, self._hear),
            *(self._hear, self._ask, self._replace, self._shadow, self._end, self._word),
            *(self._funds, self._move, self._disown),
        )
        self._count += 1
        self._ts_ns = TimeNs(self._ts_ns + amount * HOUR_NS)
        acts[act % len(acts)](place, amount)

    def _write(self, kind: type[Any], **fields: Any) -> None:
        event: LiveEvent = kind(event_id=EventId(f"e{self._count}"), ts_ns=self._ts_ns, **fields)
        self.log.append(event)
        self.state.apply(event)

    def _any(
        self, place: int, is_meant: Callable[[LiveOrder], bool] = lambda _: True
    ) -> LiveOrder | None:
        orders = [one for one in self.state.orders.values() if is_meant(one)]
        return orders[place % len(orders)] if orders else None

    def _take(self, place: int, amount: int) -> None:
        route = (LiveMode.LIVE, LiveMode.CANARY, LiveMode.SHADOW, LiveMode.MOCK)[place % 4]
        order = an_order(
            order_id=OrderId(f"order-{self._count}"),
            account=AccountId(("ann", "bob")[place // 4 % 2]),
            side=(Side.BUY, Side.SELL)[amount % 2],
            order_qty=QTY,
            venue="LIVE",
        )
        sent = {LiveMode.LIVE: QTY, LiveMode.CANARY: Qty(QTY // 4)}.get(route, Qty(0))
        name = f"c{self._count}" if sent else ""
        worth = WORTH if sent else Money(0)
        self._write(
            OrderTaken, order=order, route=route, sent_qty=sent, worth=worth, client_id=name
        )

    def _report(self, order: LiveOrder, make: Callable[..., Any], **fields: Any) -> None:
        report = make(
            order.request,
            exec_id=ExecId(f"x{self._count}"),
            venue="LIVE",
            venue_order_id=f"v-{order.client_id}",
            report_seq=self.state.report_seq + 1,
            **fields,
        )
        self._write(Reported, report=report)

    def _fill(self, place: int, amount: int) -> None:
        order = self._any(place, lambda one: one.route is not LiveMode.MOCK)
        if order is None:
            return
        part = Qty(QTY * amount // 16)
        cum = Qty(order.cum_qty + part)
        self._report(
            order,
            a_fill,
            last_qty=part,
            last_px=px(str(50_000 + place)),
            cum_qty=cum,
            fee=Money(place),
            fee_asset=("USDT", "BTC", "BNB", "USDC")[place % 4],
        )

    def _hear(self, place: int, amount: int) -> None:
        order = self._any(place)
        if order is None:
            return
        kinds = (ExecType.NEW, ExecType.CANCEL_REJECTED, *ENDS)
        kind = kinds[amount % len(kinds)]
        self._report(order, a_report, exec_type=kind)

    def _ask(self, place: int, amount: int) -> None:
        order = self._any(place, lambda one: not one.is_done)
        if order is None:
            return
        if amount % 2:
            self._write(CancelAsked, order_id=order.request.order_id)
            return
        request = OrderReplaceRequest(
            order_id=order.request.order_id,
            account=order.request.account,
            venue="LIVE",
            symbol=order.request.symbol,
            replace_id=f"r{self._count}",
            order_qty=Qty(2 * QTY),
            transact_time_ns=self._ts_ns,
        )
        self._write(ReplaceAsked, request=request)

    def _replace(self, place: int, amount: int) -> None:
        order = self._any(place, lambda one: not one.is_done and one.change is not None)
        if order is None or order.change is None:
            return
        self._write(
            ReplacementTaken,
            order_id=order.request.order_id,
            replace_id=order.change.replace_id,
            client_id=f"c{self._count}" if amount % 3 else "",
            order_qty=Qty(2 * QTY + order.cum_qty),
            price=px("49000"),
            sent_qty=QTY if amount % 3 else Qty(0),
            worth=WORTH,
        )

    def _shadow(self, place: int, amount: int) -> None:
        order = self._any(place, lambda one: not one.is_shadow_done)
        if order is None:
            return
        self._write(
            ShadowFilled,
            order_id=order.request.order_id,
            last_px=px("50000"),
            last_qty=Qty(amount),
            is_maker=bool(place % 2),
        )

    def _end(self, place: int, amount: int) -> None:
        order = self._any(place, lambda one: not one.is_done)
        if order is None:
            return
        how, order_id = ENDS[amount % len(ENDS)], order.request.order_id
        is_shadow = bool(place % 2)
        self._write(PartEnded, order_id=order_id, is_shadow=is_shadow, how=how, text="over")

    def _word(self, place: int, amount: int) -> None:
        who = {"asked_by": "ann", "reason": "a test"}
        match amount % 3:
            case 0:
                self._write(Panicked, **who)
            case 1:
                self._write(PanicEnded, **who)
            case _:
                self._write(ModeSet, mode=list(LiveMode)[place % 4], **who)

    def _funds(self, place: int, amount: int) -> None:
        match amount % 3:
            case 0:
                balance = AssetBalance(asset="USDT", free=WORTH, held=Money(place))
                self._write(
                    BalancesOpened,
                    exchange="one",
                    balances=(balance,),
                    transfer_ids=(f"t{place % 3}",),
                    asked_by="ann",
                    reason="a test",
                )
            case 1:
                one = AssetTransfer(
                    transfer_id=f"t{place % 3}", asset="USDT", amount=WORTH, ts_ns=self._ts_ns
                )
                self._write(TransferSeen, transfer=one)
            case _:
                self._write(
                    FundingSeen,
                    funding_id=f"f{place}",
                    symbol="BTCUSDT",
                    paid_ns=self._ts_ns,
                    shares=(),
                )

    def _disown(self, place: int, _: int) -> None:
        self._write(OrderDisowned, order_id=OrderId(f"unknown-{place}"))

    def _move(self, place: int, amount: int) -> None:
        self._write(BreakerMoved, is_open=bool(amount % 2), why=f"{place} failures")


def told(state: LiveState) -> dict[str, Any]:
    """Return all that *state* holds, but for what it was frozen to last."""
    parts = {**vars(state), "funds": vars(state.funds)}
    return {name: part for name, part in parts.items() if name not in {"_copies", "_moved"}}


def again(state: LiveState) -> LiveState:
    """Return another that begins from what *state* leaves in a snapshot."""
    made = LiveState(RULES)
    made.thaw(codec.decode(LiveMemory, codec.encode(state.freeze())))
    return made


def test_what_is_over_takes_no_step_when_it_is_frozen_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "DONE_KEPT", 1_000)

    def after(orders: int) -> int:
        pen = Pen()
        for _ in range(orders):
            pen.act(0, 3, 1)
        pen.state.freeze()
        return steps_of(pen.state.freeze)

    assert after(400) - after(100) < 50


@given(drawn=st.lists(st.integers(0, 2 * 15 * 16 * 8 - 1), min_size=20, max_size=60))
def test_a_snapshot_and_the_rest_of_the_log_come_to_what_the_log_comes_to(
    drawn: list[int],
) -> None:
    pen, state = Pen(), LiveState(RULES)
    for one in drawn:
        # One number for each act: many are drawn, and soon.
        is_cut, act, place, amount = one % 2, one // 2 % 15, one // 30 % 16, one // 480
        told_by_now = len(pen.log)
        pen.act(act, place, amount + 1)
        frozen = state.freeze()
        written = codec.encode(frozen)

        before, state = state, again(state) if is_cut else state
        for event in pen.log[told_by_now:]:
            state.apply(event)
            if before is not state:
                before.apply(event)

        # What was frozen does not change with what it was frozen from.
        assert codec.encode(frozen) == written
        assert told(state) == told(pen.state)
    # And one that was never frozen before.
    assert pen.state.freeze() == state.freeze()
