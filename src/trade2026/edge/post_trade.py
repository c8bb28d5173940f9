"""The routes of what comes after the trade: settlement, compliance, and the daily statement."""

from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter
from litestar.status_codes import HTTP_200_OK

from trade2026.adapters.documents.pdf import as_pdf
from trade2026.desk.audit import AuditDesk
from trade2026.desk.compliance import KEPT, ComplianceDesk
from trade2026.desk.day import Day, read_day
from trade2026.desk.statement import statement_of
from trade2026.domain.report.table import as_csv
from trade2026.domain.settlement.obligation import Obligation, by_currency, by_symbol
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.model.compliance import BreachFound
from trade2026.shell.access import is_visible, needs, principal_of, require_account
from trade2026.shell.problem import ProblemError

AnyRequest = Request[Any, Any, Any]

DayName = Annotated[str | None, Parameter(max_length=10, description="Such as 2026-11-26, UTC.")]
Limit = Annotated[int, Parameter(ge=1, le=KEPT, description="Most to return.")]
_MEDIA: Final = {"csv": "text/csv", "pdf": "application/pdf"}


class ReportForm(StrEnum):
    """How a report is written."""

    CSV = "csv"
    PDF = "pdf"


class OwedReply(msgspec.Struct, frozen=True, kw_only=True):
    """What is owed of one symbol, or of one currency."""

    account: str
    of: str
    to_receive: Exact
    to_deliver: Exact
    settled_by_ns: int


class ObligationReply(msgspec.Struct, frozen=True, kw_only=True):
    """One fill that is not settled."""

    exec_id: str
    account: str
    venue: str
    symbol: str
    quantity: Exact
    """To be received, or delivered where negative."""
    currency: str
    cash: Exact
    trade_ns: int
    settles_ns: int


class SettlementReply(msgspec.Struct, frozen=True, kw_only=True):
    """What is traded and not settled at the end of today, by sessions that are known."""

    symbols: list[OwedReply]
    currencies: list[OwedReply]
    trades: list[ObligationReply]


class TradeSettlementReply(msgspec.Struct, frozen=True, kw_only=True):
    """How far a fill is settled."""

    exec_id: str
    status: str
    """SETTLED or UNSETTLED."""
    obligation: ObligationReply | None


class BreachReply(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that was broken."""

    day: str
    found_ns: int
    rule: str
    kind: str
    account: str
    symbol: str
    measured: str
    limit: str
    evidence: tuple[str, ...]


def post_trade_routes(desk: ComplianceDesk, audit: AuditDesk) -> list[BaseRouteHandler]:
    """Return the routes (ptrc). Another day than today is folded from the whole log."""

    @get("/compliance/breaches", opt=needs("positions:read"))
    async def breaches(
        request: AnyRequest, day: DayName = None, limit: Limit = 100
    ) -> list[BreachReply]:
        """List breaches that were found, newest first; those of accounts the sender may see."""
        found = (
            one
            for one in desk.newest()
            if is_visible(request, one.account) and day in {None, one.day}
        )
        return [_breach(one) for one, _ in zip(found, range(limit), strict=False)]

    @post("/compliance/check", opt=needs("ledger:write"), status_code=HTTP_200_OK)
    async def check(request: AnyRequest, day: DayName = None) -> list[BreachReply]:
        """Judge a day by the rules now, write down what is new, and list its breaches."""
        found = await desk.check(_until(desk, day), principal_of(request).subject)
        return [_breach(one) for one in found if is_visible(request, one.account)]

    @get("/reports/statement", opt=needs("positions:read"))
    async def statement(
        request: AnyRequest,
        day: DayName = None,
        account: str | None = None,
        form: ReportForm = ReportForm.CSV,
    ) -> Response[bytes]:
        """Return the statement of a day, as CSV or PDF, of accounts the sender may see."""
        if account is not None:
            require_account(request, account)
        books = await desk.books(_until(desk, day))
        report = statement_of(
            books,
            await desk.judge(books),
            audit.head,
            lambda one: is_visible(request, one) and account in {None, one},
        )
        content = as_pdf(report) if form is ReportForm.PDF else as_csv(report).encode()
        name = f"statement-{books.day.name}.{form}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=_MEDIA[form], headers=headers)

    return [_settlement_route(desk), _trade_route(desk), breaches, check, statement]


def _settlement_route(desk: ComplianceDesk) -> BaseRouteHandler:
    @get("/settlement", opt=needs("positions:read"))
    async def settlement(request: AnyRequest, account: str | None = None) -> SettlementReply:
        """List what is traded and not settled, of one account or of all the sender may see."""
        if account is not None:
            require_account(request, account)
        books = await desk.books(_until(desk, None))
        found = books.owed(account)
        owed = [one for one in found if is_visible(request, one.account)]
        symbols, currencies = sorted(by_symbol(owed).items()), sorted(by_currency(owed).items())
        return SettlementReply(
            symbols=[
                OwedReply(
                    account=place[0],
                    of=place[1],
                    to_receive=exact.write(one.incoming),
                    to_deliver=exact.write(one.outgoing),
                    settled_by_ns=one.last_ns,
                )
                for place, one in symbols
            ],
            currencies=[
                OwedReply(
                    account=place[0],
                    of=place[1],
                    to_receive=exact.write_value(one.incoming),
                    to_deliver=exact.write_value(one.outgoing),
                    settled_by_ns=one.last_ns,
                )
                for place, one in currencies
            ],
            trades=[_obligation(one) for one in owed],
        )

    return settlement


def _trade_route(desk: ComplianceDesk) -> BaseRouteHandler:
    @get("/settlement/{exec_id:str}", opt=needs("positions:read"))
    async def settlement_of(request: AnyRequest, exec_id: str) -> TradeSettlementReply:
        """Return whether one fill is settled, and when it will be.

        Known are all that are not settled, and at least the newest 50,000 fills.
        """
        books = await desk.books(_until(desk, None))
        account = books.obligations.account_of(exec_id)
        if account is None or not is_visible(request, account):
            raise ProblemError(404, "Unknown fill", f"no fill {exec_id[:64]}")
        owed = next((one for one in books.owed() if one.exec_id == exec_id), None)
        return TradeSettlementReply(
            exec_id=exec_id,
            status="SETTLED" if owed is None else "UNSETTLED",
            obligation=None if owed is None else _obligation(owed),
        )

    return settlement_of


def _until(desk: ComplianceDesk, name: str | None) -> Day:
    return desk.today() if name is None else read_day(name)


def _obligation(one: Obligation) -> ObligationReply:
    return ObligationReply(
        exec_id=one.exec_id,
        account=one.account,
        venue=one.venue,
        symbol=one.symbol,
        quantity=exact.write(one.quantity),
        currency=one.currency,
        cash=exact.write_value(one.cash),
        trade_ns=one.trade_ns,
        settles_ns=one.settles_ns,
    )


def _breach(one: BreachFound) -> BreachReply:
    return BreachReply(
        day=one.day,
        found_ns=one.ts_ns,
        rule=one.rule,
        kind=one.kind,
        account=one.account,
        symbol=one.symbol,
        measured=one.measured,
        limit=one.limit,
        evidence=one.evidence,
    )
