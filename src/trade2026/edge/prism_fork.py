"""`POST /fork`: a past moment of PRISM's market, with and without an order, side by side."""

from typing import Any, Final

import msgspec
from litestar import Request, post
from litestar.handlers import BaseRouteHandler
from litestar.status_codes import HTTP_200_OK

from trade2026.core.clock import NS_PER_MS, NS_PER_S, Clock
from trade2026.core.errors import InvalidInputError, Trade2026Error
from trade2026.core.ids import Ids, OrderId
from trade2026.core.numbers import average_px
from trade2026.desk.deeds import DeedTeller
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.prism import DirectOrderRequest, read_order
from trade2026.model.execution import ExecType
from trade2026.model.instrument import Instrument
from trade2026.prism.fork import RUN_NS_MAX, AddedOrder, Course, Sample
from trade2026.prism.forks import ForkAsk, Forks, Made
from trade2026.shell.access import needs, principal_of

AnyRequest = Request[Any, Any, Any]

FORK_DEED: Final = "prism.fork"
FORK_ACCOUNT: Final = "fork"
"""Whose an added order is: nobody's."""


class AddRequest(DirectOrderRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order to add, as `POST /orders` takes it."""

    account: str = FORK_ACCOUNT
    after_s: float = 0.0
    """Behind the moment of the fork, in simulation time."""


class ForkRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /fork`."""

    life: int | None = None
    """Null is the present one."""
    at_ns: int | None = None
    """The moment, in simulation time. Null, with `remove`, is when that order entered."""
    seconds_ago: float | None = None
    """The same, before the present."""
    run_s: float = 30.0
    """How long both go on, up to half an hour of simulation time."""
    add: list[AddRequest] = []
    remove: list[str] = []
    """Ids of orders that the market had."""


class PathReply(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol's course; every list has one entry for each of `times_ns`."""

    mid: list[Exact]
    """Null where a side is empty."""
    bid: list[Exact]
    ask: list[Exact]
    volume: list[Exact]
    """Traded since the time before."""
    trades: list[int]


class DifferenceReply(msgspec.Struct, frozen=True, kw_only=True):
    """How the changed course differs: changed less unchanged."""

    first_ns: int | None
    """The first of `times_ns` at which it does; null where it never does."""
    mid: Exact
    """At the end; null where a side is empty."""
    mid_bps_max: float
    """The largest, of either sign."""
    volume: Exact
    """Over the whole run."""
    trades: int


class SymbolForkReply(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol in both courses."""

    unchanged: PathReply
    changed: PathReply
    difference: DifferenceReply


class AddedReply(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an added order by the end."""

    order_id: str
    filled_quantity: Exact
    average_fill_price: Exact
    fees: Exact
    fills: int
    ended_by: ExecType | None
    """Null while it works."""
    text: str


class ForkFill(msgspec.Struct, frozen=True, kw_only=True):
    """A fill of an added order."""

    order_id: str
    symbol: str
    price: Exact
    quantity: Exact
    timestamp_ns: int
    contra: str


class ProofReply(msgspec.Struct, frozen=True, kw_only=True):
    """What the unchanged course came to, beside what was recorded."""

    is_equal: bool
    sim_time_ns: int
    events: int
    digest: str
    recorded_digest: str


class ForkReply(msgspec.Struct, frozen=True, kw_only=True):
    """Both courses of a past moment."""

    life: int
    at_ns: int
    from_ns: int
    """Of the kept state that was gone on from."""
    start_ms: float
    """From the question to both markets being ready to go on from the moment."""
    took_ms: float
    times_ns: list[int]
    symbols: dict[str, SymbolForkReply]
    added: list[AddedReply]
    fills: list[ForkFill]
    proof: ProofReply | None
    """Null where nothing was recorded behind the moment."""


def fork_routes(
    forks: Forks,
    instruments: dict[str, Instrument],
    *,
    ids: Ids,
    clock: Clock,
    deeds: DeedTeller,
) -> list[BaseRouteHandler]:
    """Return the route that forks the market.

    Args:
        forks: what makes them.
        instruments: by symbol.
        ids: for added orders.
        clock: ours.
        deeds: told of every fork, whatever came of it: the market's own log has none.
    """

    async def told(ask: ForkAsk) -> Made:
        by, target = ask.asked_by, f"life {'now' if ask.life is None else ask.life}"
        text = f"{len(ask.added)} orders added, {len(ask.removed)} taken out"
        try:
            made = await forks.make(ask)
        except Trade2026Error as error:
            text = f"{text}: {error}"
            await deeds.tell_if_heard(by, FORK_DEED, target, result="REFUSED", text=text)
            raise
        text = f"from {made.forked.at_ns} on for {ask.run_ns} ns, {text}"
        await deeds.tell_if_heard(by, FORK_DEED, f"life {made.life}", text=text)
        return made

    def added(data: AddRequest, sent_by: str) -> AddedOrder:
        if not 0 <= data.after_s * NS_PER_S <= RUN_NS_MAX:
            raise InvalidInputError("after_s", "an order comes within the run")
        order = read_order(data, ids=ids, clock=clock, sent_by=sent_by)
        return AddedOrder(order=order, after_ns=round(data.after_s * NS_PER_S))

    @post("/fork", opt=needs("prism:control"), status_code=HTTP_200_OK)
    async def fork(request: AnyRequest, data: ForkRequest) -> ForkReply:
        """Play a past moment on with orders added or taken out, and without; touches nothing."""
        sent_by = principal_of(request).subject
        ask = ForkAsk(
            life=data.life,
            at_ns=data.at_ns,
            ago_ns=_ns(data.seconds_ago, "seconds_ago"),
            run_ns=_ns(data.run_s, "run_s") or 0,
            added=tuple(added(one, sent_by) for one in data.add),
            removed=frozenset(OrderId(one) for one in data.remove),
            asked_by=sent_by,
            asked_ns=clock.now_ns(),
        )
        return _reply(await told(ask), ask, instruments)

    return [fork]


_LONGEST_S: Final = 10**9


def _ns(seconds: float | None, field: str) -> int | None:
    if seconds is None:
        return None
    if not 0 <= seconds <= _LONGEST_S:
        raise InvalidInputError(field, f"must be from 0 to {_LONGEST_S}")
    return round(seconds * NS_PER_S)


def _reply(made: Made, ask: ForkAsk, instruments: dict[str, Instrument]) -> ForkReply:
    forked = made.forked
    fills = [r for r in forked.changed.reports if r.exec_type is ExecType.TRADE]
    proof = forked.proof
    return ForkReply(
        life=made.life,
        at_ns=forked.at_ns,
        from_ns=forked.from_ns,
        start_ms=made.start_ns / NS_PER_MS,
        took_ms=made.took_ns / NS_PER_MS,
        times_ns=forked.times_ns,
        symbols={
            symbol: SymbolForkReply(
                unchanged=_path(forked.unchanged, instrument),
                changed=_path(forked.changed, instrument),
                difference=_difference(
                    forked.times_ns, forked.unchanged, forked.changed, instrument
                ),
            )
            for symbol, instrument in instruments.items()
        },
        added=[_added(one.order.order_id, forked.changed) for one in ask.added],
        fills=[
            ForkFill(
                order_id=fill.order_id,
                symbol=fill.symbol,
                price=exact.write(fill.last_px),
                quantity=exact.write(fill.last_qty),
                timestamp_ns=fill.ts_event_ns,
                contra=fill.contra,
            )
            for fill in fills
        ],
        proof=None
        if proof is None
        else ProofReply(
            is_equal=proof.is_equal,
            sim_time_ns=proof.recorded.sim_ns,
            events=proof.replayed.events,
            digest=proof.replayed.digest,
            recorded_digest=proof.recorded.digest,
        ),
    )


def _path(course: Course, instrument: Instrument) -> PathReply:
    samples = course.samples[instrument.symbol]
    tick, lot = instrument.tick_size, instrument.lot_size
    return PathReply(
        mid=[exact.write_optional(_mid(one, tick)) for one in samples],
        bid=[exact.write_optional(one.bid * tick or None) for one in samples],
        ask=[exact.write_optional(one.ask * tick or None) for one in samples],
        volume=[exact.write(one.lots * lot) for one in samples],
        trades=[one.trades for one in samples],
    )


def _mid(sample: Sample, tick: int) -> int | None:
    return (sample.bid + sample.ask) * tick // 2 if sample.bid and sample.ask else None


def _difference(
    times: list[int], unchanged: Course, changed: Course, instrument: Instrument
) -> DifferenceReply:
    symbol, tick = instrument.symbol, instrument.tick_size
    pairs = list(zip(unchanged.samples[symbol], changed.samples[symbol], strict=True))
    mids = [
        (mid, other)
        for one, two in pairs
        if (mid := _mid(one, tick)) is not None and (other := _mid(two, tick)) is not None
    ]
    before, after = (_mid(one, tick) for one in pairs[-1])
    return DifferenceReply(
        first_ns=next((at for at, (a, b) in zip(times, pairs, strict=True) if a != b), None),
        mid=exact.write_optional(None if before is None or after is None else after - before),
        mid_bps_max=max(
            ((other - mid) / mid * 10_000 for mid, other in mids), key=abs, default=0.0
        ),
        volume=exact.write(sum(b.lots - a.lots for a, b in pairs) * instrument.lot_size),
        trades=sum(b.trades - a.trades for a, b in pairs),
    )


def _added(order_id: OrderId, course: Course) -> AddedReply:
    reports = [report for report in course.reports if report.order_id == order_id]
    fills = [report for report in reports if report.exec_type is ExecType.TRADE]
    filled = sum(fill.last_qty for fill in fills)
    last = reports[-1]
    is_done = last.leaves_qty == 0
    return AddedReply(
        order_id=order_id,
        filled_quantity=exact.write(filled),
        average_fill_price=exact.write_optional(
            average_px(sum(fill.last_px * fill.last_qty for fill in fills), filled)
        ),
        fees=exact.write(sum(fill.fee for fill in fills)),
        fills=len(fills),
        ended_by=last.exec_type if is_done else None,
        text=last.text,
    )
