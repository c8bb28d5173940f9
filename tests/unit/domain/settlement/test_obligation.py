"""What is owed after a trade: until the calendar says so, and to the nano."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.books import Books, corrected, taken_back
from tests.factories import a_report

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, ExecId
from trade2026.core.numbers import NANOS, parse_nanos
from trade2026.domain.settlement import obligation
from trade2026.domain.settlement.obligation import (
    Obligation,
    Obligations,
    by_currency,
    by_symbol,
)
from trade2026.model.instrument import InstrumentKind
from trade2026.model.journal import FillTerms, OrderReported

DAY = 1_000


def settles_at(kind: InstrumentKind, trade_ns: TimeNs) -> TimeNs:
    """Return the end of the next day, of a thousand nanoseconds, for equities."""
    if kind is not InstrumentKind.EQUITY:
        return trade_ns
    return TimeNs((trade_ns // DAY + 2) * DAY)


def owed(books: Books, now_ns: int) -> tuple[Obligation, ...]:
    return folded(books).owed(TimeNs(now_ns))


def folded(books: Books) -> Obligations:
    """Return the obligations; what undoes a fill comes when its report says, as fills do."""
    obligations = Obligations(settles_at)
    for event in books.log:
        at_ns = event.report.ts_event_ns if isinstance(event, OrderReported) else TimeNs(0)
        obligations.apply(msgspec.structs.replace(event, ts_ns=at_ns))
    return obligations


def bought(symbol: str = "AAPL", amount: str = "10", at_ns: int = 500, **more: Any) -> Books:
    books = Books()
    books.trade(amount, "150", symbol=symbol, ts_event_ns=TimeNs(at_ns), **more)
    return books


def test_shares_and_their_price_are_owed_until_the_next_session_is_over() -> None:
    books = bought(fee="0.5")

    (one,) = owed(books, 1_999)

    assert (one.quantity, one.cash, one.currency) == (
        10 * NANOS,
        -1_500 * NANOS**2 - NANOS**2 // 2,
        "USDT",
    )
    assert (one.trade_ns, one.settles_ns) == (500, 2_000)
    assert owed(books, 2_000) == ()


def test_crypto_is_settled_at_once() -> None:
    assert owed(bought("BTCUSDT"), 500) == ()
    assert owed(bought("UNHEARD"), 500) == ()


def test_a_short_sale_owes_the_shares() -> None:
    (one,) = owed(bought(amount="-4"), 600)

    (place,) = by_symbol([one])
    assert by_symbol([one])[place].outgoing == 4 * NANOS
    assert by_currency([one])[AccountId("default"), "USDT"].incoming == 600 * NANOS**2


@pytest.mark.parametrize(
    ("asset", "quantity", "cash"),
    [("AAPL", 9 * NANOS, -1_500 * NANOS**2), ("BNB", 10 * NANOS, -1_500 * NANOS**2)],
)
def test_a_fee_is_owed_in_what_it_is_paid_in(asset: str, quantity: int, cash: int) -> None:
    (one,) = owed(bought(fee="1", fee_asset=asset), 600)

    assert (one.quantity, one.cash) == (quantity, cash)


def test_a_bust_takes_away_what_was_owed() -> None:
    books = Books()
    fill = books.trade("10", "150", symbol="AAPL", ts_event_ns=TimeNs(500))
    books.bust(fill)
    books.report(taken_back(fill))

    assert owed(books, 600) == ()


def test_a_correction_is_owed_on_the_day_of_its_fill() -> None:
    books = Books()
    fill = books.trade("10", "150", symbol="AAPL", ts_event_ns=TimeNs(500))
    books.report(corrected(fill, "8", "149"))

    (one,) = owed(books, 600)

    assert (one.quantity, one.cash) == (8 * NANOS, -1_192 * NANOS**2)
    assert (one.exec_id, one.settles_ns) == (fill.exec_id, 2_000)


def test_a_split_changes_the_shares_that_are_owed_and_not_the_price() -> None:
    books = bought()
    books.trade("1", "150", symbol="MSFT", ts_event_ns=TimeNs(500))
    books.book("split", symbol="AAPL", numerator=4, denominator=1)

    shares = {one.symbol: (one.quantity, one.cash) for one in owed(books, 600)}

    assert shares == {
        "AAPL": (40 * NANOS, -1_500 * NANOS**2),
        "MSFT": (NANOS, -150 * NANOS**2),
    }


def test_whose_a_fill_is_stays_known_when_it_is_settled() -> None:
    obligations = Obligations(settles_at)
    books = Books()
    fill = books.trade("10", "150", symbol="AAPL", ts_event_ns=TimeNs(500))
    for event in books.log:
        obligations.apply(event)
        obligations.apply(event)
    books.report(a_report(books.order(), exec_id=ExecId("only-new")))
    obligations.apply(books.log[-1])

    assert obligations.account_of(fill.exec_id) == "default"
    assert obligations.account_of("nobody's") is None
    assert obligations.owed(TimeNs(10_000), "default") == ()


def test_what_was_not_settled_when_it_was_undone_leaves_nothing_owed() -> None:
    books = Books()
    fill = books.trade("10", "150", symbol="AAPL", ts_event_ns=TimeNs(500))
    # Late on the next day: the bust alone would be settled after the fill.
    late = msgspec.structs.replace(taken_back(fill), ts_event_ns=TimeNs(1_999))
    books.report(late, FillTerms(last_qty=fill.last_qty, last_px=fill.last_px, fee=fill.fee))

    assert owed(books, 2_500) == ()


def test_others_begin_from_what_some_were_frozen_to() -> None:
    books = bought()
    fill = books.trade("3", "150", symbol="MSFT", ts_event_ns=TimeNs(1_700))
    books.bust(books.trade("1", "150", symbol="TSLA", ts_event_ns=TimeNs(1_700)))
    some, others = folded(books), Obligations(settles_at)

    others.thaw(some.freeze())

    assert others.freeze() == some.freeze()
    for events in (books.log, [msgspec.structs.replace(books.log[-1], ts_ns=TimeNs(2_500))]):
        for event in events:
            others.apply(msgspec.structs.replace(event, ts_ns=TimeNs(2_500)))
    (one,) = others.owed(TimeNs(2_500))
    assert (one.exec_id, others.account_of(fill.exec_id)) == (fill.exec_id, "default")


def test_the_newest_reports_are_remembered_and_all_that_is_owed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(obligation, "REPORTS_KEPT", 2)
    books = bought()
    first = books.log[-1]
    assert isinstance(first, OrderReported)
    settled = books.trade("1", "9", symbol="BTCUSDT", ts_event_ns=TimeNs(500))
    books.bust(books.trade("1", "9", symbol="BTCUSDT", ts_event_ns=TimeNs(500)))
    books.bust(books.trade("1", "9", symbol="BTCUSDT", ts_event_ns=TimeNs(500)))

    obligations = folded(books)

    assert obligations.account_of(first.report.exec_id) == "default"
    assert obligations.account_of(settled.exec_id) is None
    assert len(obligations.freeze().reports) == 2


@given(
    trades=st.lists(st.tuples(st.integers(-9, 9).filter(bool), st.integers(0, 5_000)), max_size=10),
    later_ns=st.integers(0, 3_000),
)
def test_what_is_owed_is_what_was_traded_and_not_settled(
    trades: list[tuple[int, int]], later_ns: int
) -> None:
    now_ns = max((at for _, at in trades), default=0) + later_ns
    books = Books()
    for amount, at_ns in sorted(trades, key=lambda one: one[1]):
        books.trade(str(amount), "150", symbol="AAPL", ts_event_ns=TimeNs(at_ns))

    found = owed(books, now_ns)

    wanted = [a for a, at in trades if settles_at(InstrumentKind.EQUITY, TimeNs(at)) > now_ns]
    assert sum(one.quantity for one in found) == sum(wanted) * NANOS
    assert sum(one.cash for one in found) == -sum(wanted) * 150 * NANOS**2
    assert len(found) == len(wanted)
    assert all(one.settles_ns > one.trade_ns for one in found)
    total = by_symbol(found).get((AccountId("default"), "AAPL"))
    if total is not None:
        assert total.incoming - total.outgoing == sum(wanted) * NANOS
        assert total.last_ns == max(one.settles_ns for one in found)


def test_a_bust_of_a_fill_that_does_not_stand_is_nothing() -> None:
    books = bought()
    stranger = books.fill("1", "150", symbol="AAPL", ts_event_ns=TimeNs(600))
    books.bust(stranger)

    assert len(owed(books, 600)) == 1


def test_a_correction_of_a_correction_is_owed_in_the_place_of_both() -> None:
    books = Books()
    fill = books.trade("10", "150", symbol="AAPL", ts_event_ns=TimeNs(500))
    books.correct_twice(fill, "8", "149")

    (one,) = owed(books, 600)

    assert (one.exec_id, one.quantity) == (fill.exec_id, 8 * NANOS)
    assert one.cash == -8 * 149 * NANOS * NANOS


@pytest.mark.parametrize(("right", "quantity", "cash"), [(None, "-10", "1501"), ("8", "-2", "300")])
def test_what_undoes_a_settled_fill_is_owed_anew(
    right: str | None, quantity: str, cash: str
) -> None:
    books = Books()
    fill = books.trade("10", "150", symbol="AAPL", ts_event_ns=TimeNs(500), fee="1")
    undone = taken_back(fill) if right is None else corrected(fill, right, "150")
    was = FillTerms(last_qty=fill.last_qty, last_px=fill.last_px, fee=fill.fee)
    books.report(msgspec.structs.replace(undone, ts_event_ns=TimeNs(2_000)), was)

    (one,) = owed(books, 2_000)

    assert one.settles_ns == settles_at(InstrumentKind.EQUITY, TimeNs(2_000))
    assert (one.quantity, one.cash) == (parse_nanos(quantity), parse_nanos(cash) * NANOS)
