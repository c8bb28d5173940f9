"""Makes of what happened in the market what outsiders are told, and keeps it until it is taken.

Reports of one event belong together: they form a group, which is kept in one message, and where
the event is a trade the trade with them.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Px, Qty
from trade2026.model.execution import ExecutionReport
from trade2026.model.instrument import Instrument
from trade2026.model.order import Side
from trade2026.model.prism import PrismFill
from trade2026.prism.exchange import FIRST_OUTSIDER, EventKind, Exchange, KillReason, MarketEvent
from trade2026.prism.outside import OutsideOrders, OutsiderOrder
from trade2026.prism.reports import TEXTS, Reporter

TAPE_LENGTH: Final = 1_000


class PublicTrade(NamedTuple):
    """A trade as everybody may see it."""

    seq: int
    time_ns: int
    ticks: int
    lots: int
    side: Side
    """Of the aggressor."""


class Step(NamedTuple):
    """What happened on the floor since the last step."""

    groups: list[list[ExecutionReport]]
    """Reports in order; those of one group belong together and are kept in one message."""
    direct_seqs: frozenset[int]
    """`report_seq` of the reports for direct participants."""
    events: list[MarketEvent]
    fills: Mapping[int, tuple[str, PrismFill]]
    """The trades of a market of agents that groups tell of, with their symbols, by the
    `report_seq` of the group's first report."""


class Settlement:
    """The reports that are not told yet, and the newest trades of each symbol."""

    def __init__(
        self,
        *,
        exchange: Exchange,
        instruments: Mapping[str, Instrument],
        orders: OutsideOrders,
        reporter: Reporter,
    ) -> None:
        self.tapes = {symbol: deque[PublicTrade](maxlen=TAPE_LENGTH) for symbol in instruments}
        self._exchange = exchange
        self._instruments = instruments
        self._orders = orders
        self._reporter = reporter
        self._groups: list[list[ExecutionReport]] = []
        self._direct_seqs: set[int] = set()
        self._events: list[MarketEvent] = []
        self._fills: dict[int, tuple[str, PrismFill]] = {}

    def take_step(self) -> Step:
        """Return everything that was not told yet."""
        step = Step(self._groups, frozenset(self._direct_seqs), self._events, self._fills)
        self._groups, self._direct_seqs, self._events, self._fills = [], set(), [], {}
        return step

    def tell(self, order: OutsiderOrder, reports: Iterable[ExecutionReport]) -> None:
        """Have the sender of *order* told."""
        group = list(reports)
        self._groups.append(group)
        if order.facts.is_direct:
            self._direct_seqs.update(report.report_seq for report in group)

    def settle(self, events: Iterable[MarketEvent]) -> None:
        """Take in what happened, in order."""
        for event in events:
            self._events.append(event)
            match event.kind:
                case EventKind.TRADE:
                    self._settle_trade(event)
                case EventKind.REMOVED if event.maker_owner >= FIRST_OUTSIDER:
                    if event.reason is not KillReason.REPLACED:
                        order = self._orders.by_number(event.maker_number)
                        self.tell(order, [self._reporter.ended(order, event)])
                case EventKind.TRIGGERED if event.taker_owner >= FIRST_OUTSIDER:
                    order = self._orders.by_number(event.taker_number)
                    lot = self._instruments[event.symbol].lot_size
                    self.tell(order, [self._reporter.triggered(order, event, lot)])
                case EventKind.DECREMENTED if event.taker_owner >= FIRST_OUTSIDER:
                    self._settle_decrement(event)
                case EventKind.KILLED if event.taker_owner >= FIRST_OUTSIDER:
                    order = self._orders.by_number(event.taker_number)
                    self.tell(order, [self._reporter.killed(order, event)])
                case _:
                    pass

    def _settle_decrement(self, event: MarketEvent) -> None:
        text = TEXTS[KillReason.SELF_TRADE]
        lost = event.lots * self._instruments[event.symbol].lot_size
        for number, left in (
            (event.maker_number, event.maker_lots_left),
            (event.taker_number, event.taker_lots_left),
        ):
            order = self._orders.by_number(number)
            stands = order.request
            assert stands is not None
            if not left:
                self.tell(order, [self._reporter.canceled(order, text, event.time_ns)])
                continue
            order.request = msgspec.structs.replace(stands, order_qty=Qty(stands.order_qty - lost))
            report = self._reporter.replaced(order, replace_id="", text=text, at_ns=event.time_ns)
            self.tell(order, [report])

    def _settle_trade(self, event: MarketEvent) -> None:
        trade = PublicTrade(event.seq, event.time_ns, event.ticks, event.lots, event.side)
        self.tapes[event.symbol].append(trade)
        direct = [
            self._orders.by_number(number).facts.is_direct
            for number, owner in (
                (event.maker_number, event.maker_owner),
                (event.taker_number, event.taker_owner),
            )
            if owner >= FIRST_OUTSIDER
        ]
        if not direct:
            return
        instrument = self._instruments[event.symbol]
        # Whoever is done with this trade has no number any more once it is reported.
        maker = self._party_of(event.maker_owner, event.maker_number)
        taker = self._party_of(event.taker_owner, event.taker_number)
        reports = self._reporter.traded(event, instrument, self._exchange)
        self._groups.append(reports)
        if self._exchange.mode != "paper":
            fill = fill_of(event, instrument, maker=maker, taker=taker)
            self._fills[reports[0].report_seq] = (event.symbol, fill)
        self._direct_seqs.update(
            report.report_seq
            for report, is_direct in zip(reports, direct, strict=True)
            if is_direct
        )

    def _party_of(self, owner: int, number: int) -> str:
        if owner < FIRST_OUTSIDER:
            return self._exchange.owner_name(owner)
        return self._orders.by_number(number).party


def fill_of(event: MarketEvent, instrument: Instrument, *, maker: str, taker: str) -> PrismFill:
    """Return a trade between two parties as it is kept."""
    return PrismFill(
        seq=event.seq,
        ts_event_ns=TimeNs(event.time_ns),
        px=Px(event.ticks * instrument.tick_size),
        qty=Qty(event.lots * instrument.lot_size),
        side=event.side,
        is_auction=event.is_auction,
        maker=maker,
        taker=taker,
    )
