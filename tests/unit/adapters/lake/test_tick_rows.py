"""Ticks become rows exactly: the same integers, whatever their size and sign."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ticks import quotes, trades

from trade2026.adapters.lake.tick_rows import SCHEMA, rows_of
from trade2026.core.numbers import Px, Qty
from trade2026.model.market import QuoteBatch, TradeBatch

NANOS = st.integers(-(2**63), 2**63 - 1)


def as_decimal(nanos: int) -> Decimal:
    return Decimal(nanos).scaleb(-9)


def rows(batch: TradeBatch | QuoteBatch) -> list[dict[str, Any]]:
    return rows_of(batch, 41).to_pylist()


@given(px=NANOS, qty=NANOS)
def test_a_price_of_any_size_and_sign_is_the_same_number_in_the_table(px: int, qty: int) -> None:
    batch = trades(1)
    trade = msgspec.structs.replace(batch.records[0], px=Px(px), qty=Qty(qty))

    (row,) = rows(msgspec.structs.replace(batch, records=(trade,)))

    assert (row["px"], row["qty"]) == (as_decimal(px), as_decimal(qty))


def test_a_trade_fills_its_columns_and_leaves_those_of_quotes_empty() -> None:
    first, second = rows(trades(7, 8))

    assert {name: value for name, value in second.items() if value is not None} == {
        "symbol": "BTCUSDT",
        "dt": first["dt"],
        "ts_event_ns": 20_000 * 86_400_000_000_000 + 8,
        "ts_recv_ns": 20_000 * 86_400_000_000_000 + 13,
        "stream_seq": 41,
        "batch_pos": 1,
        "venue": "BINANCE",
        "kind": "trade",
        "trade_id": "8",
        "px": as_decimal(8),
        "qty": as_decimal(16),
        "side": "SELL",
    }


def test_a_quote_fills_its_columns_and_leaves_those_of_trades_empty() -> None:
    (row,) = rows(quotes(7))

    assert (row["kind"], row["seq"], row["best_bid_px"]) == ("quote", 7, as_decimal(7))
    assert [row[name] for name in ("trade_id", "px", "qty", "side")] == [None] * 4


@pytest.mark.parametrize(("ns", "day"), [(0, "1970-01-01"), (-1, "1969-12-31")])
def test_the_day_is_that_of_the_event_in_utc(ns: int, day: str) -> None:
    batch = trades(0, day=0)
    trade = msgspec.structs.replace(batch.records[0], ts_event_ns=ns)

    (row,) = rows(msgspec.structs.replace(batch, records=(trade,)))

    assert str(row["dt"]) == day


def test_an_empty_batch_is_no_rows() -> None:
    assert rows_of(trades(), 1).num_rows == 0
    assert rows_of(quotes(), 1).schema == SCHEMA


def test_a_number_that_does_not_fit_is_refused() -> None:
    batch = trades(1)
    trade = msgspec.structs.replace(batch.records[0], px=Px(2**63))

    with pytest.raises(OverflowError):
        rows(msgspec.structs.replace(batch, records=(trade,)))
