"""PRISM's floor: outsiders' orders go in, the market matches, reports come out. No waiting.

Everything here happens at once and in memory; `venue.py` puts inputs into the log before
they come here, and what comes out into the log before anybody hears of it.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from trade2026.core.numbers import Qty
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.instrument import PRISM, Instrument
from trade2026.model.order import NewOrderSingle, Side
from trade2026.model.prism import OutsideOrder, PartyHolding, PrismFunding
from trade2026.model.reconciliation import Statement
from trade2026.prism.balance import Wallet
from trade2026.prism.door import OnGrid, examine
from trade2026.prism.exchange import (
    FIRST_OUTSIDER,
    EventKind,
    Exchange,
    KillReason,
    MarketEvent,
)
from trade2026.prism.holdings import Holdings, party_of
from trade2026.prism.limits import Limits, notional_problem, open_problem
from trade2026.prism.outside import OutsideOrders, OutsiderOrder
from trade2026.prism.reports import Reporter

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


class OrderState(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A working order of an outsider."""

    facts: OutsideOrder
    request: NewOrderSingle | None
    number: int
    input_seq: int
    cum_qty: int


class FloorState(msgspec.Struct, frozen=True, kw_only=True):
    """What a floor is at one moment, its market apart; done orders are left out."""

    last_number: int
    owners: dict[str, int]
    orders: tuple[OrderState, ...]
    holdings: tuple[PartyHolding, ...]
    """Of all that the market does not keep."""
    report_seq: int


class Floor:
    """The market, its outsiders, and the reports that are not told yet."""

    def __init__(
        self,
        *,
        exchange: Exchange,
        instruments: Mapping[str, Instrument],
        orders: OutsideOrders,
        holdings: Holdings,
        reporter: Reporter,
        limits: Limits,
        life: int,
    ) -> None:
        self.exchange = exchange
        self.instruments = instruments
        self.orders = orders
        self.holdings = holdings
        self.reporter = reporter
        self.limits = limits
        self.life = life
        self.tapes = {symbol: deque[PublicTrade](maxlen=TAPE_LENGTH) for symbol in instruments}
        self._owners: dict[str, int] = {}
        self._last_number = 0
        self._groups: list[list[ExecutionReport]] = []
        self._direct_seqs: set[int] = set()
        self._events: list[MarketEvent] = []

    def state(self) -> FloorState:
        """Return what the course of things depends on, apart from the market."""
        return FloorState(
            last_number=self._last_number,
            owners=dict(self._owners),
            orders=tuple(
                OrderState(
                    facts=order.facts,
                    request=order.request,
                    number=order.number,
                    input_seq=order.input_seq,
                    cum_qty=order.cum_qty,
                )
                for order in self.orders.open_orders()
            ),
            holdings=tuple(self.holdings.all()),
            report_seq=self.reporter.last_seq,
        )

    def load(self, state: FloorState) -> None:
        """Go on from *state* on a fresh floor; its holdings and numbers were given to it."""
        self._last_number = state.last_number
        self._owners = dict(state.owners)
        for one in state.orders:
            order = OutsiderOrder(
                facts=one.facts,
                request=one.request,
                number=one.number,
                input_seq=one.input_seq,
                cum_qty=one.cum_qty,
            )
            self.orders.add(order, arrived_ns=self.exchange.sim_ns)

    def advance(self, sim_ns: int) -> None:
        """Let the market trade until *sim_ns*."""
        self.exchange.run_until(sim_ns)
        self.settle()

    def settle(self) -> None:
        """Make reports of what happened in the market by itself."""
        self._settle(self.exchange.drain())

    def submit(
        self, request: NewOrderSingle, *, is_direct: bool, input_seq: int, arrived_ns: int
    ) -> None:
        """Match a new order, or refuse it by a report."""
        now_ns = self.exchange.sim_ns
        grid = self._admit(request, is_direct=is_direct)
        order = self._enter(request, is_direct=is_direct, input_seq=input_seq, at_ns=arrived_ns)
        if isinstance(grid, str):
            self._tell(order, [self.reporter.rejected(order, grid, now_ns)])
            return
        self.exchange.submit(
            symbol=request.symbol,
            number=order.number,
            owner=self._owner(order.party),
            side=request.side,
            ord_type=request.ord_type,
            time_in_force=request.time_in_force,
            ticks=grid.ticks,
            lots=grid.lots,
        )
        events = self.exchange.drain()
        if not any(e.reason is KillReason.INVALID for e in events):
            self._tell(order, [self.reporter.accepted(order, now_ns)])
        self._settle(events)

    def cancel(self, order: OutsiderOrder) -> None:
        """Take out what is left of an order, or report that it is too late."""
        if not order.is_done:
            self.exchange.cancel(symbol=order.facts.symbol, number=order.number)
            self.settle()
            assert order.is_done, f"{order.facts.order_id} was not in the market"
        elif order.ended_by is not ExecType.CANCELED:
            text = f"TOO_LATE the order is done by {order.ended_by}"
            report = self.reporter.not_canceled(order, text, self.exchange.sim_ns)
            self._tell(order, [report])

    def end(self, order: OutsiderOrder, text: str) -> None:
        """Report an order as cancelled that is not in the market (any more)."""
        self._tell(order, [self.reporter.canceled(order, text, self.exchange.sim_ns)])

    def funding_problem(self, funding: PrismFunding) -> str:
        """Return why an account cannot be given a balance; empty where it can, or has one."""
        party = party_of(funding.account, is_direct=True)
        if self.holdings.is_funded(party):
            return ""
        if self.holdings.symbols_of(party) or self.orders.open_of(party):
            return f"HAS_TRADED {funding.account} has traded on PRISM without a balance"
        return ""

    def fund(self, funding: PrismFunding) -> None:
        """Give a direct participant the balance that it begins with."""
        self.holdings.fund(funding, self.instruments)

    def wallet_of(self, party: str) -> Wallet:
        """Return a look at the balance of *party* as it is now."""
        return Wallet(
            party,
            holdings=self.holdings,
            orders=self.orders,
            instruments=self.instruments,
            fees=self.reporter.fees,
        )

    def statement(self) -> Statement:
        """Return what the platform's accounts hold, at the last report made."""
        return Statement(
            venue=PRISM,
            report_seq=self.reporter.last_seq,
            lines=tuple(self.holdings.lines()),
        )

    def all_holdings(self) -> tuple[PartyHolding, ...]:
        """Return what everybody holds, the market's own parties first."""
        return (*self.exchange.holdings(), *self.holdings.all())

    def take_step(self) -> Step:
        """Return everything that was not told yet."""
        step = Step(self._groups, frozenset(self._direct_seqs), self._events)
        self._groups, self._direct_seqs, self._events = [], set(), []
        return step

    def _admit(self, request: NewOrderSingle, *, is_direct: bool) -> OnGrid | str:
        grid = examine(request, self.instruments.get(request.symbol))
        if isinstance(grid, str):
            return grid
        if not self.exchange.is_open(request.symbol):
            return f"NO_MARKET there is no book in {request.symbol} at this moment"
        problem = open_problem(request, is_direct=is_direct, orders=self.orders, limits=self.limits)
        if is_direct and not problem:
            problem = self._means_problem(request)
        return problem or grid

    def _means_problem(self, request: NewOrderSingle) -> str:
        party = party_of(request.account, is_direct=True)
        if self.holdings.is_funded(party):
            return self.wallet_of(party).problem(request, self.exchange)
        return notional_problem(
            request,
            orders=self.orders,
            holdings=self.holdings,
            mid_px=self.exchange.last_mid_px(),
            limits=self.limits,
        )

    def _enter(
        self, request: NewOrderSingle, *, is_direct: bool, input_seq: int, at_ns: int
    ) -> OutsiderOrder:
        self._last_number += 1
        order = order_of(
            request,
            is_direct=is_direct,
            input_seq=input_seq,
            number=self._last_number,
            venue_order_id=f"{self.life}-{self._last_number}",
        )
        self.orders.add(order, arrived_ns=at_ns)
        return order

    def _owner(self, party: str) -> int:
        return self._owners.setdefault(party, FIRST_OUTSIDER + len(self._owners))

    def _tell(self, order: OutsiderOrder, reports: Iterable[ExecutionReport]) -> None:
        group = list(reports)
        self._groups.append(group)
        if order.facts.is_direct:
            self._direct_seqs.update(report.report_seq for report in group)

    def _settle(self, events: Iterable[MarketEvent]) -> None:
        for event in events:
            self._events.append(event)
            match event.kind:
                case EventKind.TRADE:
                    self._settle_trade(event)
                case EventKind.REMOVED if event.maker_owner >= FIRST_OUTSIDER:
                    order = self.orders.by_number(event.maker_number)
                    self._tell(order, [self.reporter.canceled(order, "", event.time_ns)])
                case EventKind.KILLED if event.taker_owner >= FIRST_OUTSIDER:
                    order = self.orders.by_number(event.taker_number)
                    self._tell(order, [self.reporter.killed(order, event)])
                case _:
                    pass

    def _settle_trade(self, event: MarketEvent) -> None:
        trade = PublicTrade(event.seq, event.time_ns, event.ticks, event.lots, event.side)
        self.tapes[event.symbol].append(trade)
        direct = [
            self.orders.by_number(number).facts.is_direct
            for number, owner in (
                (event.maker_number, event.maker_owner),
                (event.taker_number, event.taker_owner),
            )
            if owner >= FIRST_OUTSIDER
        ]
        if not direct:
            return
        reports = self.reporter.traded(event, self.instruments[event.symbol], self.exchange)
        self._groups.append(reports)
        self._direct_seqs.update(
            report.report_seq
            for report, is_direct in zip(reports, direct, strict=True)
            if is_direct
        )


def order_of(
    request: NewOrderSingle, *, is_direct: bool, input_seq: int, number: int, venue_order_id: str
) -> OutsiderOrder:
    """Return the order that *request* begins."""
    return OutsiderOrder(
        facts=OutsideOrder(
            order_id=request.order_id,
            account=request.account,
            symbol=request.symbol,
            side=request.side,
            venue_order_id=venue_order_id,
            cum_qty=Qty(0),
            is_direct=is_direct,
        ),
        request=request,
        number=number,
        input_seq=input_seq,
        cum_qty=0,
    )
