"""Other limits on what happened: who would have been refused, who not, and what is not known."""

from msgspec.structs import replace
from tests.factories import px, qty
from tests.past import Past

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.domain.risk.dry_run import DryRun
from trade2026.domain.risk.policy_question import refusals_of
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.journal import OrderRefused
from trade2026.model.market import QuoteBatch
from trade2026.model.policy import PolicyWord
from trade2026.model.risk import LimitValues, Refusal, RefusalCode, TradingMode

NO = refusals_of([PolicyWord(rule="no", message="never")])


def test_a_tighter_limit_refuses_with_its_numbers_and_later_orders_see_what_happened() -> None:
    past = Past()
    past.place(order_qty=qty("2"))
    past.fill()
    past.place(order_qty=qty("1"))

    found = past.judged({"account:default": LimitValues(max_position_qty=qty("1.5"))})

    first, second = found.would_refuse
    assert (first.found[0].code, first.found[0].limit) == (RefusalCode.POSITION_LIMIT, "1.5")
    # The first has traded all the same: the second would come to 3.
    assert (second.order.order_qty, second.found[0].asked) == (qty("1"), "3")
    assert found.by_code == {"POSITION_LIMIT": 2}


def test_a_wider_limit_lets_pass_what_was_refused() -> None:
    past = Past()
    past.limits("default", max_order_qty=qty("0.5"))
    past.limits("symbol:BTCUSDT", max_order_qty=qty("0.5"))
    past.place(order_qty=qty("1"))
    past.limits("symbol:BTCUSDT", max_order_qty=qty("0.4"))
    past.place(order_qty=qty("1"))

    found = past.judged({"symbol:BTCUSDT": LimitValues(max_order_qty=qty("1"))})

    assert [one.said[0].code for one in found.would_pass] == ["ORDER_QTY_LIMIT"] * 2
    assert (found.would_refuse, found.reproduced, found.orders) == ((), 2, 2)


def test_scopes_that_are_not_on_trial_keep_what_the_log_says_of_them() -> None:
    past = Past()
    past.limits("account:default", max_order_qty=qty("0.5"))
    past.place(order_qty=qty("1"))

    found = past.judged({"strategy:manual": LimitValues(max_order_qty=qty("2"))})

    assert (found.reproduced, found.would_pass) == (1, ())


def test_modes_are_those_of_the_day() -> None:
    past = Past()
    past.mode(TradingMode.HALTED)
    past.place(order_qty=qty("1"))

    found = past.judged({"default": LimitValues(max_order_qty=qty("1"))})

    assert (found.reproduced, found.would_pass) == (1, ())


def test_what_the_policy_of_then_said_stays_unless_another_is_on_trial() -> None:
    past = Past()
    past.place(NO)
    run = DryRun(PRISM_INSTRUMENTS, {}, TimeNs(0), TimeNs(past.now_ns + 1))
    other = DryRun(PRISM_INSTRUMENTS, {}, TimeNs(0), TimeNs(past.now_ns + 1))
    for seq, (at_ns, message) in enumerate(past.log, 1):
        for one, words in ((run, None), (other, ())):
            one.watch(at_ns)
            if isinstance(message, QuoteBatch):
                one.quote(message.venue, message.symbol, message.records[-1])
                continue
            order = one.due(message)
            if order is not None:
                assert one.question(order, message.ts_ns).order.order_id == order.order_id
                one.judge(message, order, words)
            one.apply(message, seq)

    assert run.findings().reproduced == other.findings().reproduced == 1
    assert run.findings().would_pass == ()
    assert [past.said for past in other.findings().would_pass] == [NO]


def test_an_order_of_which_the_logs_do_not_tell_enough_is_told_apart() -> None:
    past = Past()
    past.place(order_qty=qty("1"))
    past.log = [entry for entry in past.log if not isinstance(entry[1], QuoteBatch)]

    found = past.judged({"default": LimitValues(max_order_qty=qty("1"))})

    (only,) = found.not_reproduced
    assert RefusalCode.NO_REFERENCE_PRICE in {one.code for one in only.found}
    assert (found.orders, found.reproduced, found.would_refuse) == (1, 0, ())


def test_an_order_that_risk_never_judged_is_counted_only() -> None:
    past = Past()
    past.place(order_qty=qty("100"))
    at_ns, event = past.log[-1]
    assert isinstance(event, OrderRefused)
    silence = Refusal(code=RefusalCode.RISK_UNAVAILABLE, text="no answer")
    past.log[-1] = (at_ns, replace(event, refusals=(silence,)))

    found = past.judged()

    assert (found.orders, found.unjudged, found.reproduced) == (1, 1, 0)


def test_another_day_s_orders_are_not_judged() -> None:
    past = Past()
    past.place()
    past.now_ns = TimeNs(past.now_ns + NS_PER_S)
    run = DryRun(PRISM_INSTRUMENTS, {}, past.now_ns, TimeNs(past.now_ns + 1))

    events = [message for _, message in past.log if not isinstance(message, QuoteBatch)]

    assert [run.due(event) for event in events] == [None] * len(events)


def test_minutes_count_for_value_at_risk() -> None:
    past = Past()
    past.place(order_qty=qty("1"))
    run = DryRun(PRISM_INSTRUMENTS, {}, TimeNs(0), TimeNs(past.now_ns + 1))
    run.minute("BTCUSDT", TimeNs(0), px("50000"))
    assert run.findings().orders == 0


def test_orders_of_some_accounts_are_judged_and_all_are_folded() -> None:
    past = Past()
    past.place(order_qty=qty("2"))
    past.fill()
    past.place(order_qty=qty("1"))
    limits = {"account:default": LimitValues(max_position_qty=qty("1.5"))}

    nobody = past.judged(limits, accounts=frozenset({"elsewhere"}))
    everybody = past.judged(limits, accounts=frozenset({"default", "elsewhere"}))

    assert (nobody.orders, nobody.reproduced, nobody.refused) == (0, 0, 0)
    assert nobody.would_refuse == ()
    assert (everybody, everybody.refused) == (past.judged(limits), 2)


def test_lists_name_the_first_and_counts_count_all() -> None:
    past = Past()
    for _ in range(3):
        past.place(order_qty=qty("0.2"))

    found = past.judged({"account:default": LimitValues(max_order_qty=qty("0.1"))}, most=2)

    assert [one.order.order_id for one in found.would_refuse] == ["order-1", "order-2"]
    assert (found.refused, found.reproduced, found.by_code) == (3, 3, {"ORDER_QTY_LIMIT": 3})
