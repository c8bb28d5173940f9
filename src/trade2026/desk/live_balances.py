"""What there is at the exchange: the opening balance, and the question how it stands now.

The exchange's answer belongs to no report of ours: what traded while it was being asked may be
in it or not, and is named. Where it cannot be compared, the reason is told, and nothing is said
about whether it agrees.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import RefusedError, Trade2026Error, VenueRejectedError
from trade2026.core.numbers import Value
from trade2026.desk.live_log import LiveLog
from trade2026.desk.live_market import LiveMarket
from trade2026.domain.live.funds import held_most
from trade2026.domain.live.state import REPORTS_TOLD_AGAIN, LiveState
from trade2026.domain.position.balances import explain
from trade2026.model.balance import AssetBalance, AssetTransfer, VenueBalance
from trade2026.model.live import BalancesOpened, TransferSeen
from trade2026.model.reconciliation import Held, StatementLine, sums_by_asset
from trade2026.ports.exchange import Exchange

GATEWAY: Final = "live-gateway"
OPEN_AGAIN_S: Final = 5.0
TRANSFERS_NS: Final = 30 * 86_400 * NS_PER_S
"""How far back deposits and withdrawals are asked for: Binance tells of 90 days at once."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What the exchange said, and what our side was like before it was asked."""

    told: tuple[AssetBalance, ...]
    report_seq: int
    held_most: dict[str, int]


class LiveBalances:
    """Asks the exchange what there is, and writes the opening balance down."""

    def __init__(
        self,
        *,
        exchange: Exchange,
        log: LiveLog,
        market: LiveMarket,
        logger: FilteringBoundLogger,
    ) -> None:
        self._exchange = exchange
        self._log = log
        self._market = market
        self._logger = logger

    @property
    def _state(self) -> LiveState:
        return self._log.state

    async def run(self) -> None:
        """Write the opening balance down as soon as it can be, once; without an exchange never."""
        while self._exchange.name and not self._state.funds.is_opened_at(self._exchange.name):
            # Before it is connected it lists nothing.
            if self._exchange.instruments:
                try:
                    await self.open(asked_by=GATEWAY, reason="the first look at this exchange")
                except Trade2026Error as error:
                    self._logger.warning("no opening balance yet", why=str(error))
            await asyncio.sleep(OPEN_AGAIN_S)

    async def open(self, *, asked_by: str, reason: str) -> BalancesOpened:
        """Write down what there is as what was there from the beginning, and return it.

        Raises:
            RefusedError: orders of ours are open there, or something moved meanwhile.
            VenueUnavailableError: no answer came.
        """
        seq = self._state.report_seq
        if self._state.open_there():
            raise RefusedError("ORDERS_OPEN orders are open at the exchange")
        before = await self._transfers()
        told = await self._exchange.balances()
        after = await self._transfers()
        has_moved = self._state.open_there() or self._state.report_seq != seq
        names = tuple(sorted(one.transfer_id for one in after))
        if has_moved or names != tuple(sorted(one.transfer_id for one in before)):
            raise RefusedError("MOVED something traded or was transferred meanwhile; ask again")
        event = BalancesOpened(
            event_id=self._log.new_id(),
            ts_ns=self._log.now_ns(),
            asked_by=asked_by,
            reason=reason,
            exchange=self._exchange.name,
            balances=tuple(told),
            transfer_ids=names,
        )
        await self._log.write(event)
        self._logger.info("opening balance", exchange=event.exchange, assets=len(told))
        return event

    async def look(self) -> Look | str:
        """Return what there is at the exchange, or why that cannot be compared."""
        state = self._state
        if not self._exchange.name:
            return "no exchange is configured"
        if not state.funds.is_opened_at(self._exchange.name):
            return "no opening balance is written down yet"
        seq, most = state.report_seq, self._held_most()
        try:
            told = await self._exchange.balances()
        except Trade2026Error as error:
            return str(error)
        return Look(told=tuple(told), report_seq=seq, held_most=most)

    async def explain(self, look: Look, lines: Sequence[StatementLine]) -> str:
        """Ask for deposits and withdrawals where something is unexplained; return why not.

        What is unexplained while nobody can say whether it was deposited is no difference yet.
        """
        found = self.stated(look)
        if isinstance(found, str):
            return found
        traded = sums_by_asset({(x.account, x.symbol): Held(x.quantity, x.cash) for x in lines})
        sums = [(one, traded.get(one.asset, Value(0))) for one in found]
        if all(explain(one, moved, moved).is_explained for one, moved in sums):
            return ""
        try:
            told = await self._transfers()
        except Trade2026Error as error:
            return str(error)
        for one in told:
            if not self._state.funds.has_seen(one.transfer_id):
                await self._log.write(
                    TransferSeen(
                        event_id=self._log.new_id(), ts_ns=self._log.now_ns(), transfer=one
                    )
                )
        return ""

    def stated(self, look: Look) -> tuple[VenueBalance, ...] | str:
        """Return what there is with all that is known of how it came, or why it cannot be told."""
        state = self._state
        if any(order.is_in_doubt for order in state.open_there()):
            return "an order is in doubt"
        if state.report_seq - look.report_seq > REPORTS_TOLD_AGAIN:
            return "too much traded while the exchange was being asked"
        now, before = self._held_most(), look.held_most
        most = {asset: max(now.get(asset, 0), before.get(asset, 0)) for asset in now | before}
        return state.funds.balances(
            look.told,
            self._exchange.instruments.values(),
            held_most=most,
            under_way=[one for one in state.newest_reports if one.report_seq > look.report_seq],
        )

    def _held_most(self) -> dict[str, int]:
        orders, listed = self._state.open_there(), self._exchange.instruments
        return held_most(orders, listed, self._market.mids)

    async def _transfers(self) -> Sequence[AssetTransfer]:
        since_ns = TimeNs(self._log.now_ns() - TRANSFERS_NS)
        try:
            return await self._exchange.transfers(since_ns)
        except VenueRejectedError as error:
            # A key need not be allowed to ask: then what is deposited has no cause that we know.
            self._logger.debug("no transfers are told", why=str(error))
            return ()
