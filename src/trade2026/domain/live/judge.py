"""What becomes of an order that reaches the live gateway: refused, or how much of it is sent.

The order of the questions: what stops everything (panic), what it is, whose it is, the
breaker, the exchange's price, its filters, the caps of the day.
"""

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Money, Px, Qty
from trade2026.domain.live.rules import (
    cap_problem,
    filter_problem,
    kind_problem,
    price_problem,
    sent_part,
    worth_of,
)
from trade2026.domain.live.state import LiveState
from trade2026.model.instrument import Instrument
from trade2026.model.live import LiveMode
from trade2026.model.order import NewOrderSingle


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """What the exchange is known to be like at the moment."""

    instrument: Instrument | None
    """What it lists under the order's symbol, with its filters."""
    mid_px: Px | None
    age_ns: int
    """Since it last said so."""
    wait_until_ns: TimeNs = TimeNs(0)
    """Until when it wants to be left alone: it said that there were too many requests."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of an order."""

    refusal: str = ""
    """A code and what there is to say; empty where it is taken in."""
    route: LiveMode = LiveMode.MOCK
    sent_qty: Qty = Qty(0)
    worth: Money = Money(0)


def judge(
    state: LiveState,
    order: NewOrderSingle,
    market: Market,
    *,
    reference_px: int,
    now_ns: TimeNs,
    mids: dict[str, Px],
) -> Verdict:
    """Return what becomes of a new *order*.

    Args:
        state: before it.
        order: as risk approved it.
        market: the exchange, as far as the order's symbol goes.
        reference_px: what risk judged it by; zero where it had no price.
        now_ns: our time.
        mids: the exchange's middle prices, by symbol.
    """
    rules, mode = state.rules, state.mode
    if state.is_panicked:
        return Verdict(refusal="PANIC the panic button is in")
    if mode is LiveMode.MOCK:
        return Verdict(route=mode)
    problem = kind_problem(order)
    if not problem and order.account not in rules.accounts:
        problem = f"ACCOUNT {order.account} does not trade live"
    problem = problem or price_problem(rules, reference_px, market.mid_px, market.age_ns)
    if problem:
        return Verdict(refusal=problem)
    assert market.mid_px is not None
    lot = market.instrument.lot_size if market.instrument else Qty(0)
    sent = sent_part(rules, mode, order.order_qty, lot)
    whole = worth_of(order, order.order_qty, market.mid_px)
    problem = filter_problem(order.order_qty, order.price, market.instrument, whole)
    if problem:
        return Verdict(refusal=problem)
    worth = worth_of(order, sent, market.mid_px)
    if mode is LiveMode.CANARY and filter_problem(sent, order.price, market.instrument, worth):
        # A share too small for the exchange is not sent: then all of it is hypothetical.
        sent, worth = Qty(0), Money(0)
    if sent:
        problem = sending_problem(
            state, worth, market, reduces=order.is_reduce_only, now_ns=now_ns, mids=mids
        )
    return Verdict(refusal=problem) if problem else Verdict(route=mode, sent_qty=sent, worth=worth)


def sending_problem(
    state: LiveState,
    worth: Money,
    market: Market,
    *,
    reduces: bool,
    now_ns: TimeNs,
    mids: dict[str, Px],
) -> str:
    """Return why nothing worth *worth* may be sent to the exchange now, or empty.

    Args:
        state: before it.
        worth: what it counts against the day's cap.
        market: the exchange, as far as the symbol goes.
        reduces: whether it only takes off a position.
        now_ns: our time.
        mids: the exchange's middle prices, by symbol.
    """
    if state.is_panicked:
        return "PANIC the panic button is in"
    if now_ns < market.wait_until_ns:
        return "RATE_LIMITED the exchange wants to be left alone"
    problem = state.breaker.problem(now_ns)
    return problem or cap_problem(state.rules, state.day(now_ns, mids), worth, reduces=reduces)
