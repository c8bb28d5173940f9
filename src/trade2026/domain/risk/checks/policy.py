"""Refuse what the user's own policy refuses, and what it could not judge.

The policy is asked before the checks run, with all that they see; its words are in the view.
Without a policy there are none. It gives as many reasons as it has: the first is this check's,
`further` returns the others.

Source: FIA (2024), "Best practices for automated trading risk controls" (controls of the
firm's own beside those of the platform).
"""

from trade2026.domain.risk.check import RiskView, SizedOrder
from trade2026.model.risk import Refusal


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return the policy's first reason against the order, or None where it has none."""
    del sized
    return view.policy[0] if view.policy else None


def further(view: RiskView) -> tuple[Refusal, ...]:
    """Return the policy's other reasons."""
    return view.policy[1:]
