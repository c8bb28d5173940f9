"""The routes of reconciliation: platform, log and venue side by side, where they differ."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter
from litestar.status_codes import HTTP_200_OK

from trade2026.core.numbers import Value, money_half_even
from trade2026.desk.reconciling import ReconcilingDesk
from trade2026.desk.runs import KEPT, Runs
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.model.balance import BalanceLine
from trade2026.model.reconciliation import (
    Cause,
    Difference,
    Held,
    OrderDifference,
    Reconciliation,
)
from trade2026.shell.access import is_visible, needs, principal_of, visible_accounts

AnyRequest = Request[Any, Any, Any]
AnyVenue = Literal["PRISM", "LIVE"]
Limit = Annotated[int, Parameter(ge=1, le=KEPT, description="Most to return.")]


class HeldReply(msgspec.Struct, frozen=True, kw_only=True):
    """What one of the three says is held."""

    quantity: Exact
    cash: Exact
    """All that trades in it moved, fees taken off."""


class DifferenceReply(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol of an account of which the three do not say the same."""

    account: str
    symbol: str
    platform: HeldReply
    log: HeldReply
    venue: HeldReply
    cause: Cause


class OrderDifferenceReply(msgspec.Struct, frozen=True, kw_only=True):
    """An order of which log and venue do not say the same."""

    order_id: str
    account: str
    symbol: str
    log_quantity: Exact
    """What has traded by the log."""
    venue_quantity: Exact
    cause: Cause


class HealedReply(msgspec.Struct, frozen=True, kw_only=True):
    """A report that the log lacked and that the venue gave again: it is booked now."""

    account: str
    order_id: str
    exec_id: str


class BalanceVerdict(StrEnum):
    """Whether what there is at the venue is what it should be."""

    EXPLAINED = "EXPLAINED"
    """To less than a nano of each asset."""
    UNEXPLAINED = "UNEXPLAINED"
    NOT_ASKED = "NOT_ASKED"
    """It did not answer, or what it answered cannot be compared: nobody knows."""


class AssetReply(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue says there is of an asset, all accounts together, and why.

    free + held = opening + traded + not_booked - fees + transfers - under_way + unexplained.
    """

    asset: str
    free: Exact
    held: Exact
    """Kept back by orders that work there."""
    opening: Exact
    """What there was before the platform traded with it."""
    traded: Exact
    """Moved since by fills in the log."""
    not_booked: Exact
    """Moved by fills that the gateway has told of and the log has not."""
    fees: Exact
    """Paid in this asset for trades in others."""
    transfers: Exact
    """Deposited since, less what was withdrawn."""
    under_way: Exact
    """Moved by fills so new that the venue has not counted them here."""
    unexplained: Exact
    held_unexplained: Exact
    """Kept back beyond what orders of ours can."""


class BalancesReply(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's balances, compared."""

    verdict: BalanceVerdict
    why: str
    """Why they were not asked for."""
    assets: list[AssetReply]
    """To a sender who may see every account; they belong to all accounts together."""


class ReconciliationReply(msgspec.Struct, frozen=True, kw_only=True):
    """Empty differences mean that platform, log and venue say the same to the nano."""

    run_id: str
    asked_by: str
    venue: str
    ts_ns: int
    report_seq: int
    """The venue's report at which everything was compared."""
    compared: int
    """Holdings and working orders in the venue's statement, all accounts together."""
    waited_ns: int
    """How long reports on their way were waited for."""
    differences: list[DifferenceReply]
    """Of accounts that the sender may see."""
    orders: list[OrderDifferenceReply]
    healed: list[HealedReply]
    balances: BalancesReply


def reconciliation_routes(desk: ReconcilingDesk, runs: Runs) -> list[BaseRouteHandler]:
    """Return the routes of reconciliation (ptrc)."""

    @get("/reconciliation", opt=needs("positions:read"))
    async def reconciliation(request: AnyRequest, venue: AnyVenue = "PRISM") -> ReconciliationReply:
        """Ask the venue at this moment, and compare what it says with the log and the ledger."""
        return _reply(await desk.reconcile(principal_of(request).subject, venue), request)

    @post("/reconcile", opt=needs("ledger:write"), status_code=HTTP_200_OK)
    async def reconcile(request: AnyRequest, venue: AnyVenue = "PRISM") -> ReconciliationReply:
        """Compare, book what the venue proves that the log lacks, and write down what came out."""
        return _reply(await desk.check(principal_of(request).subject, venue), request)

    @get("/reconciliations", opt=needs("positions:read"))
    async def reconciliations(request: AnyRequest, limit: Limit = 100) -> list[ReconciliationReply]:
        """List the newest comparisons, newest first; one is made every minute."""
        return [_reply(one, request) for one in runs.newest()[:limit]]

    return [reconciliation, reconcile, reconciliations]


def _reply(found: Reconciliation, request: AnyRequest) -> ReconciliationReply:
    return ReconciliationReply(
        run_id=found.run_id,
        asked_by=found.asked_by,
        venue=found.venue,
        ts_ns=found.ts_ns,
        report_seq=found.report_seq,
        compared=found.compared,
        waited_ns=found.waited_ns,
        differences=[_held_reply(x) for x in found.differences if is_visible(request, x.account)],
        orders=[_order_reply(x) for x in found.orders if is_visible(request, x.account)],
        healed=[
            HealedReply(account=one.account, order_id=one.order_id, exec_id=one.exec_id)
            for one in found.healed
            if is_visible(request, one.account)
        ],
        balances=_balances_reply(found, request),
    )


def _balances_reply(found: Reconciliation, request: AnyRequest) -> BalancesReply:
    if found.balances is None:
        verdict = BalanceVerdict.NOT_ASKED
    elif found.unexplained_assets:
        verdict = BalanceVerdict.UNEXPLAINED
    else:
        verdict = BalanceVerdict.EXPLAINED
    shown = () if visible_accounts(request) is not None else found.balances or ()
    assets = [_asset_reply(one) for one in shown]
    return BalancesReply(verdict=verdict, why=found.balances_why, assets=assets)


def _asset_reply(one: BalanceLine) -> AssetReply:
    return AssetReply(
        asset=one.asset,
        free=_amount(one.free),
        held=_amount(one.held),
        opening=_amount(one.opening),
        traded=_amount(one.traded),
        not_booked=_amount(one.not_booked),
        fees=_amount(one.fees),
        transfers=_amount(one.transfers),
        under_way=_amount(one.under_way),
        unexplained=_amount(one.unexplained),
        held_unexplained=_amount(one.held_unexplained),
    )


def _held_reply(one: Difference) -> DifferenceReply:
    return DifferenceReply(
        account=one.account,
        symbol=one.symbol,
        platform=_held(one.platform),
        log=_held(one.log),
        venue=_held(one.venue),
        cause=one.cause,
    )


def _order_reply(one: OrderDifference) -> OrderDifferenceReply:
    return OrderDifferenceReply(
        order_id=one.order_id,
        account=one.account,
        symbol=one.symbol,
        log_quantity=exact.write(one.log_qty),
        venue_quantity=exact.write(one.venue_qty),
        cause=one.cause,
    )


def _held(held: Held) -> HeldReply:
    return HeldReply(quantity=exact.write(held.quantity), cash=_amount(held.cash))


def _amount(value: Value) -> Exact:
    return exact.write(money_half_even(value))
