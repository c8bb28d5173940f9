"""`GET /control/audit`: who did what to PRISM's market, and who looked at what would have been.

A control stands in PRISM's log, and so does who asked. A fork changes nothing and stands in no
log: it is remembered since the start, like a control that was refused.
"""

from itertools import islice
from typing import Annotated, Any, Final

import msgspec
from litestar import get
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter

from trade2026.core.clock import NS_PER_S
from trade2026.edge import exact
from trade2026.edge.prism_stage import band_words
from trade2026.prism.control import AUDIT_LENGTH, Audited
from trade2026.prism.fork import AddedOrder
from trade2026.prism.forks import AuditedFork, Forks
from trade2026.prism.venue import Venue
from trade2026.shell.access import needs

Limit = Annotated[int, Parameter(ge=1, le=AUDIT_LENGTH)]

FORK: Final = "FORK"

_SAID_APART: Final = frozenset({"kind", "asked_by", "asked_ns"})


class AuditReply(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody did, or was refused."""

    kind: str
    """START, PAUSE, STEP, SPEED, SEED, RESET, SHOCK, PARAMS, PHASE, BAND or FORK."""
    asked_by: str
    asked_ns: int
    """On the clock of the wall."""
    enters_ns: int
    """Simulation time; of a fork, at which it was answered."""
    log_seq: int
    """Its place in PRISM's log; 0 where it was refused, and for a fork."""
    what: dict[str, Any]
    """What was asked, apart from the above."""
    result: str
    """DONE, or REFUSED and why; of a fork also FAILED and why, as where the log was away, and
    BROKEN OFF, where the asker went away."""


def audit_routes(venue: Venue, forks: Forks) -> list[BaseRouteHandler]:
    """Return the route that tells who did what."""

    @get("/control/audit", opt=needs("prism:control"))
    async def audit(limit: Limit = 100) -> list[AuditReply]:
        """List what was done and by whom, newest first."""
        told = [*map(_of_control, venue.controls.audit), *map(_of_fork, forks.audit)]
        told.sort(key=lambda one: one.enters_ns)
        return list(islice(reversed(told), limit))

    return [audit]


def _of_control(audited: Audited) -> AuditReply:
    control = audited.control
    said: dict[str, Any] = msgspec.to_builtins(control)
    if control.bands:
        said["bands"] = band_words(control.bands)
    return AuditReply(
        kind=control.kind,
        asked_by=control.asked_by,
        asked_ns=control.asked_ns,
        enters_ns=audited.enters_ns,
        log_seq=audited.place,
        what={name: value for name, value in said.items() if name not in _SAID_APART},
        result=audited.result,
    )


def _of_fork(audited: AuditedFork) -> AuditReply:
    ask = audited.ask
    what = {
        "life": ask.life,
        "at_ns": ask.at_ns,
        "seconds_ago": None if ask.ago_ns is None else ask.ago_ns / NS_PER_S,
        "run_s": ask.run_ns / NS_PER_S,
        "add": [_words(one) for one in ask.added],
        "remove": sorted(ask.removed),
    }
    return AuditReply(
        kind=FORK,
        asked_by=ask.asked_by,
        asked_ns=ask.asked_ns,
        enters_ns=audited.sim_ns,
        log_seq=0,
        what={name: value for name, value in what.items() if value not in (None, [])},
        result=audited.result,
    )


def _words(added: AddedOrder) -> dict[str, Any]:
    order = added.order
    return {
        "symbol": order.symbol,
        "side": order.side,
        "order_type": order.ord_type,
        "quantity": exact.write(order.order_qty),
        "price": exact.write_optional(order.price),
        "after_s": added.after_ns / NS_PER_S,
    }
