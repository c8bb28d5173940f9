"""What an endpoint of the dialect is: one table serves REST and the WebSocket API alike."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto

from trade2026.edge.dialect.desk import Desk
from trade2026.edge.dialect.params import Params


class Security(Enum):
    """What the sender of a request must prove."""

    NONE = auto()
    KEY = auto()
    """That it knows a key."""
    SIGNED = auto()
    """That it knows the key's secret, now."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request whose sender is known, as far as it must be."""

    params: Params
    account: str = ""
    """Empty where no key was asked for."""
    api_key: str = ""

    @property
    def sent_by(self) -> str:
        """Return whom the audit names: as much of the key as tells it from others."""
        return f"key:{self.api_key[:8]}"


Answer = Callable[[Desk, Call], Awaitable[object]]
Weight = int | Callable[[Params], int]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One thing that can be asked."""

    method: str
    """Of HTTP; empty where only the WebSocket API has it."""
    path: str
    word: str
    """The method of the WebSocket API; empty where only REST has it."""
    answer: Answer
    security: Security = Security.NONE
    weight: Weight = 1

    def weight_of(self, params: Params) -> int:
        """Return what a request weighs."""
        return self.weight if isinstance(self.weight, int) else self.weight(params)
