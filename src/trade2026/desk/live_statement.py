"""What the platform's accounts hold at the exchange, by asking it: for reconciliation.

The holdings are those of all fills that the gateway has ever reported. The exchange is asked again
about every order that works and the newest that have traded: what it knows and we had not is
booked first, and what it does not know is taken off. So a fill that was never the exchange's, one
that it took back, and an order that has ended there are differences. What there is of each asset
is asked for first, so that whatever it had traded by then is known when the orders are asked about.
"""

from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.errors import RefusedError, Trade2026Error
from trade2026.core.ids import ExecId
from trade2026.core.numbers import Qty
from trade2026.desk.live_balances import LiveBalances, Look
from trade2026.desk.live_work import LiveWork
from trade2026.domain.live.order import LiveOrder
from trade2026.domain.live.state import LiveState
from trade2026.model.execution import ExecType
from trade2026.model.instrument import LIVE
from trade2026.model.reconciliation import (
    Statement,
    StatementLine,
    StatementOrder,
    StatementRequest,
    moved_by,
)
from trade2026.ports.exchange import ExchangeStatus

ASKED_MOST: Final = 20
"""Orders of each kind that the exchange is asked about."""
RECENT_NS: Final = 900 * NS_PER_S
"""How long an exchange is sure to tell of trades again: some tell of the current day only."""


class LiveStatement:
    """Answers for the exchange."""

    def __init__(
        self, state: LiveState, work: LiveWork, balances: LiveBalances, clock: Clock
    ) -> None:
        self._state = state
        self._work = work
        self._balances = balances
        self._clock = clock

    async def on_statement(self, _: StatementRequest) -> Statement:
        """Return what is held and what works there.

        Raises:
            RefusedError: the exchange does not answer: then nobody knows.
        """
        if not self._work.lets_us_ask():
            raise RefusedError("the exchange wants to be left alone")
        look = await self._balances.look()
        missing: set[ExecId] = set()
        stands: dict[str, StatementOrder | None] = {}
        try:
            for order in self._traded():
                missing |= await self._work.missing(order)
            working = [one for one in self._state.open_orders() if one.reports]
            is_whole = len(working) <= ASKED_MOST
            for order in working[:ASKED_MOST]:
                ours = order.cum_qty
                stood = stands[order.request.order_id] = await self._stands(order)
                if stood is not None and stood.cum_qty > ours:
                    missing |= await self._work.missing(order)
        except Trade2026Error as error:
            raise RefusedError(f"{LIVE}: {error}") from error
        if isinstance(look, Look):
            if not is_whole:
                look = "more orders work than can be asked about"
            else:
                look = await self._balances.explain(look, self._lines(missing)) or look
        # From here on nothing waits: this is one moment.
        balances = look if isinstance(look, str) else self._balances.stated(look)
        told = [
            _stand(order, stands.get(order.request.order_id))
            for order in working
            if not order.is_done
        ]
        return Statement(
            venue=LIVE,
            report_seq=self._state.report_seq,
            lines=self._lines(missing),
            orders=tuple(one for one in told if one is not None) if is_whole else None,
            balances=None if isinstance(balances, str) else balances,
            balances_why=balances if isinstance(balances, str) else "",
        )

    def _traded(self) -> list[LiveOrder]:
        since_ns = self._clock.now_ns() - RECENT_NS
        found = [
            one
            for one in self._state.orders.values()
            if one.cum_qty and one.reports[-1].ts_event_ns >= since_ns
        ]
        return found[-ASKED_MOST:]

    async def _stands(self, order: LiveOrder) -> StatementOrder | None:
        """Return how an order stands by the exchange's word; None where it has ended there."""
        ours = order.cum_qty
        told = StatementOrder(
            order_id=order.request.order_id,
            account=order.request.account,
            symbol=order.request.symbol,
            cum_qty=ours,
        )
        if not order.is_open_there:
            # The part that is hypothetical works nowhere but here.
            return told
        base = order.base_qty
        state = await self._work.state(order)
        if state is None:
            return None
        is_over = state.status is not ExchangeStatus.WORKING
        if is_over and order.is_shadow_done:
            return None
        return msgspec.structs.replace(told, cum_qty=Qty(base + state.filled_qty))

    def _lines(self, missing: set[ExecId]) -> tuple[StatementLine, ...]:
        held = dict(self._state.traded)
        for order in self._state.orders.values():
            for report in order.reports:
                if report.exec_type is ExecType.TRADE and report.exec_id in missing:
                    place = (report.account, report.symbol)
                    held[place] = held[place].plus(moved_by(report), -1)
        return tuple(
            StatementLine(account=account, symbol=symbol, quantity=one.quantity, cash=one.cash)
            for (account, symbol), one in sorted(held.items())
        )


def _stand(order: LiveOrder, told: StatementOrder | None) -> StatementOrder | None:
    """Return *told* as of now: what traded while others were asked about counts."""
    if told is None or told.cum_qty >= order.cum_qty:
        return told
    return msgspec.structs.replace(told, cum_qty=order.cum_qty)
