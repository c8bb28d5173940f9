"""What would have been: a past moment of the market, played on with and without a change.

The nearest state before the moment is taken from the archive, the inputs of the log bring it
to the moment, and from there two markets go on: one asked what the log has, the other with
orders added or taken out. The first must come to what was recorded, which proves that the
difference is the change's own. All of it happens in a thread beside the living market and
touches nothing of it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_MS, NS_PER_S
from trade2026.core.errors import RefusedError
from trade2026.core.ids import OrderId
from trade2026.core.numbers import Money
from trade2026.model.execution import ExecutionReport
from trade2026.model.order import NewOrderSingle
from trade2026.model.prism import PrismInput, PrismMark
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.archive import WholeState, state_of
from trade2026.prism.exchange import EventKind
from trade2026.prism.floor import Floor
from trade2026.prism.life import House, mark_of
from trade2026.prism.limits import Limits
from trade2026.prism.recorded import Placed
from trade2026.prism.replay import Player
from trade2026.prism.resume import resumed
from trade2026.prism.settlement import Step

RUN_NS_MAX: Final = 1_800 * NS_PER_S
CHANGES_MAX: Final = 100
SAMPLES: Final = 100
"""Points of a path, at most."""
SAMPLE_NS_MIN: Final = 100 * NS_PER_MS
PROOF_NS_MAX: Final = 1_800 * NS_PER_S
"""How far past its end the unchanged market may go on to the next mark that was recorded."""

_UNBOUND: Final = Limits(
    direct_open_max=10**9,
    all_direct_open_max=10**9,
    all_open_max=10**9,
    parties_max=10**9,
    direct_parties_max=10**9,
    rows_max=10**9,
    direct_rows_max=10**9,
    direct_notional_max=Money(9 * 10**18),
)


class AddedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was never sent, and when it comes."""

    order: NewOrderSingle
    after_ns: int = 0
    """Behind the moment of the fork."""


class Sample(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One symbol at one moment, in ticks and lots; 0 where a side is empty."""

    bid: int
    ask: int
    trades: int
    """Since the sample before."""
    lots: int


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """How one of the two markets went on."""

    samples: dict[str, list[Sample]]
    """By symbol, at the times of the fork."""
    reports: list[ExecutionReport]
    """Of the orders that were added."""
    mark: PrismMark


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the unchanged market came to what was recorded."""

    recorded: PrismMark
    replayed: PrismMark

    @property
    def is_equal(self) -> bool:
        """Return whether every event up to there is the same."""
        return self.recorded == self.replayed


class Forked(msgspec.Struct, frozen=True, kw_only=True):
    """Both courses."""

    at_ns: int
    """The moment of the fork."""
    from_ns: int
    """Of the state that was gone on from."""
    times_ns: list[int]
    unchanged: Course
    changed: Course
    proof: Proof | None
    """None where nothing was recorded behind the moment."""
    ready_ns: int
    """Monotonic, when both markets stood at the moment, ready to go on."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A fork to make."""

    state: WholeState
    inputs: Sequence[Placed]
    """Those of the life behind the state, in the order of the log."""
    marks: Sequence[PrismMark]
    """What was recorded behind the moment, in order."""
    at_ns: int
    run_ns: int
    added: Sequence[AddedOrder] = ()
    removed: frozenset[OrderId] = frozenset()
    monotonic_ns: Callable[[], int]
    deadline_ns: int
    """Monotonic: a fork that takes longer is given up."""


@dataclass
class _Runner:
    """One market on its course."""

    floor: Floor
    plan: Plan
    inputs: deque[Placed]
    added: deque[AddedOrder] = field(default_factory=deque[AddedOrder])
    check: PrismMark | None = None
    """Where to look whether it came to what was recorded."""
    reached: PrismMark | None = None
    reports: list[ExecutionReport] = field(default_factory=list[ExecutionReport])

    def __post_init__(self) -> None:
        self.player = Player(self.floor, self._on_step)
        self._own = {one.order.order_id for one in self.plan.added}
        self._traded: dict[str, tuple[int, int]] = {}

    def go(self, until_ns: int) -> None:
        """Let everything happen until a time."""
        while self.inputs and self.inputs[0][1].enters_ns <= until_ns:
            if self.check is not None and self.inputs[0][0] > self.check.log_seq:
                self._look(self.check)
            place, message = self.inputs.popleft()
            self._add(message.enters_ns)
            self.player.enter(place, message)
        if self.check is not None and self.check.sim_ns <= until_ns:
            self._look(self.check)
        self._add(until_ns)
        self.player.advance(until_ns)

    def sample(self, symbol: str) -> Sample:
        """Return where a symbol stands, and begin to count anew."""
        bids, asks = self.floor.exchange.depth(symbol, 1)
        trades, lots = self._traded.pop(symbol, (0, 0))
        return Sample(
            bid=bids[0][0] if bids else 0,
            ask=asks[0][0] if asks else 0,
            trades=trades,
            lots=lots,
        )

    def _look(self, check: PrismMark) -> None:
        self.player.advance(check.sim_ns)
        self.reached, self.check = mark_of(self.floor, check.log_seq), None

    def _add(self, until_ns: int) -> None:
        while self.added and self.plan.at_ns + self.added[0].after_ns <= until_ns:
            one = self.added.popleft()
            self.player.advance(self.plan.at_ns + one.after_ns)
            limits, self.floor.limits = self.floor.limits, _UNBOUND
            at_ns = self.floor.exchange.sim_ns
            self.floor.submit(one.order, is_direct=True, input_seq=0, arrived_ns=at_ns)
            self.floor.limits = limits
            self._on_step(self.floor.take_step())

    def _on_step(self, step: Step) -> None:
        if self.plan.monotonic_ns() > self.plan.deadline_ns:
            raise RefusedError("the fork takes too long; ask for a shorter run")
        for event in step.events:
            if event.kind is EventKind.TRADE:
                trades, lots = self._traded.get(event.symbol, (0, 0))
                self._traded[event.symbol] = (trades + 1, lots + event.lots)
        if self._own:
            self.reports.extend(
                report for group in step.groups for report in group if report.order_id in self._own
            )


def fork(plan: Plan, house: House) -> Forked:
    """Return how both markets went on.

    Raises:
        RefusedError: other rules held then, or it takes too long.
    """
    before, behind = _split(plan)
    end_ns = plan.at_ns + plan.run_ns
    check = _mark_to_check(plan.marks, plan.state.mark.sim_ns, end_ns)
    first = _Runner(resumed(plan.state, house), plan, before, check=check)
    first.go(plan.at_ns)
    exchange = first.floor.exchange
    assert isinstance(exchange, AgentMarket)
    now = state_of(first.floor, plan.state.mark, plan.state.rules)
    unchanged = _Runner(first.floor, plan, behind, check=first.check, reached=first.reached)
    changed = _Runner(
        resumed(now, house),
        plan,
        deque(placed for placed in behind if not _is_of(placed[1], plan.removed)),
        deque(sorted(plan.added, key=lambda one: one.after_ns)),
    )
    ready_ns = plan.monotonic_ns()
    step_ns = max(SAMPLE_NS_MIN, -(-plan.run_ns // SAMPLES))
    times = [*range(plan.at_ns, end_ns, step_ns), end_ns]
    symbols = tuple(house.instruments)
    courses = [_course(runner, times, symbols) for runner in (unchanged, changed)]
    if unchanged.check is not None:
        # The next that was recorded lies a little behind the end.
        unchanged.go(unchanged.check.sim_ns)
    return Forked(
        at_ns=plan.at_ns,
        from_ns=plan.state.mark.sim_ns,
        times_ns=times,
        unchanged=courses[0],
        changed=courses[1],
        proof=None
        if check is None or unchanged.reached is None
        else Proof(recorded=check, replayed=unchanged.reached),
        ready_ns=ready_ns,
    )


def _split(plan: Plan) -> tuple[deque[Placed], deque[Placed]]:
    """Return the inputs before the moment, and those behind it or taken out."""
    before, behind = deque[Placed](), deque[Placed]()
    for placed in plan.inputs:
        is_before = placed[1].enters_ns <= plan.at_ns and not _is_of(placed[1], plan.removed)
        (before if is_before and not behind else behind).append(placed)
    return before, behind


def _is_of(message: PrismInput, orders: frozenset[OrderId]) -> bool:
    return message.order is not None and message.order.order_id in orders


def _mark_to_check(marks: Iterable[PrismMark], from_ns: int, end_ns: int) -> PrismMark | None:
    """Return the first mark at the end or soon behind it, else the last before."""
    known = sorted(
        (mark for mark in marks if from_ns < mark.sim_ns <= end_ns + PROOF_NS_MAX),
        key=lambda mark: (mark.sim_ns, mark.log_seq),
    )
    return next((mark for mark in known if mark.sim_ns >= end_ns), known[-1] if known else None)


def _course(runner: _Runner, times: Sequence[int], symbols: Sequence[str]) -> Course:
    samples: dict[str, list[Sample]] = {symbol: [] for symbol in symbols}
    for at_ns in times:
        runner.go(at_ns)
        for symbol in symbols:
            samples[symbol].append(runner.sample(symbol))
    return Course(samples=samples, reports=runner.reports, mark=mark_of(runner.floor, 0))
