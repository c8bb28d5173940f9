"""Equity by worked examples: marks, rounding, repetition."""

import msgspec
import pytest
from tests.factories import NOW_NS, money, px, qty

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import AccountId, ExecId, StrategyId
from trade2026.core.numbers import NANOS, Px, SignedQty, Value, value_of
from trade2026.domain.pnl.equity import Equity
from trade2026.model.pnl import PnlSnapshot
from trade2026.model.position import (
    AccountChange,
    CashChanged,
    Position,
    PositionChanged,
    PositionEvent,
    PositionKey,
)

SQUARE = NANOS**2
KEY = PositionKey(AccountId("default"), StrategyId("manual"), "PRISM", "BTCUSDT")


def a_deposit(seq: int = 1, amount: int = 1000 * SQUARE) -> PositionEvent:
    change = CashChanged(
        account=AccountId("default"),
        cash=Value(amount),
        deposits=Value(amount),
        journal_seq=seq,
        ts_ns=NOW_NS,
    )
    return PositionEvent(cash=change)


def a_change(seq: int, position: Position, cash: int, deposits: int = 1000) -> PositionEvent:
    change = PositionChanged(
        position=position,
        cash=Value(cash),
        deposits=Value(deposits * SQUARE),
        exec_id=ExecId(f"exec-{seq}"),
        journal_seq=seq,
        ts_ns=NOW_NS,
    )
    return PositionEvent(position=change)


def a_long(quantity: str = "2", at: str = "100") -> Position:
    amount = SignedQty(qty(quantity))
    return Position(
        key=KEY,
        quantity=amount,
        cost=value_of(px(at), amount),
        fees=Value(SQUARE),
        last_px=px(at),
    )


@pytest.fixture
def equity() -> Equity:
    """Return an account of 1,000 that bought 2 at 100 for a fee of 1."""
    equity = Equity()
    equity.apply(a_deposit())
    equity.apply(a_change(2, a_long(), 799 * SQUARE))
    return equity


def snapshot(equity: Equity, now_ns: TimeNs = NOW_NS) -> PnlSnapshot:
    seen = equity.snapshot("default", now_ns)
    assert seen is not None
    return seen


def test_without_a_mark_a_holding_is_worth_its_last_fill(equity: Equity) -> None:
    seen = snapshot(equity)

    assert (seen.equity, seen.unrealized, seen.fees) == (money("999"), 0, money("1"))
    assert seen.unmarked_symbols == ("BTCUSDT",)


def test_a_mark_moves_unrealised_and_equity(equity: Equity) -> None:
    equity.mark("BTCUSDT", px("130"), NOW_NS)

    seen = snapshot(equity)

    assert (seen.cash, seen.deposits) == (money("799"), money("1000"))
    assert (seen.unrealized, seen.equity) == (money("60"), money("1059"))
    assert seen.unmarked_symbols == ()


def test_a_mark_that_grew_old_still_values_and_is_told(equity: Equity) -> None:
    equity.mark("BTCUSDT", px("130"), NOW_NS)

    fresh = snapshot(equity, TimeNs(NOW_NS + 60 * NS_PER_S))
    old = snapshot(equity, TimeNs(NOW_NS + 60 * NS_PER_S + 1))

    assert fresh.unmarked_symbols == ()
    assert old.unmarked_symbols == ("BTCUSDT",)
    assert old.equity == fresh.equity


def test_the_mark_told_last_counts_even_when_the_clock_was_set_back(equity: Equity) -> None:
    equity.mark("BTCUSDT", px("90"), NOW_NS)
    equity.mark("BTCUSDT", px("130"), TimeNs(NOW_NS - 1))

    assert snapshot(equity).equity == money("1059")


def test_an_event_booked_before_changes_nothing(equity: Equity) -> None:
    before = snapshot(equity)

    assert not equity.apply(a_change(2, a_long("9"), 0))
    assert not equity.apply(a_deposit(1, 5))

    assert snapshot(equity) == before


def test_all_positions_that_one_event_moved_are_valued(equity: Equity) -> None:
    change = a_change(3, a_long("1"), 598 * SQUARE).position
    assert change is not None
    key = msgspec.structs.replace(KEY, strategy=StrategyId("other"))
    moved = AccountChange(others=(msgspec.structs.replace(a_long("3"), key=key),))

    equity.apply(PositionEvent(position=msgspec.structs.replace(change, rest=moved)))

    equity.mark("BTCUSDT", px("130"), NOW_NS)
    seen = snapshot(equity)
    assert (seen.unrealized, seen.equity) == (money("120"), money("1118"))


def test_news_is_told_to_be_news() -> None:
    assert Equity().apply(a_deposit())


def test_an_event_that_changes_nothing_is_a_broken_invariant() -> None:
    with pytest.raises(AssertionError):
        Equity().apply(PositionEvent())


def test_positions_come_with_average_mark_and_gain(equity: Equity) -> None:
    equity.mark("BTCUSDT", px("130"), NOW_NS)

    (marked,) = equity.positions("default", NOW_NS)

    assert (marked.average_px, marked.mark_px) == (px("100"), px("130"))
    assert marked.unrealized == money("60")
    assert marked.is_marked


def test_a_closed_position_has_no_average_and_needs_no_mark(equity: Equity) -> None:
    closed = Position(key=KEY, realized=Value(20 * SQUARE), fees=Value(2 * SQUARE), last_px=Px(1))
    equity.apply(a_change(3, closed, 1018 * SQUARE))

    (marked,) = equity.positions("default", NOW_NS)
    seen = snapshot(equity)

    assert marked.average_px is None
    assert (seen.unmarked_symbols, seen.unrealized) == ((), 0)
    assert seen.equity == seen.cash == money("1018")


def test_half_a_nano_never_breaks_the_sum_and_flat_equity_is_cash() -> None:
    # Deposits are an odd number of nanos: rounding the exact equity by itself would go up,
    # rounding the gain goes down.
    equity = Equity()
    equity.apply(a_deposit(1, 3 * NANOS))
    gain = NANOS // 2
    flat = Position(key=KEY, realized=Value(gain))
    change = a_change(2, flat, 3 * NANOS + gain)
    assert change.position is not None
    change = PositionEvent(position=msgspec.structs.replace(change.position, deposits=3 * NANOS))
    equity.apply(change)

    seen = snapshot(equity)

    assert (seen.realized, seen.unrealized, seen.equity, seen.cash) == (0, 0, 3, 3)


def test_an_account_that_nothing_was_booked_on_has_no_figures() -> None:
    equity = Equity()

    assert equity.snapshot("nobody", NOW_NS) is None
    assert equity.positions("nobody", NOW_NS) == ()
    assert equity.accounts() == ()


def test_accounts_are_listed(equity: Equity) -> None:
    assert equity.accounts() == ("default",)
