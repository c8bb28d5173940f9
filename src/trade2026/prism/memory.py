"""How PRISM remembers: what it reads from the log when a new life begins.

The last snapshot says who held what and where to begin to read. Every fill in a later
outcome is booked on both sides, on the outsider and on the agent that its report names, so
what the outsiders were told is what happened. Whatever worked then has lost its place in
the queue: it ends as CANCELED (VENUE_RESTART), also an order whose input is in the log but
was never matched. Reports that were not published before the end are published now, and the
log is told of outsiders' trades that it was not told of.
"""

from collections import defaultdict
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field

from trade2026.core.clock import TimeNs
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.instrument import PRISM
from trade2026.model.measure import FillBatch
from trade2026.model.prism import (
    PartyHolding,
    PrismFill,
    PrismInput,
    PrismLife,
    PrismOutcome,
    PrismSnapshot,
)
from trade2026.model.subjects import (
    EXEC_REPORT,
    PRISM_CONTROL,
    PRISM_FILL,
    PRISM_INPUT,
    PRISM_OUTCOME,
    PRISM_SNAPSHOT,
    Stream,
)
from trade2026.ports.bus import Bus, Delivery, Subscription
from trade2026.prism.control import Controls, restored
from trade2026.prism.floor import Floor
from trade2026.prism.holdings import Holdings
from trade2026.prism.life import House, Revived, begin, begin_afresh, life_id, mark_of
from trade2026.prism.outside import OutsideOrders, order_of
from trade2026.prism.packing import unpack
from trade2026.prism.reports import OUTSIDER, VENUE_RESTART
from trade2026.prism.settlement import Step


@dataclass
class Recollection:
    """What the log still says of the lives before."""

    snapshot: PrismSnapshot | None = None
    inputs: list[tuple[PrismInput, Delivery]] = field(
        default_factory=list[tuple[PrismInput, Delivery]]
    )
    controls: list[tuple[PrismInput, int]] = field(default_factory=list[tuple[PrismInput, int]])
    """Those that the audit shows, with their places, and all that are newer."""
    reports: list[ExecutionReport] = field(default_factory=list[ExecutionReport])
    """From all outcomes read, each once, by `report_seq`."""
    direct_seqs: set[int] = field(default_factory=set[int])
    published: set[str] = field(default_factory=set[str])
    """`exec_id`s found in the stream of reports."""
    fills: list[tuple[str, PrismFill]] = field(default_factory=list[tuple[str, PrismFill]])
    """From all outcomes behind the snapshot, with their symbols."""
    told_fills: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    """Symbol and `seq` of those of them that were found on the tape."""
    log_seq: int = 0
    first_seq: int = 1
    """Of what is kept of the stream of inputs and outcomes."""
    reports_place: int = 0
    tape_place: int = 0

    @property
    def life(self) -> int:
        """Return the number of the life that begins now."""
        return 0 if self.snapshot is None else self.snapshot.restarts + 1

    @property
    def draw(self) -> int:
        """Return which family of random streams the life that begins now draws from."""
        if self.snapshot is None:
            return 0
        last = self.snapshot.draw
        return 1 + (self.snapshot.restarts if last is None else last)

    @property
    def snapshot_report_seq(self) -> int:
        """Return up to which report the snapshot's holdings go."""
        return 0 if self.snapshot is None else self.snapshot.report_seq

    @property
    def last_report_seq(self) -> int:
        """Return the newest `report_seq` ever given."""
        told = self.reports[-1].report_seq if self.reports else 0
        return max(told, self.snapshot_report_seq)

    def unpublished(self) -> list[ExecutionReport]:
        """Return the reports that the OMS was owed when the last life ended."""
        return [
            report
            for report in self.reports
            if report.report_seq > self.snapshot_report_seq
            and report.report_seq not in self.direct_seqs
            and report.exec_id not in self.published
        ]

    def untold(self) -> dict[str, list[PrismFill]]:
        """Return the trades, by symbol, that the last life did not come to tell of."""
        owed = defaultdict[str, list[PrismFill]](list)
        for symbol, fill in self.fills:
            if (symbol, fill.seq) not in self.told_fills:
                owed[symbol].append(fill)
        return owed


async def recollect(bus: Bus) -> Recollection:
    """Read what the log says of the lives before."""
    found = Recollection()

    async def on_snapshot(snapshot: PrismSnapshot, _: Delivery) -> None:
        found.snapshot = unpack(snapshot)

    async def on_input(message: PrismInput, delivery: Delivery) -> None:
        found.inputs.append((message, delivery))

    async def on_control(message: PrismInput, delivery: Delivery) -> None:
        found.controls.append((message, delivery.stream_seq))

    async def on_outcome(outcome: PrismOutcome, _: Delivery) -> None:
        found.direct_seqs.update(outcome.direct_seqs)
        # An outcome may stand in the log twice after a long outage: it counts once.
        last = found.reports[-1].report_seq if found.reports else 0
        found.reports.extend(r for r in outcome.reports if r.report_seq > last)
        if outcome.reports[0].report_seq > max(last, found.snapshot_report_seq):
            found.fills += [(symbol, f) for symbol, ones in outcome.fills.items() for f in ones]

    async def on_report(report: ExecutionReport, _: Delivery) -> None:
        if report.venue == PRISM:
            found.published.add(report.exec_id)

    # Positions first: what is appended meanwhile is not ours, there is one writer.
    last_snapshot = await bus.last_seq(Stream.PRISM_SNAPSHOT)
    state = await bus.stream_state(Stream.PRISM_INPUT)
    found.log_seq, found.first_seq = state.last_seq, state.first_seq
    found.reports_place = await bus.last_seq(Stream.REPORTS)
    found.tape_place = await bus.last_seq(Stream.PRISM_TAPE)
    await read(bus.fold(PRISM_SNAPSHOT, on_snapshot, from_seq=max(1, last_snapshot)))
    snapshot = found.snapshot
    from_seq = 1 if snapshot is None else snapshot.log_from_seq
    await read(bus.fold(PRISM_INPUT, on_input, from_seq=from_seq))
    audit_from_seq = 1 if snapshot is None else snapshot.audit_from_seq
    await read(bus.fold(PRISM_CONTROL, on_control, from_seq=audit_from_seq))
    await read(bus.fold(PRISM_OUTCOME, on_outcome, from_seq=from_seq))
    reports_from = 1 if snapshot is None else snapshot.reports_from_seq
    await read(bus.fold(EXEC_REPORT, on_report, from_seq=reports_from))
    await _find_told(bus, found)
    return found


async def _find_told(bus: Bus, found: Recollection) -> None:
    """Find out which of the fills that outcomes tell of the tape has."""
    if found.snapshot is None:
        # Nobody knows whose life those outcomes are of.
        found.fills.clear()
        return
    if not found.fills:
        return
    asked = {(symbol, fill.seq) for symbol, fill in found.fills}

    async def on_fills(batch: FillBatch, _: Delivery) -> None:
        if batch.life == found.life - 1:
            found.told_fills |= asked & {(batch.symbol, fill.seq) for fill in batch.records}

    await read(bus.fold(PRISM_FILL, on_fills, from_seq=found.snapshot.fills_from_seq))


def revive(found: Recollection, house: House, *, now_ns: int, monotonic_ns: int) -> Revived:
    """Return the floor of a new life, with the orders of the last one cancelled on it.

    The step to take from it holds the reports of those cancels.

    Args:
        found: what the log says.
        house: whose life it is.
        now_ns: on the wall.
        monotonic_ns: at the same moment.
    """
    snapshot = found.snapshot
    held: tuple[PartyHolding, ...] = () if snapshot is None else snapshot.holdings
    holdings = Holdings(held)
    for message, _ in found.inputs:
        # Whoever has its balance in the snapshot already is not given it again.
        if message.funding is not None:
            holdings.fund(message.funding, house.instruments)
    orders = _orders_of(found, now_ns=now_ns, monotonic_ns=monotonic_ns)
    for report in found.reports:
        order = orders.get(report.order_id)
        if order is not None:
            orders.apply(order, report)
        if report.report_seq > found.snapshot_report_seq and report.exec_type is ExecType.TRADE:
            holdings.book(report, is_direct=report.report_seq in found.direct_seqs)
            if report.contra != OUTSIDER:
                holdings.book_contra(report)
    controls, reset = restored(snapshot, found.controls, now_ns=now_ns)
    life = PrismLife(
        life_id=life_id(found.life, now_ns),
        life=found.life,
        rules="",
        seed=house.seed if snapshot is None else snapshot.seed,
        draw=found.draw,
        start_ns=TimeNs(max(now_ns, 0 if snapshot is None else snapshot.sim_time_ns)),
        holdings=tuple(holdings.all()),
        last_mid_px={} if snapshot is None else snapshot.last_mid_px,
        params=controls.params,
        stages=controls.stages,
        before=None if snapshot is None else snapshot.mark,
    )
    revived = (
        begin(life, house, orders, report_seq=found.last_report_seq, controls=controls)
        if reset is None
        else begin_afresh(
            life, reset, house, orders, report_seq=found.last_report_seq, controls=controls
        )
    )
    for order in list(orders.open_orders()):
        revived.floor.end(order, VENUE_RESTART)
    return revived


def snapshot_of(
    floor: Floor, life: PrismLife, controls: Controls, *, log_seq: int
) -> PrismSnapshot:
    """Return the memory of this moment, apart from where others' streams stand and what is kept.

    Args:
        floor: settled: all that happened in the market is in the holdings and the reports.
        life: the one that is.
        controls: as they are.
        log_seq: the last place in the stream of inputs that is surely behind this moment.
    """
    orders = floor.orders
    window_seq = orders.window_seq
    return PrismSnapshot(
        sim_time_ns=TimeNs(floor.exchange.sim_ns),
        report_seq=floor.reporter.last_seq,
        holdings=floor.all_holdings(),
        last_mid_px=floor.exchange.last_mid_px(),
        seed=life.seed,
        restarts=life.life,
        log_from_seq=log_seq + 1 if window_seq is None else min(window_seq, log_seq + 1),
        forgotten_until_ns=TimeNs(orders.forgotten_until_ns),
        older_orders=orders.older_orders(),
        draw=life.draw,
        pace=controls.pace.state(),
        params=controls.params,
        stages=controls.stages,
        controls_seq=controls.last_place,
        mark=mark_of(floor, log_seq),
        audit_from_seq=controls.audit_from_seq,
    )


def publishable(step: Step) -> Iterable[ExecutionReport]:
    """Return the reports of *step* that the OMS is told; direct participants are not its own."""
    return (
        report
        for group in step.groups
        for report in group
        if report.report_seq not in step.direct_seqs
    )


async def read(opening: Awaitable[Subscription]) -> None:
    """Read the log up to where it ends by now, and no further."""
    subscription = await opening
    await subscription.stop()


def _orders_of(found: Recollection, *, now_ns: int, monotonic_ns: int) -> OutsideOrders:
    snapshot = found.snapshot
    forgotten_until_ns = 0 if snapshot is None else snapshot.forgotten_until_ns
    latest_ns = 0 if snapshot is None else snapshot.latest_ns
    orders = OutsideOrders(forgotten_until_ns=forgotten_until_ns, latest_ns=latest_ns)
    came_ns = max((delivery.appended_ns for _, delivery in found.inputs), default=0)
    orders.tick(monotonic_ns, max(now_ns, came_ns))
    for facts in () if snapshot is None else snapshot.older_orders:
        orders.add_older(facts)
    for message, delivery in found.inputs:
        request, arrived_ns = message.order, delivery.appended_ns
        # By a clock that was ahead then, it came just now.
        age_ns = max(0, now_ns - arrived_ns)
        if request is not None and orders.get(request.order_id) is None:
            order = order_of(
                request,
                is_direct=message.is_direct,
                input_seq=delivery.stream_seq,
                number=0,
                venue_order_id="",
            )
            orders.add(order, arrived_ns=arrived_ns, age_ns=age_ns)
        elif message.disowned is not None:
            orders.disown(
                message.disowned,
                input_seq=delivery.stream_seq,
                arrived_ns=arrived_ns,
                age_ns=age_ns,
            )
    return orders
