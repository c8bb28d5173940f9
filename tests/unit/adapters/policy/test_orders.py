"""Policies for orders in a process of their own: what they say, and what happens when they fail."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.factories import NOW_NS, a_view, an_order, qty

from trade2026.adapters.policy.orders import RegoOrderPolicy
from trade2026.core.errors import InvalidInputError, PolicyUnavailableError
from trade2026.core.ids import StrategyId
from trade2026.domain.risk.policy_question import question_of
from trade2026.model.order import NewOrderSingle, OrdType
from trade2026.model.policy import OrderQuestion

EXAMPLE = Path(__file__).parents[4] / "docs" / "policies" / "orders.rego"
PATIENCE_S = 20.0
"""Of a busy machine; the tests of slowness have less."""

MANY = """refusals contains {"rule": sprintf("%d", [i]), "message": "b"} if {
	some i in numbers.range(1, 33)
}"""
SLOW = """refusals contains {"rule": "a", "message": "b"} if {
	input.order.symbol == "BTCUSDT"
	some i in numbers.range(1, 20000)
	some j in numbers.range(1, 20000)
	i * j < 0
}"""
GREEDY = """refusals contains {"rule": "a", "message": "b"} if {
	input.order.symbol == "BTCUSDT"
	some i in numbers.range(1, 1000000000)
	i < 0
}"""

Made = Callable[..., RegoOrderPolicy]


def question(order: NewOrderSingle | None = None, held: dict[str, int] | None = None) -> Any:
    return question_of(order or an_order(order_qty=qty("1")), a_view(), held or {}, NOW_NS)


def saying(refusals: str) -> str:
    return f"package trade2026.risk\nimport rego.v1\n{refusals}"


@pytest.fixture
async def made() -> AsyncGenerator[Made]:
    """Makes policies that end with the test."""
    policies: list[RegoOrderPolicy] = []

    def make(rego: str, limit_s: float = PATIENCE_S) -> RegoOrderPolicy:
        policies.append(RegoOrderPolicy(rego, limit_s))
        return policies[-1]

    yield make
    for policy in policies:
        await policy.stop()


async def rules_of(policy: RegoOrderPolicy, asked: OrderQuestion) -> list[str]:
    return [word.rule for word in await policy.judge(asked)]


async def test_the_example_of_the_documents_refuses_what_it_says(made: Made) -> None:
    policy = made(EXAMPLE.read_text("utf-8"))
    await policy.start()
    small = an_order(order_qty=qty("1"))
    large = an_order(order_qty=qty("3"))
    by_night = replace(small, strategy=StrategyId("night-1"), ord_type=OrdType.MARKET, price=None)
    seconded = replace(large, metadata={"approved_by": "ann"})

    assert await rules_of(policy, question(small)) == []
    assert await rules_of(policy, question(large)) == ["large_orders_need_a_second"]
    assert await rules_of(policy, question(seconded)) == []
    assert await rules_of(policy, question(by_night)) == ["no_market_orders_by_night_bots"]
    sol = replace(small, symbol="SOLUSDT")
    assert await rules_of(policy, question(sol, {"ETHUSDT": qty("5")})) == []
    assert await rules_of(policy, question(sol, {"ETHUSDT": qty("6")})) == ["sol_or_eth"]


async def test_a_word_brings_its_numbers(made: Made) -> None:
    policy = made(EXAMPLE.read_text("utf-8"))
    await policy.start()

    (word,) = await policy.judge(question(an_order(order_qty=qty("3"))))

    assert (word.asked, word.limit) == ("150000", "100000")


async def test_one_that_runs_on_is_ended_and_can_be_started_again(made: Made) -> None:
    policy = made(saying(SLOW), 0.2)
    await policy.start()

    with pytest.raises(PolicyUnavailableError, match="longer than"):
        await policy.judge(question())
    assert not policy.is_ready
    with pytest.raises(PolicyUnavailableError, match="started again"):
        await policy.judge(question())

    await policy.start()
    assert policy.is_ready


@pytest.mark.parametrize(
    ("rego", "why"),
    [
        ("package trade2026.risk\nfoo bar {", "must have a body"),
        ("package trade2026.other\nrefusals := set()", "defines no trade2026.risk.refusals"),
        ("", "package"),
    ],
)
async def test_one_that_is_wrong_does_not_start(made: Made, rego: str, why: str) -> None:
    policy = made(rego)

    with pytest.raises(InvalidInputError, match=why):
        await policy.start()

    assert not policy.is_ready


@pytest.mark.parametrize(
    "refusals",
    [
        "refusals := true",
        'refusals := {"x"}',
        'refusals := {{"rule": "a"}}',
        'refusals := {{"rule": "", "message": "b"}}',
        'refusals := {{"rule": "a", "message": "b", "limit": 5}}',
        'refusals := {{"rule": "a", "message": "b", "code": "c"}}',
        MANY,
        'refusals := {{"rule": "a", "message": "b"}} if input.nobody == 1',
        'refusals contains {"rule": "a", "message": "b"} if to_number(input.order.symbol) > 1',
    ],
)
async def test_what_is_no_set_of_reasons_is_no_answer(made: Made, refusals: str) -> None:
    policy = made(saying(refusals))
    await policy.start()

    with pytest.raises(PolicyUnavailableError):
        await policy.judge(question())


async def test_one_that_wants_too_much_memory_is_no_answer(made: Made) -> None:
    policy = made(saying(GREEDY))
    await policy.start()

    with pytest.raises(PolicyUnavailableError, match="broke"):
        await policy.judge(question())


async def test_an_answer_to_one_order_never_passes_for_that_to_another(made: Made) -> None:
    rego = saying('refusals contains {"rule": "r", "message": input.order.order_id} if true')
    policy = made(rego)
    await policy.start()

    for number in range(20):
        order = an_order(order_id=f"order-{number}")
        (word,) = await policy.judge(question(order))
        assert word.message == f"order-{number}"
