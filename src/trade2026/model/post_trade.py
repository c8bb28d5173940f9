"""The subjects of what comes after a trade, and of deeds; a part of the table in `subjects.py`."""

from typing import Any, Final

from trade2026.model.audit import AuditBatch, DeedDone
from trade2026.model.compliance import BreachFound, RulesBound
from trade2026.model.reconciliation import Rechecked, RecheckRequest, Reconciliation
from trade2026.model.subject import Command, Event, Live, Stream, memory_of


def _deeds_of(giver: str, name: str) -> Event[DeedDone]:
    return Event(
        pattern=f"deed.{name}.{{action}}",
        message=DeedDone,
        stream=Stream.DEEDS,
        giver=giver,
        takers=("ptrc",),
    )


AUTHN_DEED: Final = _deeds_of("authn", "authn")
"""Who signed in, or was not let in, and what became of users and keys."""
PRISM_DEED: Final = _deeds_of("PRISM", "prism")
"""Which keys of participants were made and revoked, and who forked the market."""
LIBRARY_DEED: Final = _deeds_of("library", "library")
"""Who registered which strategy or model, in which version."""
AUDIT_RECORD: Final = memory_of("ptrc", Stream.AUDIT, "audit.record.{part}", AuditBatch)
"""The chain of the audit; `{part}` is `chain`."""
RECONCILIATION: Final = memory_of(
    "ptrc", Stream.RECONCILIATION, "reconciliation.run.{venue}", Reconciliation
)
"""How each comparison with a venue came out."""
ORDERS_RECHECK: Final = Command[RecheckRequest, Rechecked](
    pattern="orders.recheck",
    request=RecheckRequest,
    reply=Rechecked,
    giver="ptrc",
    takers=("oms",),
    fed_back=("oms",),
)
COMPLIANCE_BREACH: Final = memory_of(
    "ptrc", Stream.COMPLIANCE, "compliance.breach.{account}", BreachFound
)
COMPLIANCE_RULES: Final = memory_of(
    "ptrc", Stream.COMPLIANCE, "compliance.rules.{part}", RulesBound
)
"""The rules that bind; `{part}` is `file`."""

POST_TRADE: Final[tuple[Command[Any, Any] | Event[Any] | Live[Any], ...]] = (
    AUTHN_DEED,
    PRISM_DEED,
    LIBRARY_DEED,
    AUDIT_RECORD,
    RECONCILIATION,
    ORDERS_RECHECK,
    COMPLIANCE_BREACH,
    COMPLIANCE_RULES,
)
