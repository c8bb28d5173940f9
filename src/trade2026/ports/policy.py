"""Who may do what: one question, answered with the rule that decided."""

from typing import Protocol

import msgspec


class PolicyQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """May this principal do this, on this account?"""

    principal: str
    """The user or client, `sub` of its token."""
    roles: tuple[str, ...]
    accounts: tuple[str, ...]
    """Accounts the principal may see and trade; `*` means every account."""
    action: str
    """`<resource>:<read|write|control|admin>`, such as `orders:write`."""
    account: str | None = None
    """The account the request is about; None when it is about none."""


class PolicyDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Yes or no, and the rule that said so."""

    is_allowed: bool
    rule: str


class Policy(Protocol):
    """What the platform asks of its policy engine."""

    def decide(self, question: PolicyQuestion) -> PolicyDecision:
        """Return the decision; anything the policy leaves undefined is a denial."""
        ...
