"""Who may do what, and which orders may pass: one question, and the answer with its rule."""

from typing import Protocol

import msgspec

from trade2026.model.policy import OrderQuestion, PolicyWord


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


class OrderPolicy(Protocol):
    """A user's own policy for orders."""

    @property
    def is_ready(self) -> bool:
        """Return whether it can be asked; if not, `start` makes it so."""
        ...

    async def start(self) -> None:
        """Make it ready.

        Raises:
            InvalidInputError: the policy itself is wrong.
            PolicyUnavailableError: it does not come up.
        """
        ...

    async def judge(self, question: OrderQuestion) -> tuple[PolicyWord, ...]:
        """Return its reasons against an order, within a bounded time; none lets it pass.

        Raises:
            PolicyUnavailableError: it could not judge the order.
        """
        ...

    async def stop(self) -> None:
        """Let go of what it holds."""
        ...
