"""The routes of risk's limits: what binds, and how it is changed, durably and audited."""

from typing import Annotated

import msgspec
from litestar import get, put
from litestar.handlers import BaseRouteHandler

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError
from trade2026.desk.risk import RiskDesk
from trade2026.domain.risk.limit import Limits
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.risk import AnyRequest, Why, read_scope, require_scope
from trade2026.model.risk import DEFAULT_SCOPE, GLOBAL_SCOPE, LimitValues, symbol_scope
from trade2026.shell.access import needs, principal_of, require_account

Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
Age = Annotated[int, msgspec.Meta(ge=0, le=600 * NS_PER_S)]
"""In nanoseconds: what is older than ten minutes is no price to judge by."""


class LimitsReply(msgspec.Struct, frozen=True, kw_only=True):
    """The limits that bind an order in one symbol."""

    symbol: str
    max_order_quantity: Exact
    max_order_value: Exact
    max_position_quantity: Exact
    max_position_value: Exact
    margin_bps: int
    reference_max_age_ns: int
    collar_bps: int
    max_orders_per_s: int
    max_repeats_per_s: int
    max_open_orders: int
    max_positions: int
    max_gross_exposure: Exact
    max_net_exposure: Exact
    max_concentration_bps: int
    max_leverage_bps: int
    max_position_loss: Exact
    max_daily_loss: Exact
    """Of the account; and so are the two below. No symbol has a say in them."""
    max_drawdown_bps: int
    max_fast_drawdown_bps: int
    max_var_95: Exact
    max_var_99: Exact


class LimitsRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `PUT /risk/limits`: all that is set for a scope; what is left out is not."""

    scope: str
    """`default`, `symbol:<s>`, `account:<id>` or `strategy:<id>`."""
    reason: Why
    max_order_quantity: Exact = exact.NULL
    max_order_value: Exact = exact.NULL
    max_position_quantity: Exact = exact.NULL
    max_position_value: Exact = exact.NULL
    margin_bps: Count | None = None
    reference_max_age_ns: Age | None = None
    collar_bps: Count | None = None
    max_orders_per_s: Count | None = None
    max_repeats_per_s: Count | None = None
    max_open_orders: Count | None = None
    max_positions: Count | None = None
    max_gross_exposure: Exact = exact.NULL
    max_net_exposure: Exact = exact.NULL
    max_concentration_bps: Count | None = None
    max_leverage_bps: Count | None = None
    max_position_loss: Exact = exact.NULL
    max_daily_loss: Exact = exact.NULL
    max_drawdown_bps: Count | None = None
    max_fast_drawdown_bps: Count | None = None
    max_var_95: Exact = exact.NULL
    max_var_99: Exact = exact.NULL


class LimitsSetReply(msgspec.Struct, frozen=True, kw_only=True):
    """A change of limits, as it stands in the log."""

    change_id: str
    scope: str
    reason: str
    asked_by: str
    ts_ns: int


def _amount(field: str, raw: Exact) -> int | None:
    # Neither a quantity nor a limit on money is ever negative.
    return None if exact.is_null(raw) else exact.read_qty(raw, field)


def _has_loss_limits(data: LimitsRequest) -> bool:
    shares = (data.max_drawdown_bps, data.max_fast_drawdown_bps)
    return shares != (None, None) or not exact.is_null(data.max_daily_loss)


def limit_values(data: LimitsRequest) -> LimitValues:
    """Return the limits that a body names, in nanos."""
    return LimitValues(
        max_order_qty=_amount("max_order_quantity", data.max_order_quantity),
        max_order_value=_amount("max_order_value", data.max_order_value),
        max_position_qty=_amount("max_position_quantity", data.max_position_quantity),
        max_position_value=_amount("max_position_value", data.max_position_value),
        margin_bps=data.margin_bps,
        reference_max_age_ns=data.reference_max_age_ns,
        collar_bps=data.collar_bps,
        max_orders_per_s=data.max_orders_per_s,
        max_repeats_per_s=data.max_repeats_per_s,
        max_open_orders=data.max_open_orders,
        max_positions=data.max_positions,
        max_gross_exposure=_amount("max_gross_exposure", data.max_gross_exposure),
        max_net_exposure=_amount("max_net_exposure", data.max_net_exposure),
        max_concentration_bps=data.max_concentration_bps,
        max_leverage_bps=data.max_leverage_bps,
        max_position_loss=_amount("max_position_loss", data.max_position_loss),
        max_daily_loss=_amount("max_daily_loss", data.max_daily_loss),
        max_drawdown_bps=data.max_drawdown_bps,
        max_fast_drawdown_bps=data.max_fast_drawdown_bps,
        max_var_95=_amount("max_var_95", data.max_var_95),
        max_var_99=_amount("max_var_99", data.max_var_99),
    )


def limits_scope(data: LimitsRequest) -> str:
    """Return the scope that a body names.

    Raises:
        InvalidInputError: it is none, or may not have such limits.
    """
    scope = DEFAULT_SCOPE if data.scope == DEFAULT_SCOPE else read_scope(data.scope)
    if scope == GLOBAL_SCOPE:
        raise InvalidInputError("scope", "limits are set for default, not for global")
    if scope.startswith(symbol_scope("")) and _has_loss_limits(data):
        raise InvalidInputError("scope", "no symbol has a say in the losses of accounts")
    return scope


def _reply(symbol: str, limits: Limits) -> LimitsReply:
    return LimitsReply(
        symbol=symbol,
        max_order_quantity=exact.write(limits.max_order_qty),
        max_order_value=exact.write(limits.max_order_value),
        max_position_quantity=exact.write(limits.max_position_qty),
        max_position_value=exact.write(limits.max_position_value),
        margin_bps=limits.margin_bps,
        reference_max_age_ns=limits.reference_max_age_ns,
        collar_bps=limits.collar_bps,
        max_orders_per_s=limits.max_orders_per_s,
        max_repeats_per_s=limits.max_repeats_per_s,
        max_open_orders=limits.max_open_orders,
        max_positions=limits.max_positions,
        max_gross_exposure=exact.write(limits.max_gross_exposure),
        max_net_exposure=exact.write(limits.max_net_exposure),
        max_concentration_bps=limits.max_concentration_bps,
        max_leverage_bps=limits.max_leverage_bps,
        max_position_loss=exact.write(limits.max_position_loss),
        max_daily_loss=exact.write(limits.max_daily_loss),
        max_drawdown_bps=limits.max_drawdown_bps,
        max_fast_drawdown_bps=limits.max_fast_drawdown_bps,
        max_var_95=exact.write(limits.max_var_95),
        max_var_99=exact.write(limits.max_var_99),
    )


def limit_routes(desk: RiskDesk) -> list[BaseRouteHandler]:
    """Return the routes that show and change limits."""

    @get("/risk/limits", opt=needs("risk:read"))
    async def limits(
        request: AnyRequest, account: str = "", strategy: str = ""
    ) -> list[LimitsReply]:
        """Return the limits by symbol; DEFAULT is every other symbol.

        With `account` or `strategy`, those that bind its orders: the tightest of all.
        """
        if account:
            require_account(request, account)
        table = desk.book.limits
        return [
            _reply(symbol, table.of(symbol, account, strategy))
            for symbol in [*table.named(), "DEFAULT"]
        ]

    @put("/risk/limits", opt=needs("risk:control"))
    async def set_limits(request: AnyRequest, data: LimitsRequest) -> LimitsSetReply:
        """Set the limits of a scope; what was set there before and is left out is gone."""
        scope = limits_scope(data)
        require_scope(request, scope)
        change = await desk.set_limits(
            scope=scope,
            values=limit_values(data),
            reason=data.reason,
            asked_by=principal_of(request).subject,
        )
        return LimitsSetReply(
            change_id=change.change_id,
            scope=change.scope,
            reason=change.reason,
            asked_by=change.asked_by,
            ts_ns=change.ts_ns,
        )

    return [limits, set_limits]
