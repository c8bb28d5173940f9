"""The routes of risk: exposures, and the modes of trading."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.handlers import BaseRouteHandler
from litestar.status_codes import HTTP_202_ACCEPTED

from trade2026.core.errors import InvalidInputError
from trade2026.desk.risk import RiskDesk
from trade2026.domain.risk.exposure import Exposure
from trade2026.domain.risk.losses import Losses
from trade2026.domain.risk.value_at_risk import ValueAtRisk
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.words import read_key
from trade2026.model.risk import (
    GLOBAL_SCOPE,
    RiskControl,
    TradingMode,
    account_scope,
    strategy_scope,
    symbol_scope,
)
from trade2026.shell.access import (
    EVERY_ACCOUNT,
    is_visible,
    needs,
    principal_of,
    require_account,
)
from trade2026.shell.problem import ProblemError

AnyRequest = Request[Any, Any, Any]

_ACCOUNT_PREFIX = account_scope("")

Why = Annotated[str, msgspec.Meta(max_length=256)]


class ModeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /risk/mode`."""

    mode: TradingMode
    scope: str = GLOBAL_SCOPE
    reason: Why = "set by hand"


class BlockRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /risk/symbol/{s}/block`."""

    blocked: bool = True
    reason: Why = "blocked"


class ControlReply(msgspec.Struct, frozen=True, kw_only=True):
    """A change of mode, as it stands in the log."""

    control_id: str
    scope: str
    mode: TradingMode
    cancel_open: bool
    reason: str
    asked_by: str
    ts_ns: int
    flatten: bool


class ValueAtRiskReply(msgspec.Struct, frozen=True, kw_only=True):
    """What may be lost within a day, in all but 5, or 1, of a hundred days."""

    historical_95: Exact
    historical_99: Exact
    parametric_95: Exact
    parametric_99: Exact
    minutes: int
    """That it was reckoned from; 0 where volatilities were assumed."""


class HoldingReply(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds of one symbol, and what its open orders may add."""

    symbol: str
    quantity: Exact
    mark_price: Exact
    value: Exact
    open_buy_quantity: Exact
    open_sell_quantity: Exact


class PortfolioReply(msgspec.Struct, frozen=True, kw_only=True):
    """An account as risk sees it, in the base currency."""

    account: str
    currency: str
    mode: TradingMode
    cash: Exact
    equity: Exact
    gross_exposure: Exact
    net_exposure: Exact
    margin: Exact
    """Equity bound by the holdings."""
    reserved: Exact
    """Buying power held for open orders."""
    buying_power: Exact
    """Equity less margin and reservations: what a new order may use."""
    daily_loss: Exact
    """Lost since the UTC day began."""
    drawdown_bps: int
    """Fallen from the peak."""
    fast_drawdown_bps: int
    """Fallen within the last 300 seconds."""
    value_at_risk: ValueAtRiskReply
    """With what open orders may add."""
    open_orders: int
    holdings: list[HoldingReply]


def read_scope(text: str) -> str:
    """Return *text* if it is a scope.

    Raises:
        InvalidInputError: it is neither `global` nor `account:`, `strategy:` or `symbol:`
            with a key.
    """
    if text == GLOBAL_SCOPE:
        return text
    for prefix in (_ACCOUNT_PREFIX, strategy_scope(""), symbol_scope("")):
        if text.startswith(prefix):
            return prefix + read_key(text.removeprefix(prefix), "scope")
    raise InvalidInputError("scope", "must be global, account:<id>, strategy:<id> or symbol:<s>")


def require_scope(request: AnyRequest, scope: str) -> None:
    """Return if the principal may control *scope*: its account, or else every account.

    Raises:
        ProblemError: 403 with the rule that refused.
    """
    is_account = scope.startswith(_ACCOUNT_PREFIX)
    require_account(request, scope.removeprefix(_ACCOUNT_PREFIX) if is_account else EVERY_ACCOUNT)


def is_scope_visible(request: AnyRequest, scope: str) -> bool:
    """Return whether the principal may see what concerns *scope*."""
    is_account = scope.startswith(_ACCOUNT_PREFIX)
    return not is_account or is_visible(request, scope.removeprefix(_ACCOUNT_PREFIX))


def control_reply(control: RiskControl) -> ControlReply:
    """Return *control* as it is shown."""
    return ControlReply(**msgspec.structs.asdict(control))


def value_at_risk_reply(found: ValueAtRisk) -> ValueAtRiskReply:
    """Return *found* as it is shown."""
    return ValueAtRiskReply(
        historical_95=exact.write(found.historical_95),
        historical_99=exact.write(found.historical_99),
        parametric_95=exact.write(found.parametric_95),
        parametric_99=exact.write(found.parametric_99),
        minutes=found.minutes,
    )


def _portfolio(seen: Exposure, losses: Losses) -> PortfolioReply:
    return PortfolioReply(
        account=seen.account,
        currency=seen.currency,
        mode=seen.mode,
        cash=exact.write(seen.cash),
        equity=exact.write(seen.equity),
        gross_exposure=exact.write(seen.gross_exposure),
        net_exposure=exact.write(seen.net_exposure),
        margin=exact.write(seen.margin),
        reserved=exact.write(seen.reserved),
        buying_power=exact.write(seen.buying_power),
        daily_loss=exact.write(losses.daily),
        drawdown_bps=losses.drawdown_bps,
        fast_drawdown_bps=losses.fast_drawdown_bps,
        value_at_risk=value_at_risk_reply(seen.value_at_risk),
        open_orders=seen.open_order_count,
        holdings=[
            HoldingReply(
                symbol=symbol.symbol,
                quantity=exact.write(symbol.quantity),
                mark_price=exact.write(symbol.mark_px),
                value=exact.write(symbol.value),
                open_buy_quantity=exact.write(symbol.open_buy_qty),
                open_sell_quantity=exact.write(symbol.open_sell_qty),
            )
            for symbol in seen.symbols
        ],
    )


def mode_routes(desk: RiskDesk) -> list[BaseRouteHandler]:
    """Return the routes that limit a scope without the kill switch, and that block a symbol."""

    @post("/risk/mode", opt=needs("risk:control"), status_code=HTTP_202_ACCEPTED)
    async def set_mode(request: AnyRequest, data: ModeRequest) -> ControlReply:
        """Set how far trading is allowed in a scope; open orders stay as they are."""
        scope = read_scope(data.scope)
        require_scope(request, scope)
        control = await desk.switch(
            scope=scope,
            mode=data.mode,
            cancel_open=False,
            reason=data.reason,
            asked_by=principal_of(request).subject,
        )
        return control_reply(control)

    @post("/risk/symbol/{symbol:str}/block", opt=needs("risk:control"), status_code=202)
    async def block(request: AnyRequest, symbol: str, data: BlockRequest) -> ControlReply:
        """Refuse every order of a symbol, and cancel its open ones; `blocked` false undoes it."""
        scope = read_scope(symbol_scope(symbol))
        require_scope(request, scope)
        control = await desk.switch(
            scope=scope,
            mode=TradingMode.HALTED if data.blocked else TradingMode.NORMAL,
            cancel_open=data.blocked,
            reason=data.reason,
            asked_by=principal_of(request).subject,
        )
        return control_reply(control)

    return [set_mode, block]


def view_routes(desk: RiskDesk) -> list[BaseRouteHandler]:
    """Return the routes that show how risk sees things."""

    @get("/risk/portfolio", opt=needs("risk:read"))
    async def portfolio(request: AnyRequest, account: str = "default") -> PortfolioReply:
        """Return an account's equity, exposure, reservations and mode."""
        require_account(request, account)
        seen = desk.book.exposure(account)
        if seen is None:
            raise ProblemError(404, "Unknown account", f"no account {account[:40]}")
        return _portfolio(seen, desk.losses(account))

    @get("/risk/modes", opt=needs("risk:read"))
    async def modes(request: AnyRequest) -> dict[str, TradingMode]:
        """Return the mode of every scope that was ever switched."""
        return {
            scope: mode
            for scope, mode in desk.book.modes.by_scope().items()
            if is_scope_visible(request, scope)
        }

    return [portfolio, modes]
