"""The routes of the hot cache about accounts: positions and exposures, for who may see them."""

from typing import Any

import msgspec
from litestar import Request, get
from litestar.handlers import BaseRouteHandler

from trade2026.core.numbers import money_half_even
from trade2026.desk.hot_cache import HotCache, HotExposure
from trade2026.domain.pnl.equity import MarkedPosition
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.hot_cache import ReadTimer
from trade2026.shell.access import needs, require_account
from trade2026.shell.problem import ProblemError

AnyRequest = Request[Any, Any, Any]


class HotPartReply(msgspec.Struct, frozen=True, kw_only=True):
    """A position of one strategy at one venue, signed: short is negative."""

    strategy: str
    venue: str
    quantity: Exact
    average_price: Exact
    mark_price: Exact
    is_marked: bool
    """Whether the mark is a current one."""
    unrealized_pnl: Exact
    realized_pnl: Exact
    fees: Exact


class HotPositionReply(msgspec.Struct, frozen=True, kw_only=True):
    """An account's position in one symbol, and what it is made of."""

    account: str
    symbol: str
    quantity: Exact
    positions: list[HotPartReply]
    is_stored: bool


class HotHoldingReply(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds of one symbol."""

    symbol: str
    quantity: Exact
    mark_price: Exact
    value: Exact


class HotRiskReply(msgspec.Struct, frozen=True, kw_only=True):
    """What an account is exposed to by what it holds, at the latest marks.

    Open orders are not in it: their reservations are risk's to tell, at `/risk/portfolio`.
    """

    account: str
    currency: str
    ts_ns: int
    cash: Exact
    equity: Exact
    gross_exposure: Exact
    net_exposure: Exact
    unmarked_symbols: tuple[str, ...]
    holdings: list[HotHoldingReply]
    is_stored: bool


def account_routes(desk: HotCache, timer: ReadTimer) -> list[BaseRouteHandler]:
    """Return the routes of accounts, each for those who may see the account."""

    @get("/position/{account:str}/{symbol:str}", opt=needs("positions:read"))
    async def position(request: AnyRequest, account: str, symbol: str) -> HotPositionReply:
        """Return an account's position in one symbol."""
        require_account(request, account)
        found = timer.timed("position", lambda: desk.positions(account, symbol))
        if not found:
            raise ProblemError(404, "No position", f"{account[:40]} never held {symbol[:40]}")
        return HotPositionReply(
            account=account,
            symbol=symbol,
            quantity=exact.write(sum(marked.position.quantity for marked in found)),
            positions=[_part(marked) for marked in found],
            is_stored=desk.writer.is_stored,
        )

    @get("/risk/{account:str}", opt=needs("risk:read"))
    async def risk(request: AnyRequest, account: str) -> HotRiskReply:
        """Return what an account is exposed to by what it holds."""
        require_account(request, account)
        found = timer.timed("risk", lambda: desk.exposure(account))
        if found is None:
            raise ProblemError(404, "Unknown account", f"no account {account[:40]}")
        return _risk(found, is_stored=desk.writer.is_stored)

    handlers: list[Any] = [position, risk]
    return handlers


def _part(marked: MarkedPosition) -> HotPartReply:
    position = marked.position
    return HotPartReply(
        strategy=position.key.strategy,
        venue=position.key.venue,
        quantity=exact.write(position.quantity),
        average_price=exact.write_optional(marked.average_px),
        mark_price=exact.write(marked.mark_px),
        is_marked=marked.is_marked,
        unrealized_pnl=exact.write(marked.unrealized),
        realized_pnl=exact.write(money_half_even(position.realized)),
        fees=exact.write(money_half_even(position.fees)),
    )


def _risk(exposure: HotExposure, *, is_stored: bool) -> HotRiskReply:
    return HotRiskReply(
        account=exposure.account,
        currency=exposure.currency,
        ts_ns=exposure.ts_ns,
        cash=exact.write(exposure.cash),
        equity=exact.write(exposure.equity),
        gross_exposure=exact.write(exposure.gross_exposure),
        net_exposure=exact.write(exposure.net_exposure),
        unmarked_symbols=exposure.unmarked_symbols,
        holdings=[
            HotHoldingReply(
                symbol=holding.symbol,
                quantity=exact.write(holding.quantity),
                mark_price=exact.write(holding.mark_px),
                value=exact.write(holding.value),
            )
            for holding in exposure.holdings
        ],
        is_stored=is_stored,
    )
