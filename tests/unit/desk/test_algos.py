"""Parent orders at work: sliced, steered, halted, and through crashes without a double child."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.algos import an_algo
from tests.factories import NOW_NS, a_control, a_quote, px, qty
from tests.trading import Core, PlainVenue, running_core, until

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.desk import algos
from trade2026.desk.algo_parents import Parents
from trade2026.domain.execution.asking import Terms
from trade2026.domain.execution.parent import Parent
from trade2026.model.algo import AlgoName, AlgoStatus
from trade2026.model.instrument import PRISM
from trade2026.model.order import OrdStatus
from trade2026.model.risk import GLOBAL_SCOPE, TradingMode
from trade2026.model.subjects import RISK_CONTROL, scope_key

ICEBERG: dict[str, Any] = {
    "name": AlgoName.ICEBERG,
    "price": px("59000"),
    "display_qty": qty("0.2"),
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(algos, "STEP_EVERY_S", 0.01)


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def venue(log: MemoryLog) -> PlainVenue:
    return PlainVenue(log)


def parent(core: Core) -> Parent:
    found = core.algos.get("algo-1")
    assert found is not None
    return found


def traded(venue: PlainVenue) -> int:
    reports = (report for all_of in venue.reports.values() for report in all_of)
    return sum(report.last_qty for report in reports)


def advance(core: Core, seconds: int) -> None:
    core.clock.advance(seconds * NS_PER_S)
    quote = a_quote("59999.99", "60000.01")
    core.risk.book.quote(PRISM, "BTCUSDT", quote, core.clock.now_ns())


async def go_on(core: Core, seconds: int) -> None:
    advance(core, seconds)
    await core.algos.look("algo-1")


async def control(core: Core, mode: TradingMode, number: int = 1) -> None:
    await core.bus.append(
        RISK_CONTROL,
        a_control(number, mode),
        event_id=a_control(number, mode).control_id,
        scope=scope_key(GLOBAL_SCOPE),
    )


async def test_a_twap_sends_even_slices_and_ends_with_a_report(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        begun, is_new = await core.algos.start(an_algo())
        assert is_new
        assert begun.status is AlgoStatus.RUNNING
        for count in range(1, 7):
            await until(lambda count=count: parent(core).filled_qty == count * qty("0.1"))
            assert len(venue.taken) == count
            advance(core, 10)
        await until(lambda: parent(core).is_done)

        report = core.algos.report(parent(core))
        assert (report.status, report.left_qty) == (AlgoStatus.COMPLETED, 0)
        assert (report.average_px, report.child_count) == (px("60000"), 6)
        assert report.fees > 0
        assert core.oms.journal.orders.held("default", "BTCUSDT") == qty("0.6")


async def test_the_same_key_again_starts_nothing(log: MemoryLog, venue: PlainVenue) -> None:
    async with running_core(log, venue) as core:
        await core.algos.start(an_algo())
        again, is_new = await core.algos.start(an_algo(algo_id="algo-2"))

        assert (again.request.algo_id, is_new) == ("algo-1", False)
        with pytest.raises(RefusedError, match="another"):
            await core.algos.start(an_algo(algo_id="algo-3", order_qty=qty("0.5")))
        with pytest.raises(InvalidInputError, match="account"):
            await core.algos.start(an_algo(account="nobody", cl_algo_id="other"))
        assert len(venue.taken) == 1


async def test_a_pause_sends_nothing_and_what_is_left_is_spread_over_what_is_left(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        await core.algos.start(an_algo())
        await until(lambda: parent(core).filled_qty == qty("0.1"))
        await core.algos.pause("algo-1", "tess")
        await go_on(core, 20)
        assert len(venue.taken) == 1

        await core.algos.resume("algo-1", "tess")
        await until(lambda: len(venue.taken) == 2)
        # 0.5 over the 40 s that are left: four slices.
        await until(lambda: parent(core).filled_qty == qty("0.225"))
        assert parent(core).left_qty == qty("0.375")


async def test_other_terms_are_kept_from_then_on(log: MemoryLog, venue: PlainVenue) -> None:
    async with running_core(log, venue) as core:
        await core.algos.start(an_algo())
        await until(lambda: parent(core).filled_qty == qty("0.1"))
        terms = Terms(order_qty=qty("0.3"), end_ns=TimeNs(NOW_NS + 20 * NS_PER_S))
        await core.algos.replace("algo-1", terms, "tess")
        await go_on(core, 1)
        await until(lambda: parent(core).filled_qty == qty("0.2"))
        await go_on(core, 10)
        await until(lambda: parent(core).is_done)

        assert traded(venue) == qty("0.3")
        with pytest.raises(RefusedError, match="COMPLETED"):
            await core.algos.replace("algo-1", terms, "tess")
        for steer in (core.algos.pause, core.algos.resume, core.algos.cancel):
            with pytest.raises(RefusedError, match="COMPLETED"):
                await steer("algo-1", "tess")


async def test_a_cancel_cancels_what_works_and_ends(log: MemoryLog, venue: PlainVenue) -> None:
    async with running_core(log, venue) as core:
        await core.algos.start(an_algo(**ICEBERG))
        await until(lambda: parent(core).working_qty == qty("0.2"))
        (order_id,) = venue.taken
        await venue.fill(order_id, qty("0.05"))
        await until(lambda: parent(core).filled_qty == qty("0.05"))
        await core.algos.cancel("algo-1", "tess")
        await until(lambda: parent(core).is_done)

        report = core.algos.report(parent(core))
        assert (report.status, report.filled_qty) == (AlgoStatus.CANCELLED, qty("0.05"))
        assert core.oms.journal.order(order_id).status is OrdStatus.CANCELLED


async def test_a_late_fill_after_the_end_is_in_the_report(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        await core.algos.start(an_algo(**ICEBERG))
        await until(lambda: parent(core).working_qty == qty("0.2"))
        (order_id,) = venue.taken
        await core.algos.cancel("algo-1", "tess")
        await until(lambda: parent(core).is_done)
        await venue.fill(order_id, qty("0.05"))

        await until(lambda: core.algos.report(parent(core)).filled_qty == qty("0.05"))
        assert parent(core).status is AlgoStatus.CANCELLED


@pytest.fixture(params=[False, True], ids=["from the log", "from a snapshot"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    """Return where two lives find one another's files, or None where each begins without."""
    return tmp_path / "orders.db" if request.param else None


async def test_a_late_fill_after_a_restart_is_in_the_report_too(
    log: MemoryLog, venue: PlainVenue, archive: Path | None
) -> None:
    async with running_core(log, venue, archive=archive) as core:
        await core.algos.start(an_algo(**ICEBERG))
        await until(lambda: parent(core).working_qty == qty("0.2"))
        (order_id,) = venue.taken
        await venue.fill(order_id, qty("0.1"))
        await until(lambda: parent(core).filled_qty == qty("0.1"))
        await core.algos.cancel("algo-1", "tess")
        await until(lambda: parent(core).is_done)
    async with running_core(log, venue, life=1, archive=archive) as core:
        assert core.algos.report(parent(core)).filled_qty == qty("0.1")
        await venue.fill(order_id, qty("0.05"))

        await until(lambda: core.algos.report(parent(core)).filled_qty == qty("0.15"))


async def test_nothing_is_left_of_a_parent_that_is_forgotten(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(algos, "Parents", partial(Parents, ended_kept=1))
    async with running_core(log, venue) as core:
        for algo_id in ("algo-1", "algo-2"):
            await core.algos.start(an_algo(algo_id=algo_id, cl_algo_id=algo_id))
            await core.algos.cancel(algo_id, "tess")
        await until(lambda: core.algos.get("algo-1") is None)

        linked = core.algos._linked  # pyright: ignore[reportPrivateUsage] - it would only grow.
        assert linked == {"algo-2"}


@pytest.mark.parametrize("mode", [TradingMode.HALTED, TradingMode.REDUCE_ONLY])
async def test_no_child_is_sent_after_trading_was_stopped_even_once_it_is_resumed(
    log: MemoryLog, venue: PlainVenue, mode: TradingMode
) -> None:
    async with running_core(log, venue) as core:
        await core.algos.start(an_algo())
        await until(lambda: parent(core).filled_qty == qty("0.1"))
        await control(core, mode)
        await control(core, TradingMode.NORMAL, number=2)
        await until(lambda: parent(core).is_done)
        await go_on(core, 30)

        assert (parent(core).status, len(venue.taken)) == (AlgoStatus.STOPPED, 1)
        assert mode in parent(core).text


async def test_a_child_that_was_decided_on_before_a_kill_does_not_leave_after_it(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        await core.algos.start(an_algo())
        await until(lambda: parent(core).filled_qty == qty("0.1"))
        # The next append is the decision on the next child: the log keeps it waiting.
        core.bus.pauses_at = core.bus.count
        advance(core, 10)
        await until(lambda: core.bus.is_paused)
        await control(core, TradingMode.HALTED)
        await control(core, TradingMode.NORMAL, number=2)
        await asyncio.sleep(0.1)
        core.bus.pause_over.set()
        await until(lambda: parent(core).is_done)

        assert len(parent(core).children) == 2
        assert (parent(core).status, len(venue.taken)) == (AlgoStatus.STOPPED, 1)


async def test_a_child_that_risk_refuses_for_a_halt_ends_its_parent(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        await control(core, TradingMode.HALTED)
        await until(lambda: GLOBAL_SCOPE in core.risk.book.modes.by_scope())
        await core.algos.start(an_algo())
        await until(lambda: parent(core).is_done)

        assert (parent(core).status, len(venue.taken)) == (AlgoStatus.STOPPED, 0)


async def test_children_that_are_refused_again_and_again_end_their_parent(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        await core.algos.start(an_algo(**{**ICEBERG, "price": px("90000")}))
        for _ in range(5):
            await go_on(core, 1)
        await until(lambda: parent(core).is_done)

        assert parent(core).status is AlgoStatus.STOPPED
        assert "5 children refused" in parent(core).text
        assert not venue.taken


async def test_a_restart_goes_on_where_it_was(
    log: MemoryLog, venue: PlainVenue, archive: Path | None
) -> None:
    async with running_core(log, venue, archive=archive) as core:
        await core.algos.start(an_algo())
        await until(lambda: parent(core).filled_qty == qty("0.1"))
    async with running_core(log, venue, life=1, archive=archive) as core:
        await until(lambda: parent(core).filled_qty == qty("0.1"))
        await go_on(core, 10)
        await until(lambda: parent(core).filled_qty == qty("0.2"))

        assert len(venue.taken) == 2


@pytest.mark.parametrize("is_stored", [False, True], ids=["lost", "stored"])
@pytest.mark.parametrize("dies_at", range(14))
async def test_a_core_that_dies_at_any_append_never_doubles_a_child(
    log: MemoryLog, venue: PlainVenue, archive: Path | None, dies_at: int, is_stored: bool
) -> None:
    async with running_core(
        log, venue, dies_at=dies_at, is_stored=is_stored, archive=archive
    ) as core:
        if not core.bus.died.is_set():
            starting = asyncio.ensure_future(core.algos.start(an_algo()))
            await asyncio.wait({starting}, timeout=0.1)
            advance(core, 10)
            await asyncio.sleep(0.05)
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
    async with running_core(log, venue, life=1, archive=archive) as core:
        await core.algos.start(an_algo())
        # Later than all that the first life wrote: time does not run backwards.
        advance(core, 12)
        # What the crash left in the middle is settled by the OMS, which looks twice a second.
        await until(lambda: core.oms.journal.orders.open_orders() == ())
        for _ in range(5):
            await go_on(core, 10)
            await until(lambda: core.oms.journal.orders.open_orders() == ())
        await until(lambda: parent(core).is_done)

        assert traded(venue) == parent(core).filled_qty == qty("0.6")
        assert core.oms.journal.orders.held("default", "BTCUSDT") == qty("0.6")
        assert parent(core).status is AlgoStatus.COMPLETED
