"""What PRISM tells outsiders of their orders: execution reports, numbered without a gap.

`report_seq` counts over the whole venue and through all its lives, and an `exec_id` is made
of nothing else, so the same report never gets two names. Making a report also applies it to
its order and books its fill: report and holdings cannot differ.
"""

from typing import Final

from trade2026.core.clock import TimeNs
from trade2026.core.ids import ExecId
from trade2026.core.numbers import Bps, Money, Px, Qty, fee_of, value_of
from trade2026.model.execution import ExecType, ExecutionReport, LastLiquidityInd
from trade2026.model.instrument import PRISM, Instrument
from trade2026.model.order import NewOrderSingle
from trade2026.prism.exchange import AT_THE_DOOR, FIRST_OUTSIDER, Exchange, KillReason, MarketEvent
from trade2026.prism.holdings import FeeRates, Holdings
from trade2026.prism.outside import OutsideOrders, OutsiderOrder

VENUE_RESTART: Final = "VENUE_RESTART"
"""Why a working order ends when PRISM comes back: its place in the queue is lost."""

VENUE_RESET: Final = "VENUE_RESET"
"""Why it ends when somebody begins the market anew."""

TEXTS: Final = {
    KillReason.UNFILLED: "UNFILLED nobody stood at its price for what was left",
    KillReason.SELF_TRADE: "SELF_TRADE it would have met an order of the same owner",
    KillReason.INVALID: "INVALID a value is out of bounds, or values do not go together",
    KillReason.WOULD_TRADE: "WOULD_TRADE it may only rest, and would have traded",
    KillReason.WRONG_PHASE: "WRONG_PHASE the market does not take it in its phase",
    KillReason.OUT_OF_BAND: "OUT_OF_BAND its price is outside the band",
    KillReason.EXPIRED: "EXPIRED its time has come",
    KillReason.UNKNOWN: "TOO_LATE nothing of it works any more",
}

TEXT_LENGTH: Final = 200
"""Of a report's text; some quote a word of the order."""

OUTSIDER: Final = "outsider"
"""The other party of a fill between two outsiders: neither learns who it was."""


class Reporter:
    """Makes the reports, and keeps orders and holdings in step with them."""

    def __init__(
        self,
        *,
        orders: OutsideOrders,
        holdings: Holdings,
        fees: FeeRates,
        last_seq: int,
    ) -> None:
        self.last_seq = last_seq
        self._orders = orders
        self._holdings = holdings
        self.fees = fees

    def accepted(self, order: OutsiderOrder, at_ns: int) -> ExecutionReport:
        """Report that the market has the order."""
        return self._report(order, ExecType.NEW, at_ns)

    def rejected(self, order: OutsiderOrder, text: str, at_ns: int) -> ExecutionReport:
        """Report that PRISM does not take the order."""
        return self._report(order, ExecType.REJECTED, at_ns, text=text)

    def canceled(self, order: OutsiderOrder, text: str, at_ns: int) -> ExecutionReport:
        """Report that what was left of the order is out of the market."""
        return self._report(order, ExecType.CANCELED, at_ns, text=text)

    def not_canceled(self, order: OutsiderOrder, text: str, at_ns: int) -> ExecutionReport:
        """Report that a cancel came too late."""
        return self._report(order, ExecType.CANCEL_REJECTED, at_ns, text=text)

    def triggered(self, order: OutsiderOrder, event: MarketEvent, lot: int) -> ExecutionReport:
        """Report that a stop became active."""
        leaves_qty = Qty(event.lots * lot)
        return self._report(order, ExecType.TRIGGERED, event.time_ns, leaves_qty=leaves_qty)

    def replaced(
        self, order: OutsiderOrder, *, replace_id: str, text: str, at_ns: int
    ) -> ExecutionReport:
        """Report how the order stands, whose request was changed."""
        request = order.request
        assert request is not None
        return self._report(
            order,
            ExecType.REPLACED,
            at_ns,
            text=text,
            leaves_qty=Qty(request.order_qty - order.cum_qty),
            replace_id=replace_id,
            asks=request,
        )

    def not_replaced(
        self, order: OutsiderOrder, *, replace_id: str, text: str, at_ns: int
    ) -> ExecutionReport:
        """Report that the order stands as before."""
        request = order.request
        left = 0 if request is None or order.is_done else request.order_qty - order.cum_qty
        return self._report(
            order,
            ExecType.REPLACE_REJECTED,
            at_ns,
            text=text,
            leaves_qty=Qty(left),
            replace_id=replace_id,
        )

    def ended(self, order: OutsiderOrder, event: MarketEvent) -> ExecutionReport:
        """Report that what rested or waited of an order is out of the market."""
        if event.reason is KillReason.EXPIRED:
            text = TEXTS[KillReason.EXPIRED]
            return self._report(order, ExecType.EXPIRED, event.time_ns, text=text)
        return self.canceled(order, TEXTS.get(event.reason, ""), event.time_ns)

    def killed(self, order: OutsiderOrder, event: MarketEvent) -> ExecutionReport:
        """Report that what the order did not fill at once is gone."""
        text = TEXTS.get(event.reason, TEXTS[KillReason.UNFILLED])
        if event.reason in AT_THE_DOOR and not order.reports:
            return self.rejected(order, text, event.time_ns)
        if event.reason in {KillReason.UNFILLED, KillReason.NONE}:
            return self._report(order, ExecType.EXPIRED, event.time_ns, text=text)
        return self.canceled(order, text, event.time_ns)

    def traded(
        self, event: MarketEvent, instrument: Instrument, exchange: Exchange
    ) -> list[ExecutionReport]:
        """Report a trade to the outsiders in it: to the maker first, and maybe to nobody.

        In an auction both orders had rested: neither removed liquidity.
        """
        makes, takes = event.maker_owner >= FIRST_OUTSIDER, event.taker_owner >= FIRST_OUTSIDER
        reports: list[ExecutionReport] = []
        if makes:
            contra = OUTSIDER if takes else exchange.owner_name(event.taker_owner)
            order = self._orders.by_number(event.maker_number)
            left = event.maker_lots_left * instrument.lot_size
            added = LastLiquidityInd.ADDED
            reports.append(self._fill(order, event, instrument, added, left=left, contra=contra))
        if takes:
            contra = OUTSIDER if makes else exchange.owner_name(event.maker_owner)
            order = self._orders.by_number(event.taker_number)
            left = event.taker_lots_left * instrument.lot_size
            is_added = event.is_auction
            liquidity = LastLiquidityInd.ADDED if is_added else LastLiquidityInd.REMOVED
            fill = self._fill(order, event, instrument, liquidity, left=left, contra=contra)
            reports.append(fill)
        return reports

    def _fill(
        self,
        order: OutsiderOrder,
        event: MarketEvent,
        instrument: Instrument,
        liquidity: LastLiquidityInd,
        *,
        left: int,
        contra: str,
    ) -> ExecutionReport:
        last_px = Px(event.ticks * instrument.tick_size)
        last_qty = Qty(event.lots * instrument.lot_size)
        is_maker = liquidity is LastLiquidityInd.ADDED
        rate = Bps(self.fees.maker_bps if is_maker else self.fees.taker_bps)
        report = self._report(
            order,
            ExecType.TRADE,
            event.time_ns,
            last_px=last_px,
            last_qty=last_qty,
            leaves_qty=Qty(left),
            fee=fee_of(value_of(last_px, last_qty), rate),
            fee_asset=instrument.quote,
            liquidity=liquidity,
            contra=contra,
        )
        self._holdings.book(report, is_direct=order.facts.is_direct)
        return report

    def _report(
        self,
        order: OutsiderOrder,
        exec_type: ExecType,
        at_ns: int,
        *,
        text: str = "",
        last_px: Px = Px(0),
        last_qty: Qty = Qty(0),
        leaves_qty: Qty = Qty(0),
        fee: Money = Money(0),
        fee_asset: str = "",
        liquidity: LastLiquidityInd | None = None,
        contra: str = "",
        replace_id: str = "",
        asks: NewOrderSingle | None = None,
    ) -> ExecutionReport:
        if exec_type is ExecType.NEW and order.request is not None:
            leaves_qty = order.request.order_qty
        self.last_seq += 1
        facts = order.facts
        report = ExecutionReport(
            exec_id=ExecId(f"{PRISM}-{self.last_seq}"),
            order_id=facts.order_id,
            venue_order_id=facts.venue_order_id,
            account=facts.account,
            venue=PRISM,
            symbol=facts.symbol,
            side=facts.side,
            exec_type=exec_type,
            last_px=last_px,
            last_qty=last_qty,
            leaves_qty=leaves_qty,
            cum_qty=Qty(order.cum_qty + last_qty),
            fee=fee,
            fee_asset=fee_asset,
            last_liquidity_ind=liquidity,
            report_seq=self.last_seq,
            text=text[:TEXT_LENGTH],
            ts_event_ns=TimeNs(at_ns),
            contra=contra,
            replace_id=replace_id,
            order_qty=None if asks is None else asks.order_qty,
            price=None if asks is None else asks.price,
            stop_px=None if asks is None else asks.stop_px,
        )
        self._orders.apply(order, report)
        return report
