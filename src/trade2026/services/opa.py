"""OPA: policy decisions for whoever asks over HTTP, by the same policy every service uses."""

from typing import Final

from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.edge.policy import policy_routes
from trade2026.ports.policy import PolicyQuestion
from trade2026.shell.service import Context, Service

# One question with a known yes, and the same with a known no.
_YES: Final = PolicyQuestion(
    principal="health", roles=("viewer",), accounts=(), action="policy:read"
)
_NO: Final = PolicyQuestion(
    principal="health", roles=("viewer",), accounts=(), action="policy:admin"
)


def build(context: Context) -> Service:
    """Return the policy service."""
    policy = RegoPolicy()

    async def ping() -> str:
        # A question that is remembered would prove nothing about the engine.
        yes, no = policy.decide_anew(_YES), policy.decide_anew(_NO)
        if yes.is_allowed and not no.is_allowed:
            return ""
        return f"known questions are answered wrongly: {yes.rule}, {no.rule}"

    return Service(name=context.name, routes=policy_routes(policy), pings={"policy": ping})
