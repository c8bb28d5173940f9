"""Best prices and prints become the session that a book's own events would have given."""

import numpy as np
from numpy.typing import NDArray

from trade2026.domain.realism.tape import Prints, Touches, session_of

S = 10**9


def wholes(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def a_tape() -> tuple[Touches, Prints]:
    touches = Touches(
        time_ns=wholes(10 * S, 10 * S + S // 2, 11 * S + S // 2, 13 * S + S // 4),
        bid=wholes(100, 100, 101, 99),
        bid_lots=wholes(5, 8, 3, 4),
        ask=wholes(102, 102, 102, 101),
        ask_lots=wholes(7, 7, 2, 6),
    )
    prints = Prints(
        time_ns=wholes(9 * S, 10 * S + 1, 12 * S, 13 * S),
        trade_ns=wholes(8 * S, 9 * S + 500, 9 * S + 100, 12 * S),
        sign=wholes(1, 1, -1, -1),
        lots=wholes(1, 4, 6, 9),
    )
    return touches, prints


def test_seconds_have_the_last_mid_and_what_was_traded() -> None:
    session = session_of(*a_tape())

    assert session.mid.tolist() == [101.0, 101.5, 101.5]
    # What was printed before the first quote, or in the second that is not whole, does not count.
    assert session.volume.tolist() == [4.0, 0.0, 6.0]


def test_order_flow_is_what_came_less_what_went_at_the_best_prices() -> None:
    session = session_of(*a_tape())

    # Three more are bid; then the bid rises, three new lots, and five fewer are offered.
    assert session.imbalance.tolist() == [3.0, 3.0 + 5.0, 0.0]


def test_what_is_shown_is_a_mean_over_time() -> None:
    session = session_of(*a_tape())

    first, second = 0.5 * (5 + 8) / 2 + 3.5, 0.5 * (8 + 3) / 2 + 0.5 * (7 + 2) / 2
    np.testing.assert_allclose(session.touch, [first, second, 2.5])
    assert session.spread_s[[1, 2]].tolist() == [1.75, 1.5]


def test_trades_are_in_the_order_of_the_venue() -> None:
    session = session_of(*a_tape())

    assert session.trade_ns.tolist() == [9 * S + 100, 9 * S + 500]
    assert session.trade_sign.tolist() == [-1, 1]
    assert session.trade_lots.tolist() == [6, 4]
