"""The dialect's desk: what everybody may know of the market, and what each account may of itself.

It hears of every step of the market before anybody is answered, so who is told that an order
is in finds it here. At the start it reads the newest part of PRISM's log for the accounts'
past; the market's past begins with the life.
"""

from collections.abc import Sequence
from typing import Final

from trade2026.core.clock import Clock
from trade2026.core.ids import Ids
from trade2026.edge.dialect import words
from trade2026.edge.dialect.accounts import Accounts, Placed
from trade2026.edge.dialect.keys import KeyStore
from trade2026.edge.dialect.rates import Rates
from trade2026.edge.dialect.streams import Hub
from trade2026.edge.dialect.tape import Tape
from trade2026.edge.dialect.user_streams import UserStreams
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.market import RawBatch
from trade2026.model.prism import PrismInput, PrismOutcome
from trade2026.model.subjects import PRISM_INPUT, PRISM_OUTCOME, Stream
from trade2026.ports.bus import Bus, Delivery
from trade2026.prism.exchange import EventKind, Levels
from trade2026.prism.floor import Floor
from trade2026.prism.holdings import FeeRates, party_of
from trade2026.prism.settlement import Step
from trade2026.prism.venue import Venue

RECALLED: Final = 100_000
"""Messages of PRISM's log that are read for the accounts' past."""


class Desk:
    """Everything that an endpoint or a stream of the dialect looks at."""

    def __init__(
        self, venue: Venue, *, keys: KeyStore, users: UserStreams, clock: Clock, ids: Ids
    ) -> None:
        self.venue = venue
        self.keys = keys
        self.users = users
        self.clock = clock
        self.ids = ids
        self.rates = Rates()
        self.accounts = Accounts()
        self.tapes: dict[str, Tape] = {}
        self.hub = Hub(self.tapes, self._depth)

    @property
    def floor(self) -> Floor:
        """Return the floor of this life."""
        return self.venue.floor

    @property
    def market_ns(self) -> int:
        """Return the market's time, which may be driven faster than ours, or stand still."""
        return self.floor.exchange.sim_ns

    @property
    def fees(self) -> FeeRates:
        """Return what a trade costs."""
        return self.floor.reporter.fees

    def _depth(self, symbol: str, levels: int) -> tuple[Levels, Levels]:
        return self.floor.exchange.depth(symbol, levels)

    async def open(self, bus: Bus) -> None:
        """Begin with the venue's life, which is open: remember what the log says of accounts."""
        self.on_life()
        await self._recall(bus)
        self.venue.listen(self)

    def on_step(self, step: Step) -> None:
        """Take what happened on the floor, and tell those whom it concerns."""
        self._fold_market(step)
        now_ns = self.market_ns
        touched: dict[str, set[str]] = {}
        for report in (report for group in step.groups for report in group):
            if report.report_seq not in step.direct_seqs:
                continue
            self._note(report)
            order = self.accounts.apply(report)
            if order is not None:
                touched.setdefault(report.account, set()).add(report.symbol)
                self._tell_report(order, report, now_ns)
        for account, symbols in touched.items():
            self._tell_balances(account, symbols, now_ns)

    def on_life(self) -> None:
        """Begin new tapes: the market's past is that of its life."""
        for symbol, instrument in self.floor.instruments.items():
            self.tapes[symbol] = Tape(instrument, life=self.floor.life)
        self.hub.begin()

    def on_feed(self, batches: Sequence[RawBatch], now_ns: int) -> None:
        """Pass the public feed on."""
        self.users.expire(now_ns)
        for api_key in self.keys.expire(now_ns):
            self.users.end_of(api_key)
        self.hub.on_feed(batches, self.market_ns)

    def _fold_market(self, step: Step) -> None:
        first_of: dict[str, int] = {}
        for event in step.events:
            tape = self.tapes[event.symbol]
            tape.see(event)
            if event.kind is EventKind.TRADE:
                first_of.setdefault(event.symbol, tape.add_trade(event).trade_id)
        now_ns = self.market_ns
        for symbol, first in first_of.items():
            new = (one for one in self.tapes[symbol].aggregates if one.trade_id >= first)
            self.hub.on_aggregates(symbol, new, now_ns)

    def _note(self, report: ExecutionReport) -> None:
        """Remember the order of *report* where it is new and of an account of the dialect."""
        if self.accounts.find(report.order_id) is not None:
            return
        order = self.floor.orders.get(report.order_id)
        if order is not None and order.request is not None and self._is_ours(report.account):
            self.accounts.add(order.request, number=order.input_seq)

    def _is_ours(self, account: str) -> bool:
        return self.floor.holdings.is_funded(party_of(account, is_direct=True))

    def _tell_report(self, order: Placed, report: ExecutionReport, now_ns: int) -> None:
        cancel_id = order.cancel_id if report.exec_type is ExecType.CANCELED else ""
        if self.users.has_listener(report.account):
            event = words.execution_event(order, report, now_ns=now_ns, cancel_id=cancel_id)
            if event is not None:
                self.users.tell(report.account, event)

    def _tell_balances(self, account: str, symbols: set[str], now_ns: int) -> None:
        if not self.users.has_listener(account):
            return
        wallet = self.floor.wallet_of(party_of(account, is_direct=True))
        assets: dict[str, None] = {}
        for symbol in sorted(symbols):
            instrument = self.floor.instruments[symbol]
            assets |= {instrument.base: None, instrument.quote: None}
        balances = {asset: wallet.balance(asset) for asset in assets}
        self.users.tell(account, words.position_event(balances, now_ns=now_ns))

    async def _recall(self, bus: Bus) -> None:
        last_seq = 0

        async def on_input(message: PrismInput, delivery: Delivery) -> None:
            request = message.order
            if request is not None and message.is_direct and self._is_ours(request.account):
                self.accounts.add(request, number=delivery.stream_seq)

        async def on_outcome(outcome: PrismOutcome, _: Delivery) -> None:
            nonlocal last_seq
            for report in outcome.reports:
                # An outcome may stand in the log twice: it counts once.
                if report.report_seq > last_seq and report.report_seq in outcome.direct_seqs:
                    self.accounts.apply(report)
            last_seq = max(last_seq, outcome.reports[-1].report_seq)

        from_seq = max(1, await bus.last_seq(Stream.PRISM_INPUT) - RECALLED + 1)
        for opening in (
            bus.fold(PRISM_INPUT, on_input, from_seq=from_seq),
            bus.fold(PRISM_OUTCOME, on_outcome, from_seq=from_seq),
        ):
            subscription = await opening
            await subscription.stop()
