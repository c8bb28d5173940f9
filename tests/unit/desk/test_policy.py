"""The policy for orders at work: loaded, changed, broken, and asked in turn."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.factories import NOW_NS, a_deposit, a_quote, an_order, px, qty
from tests.trading import LOG, until

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.core import chance
from trade2026.core.clock import VirtualClock
from trade2026.core.errors import InvalidInputError, PolicyUnavailableError
from trade2026.core.ids import Ids, OrderId
from trade2026.desk import policy as policy_desk
from trade2026.desk.policy import PolicyDesk
from trade2026.desk.risk import RiskDesk
from trade2026.domain.risk.book import RiskBook
from trade2026.model.instrument import PRISM, PRISM_INSTRUMENTS
from trade2026.model.order import NewOrderSingle
from trade2026.model.policy import OrderQuestion, PolicyWord
from trade2026.model.risk import KILL_SWITCH, RefusalCode, RiskChangeRequest, RiskRequest

ORDER = an_order(order_qty=qty("1"), price=px("50000"))


class SaidPolicy:
    """Refuses what its text says: `all`, `none`, `second` (where one is open), `break`, `wrong`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.is_ready = False
        self.asked: list[OrderQuestion] = []

    async def start(self) -> None:
        if self.text == "wrong":
            raise InvalidInputError("policy", "a rule has no body")
        self.is_ready = True

    async def judge(self, question: OrderQuestion) -> tuple[PolicyWord, ...]:
        self.asked.append(question)
        await asyncio.sleep(0)
        if self.text == "break":
            self.is_ready = False
            raise PolicyUnavailableError("it took too long")
        is_second = self.text == "second" and question.account.open_orders > 0
        if self.text == "all" or is_second:
            return (PolicyWord(rule=self.text, message="no"),)
        return ()

    async def stop(self) -> None:
        self.is_ready = False


class World:
    """A risk desk with a policy of a file."""

    def __init__(self, path: Path) -> None:
        clock = VirtualClock(NOW_NS)
        self.path = path
        self.policies: list[SaidPolicy] = []
        book = RiskBook(PRISM_INSTRUMENTS)
        book.apply(a_deposit("1000000"), 1)
        book.quote(PRISM, "BTCUSDT", a_quote("49999.99", "50000.01"), NOW_NS)
        self.risk = RiskDesk(
            bus=LocalBus(MemoryLog(), clock, with_codec=True),
            clock=clock,
            ids=Ids(clock, chance.stream(1, "ids")),
            log=LOG,
            book=book,
        )
        self.desk = PolicyDesk(
            path=path, make=self._make, clock=clock, alerts=self.risk.alerts, log=LOG
        )
        self.risk.policy = self.desk

    def _make(self, text: str) -> SaidPolicy:
        self.policies.append(SaidPolicy(text))
        return self.policies[-1]

    async def load(self, text: str) -> None:
        self.path.write_text(text, "utf-8")
        await self.desk.load()

    async def codes(self, order: NewOrderSingle = ORDER) -> list[RefusalCode]:
        verdict = await self.risk.on_check(RiskRequest(order=order))
        return [refusal.code for refusal in verdict.refusals]

    def alerts(self) -> list[tuple[str, str]]:
        return [(one.level, one.text) for one, _ in self.risk.alerts.newest()]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A desk whose file is not there yet."""
    return World(tmp_path / "orders.rego")


async def test_a_policy_binds_until_another_takes_its_place(world: World) -> None:
    await world.load("all")
    assert await world.codes() == [RefusalCode.POLICY]

    await world.load("none")
    assert await world.codes() == []

    assert [level for level, _ in world.alerts()] == ["WARN", "WARN"]
    assert not world.policies[0].is_ready


async def test_until_there_is_one_every_order_is_refused(world: World) -> None:
    assert await world.codes() == [RefusalCode.POLICY_UNAVAILABLE]
    await world.desk.load()

    assert await world.codes() == [RefusalCode.POLICY_UNAVAILABLE]
    assert "every order is refused" in await world.desk.ping()
    assert [level for level, _ in world.alerts()] == ["BREACH"]


@pytest.mark.parametrize("bad", [b"wrong", b"\xff\xfe", b"x" * (policy_desk.FILE_BYTES_MOST + 1)])
async def test_a_bad_file_leaves_the_one_before_in_force_and_is_told_once(
    world: World, bad: bytes
) -> None:
    await world.load("all")
    world.path.write_bytes(bad)
    await world.desk.load()
    await world.desk.load()

    assert await world.codes() == [RefusalCode.POLICY]
    assert "the one before stays in force" in await world.desk.ping()
    assert [level for level, _ in world.alerts()] == ["BREACH", "WARN"]


async def test_a_mended_file_is_in_force_again_even_where_it_is_as_before(world: World) -> None:
    await world.load("all")
    await world.load("wrong")
    await world.load("all")

    assert await world.desk.ping() == ""


async def test_one_that_breaks_refuses_and_is_started_again(world: World) -> None:
    await world.load("break")
    assert await world.codes() == [RefusalCode.POLICY_UNAVAILABLE]
    assert not world.policies[0].is_ready

    running = asyncio.ensure_future(world.desk.run())
    await until(lambda: world.policies[0].is_ready)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert not world.policies[0].is_ready


async def test_of_orders_that_come_together_each_sees_those_before_it(world: World) -> None:
    await world.load("second")
    orders = [replace(ORDER, order_id=OrderId(f"order-{number}")) for number in range(5)]

    codes = await asyncio.gather(*(world.codes(order) for order in orders))

    assert sorted(codes) == [[], *[[RefusalCode.POLICY]] * 4]


async def test_one_that_waits_too_long_for_its_turn_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.load("none")
    monkeypatch.setattr(policy_desk, "WAIT_S", 0.0)
    orders = [replace(ORDER, order_id=OrderId(f"order-{number}")) for number in range(3)]

    codes = await asyncio.gather(*(world.codes(order) for order in orders))

    assert codes.count([RefusalCode.POLICY_UNAVAILABLE]) >= 1


async def test_the_kill_switch_gets_out_past_a_broken_policy(world: World) -> None:
    closing = replace(ORDER, sent_by=KILL_SWITCH, is_reduce_only=True)

    assert RefusalCode.POLICY_UNAVAILABLE not in await world.codes(closing)


async def test_an_approval_that_is_held_is_not_judged_again(world: World) -> None:
    await world.load("second")

    assert [await world.codes(), await world.codes()] == [[], []]
    assert len(world.policies[0].asked) == 1


async def test_a_larger_change_is_judged_by_it(world: World) -> None:
    await world.load("none")
    await world.codes()
    await world.load("all")

    change = RiskChangeRequest(order=replace(ORDER, order_qty=qty("2")))
    verdict = await world.risk.on_change(change)

    assert [refusal.code for refusal in verdict.refusals] == [RefusalCode.POLICY]
