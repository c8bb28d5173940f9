"""Who asks for too much is told when to come back."""

import pytest

from trade2026.core.clock import NS_PER_S
from trade2026.edge.dialect.errors import DialectError
from trade2026.edge.dialect.rates import ORDERS_MAX, WEIGHT_MAX, Rates

DAY_S = 86_400
NOON_NS = (20_000 * DAY_S + DAY_S // 2) * NS_PER_S
TEN_SECONDS, DAY = ORDERS_MAX[0][2], ORDERS_MAX[1][2]


def test_too_many_orders_in_ten_seconds_may_come_back_when_these_are_over() -> None:
    rates, now_ns = Rates(), NOON_NS + 3 * NS_PER_S
    for _ in range(TEN_SECONDS):
        rates.order("bot", now_ns)

    with pytest.raises(DialectError) as refused:
        rates.order("bot", now_ns)

    assert (refused.value.code, refused.value.status, refused.value.retry_s) == (-1015, 429, 7)
    assert refused.value.data == {"retryAfter": (NOON_NS // NS_PER_S + 10) * 1_000}
    rates.order("bot", now_ns + 7 * NS_PER_S)
    rates.order("other", now_ns)


def test_too_many_orders_in_a_day_may_come_back_tomorrow() -> None:
    rates, now_ns = Rates(), NOON_NS
    for n in range(DAY):
        now_ns = NOON_NS + n // TEN_SECONDS * 10 * NS_PER_S
        rates.order("bot", now_ns)

    now_ns += 10 * NS_PER_S
    with pytest.raises(DialectError, match="per 1 DAY") as refused:
        rates.order("bot", now_ns)

    assert refused.value.retry_s == DAY_S // 2 - (now_ns - NOON_NS) // NS_PER_S


def test_too_much_weight_may_come_back_with_the_next_minute() -> None:
    rates, now_ns = Rates(), NOON_NS + 20 * NS_PER_S + 1
    rates.weigh("10.0.0.1", WEIGHT_MAX, now_ns)

    with pytest.raises(DialectError) as refused:
        rates.weigh("10.0.0.1", 1, now_ns)

    assert (refused.value.code, refused.value.retry_s) == (-1003, 40)
