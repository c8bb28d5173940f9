"""The routes of positions and P&L: what is held, what it is worth, what it came to."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter

from trade2026.core.errors import InvalidInputError
from trade2026.core.ids import AccountId
from trade2026.core.numbers import average_px, money_half_even, value_of
from trade2026.desk.equity import EquityDesk
from trade2026.desk.ledger import LedgerDesk
from trade2026.domain.pnl.equity import MarkedPosition
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.model.pnl import PnlSnapshot
from trade2026.model.position import Position
from trade2026.shell.access import is_visible, needs, require_account
from trade2026.shell.problem import ProblemError

AnyRequest = Request[Any, Any, Any]


class AmountReply(msgspec.Struct, frozen=True, kw_only=True):
    """An amount of an asset."""

    asset: str
    amount: Exact


class PositionReply(msgspec.Struct, frozen=True, kw_only=True):
    """A position, signed: short is negative."""

    account: str
    strategy: str
    venue: str
    symbol: str
    quantity: Exact
    average_price: Exact
    realized_pnl: Exact
    unrealized_pnl: Exact
    """At the latest mid price, or at the last fill where there is none yet."""
    fees: Exact
    funding: Exact
    dividends: Exact
    currency: str
    """What the instrument is quoted in, and all of the above."""
    other_fees: list[AmountReply]
    """Fees paid in third assets."""


class PnlReply(msgspec.Struct, frozen=True, kw_only=True):
    """An account's P&L; the parts add up exactly.

    realized_pnl + unrealized_pnl - fees + funding + dividends + fx = equity - deposits.
    """

    account: str
    currency: str
    ts_ns: int
    deposits: Exact
    cash: Exact
    equity: Exact
    realized_pnl: Exact
    unrealized_pnl: Exact
    fees: Exact
    funding: Exact
    """Received less paid."""
    dividends: Exact
    fx: Exact
    """What changes of rates made of what was paid in in other currencies."""
    total_pnl: Exact
    unmarked_symbols: tuple[str, ...]
    unrated_currencies: tuple[str, ...]
    """Held, but nobody said what they are worth: they count as nothing."""


class SnapshotReply(msgspec.Struct, frozen=True, kw_only=True):
    """An account's P&L and the positions it comes from."""

    pnl: PnlReply
    positions: list[PositionReply]


def position_routes(desk: LedgerDesk) -> list[BaseRouteHandler]:
    """Return the routes of what is held (ptrc)."""

    def reply(position: Position) -> PositionReply:
        mark = desk.marks.get(position.key.symbol, position.last_px)
        unrealized = value_of(mark, position.quantity) - position.cost
        return position_reply(position, money_half_even(unrealized))

    @get("/positions", opt=needs("positions:read"))
    async def positions(request: AnyRequest, account: str | None = None) -> list[PositionReply]:
        """List positions, closed ones too, of one account or of all the sender may see."""
        if account is not None:
            require_account(request, account)
        found = desk.ledger.positions(account)
        return [reply(p) for p in found if is_visible(request, p.key.account)]

    @get("/positions/{account:str}/{symbol:str}", opt=needs("positions:read"))
    async def position(request: AnyRequest, account: str, symbol: str) -> list[PositionReply]:
        """List an account's positions in one symbol, one for each strategy and venue."""
        require_account(request, account)
        found = [p for p in desk.ledger.positions(account) if p.key.symbol == symbol]
        if not found:
            raise ProblemError(404, "No position", f"{account[:40]} never held {symbol[:40]}")
        return [reply(p) for p in found]

    return [positions, position]


def pnl_routes(desk: EquityDesk) -> list[BaseRouteHandler]:
    """Return the routes of P&L."""

    def known(request: AnyRequest, account: str) -> PnlSnapshot:
        require_account(request, account)
        snapshot = desk.snapshot(account)
        if snapshot is None:
            raise ProblemError(404, "Unknown account", f"no account {account[:40]}")
        return snapshot

    @get("/pnl", opt=needs("pnl:read"))
    async def pnl(request: AnyRequest, account: str = "default") -> PnlReply:
        """Return an account's P&L at this moment."""
        return pnl_reply(known(request, account))

    @get("/snapshot", opt=needs("pnl:read"))
    async def snapshot(request: AnyRequest, account: str = "default") -> SnapshotReply:
        """Return an account's P&L and positions at this moment."""
        return SnapshotReply(
            pnl=pnl_reply(known(request, account)),
            positions=[_marked(marked) for marked in desk.positions(account)],
        )

    @get("/positions", opt=needs("pnl:read"))
    async def positions(request: AnyRequest, account: str = "default") -> list[PositionReply]:
        """List an account's positions at the latest marks."""
        known(request, account)
        return [_marked(marked) for marked in desk.positions(account)]

    @get("/pnl/history", opt=needs("pnl:read"))
    async def history(
        request: AnyRequest,
        account: str = "default",
        limit: Annotated[int, Parameter(ge=1, le=10_000)] = 600,
        interval: Annotated[
            str, Parameter(description="`second`: the newest hour; `hour`: eleven years.")
        ] = "second",
    ) -> list[PnlReply]:
        """Return the newest points of the equity curve, oldest first, where it moved."""
        known(request, account)
        if interval not in {"second", "hour"}:
            raise InvalidInputError("interval", "must be second or hour")
        curves = desk.hours if interval == "hour" else desk.history
        points = list(curves.get(AccountId(account), ()))
        return [pnl_reply(point) for point in points[-limit:]]

    return [pnl, snapshot, positions, history]


def position_reply(position: Position, unrealized: int) -> PositionReply:
    """Return a position as the API shows it; *unrealized* in nanos."""
    key = position.key
    return PositionReply(
        account=key.account,
        strategy=key.strategy,
        venue=key.venue,
        symbol=key.symbol,
        quantity=exact.write(position.quantity),
        average_price=exact.write_optional(average_px(position.cost, position.quantity)),
        realized_pnl=exact.write(money_half_even(position.realized)),
        unrealized_pnl=exact.write(unrealized),
        fees=exact.write(money_half_even(position.fees)),
        funding=exact.write(money_half_even(position.funding)),
        dividends=exact.write(money_half_even(position.dividends)),
        currency=position.currency,
        other_fees=[
            AmountReply(asset=paid.asset, amount=exact.write(money_half_even(paid.amount)))
            for paid in position.other_fees
        ],
    )


def _marked(marked: MarkedPosition) -> PositionReply:
    return position_reply(marked.position, marked.unrealized)


def pnl_reply(snapshot: PnlSnapshot) -> PnlReply:
    """Return an account's P&L as the API shows it."""
    return PnlReply(
        account=snapshot.account,
        currency=snapshot.currency,
        ts_ns=snapshot.ts_ns,
        deposits=exact.write(snapshot.deposits),
        cash=exact.write(snapshot.cash),
        equity=exact.write(snapshot.equity),
        realized_pnl=exact.write(snapshot.realized),
        unrealized_pnl=exact.write(snapshot.unrealized),
        fees=exact.write(snapshot.fees),
        funding=exact.write(snapshot.funding),
        dividends=exact.write(snapshot.dividends),
        fx=exact.write(snapshot.fx),
        total_pnl=exact.write(snapshot.equity - snapshot.deposits),
        unmarked_symbols=snapshot.unmarked_symbols,
        unrated_currencies=snapshot.unrated,
    )
