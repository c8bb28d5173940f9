"""Who asks for too much is told when to come back, and nobody can change who did."""

import pytest

from trade2026.core.clock import NS_PER_S
from trade2026.edge.dialect.errors import DialectError
from trade2026.edge.dialect.rates import (
    CONNECTIONS,
    HELD_MAX,
    HELD_OF_SENDER_MAX,
    ORDERS_MAX,
    WEIGHT_MAX,
    Rates,
    sender_of,
)

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


def test_however_many_ask_whoever_is_at_the_limit_stays_there() -> None:
    rates = Rates()
    rates.weigh("10.0.0.1", WEIGHT_MAX, NOON_NS)
    for n in range(30_000):
        rates.weigh(f"11.{n >> 16}.{n >> 8 & 255}.{n & 255}", 1, NOON_NS)

    with pytest.raises(DialectError):
        rates.weigh("10.0.0.1", 1, NOON_NS)
    assert rates.weight_row("10.0.0.1", NOON_NS)["count"] == WEIGHT_MAX + 1
    # Of the others the last one is known, and the first one forgotten.
    assert rates.weight_row("11.0.117.47", NOON_NS)["count"] == 1
    assert rates.weight_row("11.0.0.0", NOON_NS)["count"] == 0


def test_a_host_with_many_ipv6_addresses_is_one_sender() -> None:
    rates = Rates()
    rates.weigh("2001:db8:0:1::1", WEIGHT_MAX, NOON_NS)

    with pytest.raises(DialectError, match=r"IP\(2001:db8:0:1:ffff::2\)"):
        rates.weigh("2001:db8:0:1:ffff::2", 1, NOON_NS)
    rates.weigh("2001:db8:0:2::1", 1, NOON_NS)
    assert count_held(rates, "2001:db8::", CONNECTIONS[1]) == HELD_OF_SENDER_MAX
    assert rates.headers("2001:db8:0:1::9", "", NOON_NS)["X-MBX-USED-WEIGHT"] == "6001"


def count_held(rates: Rates, network: str, tries: int) -> int:
    """Return how many WebSockets of addresses in *network* are held after *tries* to open one."""
    return sum(rates.connect(f"{network}{n:x}", NOON_NS) for n in range(tries))


def test_one_address_holds_so_many_sockets_and_opens_more_as_it_closes_some() -> None:
    rates = Rates()
    held = sum(rates.connect("10.0.0.1", NOON_NS) for _ in range(2 * HELD_OF_SENDER_MAX))

    others = [rates.connect("10.0.0.2", NOON_NS)]
    rates.disconnect("10.0.0.1")
    again = [rates.connect("10.0.0.1", NOON_NS) for _ in range(2)]

    assert held == HELD_OF_SENDER_MAX
    assert others == [True]
    assert again == [True, False]


def test_one_address_opens_so_many_sockets_in_a_window_also_where_it_holds_none() -> None:
    rates, opened = Rates(), 0
    while rates.connect("10.0.0.1", NOON_NS):
        rates.disconnect("10.0.0.1")
        opened += 1

    assert opened == CONNECTIONS[1]
    assert rates.connect("10.0.0.1", NOON_NS + CONNECTIONS[0] * NS_PER_S)


def test_all_addresses_together_hold_so_many_sockets() -> None:
    rates = Rates()
    held = [count_held(rates, f"2001:db8:0:{n}::", HELD_OF_SENDER_MAX) for n in range(7)]

    assert sum(held) == HELD_MAX
    assert held[-1] == 0
    rates.disconnect("2001:db8:0:1::1")
    assert count_held(rates, "2001:db8:0:9::", 2) == 1


@pytest.mark.parametrize(
    ("address", "sender"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("", ""),
        ("test:client", "test:client"),
    ],
)
def test_an_address_is_counted_by_whom_it_belongs_to(address: str, sender: str) -> None:
    assert sender_of(address) == sender
