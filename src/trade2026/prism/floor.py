"""PRISM's floor: outsiders' orders go in, the market matches, reports come out. No waiting.

Everything here happens at once and in memory; `rounds.py` puts inputs into the log before
they come here, and what comes out into the log before anybody hears of it.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from trade2026.core.ids import OrderId
from trade2026.core.numbers import Qty, Value
from trade2026.model.balance import VenueBalance
from trade2026.model.execution import ExecType
from trade2026.model.instrument import PRISM, Instrument
from trade2026.model.order import NewOrderSingle, OrderReplaceRequest, TimeInForce
from trade2026.model.prism import PartyHolding, PrismFunding
from trade2026.model.reconciliation import Held, Statement, StatementOrder, sums_by_asset
from trade2026.prism.balance import Wallet
from trade2026.prism.days import DayEnds
from trade2026.prism.door import OnGrid, examine, examine_change
from trade2026.prism.exchange import (
    FIRST_OUTSIDER,
    Exchange,
    KillReason,
    NewTerms,
    Terms,
    is_refusal,
    is_turned_away,
)
from trade2026.prism.floor_state import FloorState, OrderState
from trade2026.prism.holdings import Holdings, party_of
from trade2026.prism.limits import (
    Limits,
    is_more,
    notional_problem,
    open_problem,
    parties_problem,
    rows_problem,
)
from trade2026.prism.outside import OutsideOrders, OutsiderOrder, order_of
from trade2026.prism.reports import TEXTS, Reporter
from trade2026.prism.retention import told_time
from trade2026.prism.settlement import PublicTrade, Settlement, Step

ORDERS_TOLD_MAX: Final = 5_000
"""In a statement: a message has an end."""
_GTD: Final = TimeInForce.GTD
_ENDING: Final = frozenset({TimeInForce.DAY, TimeInForce.GTD})


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
        self._settlement = Settlement(
            exchange=exchange, instruments=instruments, orders=orders, reporter=reporter
        )
        self._owners: dict[str, int] = {}
        self._last_number = 0
        self._days = DayEnds(orders)

    @property
    def tapes(self) -> Mapping[str, deque[PublicTrade]]:
        """Return the newest trades by symbol, as everybody may see them."""
        return self._settlement.tapes

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
            self._days.note(order)

    def advance(self, sim_ns: int) -> None:
        """Let the market trade until *sim_ns*; orders whose day is over end at their times."""
        while (due := self._days.take(sim_ns)) is not None:
            self.exchange.run_until(due[0])
            self.settle()
            self._end_day(due[1])
        self.exchange.run_until(sim_ns)
        self.settle()

    def settle(self) -> None:
        """Make reports of what happened in the market by itself."""
        self._settlement.settle(self.exchange.drain())

    def submit(
        self, request: NewOrderSingle, *, is_direct: bool, input_seq: int, arrived_ns: int
    ) -> None:
        """Match a new order, or refuse it by a report."""
        now_ns = self.exchange.sim_ns
        grid = self._admit(request, is_direct=is_direct)
        order = self._enter(request, is_direct=is_direct, input_seq=input_seq, at_ns=arrived_ns)
        if isinstance(grid, str):
            self._settlement.tell(order, [self.reporter.rejected(order, grid, now_ns)])
            return
        self.exchange.submit(
            symbol=request.symbol,
            number=order.number,
            owner=self._owner(order.party),
            terms=Terms(
                side=request.side,
                ord_type=request.ord_type,
                time_in_force=request.time_in_force,
                ticks=grid.ticks,
                lots=grid.lots,
                trigger=grid.trigger,
                display=grid.display,
                expires_ns=(request.expire_ns or 0) if request.time_in_force is _GTD else 0,
                is_post_only=request.is_post_only,
                stp=request.stp,
            ),
        )
        self._days.note(order)
        events = self.exchange.drain()
        if not is_turned_away(order.number, events):
            self._settlement.tell(order, [self.reporter.accepted(order, now_ns)])
        self._settlement.settle(events)

    def replace(self, order: OutsiderOrder, request: OrderReplaceRequest) -> None:
        """Change a working order, or report why not."""
        now_ns, replace_id = self.exchange.sim_ns, request.replace_id
        problem = self._change(order, request)
        if problem:
            report = self.reporter.not_replaced(
                order, replace_id=replace_id, text=problem, at_ns=now_ns
            )
            self._settlement.tell(order, [report])

    def _change(self, order: OutsiderOrder, request: OrderReplaceRequest) -> str:
        stands = order.request
        if order.is_done or stands is None:
            return "TOO_LATE nothing of it works any more"
        instrument = self.instruments[stands.symbol]
        changed = examine_change(request, stands, order.cum_qty, instrument)
        if isinstance(changed, str):
            return changed
        if order.facts.is_direct and (problem := self._more_problem(order, stands, changed)):
            return problem
        terms = NewTerms(
            ticks=(request.price or 0) // instrument.tick_size,
            lots=(changed.order_qty - order.cum_qty) // instrument.lot_size,
            trigger=(request.stop_px or 0) // instrument.tick_size,
            stp=changed.stp,
        )
        self.exchange.replace(symbol=changed.symbol, number=order.number, terms=terms)
        events = self.exchange.drain()
        refused = next((e for e in events if is_refusal(e, order.number)), None)
        if refused is None:
            order.request = changed
            report = self.reporter.replaced(
                order, replace_id=request.replace_id, text="", at_ns=self.exchange.sim_ns
            )
            self._settlement.tell(order, [report])
        self._settlement.settle(events)
        return "" if refused is None else TEXTS[refused.reason]

    def _more_problem(
        self, order: OutsiderOrder, stands: NewOrderSingle, changed: NewOrderSingle
    ) -> str:
        if not is_more(stands, changed):
            return ""
        if self.holdings.is_funded(order.party):
            left = Qty(changed.order_qty - order.cum_qty)
            wallet = self.wallet_of(order.party, without=order.facts.order_id)
            return wallet.problem(msgspec.structs.replace(changed, order_qty=left), self.exchange)
        more = max(0, changed.order_qty - stands.order_qty)
        return self._means_problem(msgspec.structs.replace(changed, order_qty=Qty(more)))

    def cancel(self, order: OutsiderOrder) -> None:
        """Take out what is left of an order, or report that it is too late."""
        if not order.is_done:
            self.exchange.cancel(symbol=order.facts.symbol, number=order.number)
            self.settle()
            assert order.is_done, f"{order.facts.order_id} was not in the market"
        elif order.ended_by is not ExecType.CANCELED:
            text = f"TOO_LATE the order is done by {order.ended_by}"
            report = self.reporter.not_canceled(order, text, self.exchange.sim_ns)
            self._settlement.tell(order, [report])

    def end(self, order: OutsiderOrder, text: str) -> None:
        """Report an order as cancelled that is not in the market (any more)."""
        self._settlement.tell(order, [self.reporter.canceled(order, text, self.exchange.sim_ns)])

    def funding_problem(self, funding: PrismFunding) -> str:
        """Return why an account cannot be given a balance; empty where it can, or has one."""
        party = party_of(funding.account, is_direct=True)
        if self.holdings.is_funded(party):
            return ""
        if self.holdings.symbols_of(party) or self.orders.open_of(party):
            return f"HAS_TRADED {funding.account} has traded on PRISM without a balance"
        held = self.holdings.keys_for(funding.amounts, self.instruments)
        return self._party_problem(party, held)

    def fund(self, funding: PrismFunding) -> None:
        """Give a direct participant the balance that it begins with."""
        self.holdings.fund(funding, self.instruments)

    def wallet_of(self, party: str, *, without: OrderId | None = None) -> Wallet:
        """Return a look at the balance of *party* as it is now, one of its orders left out."""
        return Wallet(
            party,
            holdings=self.holdings,
            orders=self.orders,
            instruments=self.instruments,
            fees=self.reporter.fees,
            without=without,
        )

    def statement(self) -> Statement:
        """Return what the platform's accounts hold, at the last report made."""
        return Statement(
            venue=PRISM,
            report_seq=self.reporter.last_seq,
            lines=tuple(self.holdings.lines()),
            orders=self._orders_told(),
            balances=self._balances_told(),
        )

    def _balances_told(self) -> tuple[VenueBalance, ...]:
        # Accounts of the platform trade on margin, and began with nothing here: nothing is held.
        held = {(x.account, x.symbol): Held(x.quantity, x.cash) for x in self.holdings.lines()}
        return tuple(
            VenueBalance(asset=asset, free=free, held=Value(0))
            for asset, free in sorted(sums_by_asset(held).items())
        )

    def _orders_told(self) -> tuple[StatementOrder, ...] | None:
        working = [o for o in self.orders.open_orders() if not o.facts.is_direct]
        if len(working) > ORDERS_TOLD_MAX:
            return None
        return tuple(
            StatementOrder(
                order_id=one.facts.order_id,
                account=one.facts.account,
                symbol=one.facts.symbol,
                cum_qty=Qty(one.cum_qty),
            )
            for one in working
        )

    def all_holdings(self) -> tuple[PartyHolding, ...]:
        """Return what everybody holds, the market's own parties first."""
        return (*self.exchange.holdings(), *self.holdings.all())

    def take_step(self) -> Step:
        """Return everything that was not told yet."""
        return self._settlement.take_step()

    def _admit(self, request: NewOrderSingle, *, is_direct: bool) -> OnGrid | str:
        grid = examine(request, self.instruments.get(request.symbol))
        if isinstance(grid, str):
            return grid
        if problem := self.exchange.cannot(request) or self._day_problem(request):
            return problem
        if not self.exchange.is_open(request.symbol):
            return f"NO_MARKET there is no book in {request.symbol} at this moment"
        party = party_of(request.account, is_direct=is_direct)
        problem = self._party_problem(party, {request.symbol})
        problem = problem or open_problem(
            request, is_direct=is_direct, orders=self.orders, limits=self.limits
        )
        if is_direct and not problem:
            problem = self._means_problem(request)
        return problem or grid

    def _party_problem(self, party: str, symbols: Iterable[str]) -> str:
        is_known = party in self._owners or self.holdings.symbols_of(party)
        problem = ""
        if not is_known:
            problem = parties_problem(
                party, owners=self._owners, holdings=self.holdings, limits=self.limits
            )
        return problem or rows_problem(
            party, symbols, orders=self.orders, holdings=self.holdings, limits=self.limits
        )

    def _day_problem(self, request: NewOrderSingle) -> str:
        ends_ns, now_ns = request.expire_ns, self.exchange.sim_ns
        if ends_ns is None or ends_ns > now_ns or request.time_in_force not in _ENDING:
            return ""
        told = told_time(now_ns)
        return f"TOO_LATE it was to end at {told_time(ends_ns)}, the market's time is {told}"

    def _means_problem(self, request: NewOrderSingle) -> str:
        party = party_of(request.account, is_direct=True)
        if self.holdings.is_funded(party):
            return self.wallet_of(party).problem(request, self.exchange)
        return notional_problem(
            request,
            orders=self.orders,
            holdings=self.holdings,
            mid_px=self.exchange.value_px(),
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

    def _end_day(self, order: OutsiderOrder) -> None:
        if not order.is_done:
            self.exchange.cancel(symbol=order.facts.symbol, number=order.number)
            ended = (event._replace(reason=KillReason.EXPIRED) for event in self.exchange.drain())
            self._settlement.settle(ended)

    def party_of(self, owner: int) -> str:
        """Return who it is that an event of the market calls *owner*."""
        if owner < FIRST_OUTSIDER:
            return self.exchange.owner_name(owner)
        return list(self._owners)[owner - FIRST_OUTSIDER]

    def _owner(self, party: str) -> int:
        return self._owners.setdefault(party, FIRST_OUTSIDER + len(self._owners))
