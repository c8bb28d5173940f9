"""What there is at a venue, part by part: each cause, what has none, and what was not asked."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from trade2026.core.ids import AccountId
from trade2026.core.numbers import NANOS, SignedQty, Value
from trade2026.domain.position.balances import compare_balances, explain
from trade2026.model.balance import BalanceLine, VenueBalance
from trade2026.model.reconciliation import Held, Statement, StatementLine

ONE = NANOS * NANOS
"""One unit, in square nanos."""
REAL = AccountId("real")
AMOUNTS = st.integers(-(10**6) * ONE, 10**6 * ONE)


def a_balance(
    asset: str = "USDT", under_way: tuple[Value, ...] = (), **amounts: int
) -> VenueBalance:
    """Return a balance of zeros, changed by *amounts* in square nanos."""
    fields = {name: Value(amount) for name, amount in ({"free": 0, "held": 0} | amounts).items()}
    return VenueBalance(asset=asset, under_way=under_way, **fields)


def left_of(one: VenueBalance, logged: int = 0, told: int | None = None) -> BalanceLine:
    return explain(one, Value(logged), Value(logged if told is None else told))


def a_statement(*balances: VenueBalance, quantity: int = 0, cash: int = 0) -> Statement:
    line = StatementLine(
        account=REAL, symbol="BTCUSDT", quantity=SignedQty(quantity), cash=Value(cash)
    )
    return Statement(venue="LIVE", report_seq=1, lines=(line,), balances=balances)


def test_what_was_there_before_the_first_trade_is_no_difference() -> None:
    found = left_of(a_balance(free=7 * ONE, held=3 * ONE, opening=10 * ONE, opening_held=3 * ONE))

    assert found.is_explained
    assert (found.opening, found.traded, found.unexplained) == (10 * ONE, 0, 0)


def test_what_came_or_went_without_a_cause_is_unexplained() -> None:
    for change in (-ONE, ONE, NANOS, -NANOS):
        found = left_of(a_balance(free=10 * ONE + change, opening=10 * ONE))
        assert not found.is_explained
        assert found.unexplained == change


def test_less_than_a_nano_is_the_venues_rounding() -> None:
    assert left_of(a_balance(free=10 * ONE - NANOS + 1, opening=10 * ONE)).is_explained


def test_fills_move_it_since_the_opening_and_not_before() -> None:
    found = left_of(a_balance(free=6 * ONE, opening=10 * ONE, traded_before=-ONE), logged=-5 * ONE)

    assert found.is_explained
    assert found.traded == -4 * ONE


def test_a_fill_that_the_log_lacks_has_that_for_its_cause() -> None:
    found = left_of(a_balance(free=6 * ONE, opening=10 * ONE), logged=-ONE, told=-4 * ONE)

    assert found.is_explained
    assert (found.traded, found.not_booked) == (-ONE, -3 * ONE)


def test_fees_in_a_third_asset_and_transfers_are_causes() -> None:
    one = a_balance("BNB", free=14 * ONE, opening=10 * ONE, fees=ONE, transfers=5 * ONE)

    assert left_of(one).is_explained
    assert not left_of(replace(one, fees=Value(0))).is_explained
    assert not left_of(replace(one, transfers=Value(0))).is_explained


def test_only_the_newest_fills_may_be_missing_from_it() -> None:
    moves = (Value(-ONE), Value(-2 * ONE), Value(-4 * ONE))
    booked = {
        total: left_of(
            a_balance(free=total * ONE, opening=10 * ONE, under_way=moves), logged=-7 * ONE
        )
        for total in range(11)
    }

    missing = {
        total: found.under_way // ONE for total, found in booked.items() if found.is_explained
    }
    # All of them are in it, or not the last, not the last two, none.
    assert missing == {3: 0, 7: -4, 9: -6, 10: -7}


def test_what_orders_keep_back_is_bounded_by_what_they_can() -> None:
    one = a_balance(free=6 * ONE, held=4 * ONE, opening=10 * ONE, held_most=4 * ONE)

    assert left_of(one).is_explained
    found = left_of(replace(one, held_most=Value(ONE)))
    assert not found.is_explained
    assert (found.unexplained, found.held_unexplained) == (0, 3 * ONE)


def test_a_venue_that_was_not_asked_is_not_equal() -> None:
    statement = replace(a_statement(), balances=None, balances_why="no answer")

    assert compare_balances(statement, {}) is None
    assert compare_balances(a_statement(), {}) == ()


def test_each_asset_is_compared_with_the_fills_of_all_accounts() -> None:
    log = {
        (REAL, "BTCUSDT"): Held(SignedQty(2 * NANOS), Value(-100 * ONE)),
        (AccountId("other"), "BTCUSDT"): Held(SignedQty(-NANOS), Value(60 * ONE)),
    }
    told = a_statement(
        a_balance("BTC", free=ONE),
        a_balance("USDT", free=-40 * ONE),
        quantity=NANOS,
        cash=-40 * ONE,
    )

    found = compare_balances(told, log)

    assert found is not None
    assert [(one.asset, one.traded // ONE, one.not_booked) for one in found] == [
        ("BTC", 1, 0),
        ("USDT", -40, 0),
    ]
    assert all(one.is_explained for one in found)


@given(
    amounts=st.fixed_dictionaries(
        dict.fromkeys(("free", "held", "opening", "traded_before", "fees", "transfers"), AMOUNTS)
    ),
    under_way=st.lists(AMOUNTS, max_size=4),
    logged=AMOUNTS,
    told=AMOUNTS,
)
def test_the_parts_always_come_to_what_there_is(
    amounts: dict[str, int], under_way: list[int], logged: int, told: int
) -> None:
    moves = tuple(map(Value, under_way))

    one = left_of(a_balance("USDT", moves, **amounts), logged, told)

    since = one.opening + one.traded + one.not_booked - one.fees + one.transfers
    assert one.free + one.held == since - one.under_way + one.unexplained


@given(
    opening=AMOUNTS,
    fills=st.lists(AMOUNTS, max_size=6),
    late=st.integers(0, 6),
    moved=st.tuples(st.integers(0, ONE), AMOUNTS),
    stolen=AMOUNTS.filter(lambda amount: abs(amount) >= 2 * NANOS),
)
def test_an_account_that_moved_by_known_causes_is_explained_and_by_others_not(
    opening: int, fills: list[int], late: int, moved: tuple[int, int], stolen: int
) -> None:
    fees, transfers = moved
    counted = fills[: max(0, len(fills) - late)]
    there = opening + sum(counted) - fees + transfers
    one = a_balance(
        under_way=tuple(map(Value, fills)),
        # The venue's own rounding.
        free=there - (fees % NANOS),
        opening=opening,
        fees=fees,
        transfers=transfers,
    )

    assert left_of(one, sum(fills)).is_explained
    # Without fills under way nothing else can pass for one.
    whole = there + sum(fills) - sum(counted)
    still = replace(one, free=Value(whole + stolen), under_way=())
    assert not left_of(still, sum(fills)).is_explained
