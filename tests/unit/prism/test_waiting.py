"""One order's questions wait for each other, and hold up nobody else's."""

from tests.factories import NOW_NS, an_order, qty
from tests.prism import cancel_of

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, EventId, OrderId
from trade2026.model.instrument import PRISM
from trade2026.model.order import NewOrderSingle, OrderReplaceRequest
from trade2026.model.prism import ControlKind, PrismControl, PrismFunding, PrismPace
from trade2026.prism.ask import Ask, CancelAsk, ControlAsk, FundAsk, ReplaceAsk, SubmitAsk
from trade2026.prism.control import Controls
from trade2026.prism.pace import Pace
from trade2026.prism.waiting import MOST_IN_ROUND, Waiting


def an_own(name: str) -> NewOrderSingle:
    return an_order(order_id=OrderId(name))


def submit(name: str) -> Ask:
    return SubmitAsk(an_own(name), is_direct=True)


def cancel(name: str) -> Ask:
    return CancelAsk(cancel_of(an_own(name)), is_direct=True)


def change(name: str, replace_id: str) -> ReplaceAsk:
    request = OrderReplaceRequest(
        order_id=OrderId(name),
        replace_id=replace_id,
        account=AccountId("default"),
        venue=PRISM,
        symbol="BTCUSDT",
        order_qty=qty("1"),
        transact_time_ns=NOW_NS,
    )
    return ReplaceAsk(request, is_direct=True)


def fund(account: str) -> Ask:
    return FundAsk(PrismFunding(account=AccountId(account), amounts={"USDT": qty("1")}))


def pause() -> Ask:
    controls = Controls(Pace(PrismPace(), now_ns=0, sim_ns=TimeNs(0)))
    return ControlAsk(EventId("c"), PrismControl(kind=ControlKind.PAUSE), controls)


def rounds_of(asks: list[Ask]) -> list[list[Ask]]:
    """Return what each round takes until nothing waits."""
    waiting, rounds = Waiting(), list[list[Ask]]()
    for ask in asks:
        waiting.add(ask)
    while waiting:
        rounds.append(waiting.take())
    return rounds


async def test_many_changes_of_one_order_hold_up_nobody_else() -> None:
    changes: list[Ask] = [change("a", f"r{n}") for n in range(400)]
    others = [submit("b"), cancel("c")]

    rounds = rounds_of([*changes[:200], *others, *changes[200:]])

    assert rounds == [[changes[0], *others], *([one] for one in changes[1:])]


async def test_a_round_has_so_many_and_what_it_passed_over_comes_before_the_rest() -> None:
    doubled = [change("a", "1"), change("a", "2")]
    others = [submit(f"o{n}") for n in range(MOST_IN_ROUND + 1)]

    rounds = rounds_of([*doubled, *others])

    last = MOST_IN_ROUND - 1
    assert rounds == [[doubled[0], *others[:last]], [doubled[1], *others[last:]]]


async def test_the_market_as_a_whole_waits_for_all_before_and_holds_up_all_after() -> None:
    first, second, control = change("a", "1"), change("a", "2"), pause()
    before, after = submit("b"), submit("c")

    rounds = rounds_of([first, second, before, control, after])

    assert rounds == [[first, before], [second], [control], [after]]


async def test_one_is_funded_in_a_round_and_orders_do_not_wait_for_it() -> None:
    fundings, order = [fund("a"), fund("b")], submit("o")

    assert rounds_of([*fundings, order]) == [[fundings[0], order], [fundings[1]]]
