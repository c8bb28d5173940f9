"""The dry run over logs: orders placed through the whole core are judged again from its logs."""

from typing import Any

from msgspec.structs import replace
from tests.factories import NOW_NS, a_deposit, a_limits_set, a_quote, qty
from tests.trading import PlainVenue, a_resting_ask, running_core

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S, TimeNs, VirtualClock
from trade2026.core.errors import PolicyUnavailableError
from trade2026.core.ids import EventId
from trade2026.desk.dry_run import LATE_NS, dry_run
from trade2026.domain.risk.dry_run import Findings
from trade2026.model.instrument import PRISM
from trade2026.model.market import QuoteBatch
from trade2026.model.policy import OrderQuestion, PolicyWord
from trade2026.model.risk import LimitValues, RefusalCode
from trade2026.model.subjects import MARKET_QUOTE, ORDERS_EVENT, RISK_LIMITS, scope_key
from trade2026.ports.bus import Delivery, EventHandler, Subscription
from trade2026.ports.policy import OrderPolicy


class LargePolicy:
    """Refuses more than 0.015, and breaks at exactly 0.01."""

    def __init__(self) -> None:
        self.is_ready = True
        self.starts = 0

    async def start(self) -> None:
        self.is_ready = True
        self.starts += 1

    async def judge(self, question: OrderQuestion) -> tuple[PolicyWord, ...]:
        if question.order.quantity == "0.01":
            self.is_ready = False
            raise PolicyUnavailableError("too slow")
        if float(question.order.quantity) > 0.015:
            return (PolicyWord(rule="large", message="too large"),)
        return ()

    async def stop(self) -> None:
        self.is_ready = False


async def a_day() -> LocalBus:
    """Place orders on a quoted market, two of which are refused, and return the logs."""
    log = MemoryLog()
    bus = LocalBus(log, VirtualClock(NOW_NS), with_codec=True)
    batch = QuoteBatch(venue=PRISM, symbol="BTCUSDT", records=(a_quote("59999.99", "60000.01"),))
    await bus.append(MARKET_QUOTE, batch, event_id=EventId("q"), venue=PRISM, symbol="BTCUSDT")
    async with running_core(log, PlainVenue(log)) as core:
        change = replace(
            a_limits_set("strategy:manual", max_order_qty=qty("0.05")), ts_ns=TimeNs(1)
        )
        scope = scope_key(change.scope)
        await bus.append(RISK_LIMITS, change, event_id=EventId("l"), scope=scope)
        core.risk.book.set_limits(change)
        for size in ("0.01", "0.02", "0.06", "0.012", "1"):
            await core.oms.submit(a_resting_ask(order_qty=qty(size)))
    return bus


async def found_by(
    limits: dict[str, LimitValues] | None = None, policy: OrderPolicy | None = None
) -> Findings:
    return await dry_run(
        await a_day(),
        limits=limits or {},
        policy=policy,
        begin_ns=TimeNs(0),
        end_ns=TimeNs(NOW_NS + 1),
    )


async def test_the_limits_then_in_force_reproduce_the_log() -> None:
    found = await found_by()

    assert (found.orders, found.reproduced) == (5, 5)
    assert found.would_refuse == found.would_pass == found.not_reproduced == ()


async def test_limits_on_trial_refuse_and_let_pass() -> None:
    limits = {
        "strategy:manual": LimitValues(),
        "account:default": LimitValues(max_order_qty=qty("0.015")),
    }

    found = await found_by(limits)

    assert [past.order.order_qty for past in found.would_refuse] == [qty("0.02")]
    assert found.would_refuse[0].found[0].code is RefusalCode.ORDER_QTY_LIMIT


async def test_a_policy_on_trial_is_asked_as_a_live_one_and_started_again() -> None:
    policy = LargePolicy()

    found = await found_by(policy=policy)

    refused = {past.order.order_qty: past.found[0].code for past in found.would_refuse}
    assert refused == {
        qty("0.01"): RefusalCode.POLICY_UNAVAILABLE,
        qty("0.02"): RefusalCode.POLICY,
    }
    assert policy.starts == 1


async def test_what_happened_after_the_end_does_not_count() -> None:
    bus = await a_day()

    found = await dry_run(bus, limits={}, policy=None, begin_ns=TimeNs(0), end_ns=NOW_NS)

    assert found.orders == 0


async def test_what_the_logs_had_long_after_the_end_is_not_read() -> None:
    bus = await a_day()
    read: list[int] = []

    class Noting(LocalBus):
        async def fold(self, subject: Any, handler: EventHandler, **options: Any) -> Subscription:
            async def note(event: Any, delivery: Delivery) -> None:
                read.append(delivery.stream_seq)
                await handler(event, delivery)

            return await super().fold(subject, note, **options)

    log = bus._log  # pyright: ignore[reportPrivateUsage] - the same logs, later.
    later = Noting(log, VirtualClock(NOW_NS + LATE_NS + NS_PER_S), with_codec=True)
    before = await later.last_seq(ORDERS_EVENT.stream)
    for number in range(1_000):
        deposit = a_deposit(account=f"other-{number}")
        name = EventId(f"later-{number}")
        await later.append(ORDERS_EVENT, deposit, event_id=name, account=deposit.account)

    end_ns = TimeNs(NOW_NS + 1)
    found = await dry_run(later, limits={}, policy=None, begin_ns=TimeNs(0), end_ns=end_ns)

    assert found.orders == 5
    # A reader has the next few in hand when it is stopped.
    assert before <= max(read) < before + 100
