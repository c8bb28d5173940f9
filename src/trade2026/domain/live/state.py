"""All that the live gateway knows, folded from its log: mode, panic, breaker, day, orders.

Folding the log again gives the same state, which is why a restart raises nothing, forgets no
counter and resends no order.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, OrderId, StrategyId
from trade2026.core.newest import Newest
from trade2026.core.numbers import Money, Px, Value, value_of_money
from trade2026.domain.live.breaker import Breaker
from trade2026.domain.live.funds import Funds, FundsState
from trade2026.domain.live.mode import after_restart
from trade2026.domain.live.order import LiveOrder, apply, taken, unspent
from trade2026.domain.live.rules import Day, Rules, day_loss, day_of
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.live import (
    BalancesOpened,
    BreakerMoved,
    FundingSeen,
    LiveEvent,
    LiveMode,
    ModeSet,
    OrderDisowned,
    OrderStep,
    OrderTaken,
    PanicEnded,
    Panicked,
    PartEnded,
    ReplacementTaken,
    Reported,
    ShadowFilled,
    TransferSeen,
)
from trade2026.model.position import BASE_CURRENCY, DOLLARS, UNATTRIBUTED
from trade2026.model.reconciliation import Held, is_third, moved_by

DONE_KEPT: Final = 10_000
"""Orders that are over and can still be asked about."""
DISOWNED_KEPT: Final = 10_000
"""Orders that were said to be unknown and are not taken in any more."""
SHADOWS_KEPT: Final = 1_000
"""Hypothetical fills that can be looked at."""


REPORTS_TOLD_AGAIN: Final = 100
"""Reports that a restart tells again: a crash may have come between our log and the platform's."""


class LiveMemory(msgspec.Struct, frozen=True, kw_only=True):
    """All that the state can be made of again; what the rules say is not of it."""

    is_panicked: bool
    breaker_opened_ns: TimeNs | None
    breaker_why: str
    report_seq: int
    orders: dict[OrderId, LiveOrder]
    """In the order in which they came."""
    done: tuple[OrderId, ...]
    """Of those, which are over, the oldest first."""
    disowned: dict[OrderId, None]
    venue_ids: dict[tuple[str, str], OrderId]
    client_ids: dict[str, OrderId]
    newest_reports: tuple[ExecutionReport, ...]
    shadow_fills: tuple[ShadowFilled, ...]
    last_word: ModeSet | Panicked | PanicEnded | None
    mode: LiveMode
    armed_number: int | None
    number: int
    sent: int
    cash: Value
    held: dict[str, int]
    traded: dict[tuple[AccountId, str], Held]
    funding_ids: frozenset[str]
    held_by: tuple[tuple[str, AccountId, StrategyId, int], ...]
    funds: FundsState


class LiveState:
    """The fold of the gateway's log."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.is_panicked = False
        self.breaker = Breaker()
        self.report_seq = 0
        self.orders: dict[OrderId, LiveOrder] = {}
        self.disowned = Newest[OrderId, None](DISOWNED_KEPT)
        """Those that the platform was told are unknown; a late one of them is not taken in."""
        self.by_venue_id: dict[tuple[str, str], OrderId] = {}
        """Orders by symbol and the exchange's id, as long as they are kept."""
        self.by_client_id: dict[str, OrderId] = {}
        """Orders by every name they have had at the exchange, as long as they are kept."""
        self.newest_reports: deque[ExecutionReport] = deque(maxlen=REPORTS_TOLD_AGAIN)
        self.shadow_fills: deque[ShadowFilled] = deque(maxlen=SHADOWS_KEPT)
        self.last_word: ModeSet | Panicked | PanicEnded | None = None
        self._mode = LiveMode.MOCK
        self._armed_number: int | None = None
        self._number = 0
        self._sent = 0
        self._cash = 0
        self._held: dict[str, int] = {}
        self.traded: dict[tuple[AccountId, str], Held] = {}
        """What all fills that were reported moved, by account and symbol."""
        self.funding_ids: set[str] = set()
        """Payments of funding that are written down."""
        self._held_by: dict[str, dict[tuple[AccountId, StrategyId], int]] = {}
        self.funds = Funds()
        """How what there is at the exchange came about."""
        self._done: deque[OrderId] = deque()
        self._copies: dict[OrderId, LiveOrder] = {}
        """Of the orders as they were frozen last: most of them are over, and stay so."""
        self._moved: dict[OrderId, None] = {}
        """Those that are not as they were then."""

    @property
    def mode(self) -> LiveMode:
        """Return the mode that counts."""
        return after_restart(self._mode, self.rules.ceiling)

    def day(self, now_ns: TimeNs, mids: dict[str, Px]) -> Day:
        """Return the counters of the day of *now_ns*."""
        is_today = day_of(now_ns) == self._number
        return Day(
            number=day_of(now_ns),
            sent=Money(self._sent if is_today else 0),
            lost=day_loss(self._cash, self._held, mids) if is_today else Money(0),
            armed_number=self._armed_number,
        )

    def open_orders(self) -> Iterator[LiveOrder]:
        """Yield the orders that are not over."""
        return (order for order in self.orders.values() if not order.is_done)

    def open_there(self) -> list[LiveOrder]:
        """Return the orders of which something is, or may be, open at the exchange."""
        return [order for order in self.open_orders() if order.is_open_there]

    def held_in(self, symbol: str) -> dict[tuple[AccountId, StrategyId], int]:
        """Return what is held of *symbol*, signed, of all who ever traded it here."""
        return self._held_by.get(symbol, {})

    def freeze(self) -> LiveMemory:
        """Return all that this can be made of again, as the log says it.

        How often in a row the exchange failed is of this life alone.
        """
        for order_id in self._moved:
            self._copies[order_id] = self.orders[order_id].copy()
        self._moved.clear()
        held_by = self._held_by.items()
        return LiveMemory(
            is_panicked=self.is_panicked,
            breaker_opened_ns=self.breaker.opened_ns,
            breaker_why=self.breaker.why,
            report_seq=self.report_seq,
            orders=dict(self._copies),
            done=tuple(self._done),
            disowned=dict(self.disowned),
            venue_ids=dict(self.by_venue_id),
            client_ids=dict(self.by_client_id),
            newest_reports=tuple(self.newest_reports),
            shadow_fills=tuple(self.shadow_fills),
            last_word=self.last_word,
            mode=self._mode,
            armed_number=self._armed_number,
            number=self._number,
            sent=self._sent,
            cash=Value(self._cash),
            held=dict(self._held),
            traded=dict(self.traded),
            funding_ids=frozenset(self.funding_ids),
            held_by=tuple((symbol, *key, qty) for symbol, of in held_by for key, qty in of.items()),
            funds=self.funds.freeze(),
        )

    def thaw(self, memory: LiveMemory) -> None:
        """Begin from *memory*, which another one was frozen to, under the rules of now."""
        self.is_panicked, self.report_seq = memory.is_panicked, memory.report_seq
        self.breaker = Breaker(opened_ns=memory.breaker_opened_ns, why=memory.breaker_why)
        self._copies = dict(memory.orders)
        self.orders = {order_id: one.copy() for order_id, one in memory.orders.items()}
        self._done = deque(memory.done)
        self.disowned = Newest(DISOWNED_KEPT, memory.disowned.items())
        self.by_venue_id = dict(memory.venue_ids)
        self.by_client_id = dict(memory.client_ids)
        self.newest_reports.extend(memory.newest_reports)
        self.shadow_fills.extend(memory.shadow_fills)
        self.last_word, self._mode = memory.last_word, memory.mode
        self._armed_number, self._number = memory.armed_number, memory.number
        self._sent, self._cash, self._held = memory.sent, memory.cash, dict(memory.held)
        self.traded = dict(memory.traded)
        self.funding_ids = set(memory.funding_ids)
        for symbol, account, strategy, qty in memory.held_by:
            self._held_by.setdefault(symbol, {})[account, strategy] = qty
        self.funds.thaw(memory.funds)

    def apply(self, event: LiveEvent) -> None:
        """Take one more event of the log."""
        match event:
            case ModeSet() | Panicked() | PanicEnded():
                self._word(event)
            case BalancesOpened():
                self.funds.open(event, self.traded)
            case TransferSeen():
                self.funds.transfer(event)
            case FundingSeen():
                self.funding_ids.add(event.funding_id)
            case BreakerMoved():
                opened_ns = event.ts_ns if event.is_open else None
                self.breaker = Breaker(opened_ns=opened_ns, why=event.why)
            case OrderDisowned():
                self.disowned.keep(event.order_id, None)
            case OrderTaken():
                order = self.orders[event.order.order_id] = taken(event)
                self._moved[event.order.order_id] = None
                self._name(event.client_id, event.order.order_id)
                self._count(event.ts_ns, order.worth)
                if order.is_done:
                    self._end(order)
            case _:
                self._step(event)

    def _word(self, event: ModeSet | Panicked | PanicEnded) -> None:
        self.last_word = event
        if isinstance(event, ModeSet):
            if event.mode.sends and not self._mode.sends:
                self._armed_number = day_of(event.ts_ns)
            self._mode = event.mode
        elif isinstance(event, Panicked):
            self.is_panicked = True
            self._mode = min(self._mode, LiveMode.SHADOW, key=lambda one: one.rank)
        else:
            self.is_panicked = False
        if not self._mode.sends:
            self._armed_number = None

    def _step(self, event: OrderStep) -> None:
        order = self.orders[event.order_id]
        self._moved[event.order_id] = None
        was_done = order.is_done
        if isinstance(event, PartEnded) and not event.is_shadow:
            self._count(event.ts_ns, Money(-unspent(order)), taken_ns=order.sent_ns)
        apply(order, event)
        if isinstance(event, Reported):
            self._report(event.report, event.ts_ns)
            place = (order.request.symbol, event.report.venue_order_id)
            self.by_venue_id[place] = event.order_id
        elif isinstance(event, ReplacementTaken):
            self._name(event.client_id, event.order_id)
            self._count(event.ts_ns, event.worth)
        elif isinstance(event, ShadowFilled):
            self.shadow_fills.append(event)
        if order.is_done and not was_done:
            self._end(order)

    def _name(self, client_id: str, order_id: OrderId) -> None:
        if client_id:
            self.by_client_id[client_id] = order_id

    def _count(self, ts_ns: TimeNs, worth: Money, *, taken_ns: TimeNs | None = None) -> None:
        self._turn(ts_ns)
        # What was sent on another day is not given back on this one.
        if taken_ns is None or day_of(taken_ns) == self._number:
            self._sent = max(0, self._sent + worth)

    def _turn(self, ts_ns: TimeNs) -> None:
        number = day_of(ts_ns)
        if number > self._number:
            self._number, self._sent, self._cash = number, 0, 0
            self._held = {}

    def _report(self, report: ExecutionReport, ts_ns: TimeNs) -> None:
        self.report_seq = report.report_seq
        self.newest_reports.append(report)
        if report.exec_type is not ExecType.TRADE:
            return
        place = (report.account, report.symbol)
        self.traded[place] = self.traded.get(place, Held()).plus(moved_by(report))
        self.funds.report(report)
        order = self.orders.get(report.order_id)
        strategy = UNATTRIBUTED if order is None else order.request.strategy
        held, key = self._held_by.setdefault(report.symbol, {}), (report.account, strategy)
        held[key] = held.get(key, 0) + report.side.sign * report.last_qty
        self._turn(ts_ns)
        moved = moved_by(report)
        self._cash += moved.cash
        self._hold(report.symbol, moved.quantity)
        if not is_third(report.symbol, report.fee_asset):
            return
        if report.fee_asset in DOLLARS:
            self._cash -= value_of_money(report.fee)
        else:
            # So many of that coin are gone: worth what the exchange's market for it says.
            self._hold(f"{report.fee_asset}{BASE_CURRENCY}", -report.fee)

    def _hold(self, symbol: str, qty: int) -> None:
        self._held[symbol] = self._held.get(symbol, 0) + qty

    def _end(self, order: LiveOrder) -> None:
        self._done.append(order.request.order_id)
        while len(self._done) > DONE_KEPT:
            oldest = self._done.popleft()
            gone = self.orders.pop(oldest)
            self._copies.pop(oldest, None)
            self._moved.pop(oldest, None)
            for report in gone.reports:
                self.by_venue_id.pop((report.symbol, report.venue_order_id), None)
            for client_id in gone.client_ids:
                del self.by_client_id[client_id]
