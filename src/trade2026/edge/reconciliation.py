"""The route of reconciliation: platform, log and venue side by side, where they differ."""

from typing import Any

import msgspec
from litestar import Request, get
from litestar.handlers import BaseRouteHandler

from trade2026.core.numbers import money_half_even
from trade2026.desk.reconciling import Reconciliation, ReconcilingDesk
from trade2026.domain.position.reconcile import Cause, Difference, Held
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.shell.access import is_visible, needs

AnyRequest = Request[Any, Any, Any]


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


class ReconciliationReply(msgspec.Struct, frozen=True, kw_only=True):
    """Empty differences mean that platform, log and venue say the same to the nano."""

    venue: str
    ts_ns: int
    report_seq: int
    """The venue's report at which everything was compared."""
    compared: int
    """Holdings in the venue's statement, all accounts together."""
    waited_ns: int
    """How long reports on their way were waited for."""
    differences: list[DifferenceReply]
    """Of accounts that the sender may see."""


def reconciliation_routes(desk: ReconcilingDesk) -> list[BaseRouteHandler]:
    """Return the route of reconciliation (ptrc)."""

    @get("/reconciliation", opt=needs("positions:read"))
    async def reconciliation(request: AnyRequest) -> ReconciliationReply:
        """Ask the venue at this moment, and compare what it says with the log and the ledger."""
        found = await desk.reconcile()
        own = [one for one in found.differences if is_visible(request, one.account)]
        return _reply(found, own)

    return [reconciliation]


def _reply(found: Reconciliation, differences: list[Difference]) -> ReconciliationReply:
    return ReconciliationReply(
        venue=found.venue,
        ts_ns=found.ts_ns,
        report_seq=found.report_seq,
        compared=found.compared,
        waited_ns=found.waited_ns,
        differences=[
            DifferenceReply(
                account=one.account,
                symbol=one.symbol,
                platform=_held(one.platform),
                log=_held(one.log),
                venue=_held(one.venue),
                cause=one.cause,
            )
            for one in differences
        ],
    )


def _held(held: Held) -> HeldReply:
    return HeldReply(
        quantity=exact.write(held.quantity), cash=exact.write(money_half_even(held.cash))
    )
