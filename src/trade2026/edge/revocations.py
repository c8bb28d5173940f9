"""Which access tokens ended before their time: those from before a change of their user.

Every change of a user makes another generation of it, and a token bears the generation it was
signed for. What is published is the current generation of the users that changed so lately
that an older token could still be around, so the list is short, and mostly empty.
"""

from collections.abc import Iterable
from typing import Final

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.ports.users import User
from trade2026.shell.signing import ACCESS_TOKEN_S
from trade2026.shell.tokens import LEEWAY_S, Revocation, digest_of

KEPT_NS: Final = (ACCESS_TOKEN_S + 2 * LEEWAY_S) * NS_PER_S


class Revocations:
    """The latest changes of users."""

    def __init__(self, clock: Clock) -> None:
        """Know of no change yet."""
        self._clock = clock
        self._changed: dict[str, User] = {}

    def note(self, *users: User) -> None:
        """Publish the generation of *users*, as long as it matters."""
        kept = {**self._changed, **{user.name: user for user in users}}
        self._changed = {user.name: user for user in self._current(kept.values())}

    def published(self) -> tuple[Revocation, ...]:
        """Return what verifiers must know."""
        return tuple(
            Revocation(sub=digest_of(user.name), gen=user.generation)
            for user in self._current(self._changed.values())
        )

    def _current(self, users: Iterable[User]) -> list[User]:
        since_ns = self._clock.now_ns() - KEPT_NS
        return [user for user in users if user.generation and user.changed_ns >= since_ns]
