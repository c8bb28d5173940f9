"""The routes of how well an account did: statistics of its curve, and where its P&L came from."""

from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter

from trade2026.core.clock import NS_PER_S
from trade2026.desk.equity import NS_PER_HOUR, EquityDesk
from trade2026.domain.pnl.attribution import Attribution, By
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.words import read_word
from trade2026.model.position import BASE_CURRENCY
from trade2026.shell.access import needs, require_account
from trade2026.shell.problem import ProblemError

AnyRequest = Request[Any, Any, Any]

DAYS_A_YEAR: Final = 365
"""Crypto trades every day; ask for 252 days where only equities are traded."""


class Period(StrEnum):
    """How long the periods are that returns are measured over."""

    MINUTE = "MINUTE"
    HOUR = "HOUR"
    DAY = "DAY"


_LENGTH_NS: Final = {
    Period.MINUTE: 60 * NS_PER_S,
    Period.HOUR: NS_PER_HOUR,
    Period.DAY: 24 * NS_PER_HOUR,
}


class PerformanceReply(msgspec.Struct, frozen=True, kw_only=True):
    """Ratios, not percent; null where the curve does not define one."""

    account: str
    period: str
    periods: int
    """How many returns there are."""
    periods_per_year: float
    riskless_rate: float
    """A year's."""
    total_return: float | None
    annual_return: float | None
    annual_volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float | None
    hit_rate: float | None
    profit_factor: float | None
    turnover: float | None


class AttributionRow(msgspec.Struct, frozen=True, kw_only=True):
    """price - fees + funding + dividends = total, exactly."""

    name: str
    price: Exact
    """Realised and unrealised."""
    realized: Exact
    unrealized: Exact
    fees: Exact
    funding: Exact
    dividends: Exact
    total: Exact


class AttributionReply(msgspec.Struct, frozen=True, kw_only=True):
    """Where all P&L since the account was opened came from; the rows add up to the total."""

    account: str
    currency: str
    by: str
    rows: list[AttributionRow]
    total: AttributionRow


def performance_routes(desk: EquityDesk) -> list[BaseRouteHandler]:
    """Return the routes of performance and attribution (pnl)."""

    @get("/performance", opt=needs("pnl:read"))
    async def performance(
        request: AnyRequest,
        account: str = "default",
        period: Annotated[str, Parameter(description="MINUTE, HOUR or DAY.")] = "HOUR",
        days_per_year: Annotated[int, Parameter(ge=1, le=366)] = DAYS_A_YEAR,
        riskless_rate: Annotated[float, Parameter(ge=-1, le=1)] = 0.0,
    ) -> PerformanceReply:
        """Return the statistics of an account's equity curve; minutes are of the newest hour."""
        require_account(request, account)
        if desk.snapshot(account) is None:
            raise ProblemError(404, "Unknown account", f"no account {account[:40]}")
        length = read_word(Period, period, "period")
        a_year = days_per_year * _LENGTH_NS[Period.DAY] / _LENGTH_NS[length]
        found = desk.performance(
            account,
            period_ns=_LENGTH_NS[length],
            periods_a_year=a_year,
            riskless=riskless_rate / a_year,
        )
        return PerformanceReply(
            account=account,
            period=length,
            periods_per_year=a_year,
            riskless_rate=riskless_rate,
            **msgspec.structs.asdict(found),
        )

    @get("/attribution", opt=needs("pnl:read"))
    async def attribution(
        request: AnyRequest,
        account: str = "default",
        by: Annotated[str, Parameter(description="STRATEGY, SYMBOL, VENUE or TOTAL.")] = "STRATEGY",
    ) -> AttributionReply:
        """Return where an account's P&L came from, by component in each row."""
        require_account(request, account)
        word = read_word(By, by, "by")
        rows = desk.attribution(account, word)
        total = desk.attribution(account, By.TOTAL)
        if rows is None or total is None:
            raise ProblemError(404, "Unknown account", f"no account {account[:40]}")
        return AttributionReply(
            account=account,
            currency=BASE_CURRENCY,
            by=word,
            rows=[_row(row) for row in rows],
            total=_row(total[0] if total else Attribution(name="total")),
        )

    return [performance, attribution]


def _row(row: Attribution) -> AttributionRow:
    return AttributionRow(
        name=row.name,
        price=exact.write_value(row.price),
        realized=exact.write_value(row.realized),
        unrealized=exact.write_value(row.unrealized),
        fees=exact.write_value(row.fees),
        funding=exact.write_value(row.funding),
        dividends=exact.write_value(row.dividends),
        total=exact.write_value(row.total),
    )
