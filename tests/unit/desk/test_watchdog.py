"""The watchdog past the core: the venue is cleared, the halt is in the log, losses are seen."""

from collections.abc import Awaitable, Callable

import pytest
from tests.factories import NOW_NS, a_quote, money, px, qty
from tests.trading import LOG

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core import chance
from trade2026.core.clock import NS_PER_S, TimeNs, VirtualClock
from trade2026.core.ids import AccountId, EventId, Ids, OrderId
from trade2026.core.numbers import SignedQty, Value, value_of, value_of_money
from trade2026.desk.watchdog import WatchdogDesk
from trade2026.domain.risk.vigil import Sign, Vigil
from trade2026.model.instrument import PRISM
from trade2026.model.kill import Cleared, ClearRequest
from trade2026.model.market import Ticker
from trade2026.model.reconciliation import Statement, StatementLine, StatementRequest
from trade2026.model.risk import RiskControl, TradingMode
from trade2026.model.subjects import RISK_CONTROL, VENUE_CLEAR, VENUE_STATEMENT, scope_key
from trade2026.ports.bus import Delivery


class World:
    """A watchdog, a venue that can be cleared, and a log."""

    def __init__(self) -> None:
        self.clock = VirtualClock(NOW_NS)
        self.log = MemoryLog()
        self.bus = LocalBus(self.log, self.clock, with_codec=True)
        self.desk = self.a_desk()
        self.cleared: list[str] = []
        self.controls: list[RiskControl] = []
        self.lines: list[StatementLine] = []
        self.on_clear_more: Callable[[ClearRequest], Awaitable[Cleared]] | None = None
        """What happens while the venue is cleared next."""

    def a_desk(self) -> WatchdogDesk:
        return WatchdogDesk(
            bus=self.bus,
            clock=self.clock,
            ids=Ids(self.clock, chance.stream(1, "ids")),
            log=LOG,
            vigil=Vigil(silent_ns=5 * NS_PER_S, gone_ns=60 * NS_PER_S),
            loss_line=money("1000"),
            flatten=True,
        )

    async def begin(self, *, has_venue: bool = True) -> None:
        await self.bus.fold(RISK_CONTROL, self.on_control)
        if has_venue:
            await self.bus.serve(VENUE_CLEAR, self.on_clear)
        await self.bus.serve(VENUE_STATEMENT, self.on_statement)

    async def on_control(self, control: RiskControl, _: Delivery) -> None:
        self.controls.append(control)

    async def on_clear(self, request: ClearRequest) -> Cleared:
        self.cleared.append(request.scope)
        if self.on_clear_more is not None:
            on_clear, self.on_clear_more = self.on_clear_more, None
            return await on_clear(request)
        return Cleared(order_ids=(OrderId("o"),) if len(self.cleared) == 1 else ())

    async def on_statement(self, _: StatementRequest) -> Statement:
        return Statement(venue=PRISM, report_seq=1, lines=tuple(self.lines))

    async def look(self, sign: Sign, times: int = 1) -> None:
        for _ in range(times):
            self.clock.advance(NS_PER_S)
            await self.desk.look(sign)

    async def switch(self, scope: str, mode: TradingMode, *, later_ns: int = 1) -> None:
        """Have a person switch *scope*, by the log, so much later than the first thing in it."""
        first_ns = self.controls[0].ts_ns if self.controls else self.clock.now_ns()
        control = RiskControl(
            control_id=EventId(f"{scope}-{mode}-{later_ns}"),
            scope=scope,
            mode=mode,
            cancel_open=False,
            reason="",
            asked_by="tess",
            ts_ns=TimeNs(first_ns + later_ns),
        )
        await self.bus.append(
            RISK_CONTROL, control, event_id=control.control_id, scope=scope_key(scope)
        )

    def bought(self, account: str, paid: str) -> None:
        """Let *account* hold 1 BTCUSDT for which *paid* was paid."""
        line = StatementLine(
            account=AccountId(account),
            symbol="BTCUSDT",
            quantity=SignedQty(qty("1")),
            cash=Value(-value_of_money(money(paid))),
        )
        self.lines.append(line)

    def market(self, at: int) -> None:
        quote = a_quote(f"{at - 1}", f"{at + 1}")
        ticker = Ticker(
            venue=PRISM, symbol="BTCUSDT", ts_event_ns=NOW_NS, ts_recv_ns=NOW_NS, quote=quote
        )
        self.desk.on_ticker("live", ticker)


@pytest.fixture
def world() -> World:
    return World()


async def test_a_silent_core_is_halted_and_its_venue_cleared(world: World) -> None:
    await world.begin()
    await world.look(Sign.READY, 3)
    await world.look(Sign.SILENT, 4)
    assert world.cleared == []
    await world.look(Sign.SILENT)

    assert world.cleared == ["global"]
    # What the core still had on its way is cleared as well, for as long as it is silent.
    await world.look(Sign.SILENT, 2)
    await world.look(Sign.READY)
    assert len(world.cleared) > 3
    assert world.desk.pulls == {}
    before = len(world.cleared)
    await world.look(Sign.READY, 3)
    assert len(world.cleared) == before
    (control,) = world.controls
    assert (control.scope, control.mode) == ("global", TradingMode.HALTED)
    assert (control.cancel_open, control.flatten, control.asked_by) == (True, True, "watchdog")
    assert control.reason == "the core does not answer for 5.0 s"


async def pulled(world: World) -> int:
    """Let the core be silent until the switch is pulled; return how often a venue was cleared."""
    await world.begin()
    await world.look(Sign.READY)
    await world.look(Sign.SILENT, 7)
    assert list(world.desk.pulls) == ["global"]
    return len(world.cleared)


async def test_who_allows_trading_again_loses_nothing_to_it(world: World) -> None:
    before = await pulled(world)
    await world.switch("global", TradingMode.NORMAL)
    await world.look(Sign.READY)

    assert len(world.cleared) == before
    assert world.desk.pulls == {}


@pytest.mark.parametrize(
    ("scope", "mode", "later_ns"),
    [
        ("account:ann", TradingMode.NORMAL, 1),
        ("global", TradingMode.REDUCE_ONLY, 1),
        ("global", TradingMode.NORMAL, 0),
    ],
)
async def test_nothing_else_keeps_it_from_clearing_once_more(
    world: World, scope: str, mode: TradingMode, later_ns: int
) -> None:
    before = await pulled(world)
    await world.switch(scope, mode, later_ns=later_ns)
    await world.look(Sign.READY)

    assert len(world.cleared) == before + 1
    assert world.desk.pulls == {}


async def test_what_the_log_has_before_the_halt_undoes_nothing(world: World) -> None:
    await world.begin()
    await world.switch("global", TradingMode.NORMAL, later_ns=3_600 * NS_PER_S)
    await world.look(Sign.READY)
    await world.look(Sign.SILENT, 7)
    before = len(world.cleared)
    await world.look(Sign.READY)

    assert len(world.cleared) == before + 1


@pytest.mark.parametrize("sign", [Sign.SILENT, Sign.BUSY, Sign.GONE])
async def test_a_core_that_does_not_run_is_cleared_whatever_the_log_says(
    world: World, sign: Sign
) -> None:
    before = await pulled(world)
    await world.switch("global", TradingMode.NORMAL)
    await world.look(sign)

    assert len(world.cleared) == before + 1
    assert list(world.desk.pulls) == ["global"]


async def test_a_log_that_cannot_be_read_keeps_nothing_from_being_cleared(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trade2026.desk.watchdog.READ_WITHIN_S", 0.05)
    before = await pulled(world)
    await world.switch("global", TradingMode.NORMAL)
    world.log.up.clear()
    await world.look(Sign.READY)

    assert len(world.cleared) == before + 1


async def test_a_loss_that_is_found_meanwhile_is_not_let_go_with_an_older_one(
    world: World,
) -> None:
    await world.begin()
    world.bought("ann", "52000")
    world.market(52_000)
    await world.desk.measure()
    world.market(50_000)
    await world.desk.measure()
    (first,) = world.desk.pulls.values()
    world.market(48_000)

    async def measures(_: ClearRequest) -> Cleared:
        await world.desk.measure()
        return Cleared(order_ids=())

    world.on_clear_more = measures
    await world.look(Sign.READY)

    (second,) = world.desk.pulls.values()
    assert second.control.control_id != first.control.control_id
    await world.look(Sign.READY)
    assert [one.scope for one in world.controls] == ["account:ann"] * 2


async def test_a_venue_that_does_not_answer_is_asked_again(world: World) -> None:
    await world.begin(has_venue=False)
    await world.look(Sign.READY)
    await world.look(Sign.SILENT, 6)
    await world.look(Sign.READY)
    assert list(world.desk.pulls) == ["global"]

    await world.bus.serve(VENUE_CLEAR, world.on_clear)
    await world.look(Sign.READY)

    assert world.desk.pulls == {}
    assert len(world.cleared) == 2
    assert len(world.controls) == 1


async def test_who_lost_more_than_the_line_is_halted_once(world: World) -> None:
    await world.begin()
    world.bought("ann", "50000")
    world.bought("bob", "50000")
    world.market(50_000)
    await world.desk.measure()
    world.market(49_000)
    await world.desk.measure()
    assert world.desk.pulls == {}

    world.lines[0] = world.lines[0].__class__(
        account=AccountId("ann"),
        symbol="BTCUSDT",
        quantity=SignedQty(0),
        cash=Value(-value_of(px("1000.01"), qty("1"))),
    )
    await world.desk.measure()
    await world.desk.measure()
    await world.look(Sign.READY)
    await world.desk.measure()
    await world.look(Sign.READY)

    (control,) = world.controls
    assert control.scope == "account:ann"
    assert control.reason == "ann has lost 1000.01 today, by the venue's own statement"
    assert set(world.cleared) == {"account:ann"}


async def test_what_is_not_quoted_is_not_measured(world: World) -> None:
    await world.begin()
    world.bought("ann", "50000")
    await world.desk.measure()
    assert world.desk.marks() == []

    world.desk.on_ticker(
        "live", Ticker(venue=PRISM, symbol="BTCUSDT", ts_event_ns=NOW_NS, ts_recv_ns=NOW_NS)
    )
    await world.desk.measure()
    assert world.desk.marks() == []


async def test_a_restart_forgives_no_loss(world: World) -> None:
    await world.begin()
    world.bought("ann", "50000")
    world.market(50_000)
    await world.desk.measure()
    marks = world.desk.marks()

    world.desk = world.a_desk()
    world.desk.restore(marks)
    world.market(48_000)
    await world.desk.measure()

    assert list(world.desk.pulls) == ["account:ann"]


async def test_a_venue_without_a_statement_is_no_reason(world: World) -> None:
    await world.desk.measure()

    assert world.desk.pulls == {}


async def test_a_log_that_is_away_is_written_later(world: World) -> None:
    await world.begin()
    await world.look(Sign.READY)
    await world.bus.close()
    await world.look(Sign.SILENT, 6)
    assert [pull.logged_seq for pull in world.desk.pulls.values()] == [0]
