"""Each kind of rule: it finds just beyond its limit, and nothing just within."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import InvalidInputError
from trade2026.core.ids import AccountId, ExecId, OrderId
from trade2026.core.numbers import Money, Px, Qty, SignedQty, Value, parse_nanos
from trade2026.domain.compliance import rules
from trade2026.domain.compliance.book import DEFAULT_RULES, read_rules
from trade2026.domain.compliance.rules import RULE_KINDS
from trade2026.domain.compliance.sheet import Breach, Held, Placed, Sheet, Trade
from trade2026.model.order import Side


def trade(number: int, **changes: Any) -> Trade:
    fill = Trade(
        exec_id=ExecId(f"exec-{number}"),
        order_id=OrderId(f"order-{number}"),
        account=AccountId("a"),
        strategy="manual",
        venue="PRISM",
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=Qty(parse_nanos("1")),
        px=Px(parse_nanos("100")),
        fee=Money(0),
        fee_asset="USDT",
        ts_ns=TimeNs(number * NS_PER_S),
    )
    return msgspec.structs.replace(fill, **changes)


def held(account: str, symbol: str, quantity: str, value: str = "0") -> Held:
    return Held(
        account=AccountId(account),
        symbol=symbol,
        quantity=SignedQty(parse_nanos(quantity)),
        value=Value(parse_nanos(value) * 10**9),
    )


def orders(taken_back: int, of: int) -> tuple[Placed, ...]:
    return tuple(
        Placed(
            order_id=OrderId(f"order-{number}"),
            account=AccountId("a"),
            symbol="BTCUSDT",
            is_cancelled_unfilled=number < taken_back,
            venue="PRISM",
            price=Px(parse_nanos("100")),
            ts_ns=TimeNs(number * NS_PER_S),
        )
        for number in range(of)
    )


def judged(rule: str, **sheet: Any) -> tuple[Breach, ...]:
    book = read_rules(f'[[rule]]\nname = "the rule"\n{rule}', "rules")
    return book.judge(Sheet(**{"trades": (), "orders": (), "held": (), **sheet}))


WASH = 'kind = "wash_trade"\nwithin_s = 5'


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({}, 1),
        ({"account": AccountId("b")}, 1),
        ({"ts_ns": TimeNs(6 * NS_PER_S)}, 1),
        ({"ts_ns": TimeNs(6 * NS_PER_S + 1)}, 0),
        ({"side": Side.BUY}, 0),
        ({"qty": Qty(1)}, 0),
        ({"px": Px(1)}, 0),
        ({"symbol": "ETHUSDT"}, 0),
        ({"venue": "XNAS"}, 0),
    ],
)
def test_a_wash_trade_is_the_same_both_ways(change: dict[str, Any], count: int) -> None:
    other = trade(2, **{"side": Side.SELL, **change})

    found = judged(WASH, trades=(trade(1), other))

    assert len(found) == count
    assert all(one.evidence == ("exec-1", "exec-2") for one in found)


def test_a_fill_is_in_one_pair_at_most() -> None:
    sells = [trade(number, side=Side.SELL) for number in (2, 3)]

    assert len(judged(WASH, trades=(trade(1), *sells))) == 1
    assert len(judged(WASH, trades=(trade(0), trade(1), *sells))) == 2


def test_who_takes_back_too_many_orders_is_found() -> None:
    rule = 'kind = "cancel_ratio"\nmax_bps = 5000\nmin_orders = 10'

    assert judged(rule, orders=orders(5, 10)) == ()
    assert judged(rule, orders=orders(9, 9)) == ()
    (found,) = judged(rule, orders=orders(6, 10))
    assert (found.measured, found.limit) == ("6 of 10 orders", "5000 bps")
    assert found.evidence == tuple(f"order-{number}" for number in range(6))


def test_a_position_above_its_limit_is_found_short_or_long() -> None:
    rule = 'kind = "position_limit"\nsymbol = "BTCUSDT"\nmax_quantity = "1.5"'
    sheet = (held("a", "BTCUSDT", "1.5"), held("b", "BTCUSDT", "-1.500000001"))

    (found,) = judged(rule, held=(*sheet, held("a", "ETHUSDT", "9")), trades=(trade(1),))

    assert (found.account, found.measured, found.evidence) == ("b", "-1.500000001", ())
    every = 'kind = "position_limit"\nmax_quantity = 1'
    assert [one.symbol for one in judged(every, held=sheet, trades=(trade(1),))] == ["BTCUSDT"] * 2


def test_too_much_of_one_symbol_is_found() -> None:
    rule = 'kind = "concentration"\nmax_bps = 7500'
    even = (held("a", "BTCUSDT", "1", "75"), held("a", "ETHUSDT", "-1", "-25"))
    more = (held("a", "BTCUSDT", "1", "75.1"), held("a", "ETHUSDT", "-1", "-24.9"))

    assert judged(rule, held=even) == ()
    (found,) = judged(rule, held=more)
    assert (found.symbol, found.measured) == ("BTCUSDT", "7510 bps")
    assert judged(rule, held=(held("a", "BTCUSDT", "1", "75"),)) == ()


def test_a_large_trade_is_reported() -> None:
    rule = 'kind = "large_trade"\nmax_value = "100"'

    (found,) = judged(rule, trades=(trade(1), trade(2, px=Px(parse_nanos("100.000000001")))))

    assert found.evidence == ("exec-2",)


def test_a_restricted_symbol_is_found_by_order_or_fill() -> None:
    rule = 'kind = "restricted"\nsymbols = ["BTCUSDT"]'

    (found,) = judged(rule, orders=orders(0, 1), trades=(trade(1), trade(2, symbol="ETHUSDT")))

    assert found.evidence == ("order-0", "exec-1")
    assert judged(rule, trades=(trade(1, symbol="ETHUSDT"),)) == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rule = 7", "$.rule"),
        ('[[rule]]\nkind = "nonsense"\nname = "a"', "nonsense"),
        ('[[rule]]\nkind = "large_trade"\nname = "a"', "max_value"),
        ('[[rule]]\nkind = "large_trade"\nname = "a"\nmax_value = "ten"', "max_value"),
        ('[[rule]]\nkind = "large_trade"\nname = "a"\nmax_value = 1.5', "$.rule[0].max_value"),
        ('[[rule]]\nkind = "position_limit"\nname = "a"\nmax_quantity = 0', "above zero"),
        ('[[rule]]\nkind = "large_trade"\nname = "a"\nmax_value = 1\nmin = 2', "min"),
        ("[[rule", "]]"),
        (f'[[rule]]\nname = "a"\n{WASH}\n[[rule]]\nname = "a"\n{WASH}', "two rules"),
    ],
)
def test_a_bad_file_is_refused_and_says_where(text: str, why: str) -> None:
    with pytest.raises(InvalidInputError, match=r"compliance\.toml") as caught:
        read_rules(text, "compliance.toml")

    assert why in str(caught.value)


def test_the_default_rules_are_rules() -> None:
    assert len(read_rules(DEFAULT_RULES, "default").rule) == 4


def test_every_kind_is_registered() -> None:
    folder = Path(str(rules.__file__)).parent

    registered = {kind.__module__.rpartition(".")[2] for kind in RULE_KINDS}

    assert registered == {path.stem for path in folder.glob("*.py")} - {"__init__"}


@given(value=st.integers(1, 500), limit=st.integers(1, 500), wider=st.integers(0, 500))
def test_a_wider_limit_never_finds_more(value: int, limit: int, wider: int) -> None:
    fills = (trade(1, px=Px(value * 10**9)),)

    narrow = judged(f'kind = "large_trade"\nmax_value = {limit}', trades=fills)
    loose = judged(f'kind = "large_trade"\nmax_value = {limit + wider}', trades=fills)

    assert len(loose) <= len(narrow)
    assert bool(narrow) == (value > limit)
