"""The identity of a linear perpetual: whatever is traded, funded and marked, nothing is lost.

A perpetual's wallet moves by realised gains, fees and funding; the ledger keeps cash as if the coin
itself were bought. Both must come to the same equity: signed quantity times the way of the price.
"""

from hypothesis import given
from hypothesis import strategies as st
from tests.books import Books

from trade2026.core.numbers import NANOS, value_of
from trade2026.model.instrument import LIVE

PERP = "BTCUSDT-PERP"
TRADES = st.tuples(st.integers(-5_000, 5_000).filter(bool), st.integers(10, 99_999))


@given(
    trades=st.lists(TRADES, min_size=1, max_size=12),
    fundings=st.lists(st.integers(-50, 50), max_size=4),
    mark=st.integers(1, 99_999),
)
def test_equity_is_what_the_price_made_of_the_position_less_what_was_paid(
    trades: list[tuple[int, int]], fundings: list[int], mark: int
) -> None:
    books = Books()
    for milli, px in trades:
        books.trade(f"{milli / 1000:.3f}", str(px), fee="0.25", venue=LIVE, symbol=PERP)
    for amount in fundings:
        books.book("funding", amount=str(amount), venue=LIVE, symbol=PERP)

    (position,) = books.ledger.positions()
    unit = NANOS // 1000
    # A contract's own reckoning: each trade gains by the way from its price to the mark.
    gained = sum(milli * unit * (mark - px) * NANOS for milli, px in trades)
    paid = len(trades) * NANOS // 4 * NANOS
    funded = sum(fundings) * NANOS * NANOS

    quantity = sum(milli for milli, _ in trades) * unit
    unrealized = value_of(type(position.last_px)(mark * NANOS), quantity) - position.cost
    assert position.quantity == quantity
    assert position.realized + unrealized == gained
    assert (position.fees, position.funding) == (paid, funded)
    (account,) = books.ledger.accounts()
    cash = account.cash - account.deposits
    assert cash + mark * NANOS * quantity == gained - paid + funded
