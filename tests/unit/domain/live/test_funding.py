"""Whose funding is: in proportion to what each holds, and never more or less than was paid."""

from hypothesis import given
from hypothesis import strategies as st
from tests.factories import qty

from trade2026.core.ids import AccountId, StrategyId
from trade2026.core.numbers import Money
from trade2026.domain.live.funding import shares_of
from trade2026.model.live import FundingShare

ANN = (AccountId("ann"), StrategyId("manual"))
BOB = (AccountId("bob"), StrategyId("alpha"))
AMOUNTS = st.integers(-(10**15), 10**15).map(Money)
KEYS = st.tuples(st.sampled_from("abc").map(AccountId), st.sampled_from("xyz").map(StrategyId))


def test_a_position_alone_gets_all_of_it() -> None:
    assert shares_of(Money(-7), {ANN: qty("2"), BOB: 0}) == (FundingShare(*ANN, Money(-7)),)


def test_a_short_is_paid_what_a_long_pays() -> None:
    assert shares_of(Money(-10), {ANN: qty("3"), BOB: -qty("1")}) == (
        FundingShare(*ANN, Money(-15)),
        FundingShare(*BOB, Money(5)),
    )


def test_what_nobody_here_ever_traded_is_nobodys_and_what_is_flat_by_now_the_firsts() -> None:
    assert shares_of(Money(-10), {}) == ()
    assert shares_of(Money(-10), {BOB: 0, ANN: 0}) == (FundingShare(*ANN, Money(-10)),)
    even = {ANN: qty("1"), BOB: -qty("1")}
    assert shares_of(Money(-10), even) == (FundingShare(*ANN, Money(-10)),)


@given(amount=AMOUNTS, held=st.dictionaries(KEYS, st.integers(-(10**12), 10**12), min_size=1))
def test_the_shares_always_come_to_the_payment(
    amount: Money, held: dict[tuple[AccountId, StrategyId], int]
) -> None:
    shares = shares_of(amount, held)

    assert sum(one.amount for one in shares) == amount
    assert shares == shares_of(amount, dict(reversed(list(held.items()))))
